"""Features by hand, densities against direct sums and closed forms, and sets that are alike or not."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import erf, sqrt

import numpy as np
import pytest

import tiny
from credo.errors import UsageError
from credo.evaluation.features import NOTE_LENGTHS, Overlap, bandwidth, compare, density, features, overlap, passages
from credo.music.grid import Grid
from credo.music.pitch import Key
from credo.music.score import Metre, Note, Part, Score, Timeline
from credo.music.texture import DRUMS, MELODY, PIANO, SATB, Texture, Voice
from credo.music.transform import fit, transpose

DUET = Texture("duet", (Voice("lead", "mono", 60, 84), DRUMS.voices[0]))


def quarter(value: str) -> Fraction:
    return Fraction(value)


def melody(*notes: tuple[str, int, str]) -> Grid:
    played = [Note(quarter(onset), pitch, quarter(duration)) for onset, pitch, duration in notes]
    return fit(Score((Part.of("melody", played),), Timeline(Fraction(8))), MELODY).grid


def groove(*hits: tuple[str, int, int], metre=(4, 4), pickup="0") -> Grid:
    notes = [Note(quarter(onset), key, Fraction(1, 4), velocity) for onset, key, velocity in hits]
    timeline = Timeline(Fraction(8), metres=(Metre(Fraction(0), *metre),), pickup=quarter(pickup))
    return fit(Score((Part.of("drums", notes, is_drums=True),), timeline), DRUMS).grid


def chorales(*seeds: int, **options) -> list[Grid]:
    return [fit(tiny.chorale(seed, **options), SATB).grid for seed in seeds]


def nonzero(histogram: np.ndarray) -> dict[int, float]:
    return {int(k): float(histogram[k]) for k in np.flatnonzero(histogram)}


def test_features_of_a_melody():
    found = features(melody(("0", 60, "1"), ("1", 64, "1/2"), ("3/2", 72, "1/3"), ("2", 60, "1")))
    assert {name: value.tolist() for name, value in found.items() if len(value) == 1} == {
        **{"pitch_count": [3], "pitch_range": [12], "note_count": [4]},
        **{"mean_interval": [pytest.approx((4 + 8 + 12) / 3)], "mean_ioi": [pytest.approx(2 / 3)]},
    }
    assert nonzero(found["pitch_class_histogram"]) == {0: 3 / 4, 4: 1 / 4}
    assert nonzero(found["pitch_class_transitions"]) == pytest.approx({4: 1 / 3, 4 * 12: 1 / 3, 0: 1 / 3})
    classes = [NOTE_LENGTHS.index(length) for length in (1, 1 / 2, 1 / 3)]
    assert nonzero(found["note_length_histogram"]) == {classes[0]: 1 / 2, classes[1]: 1 / 4, classes[2]: 1 / 4}
    moves = [(classes[0], classes[1]), (classes[1], classes[2]), (classes[2], classes[0])]
    assert nonzero(found["note_length_transitions"]) == pytest.approx({12 * a + b: 1 / 3 for a, b in moves})


def test_successive_notes_are_those_of_one_voice():
    one, *others = tiny.chorale(3).parts
    piece = fit(tiny.chorale(3), SATB).grid
    found = features(piece)
    assert found["mean_ioi"] == pytest.approx(
        np.mean([after.onset - before.onset for before, after in pairwise(one.notes)], dtype=float)
    )
    assert found["note_count"] == sum(len(part.notes) for part in (one, *others))


def test_features_of_drums():
    found = features(groove(("0", 36, 100), ("1", 38, 60), ("2", 36, 100), ("4", 36, 100), ("21/4", 38, 40)))
    assert found["drum_density"] == 5 / 8
    assert nonzero(found["drum_histogram"]) == {0: 3 / 5, 1: 2 / 5}
    assert nonzero(found["drum_place_histogram"]) == {0: 2 / 5, 4: 1 / 5, 5: 1 / 5, 8: 1 / 5}
    assert found["drum_velocity_mean"] == 80
    assert found["drum_velocity_sd"] == pytest.approx(np.std([100, 60, 100, 100, 40]))
    assert set(features(groove())) == set(found)
    assert all(not value.any() for value in features(groove()).values())


def test_the_place_in_the_bar_follows_metre_and_pickup():
    waltz = groove(("1", 36, 80), ("5/2", 36, 80), ("4", 36, 80), metre=(3, 4), pickup="1")
    assert nonzero(features(waltz)["drum_place_histogram"]) == {0: 2 / 3, 8: 1 / 3}
    upbeat = groove(("0", 36, 80), metre=(3, 4), pickup="1")
    assert nonzero(features(upbeat)["drum_place_histogram"]) == {10: 1}  # the last third of a bar


def test_a_texture_with_both_has_both():
    score = Score(
        (
            Part.of("lead", [Note(Fraction(0), 60, Fraction(1))]),
            Part.of("drums", [Note(Fraction(0), 36, Fraction(1))], is_drums=True),
        )
    )
    found = features(fit(score, DUET).grid)
    assert found["note_count"] == 1
    assert found["drum_histogram"][0] == 1
    assert len(found) == 14


def test_density_is_a_sum_of_gaussians():
    samples = np.random.default_rng(1).normal(3, 2, 97)
    width = bandwidth(samples)
    assert width == pytest.approx(samples.std(ddof=1) * 97**-0.2)
    places = np.linspace(-12, 18, 2048)
    direct = np.exp(-(((places[:, None] - samples) / width) ** 2) / 2).sum(1) / (97 * width * sqrt(2 * np.pi))
    assert density(samples, places, width) == pytest.approx(direct, abs=1e-4)


@pytest.mark.parametrize("apart", [0.0, 0.5, 1.0, 3.0])
def test_overlap_of_normal_distances(apart):
    """Two normals of deviation 1: area 2 Phi(-d / 2), divergence d^2 / 2; smoothing widens both a little."""
    dice = np.random.default_rng(2)
    reference, inter = dice.normal(20, 1, 40_009), dice.normal(20 + apart, 1, 40_009)
    found = overlap(reference, reference, inter)
    assert found.inter_oa == pytest.approx(1 + erf(-apart / 2 / sqrt(2)), abs=0.03)
    assert found.kld == pytest.approx(apart**2 / 2, rel=0.1, abs=0.01)
    assert found.intra_oa == pytest.approx(1)


def test_distances_that_are_all_the_same():
    ones, twos = np.ones(5), np.full(7, 2.0)
    assert overlap(ones, ones, ones) == Overlap(1, 1, 0)
    apart = overlap(ones, ones, twos)
    assert (apart.inter_oa, apart.intra_oa) == pytest.approx((0, 1), abs=1e-6)
    assert apart.kld > 10


def test_like_pieces_overlap_and_others_do_not():
    one, like = chorales(*range(30)), chorales(*range(30, 60))
    found = compare(like, one)
    assert min(each.inter_oa for each in found.values()) > 0.75
    assert max(each.kld for each in found.values()) < 0.2
    sharps = [transpose(piece, 2) for piece in like]
    elsewhere = compare(sharps, one)
    for name in ("pitch_class_histogram", "pitch_class_transitions"):
        assert elsewhere[name].inter_oa < 0.6 * found[name].inter_oa
        assert elsewhere[name].kld > found[name].kld + 0.5
        assert elsewhere[name].intra_oa == pytest.approx(found[name].intra_oa)
    for name in ("pitch_count", "mean_interval", "mean_ioi", "note_length_histogram"):
        assert elsewhere[name] == pytest.approx(found[name])


def test_copies_of_one_piece_lack_variety():
    many = chorales(*range(20))
    found = compare(many[:1] * 20, many)
    assert found["pitch_class_transitions"].intra_oa < 0.1
    assert found["pitch_class_transitions"].inter_oa > found["pitch_class_transitions"].intra_oa


def test_passages_are_whole_bars():
    piece = chorales(1, bars=7, metre=(3, 4), pickup=1)[0]
    assert [grid.steps for grid in passages([piece], 2)] == [24, 24, 24]
    assert passages([piece], 8) == []
    assert [grid.timeline.pickup for grid in passages([piece, piece], 7)] == [0, 0]
    pitches = passages([piece], 3)[1].voices[0].sounding
    assert pitches.tolist() == piece.voices[0].sounding[4 + 36 : 4 + 72].tolist()
    with pytest.raises(UsageError, match="1 or more bars"):
        passages([piece], 0)


def test_passages_do_not_reach_over_a_short_bar():
    piece = chorales(1, bars=6)[0]
    changed = replace(
        piece, timeline=replace(piece.timeline, metres=(Metre(Fraction(0), 4, 4), Metre(Fraction(10), 4, 4)))
    )
    assert [grid.steps for grid in passages([changed], 2)] == [32, 32]  # of quarters 4 4 | 2 | 4 4 4 2
    assert [grid.steps for grid in passages([changed], 3)] == [48]
    assert len(passages([changed], 1)) == 5


def test_sets_that_cannot_be_compared_are_told():
    pieces = chorales(1, 2)
    with pytest.raises(UsageError, match="2 or more of each, got 1 and 2"):
        compare(pieces[:1], pieces)
    with pytest.raises(UsageError, match="one texture, got piano, satb"):
        compare([fit(tiny.chorale(1, key=Key(0)), PIANO).grid] * 2, pieces)
