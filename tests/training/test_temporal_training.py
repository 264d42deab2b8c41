"""Stages, checkpoints and the best weights in the training of temporal machines, and how the next layer begins."""

import numpy as np
import pytest

from credo.errors import UsageError
from credo.models.rbm import RBM
from credo.models.temporal.nade import TemporalNADE
from credo.models.temporal.rbm import TemporalRBM
from credo.training.stack import start_upside_down
from credo.training.temporal import Stage, train
from machines import numpy, stir, weights
from oracle import Machine

pytestmark = [pytest.mark.machine, pytest.mark.once]
N = 5
STAGES = [
    Stage("frames", 60, batch=8, alone=True, k=2, warmup=5),
    Stage("sequences", 120, window=6, batch=4, k=3, warmup=5, measure=60),
]


class KilledError(Exception):
    pass


def some_sequences():
    rng = np.random.default_rng(0)
    return [(rng.random((length, N)) < 0.4).astype(np.uint8) for length in (9, 14, 5)]


def rbm():
    return TemporalRBM(N, 3, shared=1, reach=2, memory={"whole": 3, "each": 2, "reach": 2})


def size_of_weights(model):
    return float(np.abs(numpy(model.W)).sum())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A training that nothing stopped: the machine and the log."""
    model = rbm()
    return model, train(model, some_sequences(), STAGES, tmp_path_factory.mktemp("whole"), measure=size_of_weights)


@pytest.mark.parametrize("when", [("frames", 60), ("sequences", 110)], ids=str)
def test_killed_and_resumed_it_ends_with_the_same_weights(when, undisturbed, tmp_path):
    (whole, log), stopped, resumed = undisturbed, rbm(), rbm()

    def kill(stage, step, steps, metrics):
        if (stage, step) == when:
            raise KilledError

    folder = tmp_path / "stopped"
    with pytest.raises(KilledError):
        train(stopped, some_sequences(), STAGES, folder, measure=size_of_weights, checkpoint_seconds=0, progress=kill)
    with pytest.raises(UsageError, match="resume"):
        train(rbm(), some_sequences(), STAGES, folder)
    again = train(resumed, some_sequences(), STAGES, folder, measure=size_of_weights, resume=True)
    assert [record["step"] for record in again] == [record["step"] for record in log] == [60, 120]
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_weights_that_scored_best_are_kept(tmp_path):
    seen = []

    def score(model):
        seen.append(weights(model))
        return -float(len(seen))

    model = TemporalNADE(N, 4, reach=2, memory={"whole": 3, "each": 2, "reach": 2})
    train(model, some_sequences(), STAGES[1:], tmp_path, measure=score)
    assert len(seen) == 2
    for one, other in zip(weights(model), seen[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_frames_alone_leave_the_past_untouched(tmp_path):
    model = rbm()
    model.start_from(np.full(N, 0.4))
    before = numpy(model.a_whole), numpy(model.W)
    train(model, some_sequences(), STAGES[:1], tmp_path)
    np.testing.assert_array_equal(numpy(model.a_whole), before[0])
    assert np.any(numpy(model.W) != before[1])
    assert not model.alone


def test_upside_down_the_next_layer_is_what_the_machine_below_implies():
    below, top = stir(RBM(4, 3, seed=1), 1, centred=True), RBM(3, 6, seed=2)
    start_upside_down(top, below)
    top.W.assign(numpy(top.W) * np.repeat([1, 0], [4, 2]))  # what is beyond the frame's units is small, not nothing
    implied = Machine.of(below, (1,) * 4).joint().sum(axis=0)
    np.testing.assert_allclose(Machine.of(top, (1,) * 3).p_v(), implied / implied.sum(), rtol=1e-5)
    with pytest.raises(UsageError, match="at least 4"):
        start_upside_down(RBM(3, 2), below)
