"""Tasks, as what they hold: no network is needed for that."""

from itertools import pairwise

import numpy as np
import pytest

from credo.compose import masks
from credo.compose.given import Given
from credo.compose.tasks import TASKS, accompany, blend, count_bars, harmonize, infill, revoice, vary
from credo.errors import UsageError
from credo.music.grid import REST
from credo.music.score import Part
from credo.music.texture import SATB
from tiny import chorale


@pytest.fixture
def piece() -> Given:
    return Given.of(chorale(1, bars=6, pickup=1), SATB)


def held(task) -> dict[str, np.ndarray]:
    """Which steps of each voice are held, once the mask is closed."""
    mask = masks.whole_notes(task.grid, task.mask)
    return dict(zip((v.name for v in SATB.voices), masks.cells_held(task.grid, mask), strict=True))


def only(voices: dict[str, list], score=None):
    """A chorale with other notes in some voices, and none in the rest."""
    score = score or chorale(1)
    parts = tuple(Part.of(name, notes, program=52) for name, notes in voices.items())
    return type(score)(parts, score.timeline)


class TestInfill:
    def test_all_but_the_bars_is_held(self, piece):
        for voice, cells in held(infill(piece, bars=(2, 3))).items():
            start, stop = 4 + 16, 4 + 3 * 16  # an upbeat of 4 steps belongs to bar 1
            assert cells[:start].all()
            assert cells[stop:].all(), voice
            assert not cells[start:stop].all(), voice

    def test_notes_that_reach_over_the_edges_stay_whole(self, piece):
        task = infill(piece, bars=(2, 3))
        for cells, of_voice in zip(task.grid.voices, held(task).values(), strict=True):
            begins = np.flatnonzero(cells.attack | (cells.sounding == REST))
            for start, stop in zip(begins, [*begins[1:], len(cells)], strict=True):
                assert len(set(of_voice[start:stop])) == 1, "a note is held or it is not"

    def test_some_voices(self, piece):
        of = held(infill(piece, bars=(1, 1), voices=["alto", "bass"]))
        assert [voice for voice, cells in of.items() if cells.all()] == ["soprano", "tenor"]
        assert not of["alto"][:4].any(), "the upbeat too"

    @pytest.mark.parametrize("bars", [(0, 1), (2, 1), (6, 7), (7, 7)])
    def test_bars_that_are_not_there(self, piece, bars):
        with pytest.raises(UsageError, match="bars: expected two of 1 to 6"):
            infill(piece, bars=bars)

    def test_a_voice_that_is_not_there(self, piece):
        with pytest.raises(UsageError, match="voice: expected one of soprano, alto, tenor, bass, got 'viola'"):
            infill(piece, bars=(1, 1), voices=["viola"])


class TestHarmonize:
    def test_the_melody_is_held_and_nothing_else(self, piece):
        of = held(harmonize(piece, voice="soprano"))
        assert of["soprano"].all()
        assert not any(of[voice].any() for voice in ("alto", "tenor", "bass"))

    @pytest.mark.parametrize(("octaves", "told"), [(0, []), (-2, ["up by 2 octaves"]), (1, ["down by 1 octave "])])
    def test_a_melody_moves_by_octaves_only_if_it_has_to(self, octaves, told):
        notes = [n.__class__(n.onset, n.pitch + 12 * octaves, n.duration) for n in chorale(1).parts[0].notes]
        given = Given.of(only({"tune": notes}), SATB, voices=["soprano"])
        assert [line for line in given.remarks if not any(text in line for text in told)] == []
        assert len(given.remarks) == len(told)
        high = given.grid.voices[0].sounding
        assert set(high[high != REST] % 12) == {n.pitch % 12 for n in notes}
        assert harmonize(given).options == {"voice": "soprano"}
        if not octaves:
            assert [n.pitch for n in notes] == list(high[given.grid.voices[0].attack])

    def test_a_melody_goes_to_the_voice_that_is_named(self):
        low = [n.__class__(n.onset, n.pitch, n.duration) for n in chorale(2).parts[3].notes]
        given = Given.of(only({"": low}), SATB, voices=["bass"])
        assert [cells.attack.any() for cells in given.grid.voices] == [False, False, False, True]

    def test_which_voice_is_not_clear(self, piece):
        with pytest.raises(UsageError, match="voice: expected the name of the melody's voice, for soprano, alto"):
            harmonize(piece)
        with pytest.raises(UsageError, match=r"voice: expected one that has notes \(soprano\), got alto"):
            harmonize(Given.of(only({"t": chorale(1).parts[0].notes}), SATB, voices=["soprano"]), voice="alto")

    def test_a_melody_that_fits_in_no_octave(self):
        wide = [*chorale(1).parts[0].notes[:3]]
        wide[1] = wide[1].__class__(wide[1].onset, 30, wide[1].duration)
        with pytest.raises(UsageError, match="file: expected notes that fit the texture satb"):
            Given.of(only({"tune": wide}), SATB, voices=["soprano"])


def test_accompany_holds_what_is_there():
    duet = Given.of(only({p.name: p.notes for p in chorale(1).parts[:2]}), SATB, voices=["soprano", "alto"])
    of = held(accompany(duet, add=["bass"]))
    assert [voice for voice, cells in of.items() if cells.all()] == ["soprano", "alto", "tenor"]
    assert not of["bass"].any()
    with pytest.raises(UsageError, match="add: expected voices to write beside others"):
        accompany(duet, add=["soprano", "alto"])
    with pytest.raises(UsageError, match="add: expected voices"):
        accompany(duet, add=[])


def test_a_larger_variation_frees_all_that_a_smaller_one_frees(piece):
    amounts = [0, 0.1, 0.3, 0.6, 1]
    free = [~masks.whole_notes(piece.grid, vary(piece, amount=amount, seed=4).mask) for amount in amounts]
    shares = [cells[:, :-1].mean() for cells in free]
    assert shares[0] == 0
    assert shares[-1] == 1
    assert shares == sorted(shares)
    assert all((less <= more).all() for less, more in pairwise(free))
    assert shares[2] == pytest.approx(0.3, abs=0.12)
    for amount in (-0.1, 1.1, float("nan")):
        with pytest.raises(UsageError, match="amount: expected 0 to 1"):
            vary(piece, amount=amount)


def test_a_variation_frees_whole_notes(piece):
    task = vary(piece, amount=0.5, seed=1)
    for cells, of_voice in zip(task.grid.voices, held(task).values(), strict=True):
        begins = np.flatnonzero(cells.attack)
        for start, stop in zip(begins, [*begins[1:], len(cells)], strict=True):
            assert len(set(of_voice[start:stop])) == 1


def test_revoice_holds_what_is_kept(piece):
    of = held(revoice(piece, keep=["soprano"]))
    assert of["soprano"].all()
    assert not of["alto"].any()
    assert "soprano" in revoice(piece, keep=["soprano"]).held


def test_the_ends_of_a_blend_are_the_pieces(piece):
    other = Given.of(chorale(2, bars=4), SATB)
    first, last = (blend(piece, other, share=share) for share in (0, 1))
    assert first.mask.all()
    assert last.mask.all()
    assert last.grid.voices == other.grid.voices
    assert list(first.grid.voices[0].sounding) == list(piece.grid.voices[0].sounding[4 : 4 + 64])
    middle = blend(piece, other, share=0.5)
    assert not middle.mask[:, :-1].any()
    assert count_bars(middle.grid) == 4, "as many bars as the shorter has"
    with pytest.raises(UsageError, match="blend: expected two pieces of one metre, got 4/4 and 3/4"):
        blend(piece, Given.of(chorale(2, metre=(3, 4)), SATB), share=0.5)


def test_every_task_can_be_made_again_from_its_options(piece):
    made = [
        infill(piece, bars=(2, 3), voices=["alto"]),
        harmonize(piece, voice="tenor"),
        accompany(piece, add=["bass"]),
        revoice(piece, keep=["bass"]),
        vary(piece, amount=0.4, seed=9),
        blend(piece, piece, share=0.25),
    ]
    assert [task.name for task in made] == list(TASKS)
    for task in made:
        again = TASKS[task.name](task.inputs, task.options, 9)
        assert (again.mask == task.mask).all()
        assert (again.title, again.held, again.options) == (task.title, task.held, task.options)
