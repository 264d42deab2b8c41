"""Parts played alone, and loops that join at their ends."""

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from credo.errors import CredoError, FileError, UsageError
from credo.music.score import Note, Part, Score, Tempo, Timeline
from credo.rendering.sound import synthesis
from credo.rendering.sound.audio import find_soundfont, performance, places, synthesise
from credo.rendering.sound.stems import _halves, render_parts

pytest.importorskip("midirenderer")
F = Fraction
PIANO, ORGAN, FLUTE = 0, 19, 73


def decibels(difference: np.ndarray, sound: np.ndarray) -> float:
    return 10 * np.log10((difference.astype(float) ** 2).mean() / (sound.astype(float) ** 2).mean())


def tune(name: str, program: int, *, passes: int = 1) -> Part:
    """Four quarters a pass, a little late, so that no onset falls on the edge of a block of the synthesiser."""
    pitches = [60, 67, 64, 72] * passes
    return Part.of(name, [Note(F(i) + F(1, 480), p, F(1)) for i, p in enumerate(pitches)], program=program)


def piece(*parts: Part, quarters: int = 4) -> Score:
    """At 120 quarters a minute; four quarters are 96 000 frames, or 1500 blocks."""
    trimmed = [
        replace(part, notes=tuple(replace(n, duration=min(n.duration, quarters - n.onset)) for n in part.notes))
        for part in parts
    ]
    return Score(tuple(trimmed), Timeline(F(quarters), (Tempo(F(0), 120.0),)))


def test_stems_add_up_to_the_whole(chorale, band):
    drums = replace(band.parts[1], notes=tuple(n for n in band.parts[1].notes if n.end <= 12))
    score = replace(chorale, parts=(*chorale.parts, drums))
    stems = render_parts(score, frames=7 * 48_000, workers=1)
    assert [stem.name for stem in stems] == ["soprano", "alto", "tenor", "bass", "drums"]
    assert {stem.samples.shape for stem in stems} == {(7 * 48_000, 2)}
    total = sum(stem.samples.astype(float) for stem in stems)[: 6 * 48_000]
    whole = synthesise(score)[0][: 6 * 48_000]  # normalised
    scale = (total * whole).sum() / (whole.astype(float) ** 2).sum()
    assert decibels(total - scale * whole, total) < -60


def test_a_part_too_loud_for_the_synthesiser_is_as_loud_as_it_should_be():
    chord = [Note(F(0), pitch, F(4), 127) for pitch in range(40, 76, 3)]
    parts = [Part.of("brass", [note], program=61) for note in chord for _ in range(3)]
    [stem] = render_parts(Score(tuple(parts)), workers=1)
    assert np.abs(stem.samples).max() > 1
    frames = len(stem.samples)
    alone = [Part.of(f"{note.pitch}", [note], program=61) for note in chord]
    total = 3 * sum(
        sound.samples.astype(float) for one in alone for sound in render_parts(Score((one,)), frames=frames)
    )
    # Each alone stands in the middle, and together they are spread: the power of both sides is that of one place.
    power, expected = ((sound[4_800:96_000].astype(float) ** 2).sum() for sound in (stem.samples, total))
    assert 10 * np.log10(power / expected) == pytest.approx(0, abs=1)


def test_halves_of_a_loud_part_sound_like_the_whole():
    """Where nothing is clipped, both ways can be compared."""
    notes = [Note(F(i, 2), key, F(1, 4)) for i, key in enumerate([36, 42, 46, 42, 38, 46, 44, 42])]
    score = Score((Part.of("drums", notes, is_drums=True), tune("piano", PIANO)))
    placed = places(score)
    halves = _halves(placed)
    assert sorted(n for half in halves for part, _ in half for n in part.notes) == sorted(
        n for part in score.parts for n in part.notes
    )
    for half in halves:
        hats = {n.pitch for part, _ in half if part.is_drums for n in part.notes} & {42, 44, 46}
        assert hats in (set(), {42, 44, 46}), "a closed hi-hat stops an open one"
    whole, *two = synthesis.play(find_soundfont(), [performance(score, parts, 127) for parts in (placed, *halves)])
    assert decibels(sum(sound.astype(float) for sound in two) - whole, whole) < -50
    assert _halves([(tune("a", PIANO), 64)]) != []
    assert _halves([(Part.of("a", [Note(F(0), 60, F(1))] * 2), 64)]) == []


@pytest.mark.parametrize("program", [PIANO, FLUTE, ORGAN])
def test_a_loop_is_what_the_second_of_two_passes_sounds_like(program):
    [loop] = render_parts(piece(tune("a", program)), wrap=True, workers=1)
    twice = piece(
        Part.of(
            "a",
            [replace(n, onset=n.onset + 4 * i) for i in (0, 1) for n in piece(tune("a", program)).parts[0].notes],
            program=program,
        ),
        quarters=8,
    )
    [long] = render_parts(twice, workers=1)
    assert loop.samples.shape == (96_000, 2)
    second = long.samples[96_000:192_000]
    assert decibels(loop.samples - second, second) < -60
    first = long.samples[:96_000]
    assert decibels(loop.samples - first, first) > -50, "the tail matters"


def test_a_long_tail_goes_round_a_short_loop_several_times():
    crash = Part.of("drums", [Note(F(0), 49, F(1, 4))], is_drums=True)
    score = Score((crash,), Timeline(F(1), (Tempo(F(0), 240.0),)))
    [loop] = render_parts(score, wrap=True, workers=1)
    [once] = render_parts(score, workers=1)
    assert loop.samples.shape == (12_000, 2)
    assert len(once.samples) > 36_000
    padded = np.zeros((-(-len(once.samples) // 12_000) * 12_000, 2))
    padded[: len(once.samples)] = once.samples
    folded = sum(padded[i : i + 12_000] for i in range(0, len(padded), 12_000))
    assert decibels(loop.samples - folded, folded) < -40
    assert decibels(loop.samples - once.samples[:12_000], loop.samples) > -30


def test_what_rings_is_silent_at_the_last_frame_and_was_not_before():
    score = piece(tune("organ", ORGAN))
    for frames in (96_000, 96_500, 120_000, 50_021):
        [stem] = render_parts(score, frames=frames, workers=1)
        assert stem.samples.shape == (frames, 2)
        assert not stem.samples[-1].any()
        assert np.abs(np.diff(stem.samples[-1_000:], axis=0)).max() <= np.abs(np.diff(stem.samples, axis=0)).max()
    full = render_parts(score, workers=1)[0].samples
    part = render_parts(score, frames=110_000, workers=1)[0].samples
    assert np.array_equal(part[:98_000], full[:98_000]), "the music itself is not faded"
    assert len(full) > 96_000 + 4_800


def test_parts_of_one_name_are_one_stem_and_parts_without_a_name_have_their_instruments():
    left, right = tune("keys", PIANO), tune("keys", FLUTE)
    stems = render_parts(piece(left, tune("", ORGAN), right, Part("", (), is_drums=True)), workers=1)
    assert [stem.name for stem in stems] == ["keys", "church organ", "drums"]
    assert {len(stem.samples) for stem in stems} == {len(stems[0].samples)}


def test_silent_parts_are_silent_stems_as_long_as_the_others():
    silent, sounding = render_parts(piece(Part("nobody", ()), tune("piano", PIANO)), workers=1)
    assert not silent.samples.any()
    assert silent.samples.shape == sounding.samples.shape
    assert silent.lead == len(silent.samples)
    assert 0 <= sounding.lead < 1_000
    [alone] = render_parts(piece(Part("nobody", ())), workers=1)
    assert alone.samples.shape == (96_000, 2)
    assert render_parts(Score(())) == []


def test_parts_stand_where_they_stand_among_all():
    first, second = render_parts(piece(tune("a", PIANO), tune("b", PIANO)), workers=1)
    left, right = (np.sqrt((stem.samples.astype(float) ** 2).mean(axis=0)) for stem in (first, second))
    assert left[0] > 1.05 * left[1]
    assert right[1] > 1.05 * right[0]


def test_gains_are_decibels():
    score = piece(tune("a", PIANO), tune("b", FLUTE))
    plain = render_parts(score, frames=96_000, workers=1)
    turned = render_parts(score, frames=96_000, workers=1, gains={"a": -6.0})
    assert np.allclose(turned[0].samples, plain[0].samples * 10 ** (-6 / 20), atol=1e-6)
    assert np.array_equal(turned[1].samples, plain[1].samples)


def test_other_processes_play_the_same():
    score = piece(tune("a", PIANO), tune("b", FLUTE), tune("c", ORGAN))
    here = render_parts(score, workers=1)
    for _ in range(2):
        for one, other in zip(here, render_parts(score, workers=2), strict=True):
            assert np.array_equal(one.samples, other.samples)


def test_a_failing_process_is_an_error_and_the_next_call_works(tmp_path):
    font = tmp_path / "cut.sf2"
    font.write_bytes(find_soundfont().read_bytes()[:100_000])
    score = piece(tune("a", PIANO), tune("b", FLUTE))
    with pytest.raises(CredoError, match="synthesiser failed"):
        render_parts(score, soundfont=font, workers=2)
    assert len(render_parts(score, workers=2)) == 2
    for player in synthesis._crew().players:
        player.kill()
        player.wait()
    with pytest.raises(CredoError, match="its process stopped"):
        render_parts(score, workers=2)
    assert len(render_parts(score, workers=2)) == 2


def test_a_script_needs_no_guard_and_ends(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from fractions import Fraction as F\n"
        "from credo.music.score import Note, Part, Score\n"
        "from credo.rendering.sound.stems import _halves, render_parts\n"
        "parts = [Part.of(str(i), [Note(F(0), 60 + i, F(1))]) for i in range(3)]\n"
        "print(len(render_parts(Score(tuple(parts)), workers=2)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", script], capture_output=True, text=True, timeout=60, env=dict(os.environ)
    )
    assert (run.stdout, run.stderr, run.returncode) == ("3\n", "", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frames": 0}, "expected 1..86400000 frames, got 0"),
        ({"frames": 10**9}, "got 1000000000"),
        ({"gains": {"x": 1.0}}, "expected names among a, got 'x'"),
        ({"gains": {"a": float("nan")}}, "gain of 'a'"),
        ({"gains": {"a": 90.0}}, "at most 24 dB"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(UsageError, match=message.replace("..", r"\.\.")):
        render_parts(piece(tune("a", PIANO)), **arguments)


def test_endless_music_and_missing_fonts_are_refused(tmp_path):
    with pytest.raises(UsageError, match="30 minutes"):
        render_parts(piece(tune("a", PIANO), quarters=10**9))
    with pytest.raises(FileError, match="no such soundfont"):
        render_parts(piece(tune("a", PIANO)), soundfont=tmp_path / "x.sf2")
