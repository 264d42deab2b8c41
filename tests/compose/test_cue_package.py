"""A cue by a tiny model, written: lengths, stems that sum to the mix, loops, names, and what the manifest says."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import credo
from credo.compose.cue.making import make
from credo.compose.cue.outline import outline
from credo.compose.cue.package import deliver
from credo.compose.cue.sheets.brief import Brief, Hit, SectionMark
from credo.conditioning.attributes import Attributes
from credo.errors import FileError, UsageError
from credo.music.pitch import Key

pytestmark = [pytest.mark.machine, pytest.mark.once]

BRIEF = Brief(
    "Rainy street, 雨",
    8.0,
    hits=(Hit(3.21, name="door"),),
    sections=(SectionMark("A", 0), SectionMark("B", 4)),
    versions=("4", "no-melody", "loop", "sting"),
    attributes=Attributes(key=Key.parse("G minor"), arousal=0.3, ensemble="strings"),
    seed=5,
)


@pytest.fixture(scope="module")
def cue(tiny_composer):
    plan = outline(BRIEF)
    quick = replace(plan, request=replace(plan.request, iterations=8))
    return make(quick, lambda name: tiny_composer, effects=True)


@pytest.fixture(scope="module")
def written(cue, tmp_path_factory):
    pytest.importorskip("midirenderer", reason="needs the extra audio")
    pytest.importorskip("soundfile", reason="needs the extra audio")
    return deliver(cue, tmp_path_factory.mktemp("cues"), formats=("wav", "ogg", "midi"))


def samples(package, name: str) -> np.ndarray:
    import soundfile

    data, rate = soundfile.read(package.folder / name, dtype="int32", always_2d=True)
    assert rate == 48_000
    return data >> 8  # 24 bits


def test_every_version_lasts_as_long_as_it_should(cue):
    for version in cue.versions:
        assert version.score.duration_seconds == pytest.approx(version.take.brief.seconds, abs=5e-4)
        assert version.score.timeline.key == Key.parse("G minor")
        assert all(note.end <= version.score.timeline.length for note in version.score.notes)


def test_instruments_are_those_of_the_band(cue):
    band = cue.outline.band
    for version in cue.versions:
        assert {part.name: part.program for part in version.score.parts if not part.is_drums} == {
            name: role.program for name, role in band.roles.items() if name != "drums"
        }


def test_a_hit_is_struck(cue):
    landing = cue.outline.fit.landings[0]
    struck = [part.name for part in cue.versions[0].score.parts for note in part.notes if note.onset == landing.onset]
    assert abs(landing.seconds - 3.21) < 0.01
    assert {"pad", "bass"} <= set(struck)


def test_the_core_is_looked_for_in_the_training_data(cue, written):
    assert cue.originality is not None  # the outline names the model of chorales
    assert cue.originality["new_notes"] == len(cue.core.notes)
    assert written.manifest["originality"] == cue.originality


def test_shorts_come_with_a_loop(cue):
    kinds = {short.kind for short in cue.shorts}
    assert kinds == {"stinger", "transition", "sting", "effect"}


def test_the_same_brief_makes_the_same_cue(cue, tiny_composer):
    plan = outline(Brief.from_dict(cue.outline.brief.to_dict()))
    again = make(replace(plan, request=replace(plan.request, iterations=8)), lambda name: tiny_composer, effects=True)
    assert [version.score for version in again.versions] == [version.score for version in cue.versions]


def test_stems_sum_to_the_mix_and_all_are_exactly_as_long_as_the_cue(written):
    mix = samples(written, written.manifest["mix"]["wav"])
    assert len(mix) == 8 * 48_000 == written.manifest["samples"]
    stems = [samples(written, stem["wav"]) for stem in written.manifest["stems"]]
    assert np.array_equal(np.sum(stems, axis=0), mix)
    loop = written.manifest["loop"]
    layers = [samples(written, layer["wav"]) for layer in loop["layers"]]
    assert np.array_equal(np.sum(layers, axis=0), samples(written, loop["mix"]["wav"]))
    assert len(layers[0]) == loop["samples"] == loop["end"] + 1


def test_a_version_without_the_melody_is_the_mix_without_it(written):
    row = next(row for row in written.manifest["versions"] if row["name"] == "no-melody")
    lead = next(stem for stem in written.manifest["stems"] if stem["role"] == "lead")
    rest = samples(written, written.manifest["mix"]["wav"]) - samples(written, lead["wav"])
    assert np.array_equal(samples(written, row["wav"]), rest)


def test_peaks_stay_below_the_limit(written):
    from credo.rendering.sound.loudness import true_peak

    for row in (written.manifest, written.manifest["loop"], *written.manifest["versions"]):
        files = row if "wav" in row else row["mix"]
        for name in (files["wav"], files["ogg"]):
            assert true_peak(samples(written, name) / (1 << 23)) <= -1


def test_every_file_that_the_manifest_names_is_there_and_no_other(written):
    def names(value) -> set[str]:
        if isinstance(value, dict):
            found = {v for k, v in value.items() if k in ("wav", "ogg", "midi", "picture") and isinstance(v, str)}
            return found.union(*(names(item) for item in value.values()))
        return set().union(*(names(item) for item in value)) if isinstance(value, list) else set()

    there = {path.relative_to(written.folder).as_posix() for path in written.folder.rglob("*") if path.is_file()}
    assert there == names(written.manifest) | {"manifest.json", "brief.toml"}
    assert json.loads((written.folder / "manifest.json").read_text("utf-8")) == written.manifest
    assert written.folder.name == "rainy-street-雨"
    assert Path(written.manifest["mix"]["wav"]).name.startswith("RainyStreet雨_Full_")


def test_the_notes_read_again_keep_their_times(written):
    score = credo.load(written.folder / written.manifest["mix"]["midi"])
    assert score.duration_seconds == pytest.approx(8.0, abs=1e-3)
    hit = written.manifest["hits"][0]
    assert min(abs(score.timeline.seconds_at(note.onset) - hit["asked"]) for note in score.notes) < 0.01


def test_the_brief_beside_it_makes_it_again(written, cue):
    assert Brief.read(written.folder / "brief.toml") == cue.outline.brief


def test_an_older_cue_of_the_name_stays(cue, tmp_path):
    first, second = (deliver(cue, tmp_path, formats=("midi",)).folder for _ in range(2))
    assert (first.name, second.name) == ("rainy-street-雨", "rainy-street-雨-2")


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_left(cue, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError):
        deliver(cue, tmp_path / "file", formats=("midi",))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_unknown_formats_are_refused(cue, tmp_path):
    with pytest.raises(UsageError, match="formats"):
        deliver(cue, tmp_path, formats=("aiff",))
    with pytest.raises(UsageError, match="players"):
        deliver(cue, tmp_path, players=("unity",))
