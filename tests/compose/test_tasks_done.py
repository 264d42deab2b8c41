"""Tasks done by a network: what is held stays note for note, and the rest is written."""

from dataclasses import replace

import numpy as np
import pytest

from credo.compose import masks
from credo.compose.generate import Request
from credo.compose.given import Given
from credo.compose.jobs import ranked
from credo.compose.tasks import accompany, blend, harmonize, infill, revoice, vary
from credo.errors import UsageError
from credo.music.grid import REST
from credo.music.harmony import sounding_pitches
from credo.music.pitch import Key
from credo.music.score import KeyChange
from credo.music.steps import encode_steps
from credo.music.texture import SATB
from tiny import chorale

pytestmark = pytest.mark.machine

FEW = Request(iterations=12, seed=3, parallels=True)


@pytest.fixture(scope="module")
def piece() -> Given:
    return Given.of(chorale(1, bars=4, pickup=1), SATB)


def differ(one, other) -> float:
    return float((sounding_pitches(one) != sounding_pitches(other)).mean())


def notes(composition, name):
    return next(part.notes for part in composition.score.parts if part.name == name)


def test_what_is_held_stays_and_the_rest_is_written(tiny_composer, piece):
    for task in (infill(piece, bars=(2, 3)), harmonize(piece, voice="bass"), accompany(piece, add=["alto"])):
        done = tiny_composer.perform(task, FEW)
        mask = masks.whole_notes(task.grid, task.mask)
        before, after = encode_steps(task.grid), encode_steps(done.grid)
        changed = (before != after) & mask
        assert not changed[:, [0, 2, 4, 6, 8]].any(), "every pitch that is held"
        assert (before != after)[~mask].mean() > 0.1
        assert done.grid.timeline == task.grid.timeline
        assert done.settings["task"] == {"name": task.name, "options": task.options, "held": task.held}


def test_a_melody_stays_note_for_note(tiny_composer, piece):
    done = tiny_composer.perform(harmonize(piece, voice="soprano"), FEW)
    told = [(n.onset, n.pitch, n.duration) for n in notes(done, "soprano")]
    assert told == [(n.onset, n.pitch, n.duration) for n in chorale(1, bars=4, pickup=1).parts[0].notes]


def test_notes_before_the_bars_keep_their_length(tiny_composer, piece):
    for seed in range(2):
        done = tiny_composer.perform(infill(piece, bars=(3, 3)), replace(FEW, seed=seed))
        for voice in SATB.voices:
            old = next(p for p in chorale(1, bars=4, pickup=1).parts if p.name == voice.name).notes
            first, last = (
                [(n.onset, n.pitch, n.duration) for n in part if n.onset < 9] for part in (old, notes(done, voice.name))
            )
            assert first == last


def test_voices_that_nobody_asked_for_stay_silent(tiny_composer):
    score = chorale(1, bars=2)
    duet = Given.of(replace(score, parts=score.parts[:2]), SATB, voices=["soprano", "alto"])
    done = tiny_composer.perform(accompany(duet, add=["bass"]), FEW)
    assert [bool(part.notes) for part in done.score.parts] == [True, True, False, True]


def test_a_variation_changes_more_the_more_is_wished_for(tiny_composer, piece):
    shares = [
        differ(piece.grid, tiny_composer.perform(vary(piece, amount=x, seed=2), FEW).grid) for x in (0, 0.2, 0.5, 1)
    ]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[1] < 0.35
    assert shares[3] > 0.5


@pytest.mark.parametrize("keep", [(), ("soprano", "bass")])
def test_another_voicing_has_the_same_harmonies_and_rhythms(tiny_composer, piece, keep):
    done = tiny_composer.perform(revoice(piece, keep=keep), FEW)
    one, other = sounding_pitches(piece.grid), sounding_pitches(done.grid)
    classes = [[set(step[step != REST] % 12) for step in pitches] for pitches in (one, other)]
    assert classes[0] == classes[1]
    for voice, old, new in zip(SATB.voices, piece.grid.voices, done.grid.voices, strict=True):
        assert (old.attack == new.attack).all()
        assert (old.sounding == new.sounding).all() == (voice.name in keep)


def test_a_blend_goes_from_one_piece_to_the_other(tiny_composer, piece):
    other = Given.of(chorale(8, bars=4, key=Key(3)), SATB)
    steps = [tiny_composer.perform(blend(piece, other, share=share), FEW).grid for share in (0, 0.5, 1)]
    assert differ(steps[0], steps[0]) == 0
    assert steps[2].voices == other.grid.voices
    assert 0 < differ(steps[1], steps[2]) < 1
    assert len({grid.timeline.length for grid in steps}) == 1


def test_each_beat_has_the_key_in_force(tiny_composer, piece):
    keys = (KeyChange(piece.grid.quarters(0), Key(0)), KeyChange(piece.grid.quarters(36), Key(2, "minor")))
    grid = replace(piece.grid, timeline=replace(piece.grid.timeline, keys=keys))
    labels = tiny_composer.beats(grid)[:, -tiny_composer.window.labels :][:, :2].tolist()
    assert labels == [[1, 1]] * 9 + [[12, 2]] * 8, "the first beat is an upbeat"


def test_alternatives_go_from_conventional_to_surprising(tiny_composer):
    made = [tiny_composer.compose(Request(bars=2, seed=seed, iterations=5, key=Key(0))) for seed in range(4)]
    order = ranked(tiny_composer, made)
    energies = [piece.settings["energy"] for piece in order]
    assert energies == sorted(energies)
    assert energies == [round(tiny_composer.energy(piece.grid), 4) for piece in order]
    assert [piece.settings["rank"] for piece in order] == [[n, 4] for n in (1, 2, 3, 4)]
    assert {piece.grid.title for piece in order} == {piece.grid.title for piece in made}


def test_instruments(tiny_composer):
    piece = tiny_composer.compose(Request(bars=2, iterations=3)).played_by({"soprano": "oboe", "bass": "church organ"})
    assert [part.program for part in piece.score.parts] == [68, 52, 52, 19]
    assert piece.settings["instruments"] == {"soprano": "oboe", "bass": "church organ"}
    with pytest.raises(UsageError, match="voice: expected one of soprano"):
        piece.played_by({"viola": "oboe"})


def test_tempo_and_key_of_the_wish(tiny_composer, piece):
    done = tiny_composer.perform(vary(piece, amount=0.2), replace(FEW, tempo=100.0, key=Key(1)))
    assert [tempo.bpm for tempo in done.score.timeline.tempos] == [100]
    assert done.score.timeline.key == Key(1)
    assert done.settings["request"]["bars"] == 4
    assert np.isfinite(tiny_composer.energy(done.grid))
