"""The random numbers are the same on every backend, and good.

They are compared with the oracle's bit for bit, so their quality is measured once, on the oracle's. Each statistical
test is passed by all but one good generator in ten thousand (`z` beyond 3.9, or chi-square beyond its 10^-4 quantile);
a test that looks at several numbers fails so much oftener. The seeds are fixed, so that a test passes always or never.
"""

from functools import lru_cache

import numpy as np
import pytest
from keras import ops

import oracle
from credo.models import random

pytestmark = pytest.mark.machine
Z = 3.9  # |z| beyond it: one in ten thousand
MANY = 1_000_003
SEEDS = (0, 1, 12345, -1)


def ours(seed, counter=0, shape=(MANY,)):
    return ops.convert_to_numpy(random.uniform(random.advance(random.make_key(seed), counter), shape))


@lru_cache(8)
def uniform(seed, counter=0, shape=(MANY,)):
    return oracle.uniform(seed, counter, shape)


def bits(seed):
    """The 23 random bits behind each number."""
    return (uniform(seed) * 2**23).astype(np.int64)


def correlation_z(x, y):
    """z of the correlation of two sequences of independent uniform numbers."""
    x, y = x.astype(float), y.astype(float)
    return np.mean((x - 0.5) * (y - 0.5)) * 12 * np.sqrt(len(x))


@pytest.mark.parametrize("seed", [*SEEDS, 2**31 - 1, 2**31, 2**32 - 1, -(2**31), 10**15 + 7])
@pytest.mark.parametrize("counter", [0, 1, 10**9])
def test_numbers_are_bit_for_bit_those_of_numpy(seed, counter):
    drawn = ours(seed, counter, (7, 11, 13))
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, uniform(seed, counter, (7, 11, 13)))


def test_a_million_numbers_are_those_of_numpy():
    np.testing.assert_array_equal(ours(12345), uniform(12345))


def test_a_longer_draw_begins_like_a_shorter_one():
    np.testing.assert_array_equal(ours(5, 3, (11, 2)).ravel(), ours(5, 3, (7, 11)).ravel()[:22])


def test_a_key_is_a_seed_and_a_counter():
    key = random.make_key(17)
    assert key.dtype == np.int32
    assert key.tolist() == [17, 0]
    assert ops.convert_to_numpy(random.advance(random.advance(key), 4)).tolist() == [17, 5]


@pytest.mark.once
def test_numbers_are_below_one_and_so_is_their_share_of_any_total():
    u = np.concatenate([uniform(seed) for seed in SEEDS] + [np.float32([0, 1 - 2**-23])])
    assert u.min() >= 0
    assert u.max() == np.float32(1 - 2**-23)
    for total in np.float32([1e-30, 0.1, 1, 1 + 2**-23, 1.5, 2 - 2**-23, 3, 47.999996, 1e30]):
        assert np.all(u * total < total)


@pytest.mark.once
@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_fill_the_interval_evenly(seed):
    x = bits(seed)
    for low_bits in (False, True):  # 1024 cells by the highest ten bits, and by the lowest
        cells = x % 1024 if low_bits else x // 2**13
        assert oracle.chi_square(np.bincount(cells, minlength=1024), np.full(1024, MANY / 1024)) < (
            oracle.chi_square_limit(1024)
        )


@pytest.mark.once
@pytest.mark.parametrize("seed", SEEDS)
def test_every_bit_is_balanced(seed):
    ones = [np.count_nonzero(bits(seed) >> place & 1) for place in range(23)]
    assert np.all(np.abs(np.array(ones) - MANY / 2) < Z * np.sqrt(MANY) / 2)


@pytest.mark.once
@pytest.mark.parametrize("seed", SEEDS)
def test_neighbours_in_a_draw_are_independent(seed):
    u = uniform(seed)
    for lag in (1, 2, 3, 16, 64, 88, 256, 1024, 65536):
        assert abs(correlation_z(u[lag:], u[:-lag])) < Z
    pairs = (u[:-1:2] * 32).astype(int) * 32 + (u[1::2] * 32).astype(int)
    count = len(pairs)
    assert oracle.chi_square(np.bincount(pairs, minlength=1024), np.full(1024, count / 1024)) < (
        oracle.chi_square_limit(1024)
    )


@pytest.mark.once
@pytest.mark.parametrize("seed", SEEDS)
def test_runs_above_and_below_the_middle_are_as_long_as_they_should_be(seed):
    above = uniform(seed) >= 0.5
    runs = 1 + np.count_nonzero(above[1:] != above[:-1])
    high, low = np.count_nonzero(above), np.count_nonzero(~above)
    expected = 1 + 2 * high * low / MANY
    spread = np.sqrt((expected - 1) * (expected - 2) / (MANY - 1))
    assert abs(runs - expected) < Z * spread
    lengths = np.bincount(np.minimum(np.diff(np.flatnonzero(np.diff(above, prepend=~above[0]))), 12))[1:]
    shares = np.array([0.5**length for length in range(1, 12)] + [0.5**11])
    assert oracle.chi_square(lengths, shares * lengths.sum()) < oracle.chi_square_limit(12)


@pytest.mark.once
@pytest.mark.parametrize("seed", SEEDS)
def test_draws_of_successive_counters_are_independent(seed):
    """Also position by position: the same place in many successive draws."""
    table = np.stack([uniform(seed, counter, (1009,)) for counter in range(997)])
    for lag in (1, 2, 3, 7):
        assert abs(correlation_z(table[lag:].ravel(), table[:-lag].ravel())) < Z
        assert abs(correlation_z(table[lag:, 1:].ravel(), table[:-lag, :-1].ravel())) < Z
    z_of_places = (table.mean(axis=0) - 0.5) * np.sqrt(12 * len(table))
    assert abs(np.sum(z_of_places**2 - 1)) < Z * np.sqrt(2 * len(z_of_places))  # neither too uneven nor too even
    pairs = (table[:-1] * 16).astype(int) * 16 + (table[1:] * 16).astype(int)
    assert oracle.chi_square(np.bincount(pairs.ravel(), minlength=256), np.full(256, pairs.size / 256)) < (
        oracle.chi_square_limit(256)
    )


@pytest.mark.once
def test_streams_of_neighbouring_seeds_are_independent():
    table = np.stack([uniform(seed, 0, (1009,)) for seed in range(997)])
    for lag in (1, 2, 256):
        assert abs(correlation_z(table[lag:].ravel(), table[:-lag].ravel())) < Z
    flips = (table[1:] * 2**23).astype(int) ^ (table[:-1] * 2**23).astype(int)
    shares = np.array([np.count_nonzero(flips >> place & 1) for place in range(23)]) / flips.size
    assert np.all(np.abs(shares - 0.5) < Z / (2 * np.sqrt(flips.size)))


@pytest.mark.once
def test_no_two_of_many_draws_share_a_start():
    starts = {tuple(oracle.uniform(seed, counter, (4,))) for seed in range(29) for counter in range(311)}
    assert len(starts) == 29 * 311
