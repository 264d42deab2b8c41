"""Real against fake is told at the rate that theory predicts, by the classifier and by the grade."""

import numpy as np
import pytest
from scipy.stats import norm
from test_comparison import hymn

from credo.evaluation.comparison.differences import auc, realness
from credo.evaluation.comparison.floors import random_notes
from credo.evaluation.comparison.pieces import Figures, figures_of
from credo.evaluation.grade import Grader
from credo.evaluation.metrics.catalogue import CATALOGUE

PIECES = 150


def normal(dice, shifted=(), by=0.0, pieces=PIECES):
    """Pieces of one passage each whose figures are normal, some of them shifted by so many standard deviations."""
    rows = dice.normal(size=(pieces, len(CATALOGUE)))
    rows[:, list(shifted)] += by
    return Figures(rows, np.zeros((pieces, 0)), np.arange(pieces), tuple(f"{k:03}" for k in range(pieces)))


@pytest.mark.parametrize(("shifted", "by"), [((), 0.0), ((3,), 1.0), ((3,), 2.0), (range(10), 0.5)], ids=str)
def test_the_classifier_is_near_the_best_that_there_is(shifted, by):
    """Of normal figures a distance d apart no judge has a larger area than Phi(d / sqrt 2); a forest comes near it."""
    pytest.importorskip("sklearn", reason="the classifier needs scikit-learn")
    best = norm.cdf(by * np.sqrt(len(shifted)) / np.sqrt(2))
    dice = np.random.default_rng(0)
    found = realness(normal(dice, shifted, by), normal(dice))
    assert best - 0.12 < found.value < best + 0.08  # the standard error of an area of .5 is .033
    assert found.low < best


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_a_share_of_unmistakable_fakes_is_told_at_its_rate(share):
    """The others are real, so that they are told by luck: the area is share + (1 - share) / 2."""
    pytest.importorskip("sklearn", reason="the classifier needs scikit-learn")
    dice = np.random.default_rng(1)
    fakes = round(share * PIECES)
    rows = [normal(dice, range(20), 3.0, fakes), normal(dice, pieces=PIECES - fakes)]
    mixed = normal(dice)
    np.concatenate([of.metrics for of in rows], out=mixed.metrics)
    found = realness(mixed, normal(dice))
    assert found.value == pytest.approx((1 + share) / 2, abs=0.08)


def test_in_music_too():
    """The same with hymns, of which a half have their notes scattered; and by the grade, which learns nothing."""
    pytest.importorskip("sklearn", reason="the classifier needs scikit-learn")
    real, others = ([hymn(seed, bars=2) for seed in range(first, first + 40)] for first in (0, 500))
    mixed = [*random_notes(others[:20], 20, seed=0), *others[20:]]
    found = realness(*(figures_of([(f"{k:03}", score) for k, score in enumerate(of)], 0) for of in (mixed, real)))
    assert found.low < 0.75 < found.high
    grader = Grader.of(hymn(seed, bars=2) for seed in range(1000, 1040))
    grades = np.array([grader.grade(score).total for score in (*mixed, *real)])
    assert auc(grades, np.repeat([1, 0], 40)) == pytest.approx(0.75, abs=0.1)
    assert auc(grades[[*range(20), *range(40, 80)]], np.repeat([1, 0], [20, 40])) > 0.97


def test_the_area_of_normal_grades():
    """The share of pairs of two normal samples d apart is Phi(d / sqrt 2); its standard error here is .005."""
    dice = np.random.default_rng(2)
    for by in (0.0, 0.5, 1.5):
        score = np.concatenate([dice.normal(by, 1, 4000), dice.normal(0, 1, 4000)])
        assert auc(score, np.repeat([1, 0], 4000)) == pytest.approx(norm.cdf(by / np.sqrt(2)), abs=0.025)
