"""The deep belief network: a stack of RBMs.

The top two layers are an undirected RBM; below it the layers are directed, top to bottom (Hinton, Osindero & Teh 2006).
Each layer's weights serve both ways: up to infer, down to generate.

With spans the network is a convolutional one (Lee, Grosse, Ranganath & Ng 2009): its states are sequences of L blocks,
a hidden block of each layer hears the S blocks around it below, and all blocks share their weights. One network then
knows passages of any length. All shapes (B, N) below may be (B, L, N), and must be where there are spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import generation, masks, prediction, random
from credo.models import labels as label_units
from credo.models.backend import compiled
from credo.models.lateral import Lateral
from credo.models.rbm import RBM
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
        l2: weight decay in pretraining; see `RBM`, as for the next three.
        sparsity: cost of hidden units that are not on as often as `target`.
        target: that share of the time.
        centring: rate at which hidden offsets follow the hidden means.
        labels: number of labels that rows may have, C; the top RBM has a one-hot group for them beside the units below
            it. 0 for none. See `labels`.
        label_share: where fine-tuning is told labels, the share of -log P(label | v) in its loss; the rest is the loss
            of the hidden cells.
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
        l2: float = 0.0,
        sparsity: float = 0.0,
        target: float = 0.1,
        centring: float = 0.0,
        labels: int = 0,
        label_share: float = 0.5,
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
        if labels < 0 or not 0 <= label_share <= 1 or (labels and max(self.spans) > 1):
            raise UsageError(
                f"DBN: expected labels >= 0 (0 with spans) and 0 <= label_share <= 1, got {labels}, {label_share}"
            )
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
        self.blocks, self.labels, self.label_share = blocks, int(labels), float(label_share)
        self.penalties = {"l2": l2, "sparsity": sparsity, "target": target, "centring": centring}
        below: list[Units] = [self.visible, *(Bernoulli(size) for size in self.layer_sizes[:-1])]
        below[-1] = label_units.units_with(below[-1], self.labels)
        held_low = [*self.held.astype(int), *([0] if self.labels and len(below) == 1 else [])]
        self.rbms = [
            RBM(
                units,
                size,
                span=span,
                held=held_low if depth == 0 and self.held.any() else None,
                k=k,
                chains=chains,
                blocks=blocks,
                **self.penalties,
                seed=seed + depth,
                name=f"rbm_{depth + 1}",
            )
            for depth, (units, size, span) in enumerate(zip(below, self.layer_sizes, self.spans, strict=True))
        ]
        self.lateral = Lateral(self.visible, neighbours=max(self.spans) > 1, name="lateral") if lateral else None
        self.nats = keras.metrics.Mean(name="nats")
        self.key = self.add_weight(shape=(2,), initializer="zeros", dtype="int32", trainable=False, name="key")
        self.key.assign(random.make_key(seed))
        self._generate = compiled(self, partial(generation.chain, self))
        self._generate_from_top = compiled(self, partial(generation.top_chain, self))
        self.build((None, self.visible.size))

    def build(self, input_shape: Any) -> None:
        """Nothing is left to create; Keras makes its own lists of the variables here."""
        self.built = True

    @property
    def parts(self) -> list[RBM | Lateral]:
        """What holds the weights: the RBMs, lowest first, then the lateral couplings where there are any."""
        return [*self.rbms, *([] if self.lateral is None else [self.lateral])]

    # -- up and down -------------------------------------------------------------------------------------------------

    def up(self, v: Any, y: Any = None) -> list[Any]:
        """Means of all hidden layers given the visible states; (B, N) to a list of (B, H), lowest first.

        Args:
            v: visible states, shape (B, N).
            y: one-hot labels, shape (B, C); None where they are not known.
        """
        layers = []
        for rbm in self.rbms:
            v = rbm.mean_h_from_v(label_units.beside(self, v, y) if rbm is self.rbms[-1] else v)
            layers.append(v)
        return layers

    def down(self, h: Any) -> Any:
        """Logits of the visible units given the top layer's states; (B, H) to (B, N)."""
        for rbm in reversed(self.rbms[1:]):
            h = label_units.without(self, rbm, rbm.mean_v_from_h(h))
        return label_units.without(self, self.rbms[0], self.rbms[0].v_logits_from_h(h))

    def predict_hidden(self, v: Any, known: Any, passes: int | None = None) -> Any:
        """Logits of all visible units, given the known ones.

        Args:
            v: visible states, shape (B, N); what stands in unknown places does not count.
            known: shape (B, N), 1 where the state is known.
            passes: how often to go up and down; None for as often as in training.

        Returns:
            Logits, shape (B, N).
        """
        return prediction.predict(self, v, known, passes or self.passes, None)

    def energy(self, v: Any) -> Any:
        """How surprising visible states are: about minus their log probability, up to the top RBM's log Z.

        For one layer it is the free energy, and exact. For more, with q the factorial posterior of the layers below the
        top RBM, it is the variational -E_q[log P(v | h)] - H(q) + E_q[F_top(h)] with means in the place of samples,
        -log P(v | E_q[h]) - H(q) + F_top(E_q[h]). Both terms are then curved, one too low and one too high, so that it
        is an approximation and no bound. Where visible units are coupled, the pseudo-likelihood stands for P(v | h).
        Labels are summed out.

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
            down = prediction.v_logits(self, q, state) if rbm is self.rbms[0] else rbm.v_logits_from_h(q)
            each = rbm.visible.cumulant(down) - ops.sum(state * down, axis=-1) - rbm.visible.base(state) - entropy
            total = total + (ops.sum(each, axis=-1) if len(each.shape) > 1 else each)
            state = q
        return total + label_units.free_energy(self, state)

    # -- labels ------------------------------------------------------------------------------------------------------

    def label_log_prob(self, v: Any) -> Any:
        """Log P(label | h), with h the means of the layer below the top one (of one layer: log P(label | v), exact).

        Args:
            v: visible states, shape (B, N).

        Returns:
            Nats, shape (B, C).

        Raises:
            UsageError: the network has no labels.
        """
        if not self.labels:
            raise UsageError("DBN: expected a network with labels, got one without")
        expect("v", v, "B N", N=self.visible.size)
        for rbm in self.rbms[:-1]:
            v = rbm.mean_h_from_v(v)
        return label_units.log_prob(self, v)

    def classify(self, v: Any) -> np.ndarray:
        """The likeliest label of each row, given codes (B, G) or states (B, N); integers, shape (B,)."""
        each = self.label_log_prob(label_units.split(self, v)[0])
        return np.argmax(ops.convert_to_numpy(each), axis=-1)

    # -- fine-tuning -------------------------------------------------------------------------------------------------

    def call(self, v: Any) -> Any:
        """The code of visible states: means of the top layer. `v` may be states (B, N) or codes (B, G)."""
        return self.up(*label_units.split(self, v))[-1]

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean over rows of the mean over hidden cells of -log P(cell | known cells), in nats.

        Of a network with labels rows may have theirs, as `y` or beside them (see `labels.join`): then `label_share` of
        the loss is -log P(label | v).
        """
        del y_pred, sample_weight
        v, y = label_units.split(self, x, y)
        key = ops.convert_to_tensor(self.key)
        lead = ops.shape(v)[:-1]
        known, cells_hidden = self.draw_mask(lead, key, grouped=True)
        keep = None
        if training and self.dropout:
            uniform = random.uniform(random.advance(key, masks.draws(self)), (*lead, self.layer_sizes[0]))
            keep = ops.cast(uniform >= self.dropout, "float32") / (1 - self.dropout)
        self.key.assign(random.advance(key, masks.draws(self) + 1))
        logits = prediction.predict(self, v, self.visible.spread(known), self.passes, keep)
        nats = -_total((1 - known) * self.visible.log_prob(self.visible.collapse(v), logits))
        self.nats.update_state(ops.sum(nats) / ops.sum(cells_hidden))
        loss = ops.mean(nats / cells_hidden)
        if y is None:
            return loss
        told = -ops.mean(ops.sum(y * self.label_log_prob(v), axis=-1))
        return (1 - self.label_share) * loss + self.label_share * told

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
        label: int | np.ndarray | None = None,
    ) -> np.ndarray:
        """Draw visible states by block Gibbs in the top RBM, holding what is known.

        Each step goes up from the visible states, once back and forth in the top RBM, and down again, with every layer
        sampled; known codes are put back each time. Without known codes and with one layer this is plain Gibbs. Where
        the network has labels and nothing is known, the chain runs in the top RBM alone and goes down once, at the end.

        Args:
            count: number of states, B.
            steps: steps of the chain.
            seed: the same seed gives the same states on the same backend.
            v: visible states, shape (B, N) or (B, L, N), where codes are known; None: nothing is known.
            known: which codes are known, shape (B, G) or (B, L, G), bool.
            blocks: the length of the sequences, L; 0 for states that are none.
            temperature: divides all logits; below 1 for more ordinary states. Real units know none but 1.
            label: of all states, or of each, shape (B,); None to leave it open.

        Returns:
            Visible states, shape (B, N) or (B, L, N).

        Raises:
            UsageError: a number is out of range, or the shapes do not fit.
        """
        if count < 1 or steps < 1 or temperature <= 0:
            raise UsageError(
                f"generate: expected count >= 1, steps >= 1, temperature > 0, got {count}, {steps}, {temperature}"
            )
        if temperature != 1 and not self.visible.discrete:
            raise UsageError(f"generate: expected temperature 1 for real visible units, got {temperature}")
        if blocks < 0 or (blocks == 0 and max(self.spans) > 1):
            raise UsageError(f"generate: expected the length of the sequences in blocks, got {blocks}")
        N, G = self.visible.size, self.visible.groups
        lead, axes = ((count, blocks), "B L") if blocks else ((count,), "B")
        v = np.zeros((*lead, N), np.float32) if v is None else ops.convert_to_numpy(v).astype(np.float32)
        known = np.zeros((*lead, G), np.float32) if known is None else ops.convert_to_numpy(known).astype(np.float32)
        expect("v", v, f"{axes} N", B=count, L=blocks, N=N)
        expect("known", known, f"{axes} G", B=count, L=blocks, G=G)
        from_top = self.labels and not known.any() and len(self.rbms) > 1
        arguments = (v, known, random.make_key(seed), np.float32(temperature), np.int32(steps))
        if label is not None:
            arguments = (*arguments, label_units.held(self, label, lead))
        run = self._generate_from_top if from_top else self._generate
        return ops.convert_to_numpy(run(*(ops.convert_to_tensor(x) for x in arguments)))

    def sample(self, v: Any, key: Any, temperature: Any = 1.0, y: Any = None) -> Any:
        """One step of block Gibbs: up, back and forth in the top RBM, down, every layer sampled.

        Args:
            v: visible states, shape (B, N).
            key: of the draws; uses `2 * layers` keys.
            temperature: divides all logits.
            y: one-hot labels, shape (B, C); None to draw them, where there are any.

        Returns:
            Visible states, shape (B, N).
        """
        return generation.step(self, v, key, temperature, y)

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
            **self.penalties,
            "labels": self.labels,
            "label_share": self.label_share,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DBN:
        """Rebuild a network from its configuration."""
        return cls(**{**config, "visible": keras.saving.deserialize_keras_object(config["visible"])})


def _total(x: Any) -> Any:
    """Sum of all that belongs to a row; (B, ...) to (B,)."""
    return ops.sum(x, axis=tuple(range(1, len(x.shape))))
