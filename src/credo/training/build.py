"""Where the wings meet in training: the layout of a window becomes the units of a machine."""

from __future__ import annotations

from credo.models.dbn import DBN
from credo.models.units import Bernoulli, Joint, Softmax
from credo.music.window import Window
from credo.training.recipe import Recipe


def units_of(window: Window) -> Joint:
    """The visible units that the codes of a beat are states of."""
    return Joint(
        [
            Softmax(block.groups, block.categories) if block.kind == "softmax" else Bernoulli(block.groups)
            for block in window.blocks
        ]
    )


def build(recipe: Recipe, window: Window) -> DBN:
    """The untrained network of a recipe over a window."""
    return DBN(
        units_of(window),
        recipe.model.hidden,
        spans=recipe.model.spans or (3, *(5 for _ in recipe.model.hidden[1:])),
        held=window.held,
        cells=window.cell_of_code,
        groupings=window.groupings if recipe.finetuning.grouped else (),
        lines=window.lines,
        lateral=recipe.model.lateral,
        passes=recipe.model.passes,
        dropout=recipe.model.dropout,
        k=recipe.pretraining.k,
        chains=recipe.pretraining.chains,
        blocks=window.beats,
        l2=recipe.pretraining.decay,
        sparsity=recipe.pretraining.sparsity,
        target=recipe.pretraining.target,
        centring=recipe.pretraining.centring,
        seed=recipe.seed,
    )
