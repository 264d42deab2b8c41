"""The numbers that say whether a machine learns, against enumeration and NumPy."""

import numpy as np
import pytest

import oracle
from credo.evaluation.likelihood.monitor import MaskedLikelihood, free_energy_gap
from credo.models import random
from credo.models.backend import compiled
from machines import JOINT, dbn_and_oracle, numpy, rbm_and_oracle, tensor

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
CELLS = [0, 1, 0, 2, 3, 4, 2]


def some_codes(*lead, seed=3):
    return np.random.default_rng(seed).integers(0, np.maximum(GROUPS, 2), (*lead, len(GROUPS))).astype(np.uint8)


def test_the_free_energy_gap_is_the_difference_of_exact_means():
    """More rows than one batch, and numbers of rows that no batch divides."""
    rbm, machine = rbm_and_oracle(UNITS, GROUPS, 3)
    train, valid = some_codes(521), some_codes(31, seed=4)
    free = machine.free_energy()
    means = [free[oracle.state_numbers(oracle.expand(codes, GROUPS), GROUPS)].mean() for codes in (valid, train)]
    assert free_energy_gap(rbm, train, valid) == pytest.approx(means[0] - means[1], abs=1e-4)
    assert free_energy_gap(rbm, train, train) == 0
    states = [oracle.expand(codes, GROUPS).astype(np.float32) for codes in (train, valid)]
    assert free_energy_gap(rbm, *states) == pytest.approx(means[0] - means[1], abs=1e-4)


def test_the_gap_of_sequences():
    rbm, shared = rbm_and_oracle(UNITS, GROUPS, 2, span=3)
    train, valid = some_codes(31, 3), some_codes(13, 3, seed=4)
    machine = shared.over(3)

    def free_energy(codes):
        v = oracle.expand(codes.reshape(len(codes), -1), machine.groups)
        heard = (v - machine.m) @ machine.W
        return np.mean(heard @ machine.l - v @ machine.a - np.log1p(np.exp(machine.b + heard)).sum(axis=1))

    assert free_energy_gap(rbm, train, valid) == pytest.approx(free_energy(valid) - free_energy(train), abs=1e-4)


def nats_a_hidden_cell(dbn, codes, seed):
    """Row by row, with the masks of the network but sums and means of our own."""
    total = cells = 0.0
    predict = compiled(dbn, dbn.predict_hidden)
    for start in range(0, len(codes), 256):
        known, hidden = dbn.draw_mask((256, *codes.shape[1:-1]), tensor(random.make_key(seed + start), "int32"))
        rows = codes[start : start + 256]
        known, hidden = numpy(known)[: len(rows)], numpy(hidden)[: len(rows)]
        v = oracle.expand(rows.reshape(-1, len(GROUPS)), GROUPS).reshape(*rows.shape[:-1], -1)
        logits = numpy(predict(tensor(v), tensor(np.repeat(known, GROUPS, axis=-1)))).astype(float)
        for block in np.ndindex(rows.shape[:-1]):
            parts = np.split(logits[block], np.cumsum(GROUPS)[:-1])
            for part, code, is_known in zip(parts, rows[block], known[block], strict=True):
                full = np.append(0, part) if len(part) == 1 else part
                if not is_known:
                    total -= full[code] - np.log(np.exp(full).sum())
        cells += hidden.sum()
    return total / cells


@pytest.mark.parametrize("lead", [(300,), (31, 3)], ids=str)
def test_masked_likelihood_is_the_nats_of_hidden_cells(lead):
    spans = (3, 1) if len(lead) > 1 else None
    dbn, _ = dbn_and_oracle(UNITS, GROUPS, (5, 3), spans=spans, held=[0, 1, 0, 0, 0, 0, 0], cells=CELLS)
    codes = some_codes(*lead)
    for seed in (0, 7):
        assert MaskedLikelihood(dbn, codes, seed)() == pytest.approx(nats_a_hidden_cell(dbn, codes, seed), abs=1e-5)


def test_its_masks_never_change_and_it_follows_the_weights():
    dbn, _ = dbn_and_oracle(UNITS, GROUPS, (5, 3), cells=CELLS)
    monitor = MaskedLikelihood(dbn, some_codes(31))
    before, key = monitor(), numpy(dbn.key).tolist()
    assert monitor() == before
    assert numpy(dbn.key).tolist() == key
    dbn.rbms[0].a.assign(numpy(dbn.rbms[0].a) + np.arange(11, dtype=np.float32))
    assert monitor() > before + 0.5
