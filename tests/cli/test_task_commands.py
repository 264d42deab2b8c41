"""The commands that work with a piece: what they write, what it is called, and that it can be made again."""

import json
from dataclasses import replace

import pytest

from credo.io.files import load, save
from tiny import chorale, onsets_and_pitches

FAST = ("--iterations", 3, "--formats", "midi", "--seed", 5, "--model")

TASKS = [
    (("infill", "mine.mid", "--bars", "2-3", "--voices", "alto"), "mine-bars-2-3-alto-anew-seed-5"),
    (("harmonize", "tune.mid"), "tune-harmonised-seed-5"),
    (("accompany", "mine.mid", "--add", "tenor,bass"), "mine-with-tenor-bass-seed-5"),
    (("revoice", "mine.mid", "--keep", "bass"), "mine-revoiced-seed-5"),
    (("vary", "mine.mid", "--amount", "0.4"), "mine-varied-by-0.4-seed-5"),
    (("blend", "mine.mid", "other.mid", "--steps", 2), "mine-to-other-000-seed-5"),
    (("compose", "--form", "AB", "--section-bars", 1, "--key", "C"), "tiny-c-major-2-bars-ab-seed-5"),
]


@pytest.fixture
def files(tmp_path):
    score = chorale(1, bars=3, pickup=1)
    save(score, tmp_path / "mine.mid")
    save(chorale(2, bars=3), tmp_path / "other.mid")
    save(replace(score, parts=score.parts[:1]), tmp_path / "tune.mid")
    return tmp_path


@pytest.mark.machine
@pytest.mark.once
@pytest.mark.parametrize(("command", "name"), TASKS, ids=[command[0] for command, _ in TASKS])
def test_each_is_written_and_can_be_made_again(credo, files, tiny_run, command, name):
    done = credo(*command, *FAST, tiny_run, "--instrument", "bass:bassoon")
    assert done.status == 0, done.err
    midi = files / "compositions" / f"{name}.mid"
    assert str(midi.relative_to(files)) in done.out.splitlines()
    assert load(midi).parts[-1].program == 70
    record = json.loads(midi.with_suffix(".json").read_text("utf-8"))
    assert [(files / "compositions" / one["file"]).resolve() for one in record["inputs"]] == [
        files / word for word in command if str(word).endswith(".mid")
    ]
    again = credo("compose", "--again", midi.with_suffix(".json"), "--formats", "midi", "--out", "copy")
    assert (again.status, "warning" in again.err) == (0, False), again.err
    assert (files / "copy" / f"{name}.mid").read_bytes() == midi.read_bytes()


@pytest.mark.machine
@pytest.mark.once
def test_alternatives_are_numbered_and_keep_their_numbers(credo, files, tiny_run):
    done = credo("vary", "mine.mid", "--alternatives", 3, *FAST, tiny_run)
    assert done.status == 0, done.err
    names = sorted(path.name for path in (files / "compositions").glob("*.mid"))
    assert [name.split("-seed-")[0] for name in names] == [f"mine-varied-by-0.3-{n}-of-3" for n in (1, 2, 3)]
    energies = [
        json.loads((files / "compositions" / name).with_suffix(".json").read_text("utf-8"))["energy"] for name in names
    ]
    assert energies == sorted(energies)
    assert done.err.count("nats a beat") == 3
    record = (files / "compositions" / names[1]).with_suffix(".json")
    assert credo("compose", "--again", record, "--formats", "midi").status == 0
    assert len(list((files / "compositions").glob("*.mid"))) == 3, "it takes its own place"


@pytest.mark.machine
@pytest.mark.once
def test_a_melody_that_is_moved_is_told(credo, files, tiny_run):
    score = load(files / "tune.mid")
    low = replace(score.parts[0], notes=tuple(replace(n, pitch=n.pitch - 24) for n in score.parts[0].notes))
    save(replace(score, parts=(low,)), files / "low.mid")
    done = credo("harmonize", "low.mid", *FAST, tiny_run)
    assert done.status == 0, done.err
    assert "low: soprano: moved up by 2 octaves to fit the voice" in done.err
    new = load(files / "compositions" / "low-harmonised-seed-5.mid")
    assert onsets_and_pitches(new, 99)[0] == onsets_and_pitches(score, 99)[0]


@pytest.mark.machine
@pytest.mark.once
def test_minutes_and_form(credo, files, tiny_run):
    done = credo("compose", "--seconds", 20, "--tempo", 120, "--metre", "3/4", *FAST, tiny_run)
    assert done.status == 0, done.err
    assert "13 bars, 20 s of music" in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("infill mine.mid --bars 2-9", "bars: expected two of 1 to 3, the first one first, got 2-9"),
        ("infill mine.mid --bars x", "bars: expected one or a span such as 5 or 5-8, got 'x'"),
        ("infill mine.mid --bars 1 --voices viola", "voice: expected one of soprano, alto, tenor, bass, got 'viola'"),
        ("infill mine.mid", "--bars"),
        ("infill none.mid --bars 1", "none.mid: no such file"),
        ("harmonize mine.mid", "voice: expected the name of the melody's voice"),
        ("harmonize tune.mid --voice viola", "voice: expected one of soprano"),
        ("accompany tune.mid --add viola", "voice: expected one of soprano"),
        ("accompany tune.mid --add soprano --parts soprano", "add: expected voices to write beside others"),
        ("accompany mine.mid --add bass --parts soprano", "voices: expected a voice for each of the 4 parts, got sop"),
        ("vary mine.mid --amount 2", "amount: expected 0 to 1, got 2"),
        ("vary mine.mid --alternatives 0", "alternatives: expected 1 to 1000, got 0"),
        ("vary mine.mid --instrument soprano:oboo", "did you mean oboe?"),
        ("vary mine.mid --instrument oboe", "instrument: expected a voice and a General MIDI name"),
        ("vary mine.mid --instruments oboe,oboe", "instruments: expected one for each of 4 voices"),
        ("vary mine.mid --range soprano:60", "range: expected a voice and two pitches such as soprano:C4-A5"),
        ("vary mine.mid --repeat 3", "repeat: expected bars and the first bar of the original such as 9-16=1"),
        ("vary mine.mid --scale nonsense", "scale: expected"),
        ("blend mine.mid other.mid --steps 1", "steps: expected 2 to 100, got 1"),
        ("blend mine.mid waltz.mid", "blend: expected two pieces of one metre, got 4/4 and 3/4"),
        ("compose --form A!B", "form: expected letters such as AABA"),
        ("compose --form AABA --bars 3", "bars: expected at least 4 for the form AABA, got 3"),
        ("compose --form AB --seed-file mine.mid", "form: expected no --seed-file beside it"),
        ("compose --bars 3 --minutes 1", "length: expected one of --bars, --minutes and --seconds"),
        ("compose --minutes 0", "seconds: expected more than 0"),
        ("compose --minutes 1 --seed-file mine.mid", "minutes: expected --tempo and --metre beside them"),
    ],
)
def test_wrong_use(refused, files, tiny_run, arguments, told):
    save(chorale(3, metre=(3, 4)), files / "waltz.mid")
    assert told in refused(*arguments.split(), "--model", tiny_run)


@pytest.mark.parametrize("command", ["infill", "harmonize", "accompany", "revoice", "vary", "blend"])
def test_help_shows_examples_and_common_options(credo, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = credo(command, "--help")
    assert (done.status, done.err) == (0, "")
    for text in ("Examples", f"credo {command} ", "--temperature", "--alternatives", "--cadence", "--instrument"):
        assert text in done.out


def test_commands_stand_in_groups(credo):
    out = credo("--help").out
    assert out.index("New music") < out.index("compose") < out.index("Work with a piece") < out.index("infill")
    assert out.index("blend") < out.index("Models and data") < out.index("train")
