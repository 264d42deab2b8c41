"""The temporal RBM: at each frame an RBM whose biases are given by the past (RNN-RBM).

Boulanger-Lewandowski, Bengio & Vincent (2012) let a recurrent network write the biases of an RBM for the next frame:

    log P(v_t | past) = -F(v_t; a_t, b_t) - log Z(a_t, b_t)

The weights stay the same at all times. Here the past is the `Memory` with direct links from the last frame (Taylor,
Hinton & Roweis 2007), and beside the hidden units of a plain RBM there are C hidden units at each visible one's place,
whose weights all places share (a convolutional RBM along the line of units).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, random
from credo.models.backend import half_product
from credo.models.rbm import Parameters
from credo.models.temporal.memory import Memory, MemoryState, Recalled
from credo.models.temporal.shared import SharedMap
from credo.models.units import Bernoulli


class Frames(NamedTuple):
    """T frames of B streams with the machines that the past makes of them, as rows (R = T B).

    Attributes:
        p: parameters, a of shape (R, N) and b of shape (R, H).
        v: the frames, shape (R, N).
        there: 1 where there is a frame, shape (R,).
    """

    p: Parameters
    v: Any
    there: Any


@keras.saving.register_keras_serializable("credo")
class TemporalRBM(keras.Model):
    """An RNN-RBM that `compile` and `fit` train by contrastive divergence on windows of sequences.

    Args:
        size: units of a frame, N (Bernoulli).
        hidden: hidden units of the whole frame.
        shared: hidden units at each visible one's place, C; 0 for none.
        reach: see `SharedMap`, for the shared hidden units.
        period: see `SharedMap`; 12 for the keys of a keyboard.
        memory: further arguments of `Memory`.
        k: steps of the chains, which start at the frames themselves.
        seed: of the initial weights and of all sampling.

    Attributes:
        alone: whether frames are trained without their past, as in the first stage of training. It is not saved.
        half: whether the chains' matrix products are taken in bfloat16; see `backend.half_product`. It is not saved.
    """

    def __init__(
        self,
        size: int,
        hidden: int = 192,
        *,
        shared: int = 8,
        reach: int = 24,
        period: int = 0,
        memory: dict[str, Any] | None = None,
        k: int = 5,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if size < 1 or hidden < 1 or shared < 0 or k < 1:
            raise UsageError(
                f"TemporalRBM: expected size, hidden, k >= 1 and shared >= 0, got {size}, {hidden}, {k}, {shared}"
            )
        self.size, self.full, self.shared, self.reach, self.period = size, hidden, shared, reach, period
        self.options, self.k, self.seed = dict(memory or {}), k, seed
        self.alone = self.half = False
        self.visible, self.hidden = Bernoulli(size), Bernoulli(size * shared + hidden)
        self.memory = Memory(size, period=period, seed=seed, name="memory", **self.options)
        N, G, D = size, self.memory.whole, self.memory.each
        normal = keras.initializers.RandomNormal(0.0, 0.02, seed=seed)

        def weight(name: str, *shape: int, start: Any = "zeros", trainable: bool = True) -> Any:
            return self.add_weight(shape=shape, initializer=start, name=name, trainable=trainable)

        asleep = keras.initializers.Constant(-1.5)  # hidden units are seldom on
        self.W = weight("W", N, hidden, start=normal)
        self.a = weight("a", N)
        self.b = weight("b", hidden, start=asleep)
        self.m = weight("m", N, trainable=False)
        self.a_whole, self.b_whole = weight("a_whole", G, N), weight("b_whole", G, hidden)
        self.a_each, self.b_last = weight("a_each", D), weight("b_last", N, hidden)
        if shared:
            self.filters = SharedMap(
                N, shared, reach=reach, period=period, bias=False, scale=0.02, seed=seed, name="filters"
            )
            self.c = weight("c", shared, start=asleep)
            self.c_each = weight("c_each", D, shared)
        self.key = self.add_weight(shape=(2,), initializer="zeros", dtype="int32", trainable=False, name="key")
        self.key.assign(random.make_key(seed))
        self.contrast = keras.metrics.Mean(name="contrast")
        self.built = True

    def build(self, input_shape: Any) -> None:
        """Nothing is left to create."""
        self.built = True

    def start_from(self, mean: np.ndarray) -> None:
        """Start where the data are: visible biases at the logits of the mean, and offsets that centre the machine.

        Args:
            mean: mean of the frames, shape (N,).
        """
        self.a.assign(self.visible.logits_of_mean(np.asarray(mean)))
        self.m.assign(np.asarray(mean, np.float32))

    # -- the machines of the frames ----------------------------------------------------------------------------------

    def weights_of_frame(self) -> Any:
        """The weights of the RBM of every frame, shape (N, H): the shared hidden units first."""
        return ops.concatenate([self.filters.matrix(), self.W], axis=-1) if self.shared else self.W + 0.0

    def machines(self, recalled: Recalled) -> Parameters:
        """The RBMs that what is known of the past makes, one a row.

        Args:
            recalled: as `Memory` gives it; R rows.
        """
        share = 0.0 if self.alone else 1.0
        a = self.a + share * (ops.matmul(recalled.whole, self.a_whole) + ops.matmul(recalled.each, self.a_each))
        b = self.b + share * (ops.matmul(recalled.whole, self.b_whole) + ops.matmul(recalled.previous, self.b_last))
        if self.shared:
            c = self.c + share * ops.matmul(recalled.each, self.c_each)  # (R, N, C)
            b = ops.concatenate([ops.reshape(c, (-1, self.size * self.shared)), b], axis=-1)
        return self.static_parameters()._replace(a=a, b=b)

    def static_parameters(self) -> Parameters:
        """What no past changes, with the biases that stand before any."""
        c = ops.tile(self.c, self.size) if self.shared else ops.zeros(0)
        b = ops.concatenate([c, ops.convert_to_tensor(self.b)])
        W, m = self.weights_of_frame(), ops.convert_to_tensor(self.m)
        return Parameters(W, ops.convert_to_tensor(self.a), b, m, ops.zeros(self.hidden.size))

    def read(self, frames: Any, state: MemoryState | None = None, key: Any = None) -> tuple[Frames, MemoryState]:
        """The machine of every frame.

        Args:
            frames: shape (B, T + 1, N), 0, 1 or `ABSENT`; the first row is the past of the second.
            state: where the streams are before; None for the start.
            key: of dropout; None for none.
        """
        recalled, state = self.memory(frames, state, key)
        return Frames(self.machines(recalled), recalled.v, recalled.there), state

    def field(self, v: Any, p: Parameters) -> Any:
        """What the hidden units hear of v, their biases aside; (R, N) to (R, H)."""
        return half_product(v - p.m, p.W) if self.half else ops.matmul(v - p.m, p.W)

    def free_energy(self, v: Any, p: Parameters) -> Any:
        """F(v) of each row under its own machine, nats; (R, N) to (R,)."""
        return -ops.sum(v * p.a, axis=-1) - self.hidden.cumulant(p.b + self.field(v, p))

    def run_chain(self, v: Any, p: Parameters, key: Any, steps: Any) -> Any:
        """Block Gibbs from v under each row's own machine.

        Args:
            v: where the chains start, shape (R, N).
            p: the machines.
            key: of the draws; uses 2 keys a step.
            steps: number of steps.

        Returns:
            Visible states, shape (R, N).
        """
        back, product = ops.transpose(p.W), half_product if self.half else ops.matmul
        layers = blocks.Layers(
            self.visible, self.hidden, lambda v: p.b + self.field(v, p), lambda h: p.a + product(h, back)
        )
        return blocks.run(layers, v, key, steps)

    def sample_frame(self, recalled: Recalled, key: Any, temperature: Any = 1.0, steps: int = 30) -> Any:
        """Draw the next frame: chains that start from the biases alone.

        Args:
            recalled: what is known before it; R rows.
            key: of the draws; uses `2 * steps + 1`.
            temperature: divides all energies.
            steps: of the chains.

        Returns:
            Shape (R, N).
        """
        p = self.machines(recalled)
        p = Parameters(p.W / temperature, p.a / temperature, p.b / temperature, p.m, p.l)
        v = blocks.draw(self.visible, p.a, key)
        return self.run_chain(v, p, random.advance(key), steps)

    # -- training ----------------------------------------------------------------------------------------------------

    def call(self, frames: Any) -> Any:
        """P(h_t = 1 | v_t, past) of streams, shape (B, T, H); frames as in `read`."""
        (p, v, _), _ = self.read(frames)
        h = self.hidden.mean(p.b + self.field(v, p))
        return ops.transpose(ops.reshape(h, (frames.shape[1] - 1, -1, self.hidden.size)), (1, 0, 2))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean of F(frame) - F(end of a chain): its gradient is the CD gradient, which flows into the past too."""
        del y, y_pred, sample_weight
        key = ops.convert_to_tensor(self.key)
        frames, _ = self.read(ops.convert_to_tensor(x), key=key if training else None)
        constant = Parameters(*(ops.stop_gradient(each) for each in frames.p))
        vk = ops.stop_gradient(self.run_chain(frames.v, constant, random.advance(key, 3), self.k))
        self.key.assign(random.advance(key, 3 + 2 * self.k))
        contrast = self.free_energy(frames.v, frames.p) - self.free_energy(vk, frames.p)
        loss = ops.sum(contrast * frames.there) / ops.maximum(ops.sum(frames.there), 1.0)
        self.contrast.update_state(loss)
        return loss

    # -- saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        names = ("size", "shared", "reach", "period", "k", "seed")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "hidden": self.full, "memory": self.options}
