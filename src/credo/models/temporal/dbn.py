"""The temporal DBN: at each frame a deep belief network whose biases are given by the past (RNN-DBN).

Goel, Vohra & Sahoo (2014) put a second layer on the RNN-RBM. The first layer's hidden units h1 get a prior of their
own, an RBM of h1 and h2, in the place of the one that the first RBM implies:

    P(v_t | past) = sum over h1 of P(v_t | h1; a_t) P(h1; b_t, ...)

The top RBM starts as the first one turned upside down, with h2 in v's place, and some more units that do nothing yet.
Then P(h1) is the first RBM's own, the stack's lower bound on log P(v_t | past) is that RBM's likelihood, exactly, and
training the top can only raise it (Hinton, Osindero & Teh 2006).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, random
from credo.models.rbm import Parameters
from credo.models.temporal.memory import Memory, MemoryState, Recalled
from credo.models.temporal.rbm import TemporalRBM
from credo.models.units import Bernoulli


class DeepFrames(NamedTuple):
    """T frames of B streams with the networks that the past makes of them, as rows (R = T B).

    Attributes:
        low: parameters of the first layer, a of shape (R, N) and b of shape (R, H).
        top: parameters of the top RBM between h1 and h2, a of shape (R, H) and b of shape (R, N + E).
        v: the frames, shape (R, N).
        there: 1 where there is a frame, shape (R,).
    """

    low: Parameters
    top: Parameters
    v: Any
    there: Any


@keras.saving.register_keras_serializable("credo")
class TemporalDBN(keras.Model):
    """An RNN-DBN of two layers; `compile` and `fit` train its top RBM, the first layer is as it was handed over.

    Args:
        low: a trained RNN-RBM, of N units with H hidden ones.
        hidden: units of the second hidden layer beside the N that stand for the frame, E.
        k: steps of the chains.
        seed: of the initial weights and of all sampling.
    """

    def __init__(self, low: TemporalRBM, hidden: int = 128, *, k: int = 5, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if hidden < 1 or k < 1:
            raise UsageError(f"TemporalDBN: expected hidden, k >= 1, got {hidden}, {k}")
        self.low, self.extra, self.k, self.seed = low, hidden, k, seed
        low.trainable = False
        self.size, self.alone = low.size, False
        self.visible, self.middle, self.hidden = low.visible, low.hidden, Bernoulli(low.size + hidden)
        H, N, G = low.hidden.size, low.size, low.memory.whole
        normal = keras.initializers.RandomNormal(0.0, 0.01, seed=seed)
        self.change = self.add_weight(shape=(H, N), initializer="zeros", name="change")
        self.W = self.add_weight(shape=(H, hidden), initializer=normal, name="W")
        self.a = self.add_weight(shape=(H,), initializer="zeros", name="a")
        self.b = self.add_weight(shape=(hidden,), initializer=keras.initializers.Constant(-1.5), name="b")
        self.b_whole = self.add_weight(shape=(G, hidden), initializer="zeros", name="b_whole")
        self.key = self.add_weight(shape=(2,), initializer="zeros", dtype="int32", trainable=False, name="key")
        self.key.assign(random.make_key(seed))
        self.contrast = keras.metrics.Mean(name="contrast")
        self.built = True

    def build(self, input_shape: Any) -> None:
        """Nothing is left to create."""
        self.built = True

    @property
    def memory(self) -> Memory:
        """What it knows of the past: the first layer's."""
        return self.low.memory

    def machines(self, recalled: Recalled) -> tuple[Parameters, Parameters]:
        """The first layer and the top RBM that what is known of the past makes, a row each."""
        low, static = self.low.machines(recalled), self.static_parameters()
        more = self.b + ops.matmul(recalled.whole, self.b_whole)
        return low, static._replace(a=low.b + self.a, b=ops.concatenate([low.a, more], axis=-1))

    def static_parameters(self) -> Parameters:
        """What no past changes of the top RBM, with the biases that stand before any."""
        low = self.low.static_parameters()
        return Parameters(
            ops.concatenate([ops.transpose(low.W) + self.change, self.W], axis=-1),
            low.b + self.a,
            ops.concatenate([low.a, ops.convert_to_tensor(self.b)]),
            ops.zeros(self.middle.size),
            ops.concatenate([low.m, ops.zeros(self.extra)]),
        )

    def read(self, frames: Any, state: MemoryState | None = None) -> tuple[DeepFrames, MemoryState]:
        """The network of every frame; frames and state as in `TemporalRBM.read`."""
        recalled, state = self.memory(frames, state)
        return DeepFrames(*self.machines(recalled), recalled.v, recalled.there), state

    # -- the layers --------------------------------------------------------------------------------------------------

    def h1_logits_from_v(self, v: Any, low: Parameters) -> Any:
        """Logits of the approximate posterior of h1, which is the first RBM's; (R, N) to (R, H)."""
        return low.b + self.low.field(v, low)

    def v_logits_from_h1(self, h1: Any, low: Parameters) -> Any:
        """Logits of the frame given h1; (R, H) to (R, N)."""
        return low.a + ops.matmul(h1, ops.transpose(low.W))

    def top_free_energy(self, h1: Any, top: Parameters) -> Any:
        """F(h1) of each row under its own top RBM, nats; (R, H) to (R,)."""
        field = ops.matmul(h1, top.W)
        return ops.matmul(field, top.l) - ops.sum(h1 * top.a, axis=-1) - self.hidden.cumulant(top.b + field)

    def run_top(self, h1: Any, top: Parameters, key: Any, steps: Any) -> Any:
        """Block Gibbs in the top RBM of each row, from h1 of shape (R, H); uses 2 keys a step."""
        back = ops.transpose(top.W)
        layers = blocks.Layers(
            self.middle,
            self.hidden,
            lambda h1: top.b + ops.matmul(h1, top.W),
            lambda h2: top.a + ops.matmul(h2 - top.l, back),
        )
        return blocks.run(layers, h1, key, steps)

    def log_weight(self, frames: DeepFrames, key: Any) -> Any:
        """Log P(v | h1) + log P*(h1) - log q(h1 | v) of one sample of h1 from q, with P* the top's unnormalised P.

        Its mean, less the top's log Z, is a lower bound of log P(v | past); so is the log mean exp of several.

        Args:
            frames: R rows.
            key: of the draw; uses 1.

        Returns:
            Nats, shape (R,).
        """
        logits = self.h1_logits_from_v(frames.v, frames.low)
        h1 = blocks.draw(self.middle, logits, key)
        likelihood = self.visible.log_prob(frames.v, self.v_logits_from_h1(h1, frames.low))
        posterior = self.middle.log_prob(h1, logits)
        return ops.sum(likelihood, axis=-1) - ops.sum(posterior, axis=-1) - self.top_free_energy(h1, frames.top)

    def sample_frame(self, recalled: Recalled, key: Any, temperature: Any = 1.0, steps: int = 30) -> Any:
        """Draw the next frame: chains in the top RBM, then down.

        Args:
            recalled: what is known before it; R rows.
            key: of the draws; uses `2 * steps + 2`.
            temperature: divides all energies.
            steps: of the chains.

        Returns:
            Shape (R, N).
        """
        low, top = self.machines(recalled)
        low, top = (Parameters(p.W / temperature, p.a / temperature, p.b / temperature, p.m, p.l) for p in (low, top))
        h1 = blocks.draw(self.middle, top.a, key)
        h1 = self.run_top(h1, top, random.advance(key, 2), steps)
        return blocks.draw(self.visible, self.v_logits_from_h1(h1, low), random.advance(key))

    # -- training ----------------------------------------------------------------------------------------------------

    def call(self, frames: Any) -> Any:
        """P(h1_t = 1 | v_t, past) of streams; see `TemporalRBM.call`."""
        return self.low(frames)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean of F(h1 drawn from the frame) - F(end of a chain from it) in the top RBM."""
        del y, y_pred, sample_weight, training
        key = ops.convert_to_tensor(self.key)
        frames, _ = self.read(ops.convert_to_tensor(x))
        logits = self.h1_logits_from_v(frames.v, frames.low)
        h1 = ops.stop_gradient(blocks.draw(self.middle, logits, key))
        constant = Parameters(*(ops.stop_gradient(each) for each in frames.top))
        hk = ops.stop_gradient(self.run_top(h1, constant, random.advance(key), self.k))
        self.key.assign(random.advance(key, 1 + 2 * self.k))
        contrast = self.top_free_energy(h1, frames.top) - self.top_free_energy(hk, frames.top)
        loss = ops.sum(contrast * frames.there) / ops.maximum(ops.sum(frames.there), 1.0)
        self.contrast.update_state(loss)
        return loss

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        low = keras.saving.serialize_keras_object(self.low)
        return {**super().get_config(), "low": low, "hidden": self.extra, "k": self.k, "seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TemporalDBN:
        """Rebuild a network from its configuration."""
        return cls(**{**config, "low": keras.saving.deserialize_keras_object(config["low"])})
