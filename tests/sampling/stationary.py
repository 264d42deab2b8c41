"""Chains that start at an exact distribution, and how far others are from it."""

import numpy as np

import oracle
from credo.models.units import Bernoulli
from machines import JOINT, SOFTMAX

KINDS = {"bernoulli": (Bernoulli(5), (1,) * 5), "softmax": SOFTMAX, "joint": JOINT}
KNOWN = {"bernoulli": {1: 1, 4: 0}, "softmax": {1: 3}, "joint": {0: 2, 3: 1, 6: 0}}
CHAINS = 6_007


def draws(machine, p, chains=CHAINS, seed=3):
    numbers = np.random.default_rng(seed).choice(len(p), chains, p=p)
    return oracle.all_states(machine.groups)[numbers].astype(np.float32)


def distance(v, machine, p):
    """Chi-square of the states from a distribution, in units of its limit: below 1 for a good kernel."""
    counts = np.bincount(oracle.state_numbers(v, machine.groups), minlength=len(p))
    common = p * len(v) > 5  # the rest is one cell
    counts, expected = (np.append(x[common], x[~common].sum()) for x in (counts, p * len(v)))
    kept = expected > 0
    assert not counts[~kept].any()
    return oracle.chi_square(counts[kept], expected[kept]) / oracle.chi_square_limit(np.count_nonzero(kept))


def mask(known, machine, chains=CHAINS):
    """The same codes held in all chains, shape (chains, G)."""
    held = np.zeros((chains, len(machine.groups)), np.float32)
    held[:, list(known)] = 1
    return held


def cooled(p, temperature):
    """p^(1 / temperature), with a sum of one."""
    weights = p ** (1 / temperature)
    return weights / weights.sum()
