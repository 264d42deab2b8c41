"""Repeated attacks, loudness and timing are drawn after the notes."""

import numpy as np
import pytest

from credo.compose import manner, masks
from credo.compose.wishes import Request
from credo.music.grid import Cells

pytestmark = pytest.mark.machine

QUICK = Request(bars=2, seed=3, iterations=20)


def test_a_network_knows_which_codes_are_manner(tiny_composer):
    window, dbn = tiny_composer.window, tiny_composer.dbn
    expected = np.zeros(window.size, bool)
    expected[: window.codes_per_step * window.beat] = np.repeat(window.manner_of_step_code, window.beat)
    assert manner.codes_of_manner(dbn).tolist() == expected.tolist()
    assert expected.sum() == len(tiny_composer.texture.voices) * window.beat  # an attack a voice and step


def test_notes_are_drawn_before_their_manner_and_without_it(tiny_composer, monkeypatch):
    calls = []
    rewrite = tiny_composer.rewriter.rewrite

    def watched(tapes, schedule, **options):
        calls.append((tapes.known.copy(), options["constraints"].unseen.copy(), options["temperature"]))
        return rewrite(tapes, schedule, **options)

    monkeypatch.setattr(tiny_composer.rewriter, "rewrite", watched)
    monkeypatch.setattr(tiny_composer, "temperature", 0.5)
    told = []
    tiny_composer.compose(QUICK, progress=lambda done, total: told.append((done, total)))
    late = manner.codes_of_manner(tiny_composer.dbn)
    (notes, hushed, heat), (played, unseen, cool) = calls
    assert notes[..., late].all()
    assert not notes[..., ~late & ~tiny_composer.dbn.held].any()
    assert hushed[:, late].all()
    assert not hushed[:, ~late].any()
    assert played[..., ~late].all()
    assert not played[..., late].any()
    assert not unseen.any()
    assert (heat, cool) == (0.5, 1.0)  # the model's own temperature is for its notes
    assert told[-1] == (25, 25)


def test_attacks_can_be_drawn_alone(tiny_composer):
    """Held pitches stay; only where one goes on may it be struck again."""
    piece = tiny_composer.compose(QUICK).grid
    tied = piece.with_voices(
        [
            Cells.of(voice, cells.sounding, cells.attack & np.append(True, np.diff(cells.sounding) != 0))
            for voice, cells in zip(piece.texture.voices, piece.voices, strict=True)
        ]
    )
    free = np.zeros_like(masks.everything(tied))
    first = 0
    for _ in tied.texture.voices:
        free[:, first + 1], first = True, first + 2
    struck = tiny_composer.complete(tied, ~free, QUICK)
    for before, after in zip(tied.voices, struck.voices, strict=True):
        assert after.sounding.tolist() == before.sounding.tolist()
        assert (after.attack >= before.attack).all()
