"""The deep belief network: a stack of RBMs.

The top two layers are an undirected RBM; below it the layers are directed, top to bottom (Hinton, Osindero & Teh 2006).
Each layer's weights serve both ways: up to infer, down to generate.

With spans the network is a convolutional one (Lee, Grosse, Ranganath & Ng 2009): its states are sequences of L blocks,
a hidden block of each layer hears the S blocks around it below, and all blocks share their weights. One network then
knows passages of any length. All shapes (B, N) below may be (B, L, N), and must be where there are spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import masks, random
from credo.models.backend import compiled
from credo.models.lateral import Lateral
from credo.models.rbm import RBM, as_states
from credo.models.units import Bernoulli, Units
from credo.shapes import expect


@keras.saving.register_keras_serializable("credo")
class DBN(keras.Model):
    """A deep belief network that `compile` and `fit` fine-tune by backpropagation.

    Fine-tuning trains what generation does. Each row hides a random share of its cells, the hidden ones are filled with
    their mean, the stack is unrolled into one or more passes up and down, and the loss is the log probability of the
    hidden cells: multi-prediction training (Goodfellow, Mirza, Courville & Bengio 2013) with orderless masks (Uria,
    Murray & Larochelle 2014). Pretrain the layers first with `training.greedy.pretrain`.

    Args:
        visible: the visible units, or a number of Bernoulli units.
        hidden: sizes of the hidden layers (of a block), lowest first.
        spans: for each layer the neighbouring blocks that one of its own hears; None for 1 each, which is the plain
            network.
        held: shape (G,), 1 where a code is context that is always known; None for none.
        cells: shape (G,), for each code the number of the cell it belongs to; the codes of a cell are hidden together.
            None: each code is a cell.
        groupings: coarser partitions of the cells (of a block), each of shape (cells,), with the number of each cell's
            group. In fine-tuning, each row hides single cells, or groups of one of the partitions, or lines, all
            equally often. With none, single cells are hidden. A partition with -1 for some cells is one of cells
            beside the music itself, such as loudness: its rows leave the others known, and half of the rows of all
            other kinds hide all of them.
        lines: a partition of the cells into voices; with groupings, some rows of fine-tuning hide voices in all blocks
            of a sequence together. None for one voice.
        lateral: whether the visible units are coupled to each other too; see `lateral`.
        passes: how often the unrolled stack goes up and down.
        dropout: share of the first layer's hidden units switched off in fine-tuning.
        k: steps of the chain in pretraining; see `RBM`.
        chains: persistent chains in pretraining; see `RBM`.
        blocks: their length where they are sequences, L; see `RBM`.
        seed: of the initial weights and of all sampling.
    """

    def __init__(
        self,
        visible: Units | int,
        hidden: Sequence[int],
        *,
        spans: Sequence[int] | None = None,
        held: Sequence[int] | np.ndarray | None = None,
        cells: Sequence[int] | np.ndarray | None = None,
        groupings: Sequence[Sequence[int] | np.ndarray] = (),
        lines: Sequence[int] | np.ndarray | None = None,
        lateral: bool = False,
        passes: int = 1,
        dropout: float = 0.0,
        k: int = 1,
        chains: int = 0,
        blocks: int = 0,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not hidden or passes < 1 or not 0 <= dropout < 1:
            raise UsageError(
                f"DBN: expected hidden layers, passes >= 1 and 0 <= dropout < 1, got {hidden}, {passes}, {dropout}"
            )
        self.visible = Bernoulli(visible) if isinstance(visible, int) else visible
        self.layer_sizes = tuple(int(size) for size in hidden)
        self.spans = (1,) * len(self.layer_sizes) if spans is None else tuple(int(span) for span in spans)
        if len(self.spans) != len(self.layer_sizes):
            raise UsageError(f"DBN: expected a span a layer, got {self.spans} for {self.layer_sizes}")
        G = self.visible.groups
        self.held = np.zeros(G, bool) if held is None else np.asarray(held).astype(bool)
        self.cells = np.arange(G) if cells is None else np.asarray(cells).astype(int)
        if self.held.shape != (G,) or self.cells.shape != (G,):
            raise UsageError(f"DBN: expected held and cells of {G} codes, got {self.held.shape}, {self.cells.shape}")
        self.groupings = [np.asarray(grouping).astype(int) for grouping in groupings]
        self.lines = None if lines is None else np.asarray(lines).astype(int)
        partitions = [*self.groupings, *([] if self.lines is None else [self.lines])]
        if any(partition.shape != (self.cells.max() + 1,) for partition in partitions):
            raise UsageError(f"DBN: expected groupings and lines of {self.cells.max() + 1} cells each")
        self.passes, self.dropout, self.k, self.chains, self.seed = passes, dropout, k, chains, seed
        self.blocks = blocks
        below: list[Units] = [self.visible, *(Bernoulli(size) for size in self.layer_sizes[:-1])]
        self.rbms = [
            RBM(
                units,
                size,
                span=span,
                held=self.held.astype(int) if depth == 0 and self.held.any() else None,
                k=k,
                chains=chains,
                blocks=blocks,
                seed=seed + depth,
                name=f"rbm_{depth + 1}",
            )
            for depth, (units, size, span) in enumerate(zip(below, self.layer_sizes, self.spans, strict=True))
        ]
        self.lateral = Lateral(self.visible, neighbours=max(self.spans) > 1, name="lateral") if lateral else None
        self.nats = keras.metrics.Mean(name="nats")
        self.key = self.add_weight(shape=(2,), initializer="zeros", dtype="int32", trainable=False, name="key")
        self.key.assign(random.make_key(seed))
        self._generate = compiled(self, self._run_generate)
        self.build((None, self.visible.size))

    def build(self, input_shape: Any) -> None:
        """Nothing is left to create; Keras makes its own lists of the variables here."""
        self.built = True

    @property
    def parts(self) -> list[RBM | Lateral]:
        """What holds the weights: the RBMs, lowest first, then the lateral couplings where there are any."""
        return [*self.rbms, *([] if self.lateral is None else [self.lateral])]

    # -- up and down -------------------------------------------------------------------------------------------------

    def up(self, v: Any) -> list[Any]:
        """Means of all hidden layers given the visible states; (B, N) to a list of (B, H), lowest first."""
        layers = []
        for rbm in self.rbms:
            v = rbm.mean_h_from_v(v)
            layers.append(v)
        return layers

    def down(self, h: Any) -> Any:
        """Logits of the visible units given the top layer's states; (B, H) to (B, N)."""
        for rbm in reversed(self.rbms[1:]):
            h = rbm.mean_v_from_h(h)
        return self.rbms[0].v_logits_from_h(h)

    def predict_hidden(self, v: Any, known: Any, passes: int | None = None) -> Any:
        """Logits of all visible units, given the known ones.

        Args:
            v: visible states, shape (B, N); what stands in unknown places does not count.
            known: shape (B, N), 1 where the state is known.
            passes: how often to go up and down; None for as often as in training.

        Returns:
            Logits, shape (B, N).
        """
        return self._predict(v, known, passes or self.passes, None)

    def _predict(self, v: Any, known: Any, passes: int, keep: Any) -> Any:
        guess = ops.convert_to_tensor(self.rbms[0].m)
        logits = None
        for _ in range(passes):
            state = known * v + (1 - known) * guess
            fields = []  # what each hidden layer hears from below
            for depth, rbm in enumerate(self.rbms):
                fields.append(rbm.h_field_from_v(state))
                state = ops.sigmoid(rbm.b + fields[-1])
                if keep is not None and depth == 0:
                    state = rbm.l + (state - rbm.l) * keep
            # P(h | below, above) is proportional to P(h | above) P(below | h). The normaliser of the second factor is
            # taken as constant, so that on the way down a layer hears both neighbours, as in a Boltzmann machine.
            for rbm, field in zip(reversed(self.rbms[1:]), reversed(fields[:-1]), strict=True):
                state = ops.sigmoid(rbm.v_logits_from_h(state) + field)
            if keep is not None and len(self.rbms) > 1:
                state = self.rbms[0].l + (state - self.rbms[0].l) * keep
            logits = self._v_logits(state, known * v + (1 - known) * guess)
            guess = self.visible.mean(logits)
        return logits

    def _v_logits(self, h: Any, v: Any) -> Any:
        """Logits of the visible units given the first hidden layer and, where they are coupled, the others of them."""
        logits = self.rbms[0].v_logits_from_h(h)
        return logits if self.lateral is None else logits + self.lateral.field(v - self.rbms[0].m)

    def energy(self, v: Any) -> Any:
        """How surprising visible states are: about minus their log probability, up to the top RBM's log Z.

        For one layer it is the free energy, and exact. For more, with q the factorial posterior of the layers below the
        top RBM, it is the variational -E_q[log P(v | h)] - H(q) + E_q[F_top(h)] with means in the place of samples,
        -log P(v | E_q[h]) - H(q) + F_top(E_q[h]). Both terms are then curved, one too low and one too high, so that it
        is an approximation and no bound. Where visible units are coupled, the pseudo-likelihood stands for P(v | h).

        Args:
            v: visible states, shape (B, N).

        Returns:
            Nats, shape (B,). Lower is more likely. Comparable between passages of one model only.
        """
        expect("v", v, "B L N" if max(self.spans) > 1 or len(v.shape) == 3 else "B N", N=self.visible.size)
        total, state = 0.0, v
        for rbm in self.rbms[:-1]:
            logits = rbm.h_logits_from_v(state)
            q = rbm.hidden.mean(logits)
            entropy = ops.sum(ops.softplus(logits) - q * logits, axis=-1)
            down = self._v_logits(q, state) if rbm is self.rbms[0] else rbm.v_logits_from_h(q)
            each = rbm.visible.cumulant(down) - ops.sum(state * down, axis=-1) - entropy
            total = total + (ops.sum(each, axis=-1) if len(each.shape) > 1 else each)
            state = q
        return total + self.rbms[-1].free_energy(state)

    # -- fine-tuning -------------------------------------------------------------------------------------------------

    def call(self, v: Any) -> Any:
        """The code of visible states: means of the top layer. `v` may be states (B, N) or codes (B, G)."""
        return self.up(as_states(self.visible, v))[-1]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over rows of the mean over hidden cells of -log P(cell | known cells), in nats."""
        del y, y_pred, sample_weight
        v = as_states(self.visible, ops.convert_to_tensor(x))
        key = ops.convert_to_tensor(self.key)
        lead = ops.shape(v)[:-1]
        known, cells_hidden = self.draw_mask(lead, key, grouped=True)
        keep = None
        if training and self.dropout:
            uniform = random.uniform(random.advance(key, masks.draws(self)), (*lead, self.layer_sizes[0]))
            keep = ops.cast(uniform >= self.dropout, "float32") / (1 - self.dropout)
        self.key.assign(random.advance(key, masks.draws(self) + 1))
        logits = self._predict(v, self.visible.spread(known), self.passes, keep)
        nats = -_total((1 - known) * self.visible.log_prob(self.visible.collapse(v), logits))
        self.nats.update_state(ops.sum(nats) / ops.sum(cells_hidden))
        return ops.mean(nats / cells_hidden)

    def draw_mask(self, lead: Sequence[int], key: Any, *, grouped: bool = False) -> tuple[Any, Any]:
        """What to hide; see `masks.draw_mask`."""
        return masks.draw_mask(self, lead, key, grouped=grouped)

    # -- generating --------------------------------------------------------------------------------------------------

    def generate(
        self,
        count: int = 1,
        *,
        steps: int = 200,
        seed: int = 0,
        v: Any = None,
        known: Any = None,
        blocks: int = 0,
        temperature: float = 1.0,
    ) -> np.ndarray:
        """Draw visible states by block Gibbs in the top RBM, holding what is known.

        Each step goes up from the visible states, once back and forth in the top RBM, and down again, with every layer
        sampled; known codes are put back each time. Without known codes and with one layer this is plain Gibbs.

        Args:
            count: number of states, B.
            steps: steps of the chain.
            seed: the same seed gives the same states on the same backend.
            v: visible states, shape (B, N) or (B, L, N), where codes are known; None: nothing is known.
            known: which codes are known, shape (B, G) or (B, L, G), bool.
            blocks: the length of the sequences, L; 0 for states that are none.
            temperature: divides all logits; below 1 for more ordinary states.

        Returns:
            Visible states, shape (B, N) or (B, L, N).

        Raises:
            UsageError: a number is out of range, or the shapes do not fit.
        """
        if count < 1 or steps < 1 or temperature <= 0:
            raise UsageError(
                f"generate: expected count >= 1, steps >= 1, temperature > 0, got {count}, {steps}, {temperature}"
            )
        if blocks < 0 or (blocks == 0 and max(self.spans) > 1):
            raise UsageError(f"generate: expected the length of the sequences in blocks, got {blocks}")
        N, G = self.visible.size, self.visible.groups
        lead, axes = ((count, blocks), "B L") if blocks else ((count,), "B")
        v = np.zeros((*lead, N), np.float32) if v is None else ops.convert_to_numpy(v).astype(np.float32)
        known = np.zeros((*lead, G), np.float32) if known is None else ops.convert_to_numpy(known).astype(np.float32)
        expect("v", v, f"{axes} N", B=count, L=blocks, N=N)
        expect("known", known, f"{axes} G", B=count, L=blocks, G=G)
        arguments = (v, known, random.make_key(seed), np.float32(temperature), np.int32(steps))
        return ops.convert_to_numpy(self._generate(*(ops.convert_to_tensor(x) for x in arguments)))

    def _run_generate(self, v: Any, known: Any, key: Any, temperature: Any, steps: Any) -> Any:
        unit_known = self.visible.spread(known)
        draws = 2 * len(self.rbms) + 2

        def clamp(sampled: Any) -> Any:
            return unit_known * v + (1 - unit_known) * sampled

        def step(index: Any, state: Any) -> Any:
            here = random.advance(key, 1 + index * draws)
            return clamp(self.sample(state, here, temperature))

        start_logits = ops.broadcast_to(ops.convert_to_tensor(self.rbms[0].a), ops.shape(v))
        start = self.visible.sample(start_logits, random.uniform(key, (*v.shape[:-1], self.visible.groups)))
        return ops.fori_loop(0, steps, step, clamp(start))

    def sample(self, v: Any, key: Any, temperature: Any = 1.0) -> Any:
        """One step of block Gibbs: up, back and forth in the top RBM, down, every layer sampled.

        Args:
            v: visible states, shape (B, N).
            key: of the draws; uses `2 * layers` keys.
            temperature: divides all logits.

        Returns:
            Visible states, shape (B, N).
        """
        draw, h = 0, v
        for rbm in self.rbms:
            h = _draw(rbm.hidden, rbm.h_logits_from_v(h) / temperature, random.advance(key, draw))
            draw += 1
        for rbm in reversed(self.rbms):
            logits = self._v_logits(h, v) if rbm is self.rbms[0] else rbm.v_logits_from_h(h)
            h = _draw(rbm.visible, logits / temperature, random.advance(key, draw))
            draw += 1
        return h

    # -- saving ------------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            **super().get_config(),
            "visible": keras.saving.serialize_keras_object(self.visible),
            "hidden": list(self.layer_sizes),
            "held": self.held.astype(int).tolist(),
            "cells": self.cells.tolist(),
            "spans": list(self.spans),
            "groupings": [grouping.tolist() for grouping in self.groupings],
            "lines": None if self.lines is None else self.lines.tolist(),
            "lateral": self.lateral is not None,
            "passes": self.passes,
            "dropout": self.dropout,
            "k": self.k,
            "chains": self.chains,
            "blocks": self.blocks,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DBN:
        """Rebuild a network from its configuration."""
        return cls(**{**config, "visible": keras.saving.deserialize_keras_object(config["visible"])})


def _draw(units: Units, logits: Any, key: Any) -> Any:
    return units.sample(logits, random.uniform(key, (*logits.shape[:-1], units.groups)))


def _total(x: Any) -> Any:
    """Sum of all that belongs to a row; (B, ...) to (B,)."""
    return ops.sum(x, axis=tuple(range(1, len(x.shape))))
