"""What is learnt from ratings, and which pieces are chosen by it."""

from __future__ import annotations

import numpy as np
import pytest

from credo.library.features import ASPECTS
from credo.library.features import SIZES as FEATURES
from credo.library.taste import model
from credo.library.taste.choosing import choose, typical
from credo.library.taste.model import NOISE, Taste, likeness
from credo.library.taste.shelf import TRAITS, Scale, Shelf, traits_of
from credo.library.taste.words import convinced, likes_of, reasons, traits_in

SIZES = list(FEATURES.values())


def shelf(count: int = 61, seed: int = 3, kinds: int = 4) -> Shelf:
    """Pieces of some kinds in turn: those of one kind are alike in all aspects; traits are dice."""
    dice = np.random.default_rng(seed)
    parts = []
    for size in SIZES:
        centres = dice.normal(size=(kinds, size))
        rows = centres[np.arange(count) % kinds] + 0.4 * dice.normal(size=(count, size))
        parts.append(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    attributes = [
        {
            "key": "A minor" if dice.random() < 0.5 else "C major",
            "metre": "3/4" if dice.random() < 0.3 else "4/4",
            "tempo": float(dice.uniform(50, 180)),
            "density": float(dice.uniform(0.5, 4)),
            "register": float(dice.uniform(45, 75)),
            "valence": float(dice.uniform(-1, 1)),
            "arousal": float(dice.uniform(-1, 1)),
        }
        for _ in range(count)
    ]
    return Shelf.measured(np.concatenate(parts, 1), attributes, numbers=np.arange(count) + 1)


def taste_of(pieces: Shelf, rated: list[int], liking: list[float]) -> Taste:
    return Taste(pieces.rows(np.array(rated, int)), np.array(liking, float), Scale.of(pieces))


def test_traits_of_a_piece():
    found = dict(zip(TRAITS, traits_of({"key": "G minor", "metre": "6/8", "tempo": 64, "loudness": 80}), strict=True))
    assert (found["minor"], found["compound"], found["triple"], found["tempo"], found["loudness"]) == (1, 1, 0, 6, 80)
    assert np.isnan(found["density"])
    assert not np.isfinite(traits_of({})).any()


def test_mean_and_variance_are_those_of_the_formula(monkeypatch):
    """One idea alone, against the textbook (Rasmussen and Williams, equations 2.25 and 2.26)."""
    monkeypatch.setattr(model, "ideas", lambda codes, composers: {"near": (1.0, {"near": 1.0})})
    pieces, rated, liking = shelf(), [2, 7, 11, 30], [1.0, -1.0, 0.5, -0.5]
    found = taste_of(pieces, rated, liking).liking_of(pieces)
    kernel = model.COMMON + model.SPREAD * np.exp((likeness(pieces, pieces).astype(float) - 1) / model.NEAR)
    inner = np.linalg.inv(kernel[np.ix_(rated, rated)] + NOISE * np.eye(4))
    np.testing.assert_allclose(found.mean, kernel[:, rated] @ inner @ liking, atol=1e-5)
    variance = np.diag(kernel) - np.einsum("ij,jk,ik->i", kernel[:, rated], inner, kernel[:, rated])
    np.testing.assert_allclose(found.deviation, np.sqrt(variance), atol=1e-5)


def test_variances_are_those_of_draws_from_the_beliefs_beforehand():
    """No idea's variance of a piece may fall short of what its kernel says of that piece with itself."""
    pieces = shelf(17)
    taste = taste_of(pieces, list(range(17)), [0.0] * 17)
    grams, sizes = taste._grams(pieces), taste._sizes(pieces)
    for name, size in sizes.items():
        np.testing.assert_allclose(np.diag(grams[name]), size, atol=1e-5, err_msg=name)
        assert np.linalg.eigvalsh(grams[name].astype(float)).min() > -1e-4, name


def test_what_each_rating_adds_makes_the_mean():
    pieces = shelf()
    taste = taste_of(pieces, [1, 5, 9], [1, -1, 0.5])
    one = pieces.rows(np.array([13]))
    assert taste.because_of(one).sum() == pytest.approx(taste.liking_of(one).mean[0], abs=1e-6)


def test_two_far_apart_likings_are_both_learnt():
    pieces = shelf(kinds=5)
    kinds = np.arange(len(pieces)) % 5
    taste = taste_of(pieces, [0, 1, 2, 3, 4, 5, 6], [1, 1, -1, -1, -1, 1, 1])
    mean = taste.liking_of(pieces).mean
    assert min(mean[kinds == 0].mean(), mean[kinds == 1].mean()) > max(mean[kinds == k].mean() for k in (2, 3, 4)) + 0.3


def test_one_trait_is_found_out_and_told():
    pieces = shelf(151, seed=5)
    tempo = pieces.traits[:, list(TRAITS).index("tempo")]
    rated = list(range(24))
    taste = taste_of(pieces, rated, np.where(tempo[rated] < np.median(tempo), 1.0, -1.0).tolist())
    assert set(convinced(taste)) & {"traits", "tempo"}
    likes = likes_of(taste, pieces)
    assert next(iter(likes)) == "tempo"
    assert likes["tempo"] < 0
    slow = pieces.rows(np.array([int(tempo.argmin())]))
    assert "slow tempi, as you like" in reasons(taste, slow, ["x"] * 24, likes)


def test_doubt_falls_where_ratings_are():
    pieces = shelf()
    before = taste_of(pieces, [], []).liking_of(pieces).deviation
    after = taste_of(pieces, [0, 4], [1, 1]).liking_of(pieces).deviation
    kinds = np.arange(len(pieces)) % 4
    assert after[kinds == 0].mean() < after[kinds == 1].mean() < before.mean() + 0.1


def test_exploring_and_diversity_do_what_they_say():
    pieces = shelf(201)
    taste = taste_of(pieces, [0, 4, 1], [1, 1, -1])
    sure, bold = choose(pieces, taste, explore=0, diversity=0), choose(pieces, taste, explore=1, diversity=0)
    assert sure.mean.mean() > bold.mean.mean()
    assert sure.deviation.mean() < bold.deviation.mean()
    np.testing.assert_array_equal(sure.places, sure.certain)
    free = np.arange(201) > 9
    alike = [
        likeness(pieces.rows(places), pieces.rows(places))[np.triu_indices(10, 1)].mean()
        for places in (choose(pieces, taste, explore=0, diversity=d, allowed=free).places for d in (0, 0.5, 1))
    ]
    assert alike[0] > alike[2]
    assert alike[0] >= alike[1] - 0.02
    assert not set(choose(pieces, taste, allowed=free).places.tolist()) & set(range(10))


def test_a_cold_start_is_typical_and_diverse():
    pieces = shelf(83)
    chosen = choose(pieces, taste_of(pieces, [], []), count=4)
    assert sorted((chosen.places % 4).tolist()) == [0, 1, 2, 3]  # one of each kind
    assert chosen.stands_for.sum() == pytest.approx(1)
    disliked = choose(pieces, taste_of(pieces, [0, 1], [-1, -1]), count=2)  # and what was not heard yet comes next
    assert sorted((disliked.places % 4).tolist()) == [2, 3]


def test_small_and_empty_shelves():
    pieces = shelf(1)
    assert choose(pieces, taste_of(pieces, [], []), count=5).places.tolist() == [0]
    nothing = pieces.rows(np.zeros(0, int))
    assert len(choose(nothing, taste_of(pieces, [0], [1]), count=5).places) == 0
    assert typical(nothing, np.zeros(0, int), 3, nothing)[0].tolist() == []
    assert traits_in(taste_of(pieces, [0], [1]), pieces) == {}


def test_drums_without_harmony_are_like_themselves():
    pieces = shelf(5)
    vectors = pieces.vectors.copy()
    vectors[:, : sum(SIZES[:2])] = 0
    drums = Shelf(pieces.numbers, pieces.traits, vectors, pieces.codes, pieces.composers)
    np.testing.assert_allclose(np.diag(likeness(drums, drums)), 1, atol=1e-5)
    assert list(ASPECTS)[:2] == ["harmony", "melody"]


def test_composers_count_where_they_are_known():
    pieces = shelf(61, kinds=61)
    names = np.array(["bach" if k % 3 == 0 else "other" for k in range(61)], object)
    told = Shelf(pieces.numbers, pieces.traits, pieces.vectors, pieces.codes, names)
    mean = taste_of(told, [0, 3, 1, 2], [1, 1, -1, -1]).liking_of(told).mean
    assert mean[6::3].mean() > mean[7::3].mean() + 0.1
