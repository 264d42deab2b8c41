"""Slow and obviously right: tiny Boltzmann machines by enumeration, in NumPy alone (Keras only hands the weights over).

A layer's units are written as a tuple of numbers, one a code: 1 is a Bernoulli unit, C > 1 a one-hot group of C
categories. `(3, 3, 1)` has seven units, three codes and 3 * 3 * 2 states.
"""

from __future__ import annotations

from itertools import product
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from keras import ops

Groups = tuple[int, ...]


class Machine(NamedTuple):
    """An RBM with E(v, h) = -a.v - b.h - (v - m)' W (h - l), in double precision; h are bits."""

    groups: Groups
    W: np.ndarray
    a: np.ndarray
    b: np.ndarray
    m: np.ndarray
    l: np.ndarray  # noqa: E741 - the letter of the literature

    @classmethod
    def of(cls, rbm, groups: Groups) -> Machine:
        return cls(
            groups, *(np.array(ops.convert_to_numpy(weight), float) for weight in (rbm.W, rbm.a, rbm.b, rbm.m, rbm.l))
        )

    def over(self, blocks: int) -> Machine:
        """The plain machine that a machine with a span is over so many blocks: its weights, shared, in a band."""
        N, H = len(self.a), len(self.b)
        span = len(self.W) // N
        W = np.zeros((blocks, N, blocks, H))
        for q in range(blocks):
            for place, shared in enumerate(np.split(self.W, span)):
                if 0 <= q + place - span // 2 < blocks:
                    W[q + place - span // 2, :, q] = shared
        vectors = (np.tile(vector, blocks) for vector in (self.a, self.b, self.m, self.l))
        return Machine(self.groups * blocks, W.reshape(blocks * N, blocks * H), *vectors)

    def energy(self, v: np.ndarray, h: np.ndarray) -> float:
        return -self.a @ v - self.b @ h - (v - self.m) @ self.W @ (h - self.l)

    def joint(self) -> np.ndarray:
        """exp(-E) of all visible states (rows) and hidden states (columns)."""
        hs = all_states((1,) * len(self.b))
        return np.exp([[-self.energy(v, h) for h in hs] for v in all_states(self.groups)])

    def free_energy(self) -> np.ndarray:
        return -np.log(self.joint().sum(axis=1))

    def log_z(self) -> float:
        return np.log(self.joint().sum())

    def p_v(self, temperature: float = 1.0) -> np.ndarray:
        weights = (self.joint() ** (1 / temperature)).sum(axis=1)
        return weights / weights.sum()

    def p_h_given_v(self) -> np.ndarray:
        """Shape (visible states, hidden states)."""
        return self.joint() / self.joint().sum(axis=1, keepdims=True)

    def p_v_given_h(self) -> np.ndarray:
        """Shape (hidden states, visible states)."""
        return (self.joint() / self.joint().sum(axis=0)).T


def dbn_p_v(machines: list[Machine]) -> np.ndarray:
    """P(v) of a DBN, lowest layer first: the top machine's visible states, then down through the directed layers."""
    p = machines[-1].p_v()
    for machine in reversed(machines[:-1]):
        p = p @ machine.p_v_given_h()
    return p


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def draw_v(logits: np.ndarray, u: np.ndarray, groups: Groups) -> np.ndarray:
    """One draw from each group, by inverting its cumulative distribution; (B, N) and (B, G) to (B, N)."""
    codes = []
    for g, part in enumerate(np.split(logits, np.cumsum(groups)[:-1], axis=1)):
        p = np.cumsum(np.exp(part), axis=1)
        codes.append(u[:, g] < sigmoid(part[:, 0]) if groups[g] == 1 else np.sum(p <= u[:, [g]] * p[:, -1:], axis=1))
    return expand(np.array(codes, int).T, groups)


def run_chain(machine: Machine, v: np.ndarray, k: int, seed: int, counter: int, held=None) -> np.ndarray:
    """k steps of block Gibbs; step t takes the keys counter + 2t (hidden) and counter + 2t + 1 (visible)."""
    start, known = v, np.repeat(held or [0] * len(machine.groups), machine.groups)
    for step in range(k):
        u = uniform(seed, counter + 2 * step, (len(v), len(machine.b)))
        h = u < sigmoid(machine.b + (v - machine.m) @ machine.W)
        u = uniform(seed, counter + 2 * step + 1, (len(v), len(machine.groups)))
        v = draw_v(machine.a + (h - machine.l) @ machine.W.T, u, machine.groups)
        v = np.where(known, start, v)
    return v


def hidden_nats(machines: list[Machine], v: np.ndarray, known: np.ndarray, keep=1) -> np.ndarray:
    """-log P of the codes that are not known, by a two-layer network in one pass; (B, N) and (B, G) to nats (B,).

    `keep` is the dropout of the first layer's hidden units.
    """
    low, top = machines
    field = (np.where(np.repeat(known, low.groups, axis=1), v, low.m) - low.m) @ low.W
    h = low.l + (sigmoid(low.b + field) - low.l) * keep
    h = sigmoid(top.b + (h - top.m) @ top.W)
    h = low.l + (sigmoid(top.a + (h - top.l) @ top.W.T + field) - low.l) * keep
    logits = low.a + (h - low.l) @ low.W.T
    nats, end = np.zeros(len(v)), 0
    for g, size in enumerate(low.groups):
        start, end = end, end + size
        part, state = logits[:, start:end], v[:, start:end]
        log_z = np.log1p(np.exp(part[:, 0])) if size == 1 else np.log(np.exp(part).sum(axis=1))
        nats -= np.where(known[:, g], 0, np.sum(part * state, axis=1) - log_z)
    return nats


def given(p: np.ndarray, groups: Groups, known: dict[int, int]) -> np.ndarray:
    """P(v | codes): p restricted to the states that have these codes, with a sum of one."""
    codes = all_codes(groups)
    fits = np.all([codes[:, place] == code for place, code in known.items()], axis=0)
    return np.where(fits, p, 0) / p[fits].sum()


def all_codes(groups: Groups) -> np.ndarray:
    """Shape (states, G)."""
    return np.array(list(product(*(range(max(2, size)) for size in groups))))


def expand(codes: np.ndarray, groups: Groups) -> np.ndarray:
    """Codes (B, G) to states (B, N)."""
    columns = [[code == c for c in range(size)] if size > 1 else [code] for code, size in zip(codes.T, groups)]  # noqa: B905
    return np.array([row for column in columns for row in column], float).T


def all_states(groups: Groups) -> np.ndarray:
    """Shape (states, N), in the order of `all_codes`."""
    return expand(all_codes(groups), groups)


def state_numbers(v: np.ndarray, groups: Groups) -> np.ndarray:
    """Which of `all_states` each row is; (B, N) to (B,)."""
    numbers = {tuple(state): number for number, state in enumerate(all_states(groups))}
    return np.array([numbers[tuple(row)] for row in np.asarray(v, float)])


def chi_square(observed: np.ndarray, expected: np.ndarray) -> float:
    """Pearson's statistic over the cells that can happen; infinite if an impossible one did."""
    if np.any(observed[expected == 0]):
        return np.inf
    observed, expected = observed[expected > 0], expected[expected > 0]
    return float(np.sum((observed - expected) ** 2 / expected))


def chi_square_limit(cells: int, rate: float = 1e-4) -> float:
    """What chi-square of that many cells stays below, but for one good sample in 1 / rate (Wilson & Hilferty 1931)."""
    freedom, z = cells - 1, NormalDist().inv_cdf(1 - rate)
    return freedom * (1 - 2 / (9 * freedom) + z * np.sqrt(2 / (9 * freedom))) ** 3


def uniform(seed: int, counter: int, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of `credo.models.random.uniform` for the key (seed, counter), in unsigned arithmetic."""

    def mix(x):
        x = (x ^ (x >> 16)) * 0x7FEB352D & 0xFFFFFFFF
        x = (x ^ (x >> 15)) * 0x846CA68B & 0xFFFFFFFF
        return x ^ (x >> 16)

    first = mix((mix(seed & 0xFFFFFFFF) + counter) & 0xFFFFFFFF)
    second = mix((first + 0x9E3779B9) & 0xFFFFFFFF)
    position = np.arange(np.prod(shape, dtype=int), dtype=np.uint64)
    bits = mix((mix(position ^ np.uint64(first)) + np.uint64(second)) & np.uint64(0xFFFFFFFF))
    return (bits >> np.uint64(9)).astype(np.float32).reshape(shape) * np.float32(2**-23)
