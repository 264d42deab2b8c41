"""What a training run does, in one record that can be read from TOML.

    [model]
    window_steps = 64
    hidden = [512, 512]
    spans = [3, 5]

    [pretraining]
    steps = 800

    [finetuning]
    steps = 10000

Every value has a default that suits a folder of four-part music and half an hour on two cores.
"""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from credo.errors import FileError, UsageError
from credo.sampling.schedule import Schedule

#: Bounds that are checked before memory is asked for.
MOST_SEED, MOST_STEPS, MOST_UNITS, MOST_STYLES = 2**31 - 1, 4096, 65536, 200


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """The machine.

    Attributes:
        window_steps: steps of the grid in a training window, a whole number of quarters; 0 for sixteen quarters.
        hidden: sizes of the hidden layers for each quarter, lowest first.
        spans: for each layer, how many neighbouring quarters of the layer below one of its own hears (odd numbers);
            empty for 3 in the first layer and 5 in the others.
        home: whether the machine sees all music in C, so that it learns each thing once and not in twelve keys.
        lateral: whether the cells of a quarter and of neighbouring quarters are coupled directly too.
        passes: how often the unrolled stack goes up and down.
        dropout: share of the first hidden layer switched off in fine-tuning.
        half: whether training takes its matrix products in bfloat16: about twice as fast where the processor has units
            for it (AMX, tensor cores), slower elsewhere.
    """

    window_steps: int = 0
    hidden: tuple[int, ...] = (512, 512)
    spans: tuple[int, ...] = ()
    home: bool = True
    lateral: bool = True
    passes: int = 1
    dropout: float = 0.0
    half: bool = False


@dataclass(frozen=True, slots=True)
class PretrainingRecipe:
    """Greedy contrastive divergence, layer by layer.

    Attributes:
        steps: steps of each layer.
        batch: rows a step.
        rate: learning rate of Adam at the start; it falls to nothing along a cosine.
        k: steps of the chain.
        chains: persistent chains (PCD); 0 for CD.
        decay: weight decay, added to the gradient.
        sparsity: cost of hidden units that are not on for `target` of the time; 0 for none.
        target: that share.
        centring: rate at which the offsets of the hidden units follow their means; 0 for never.
    """

    steps: int = 400
    batch: int = 32
    rate: float = 1e-3
    k: int = 1
    chains: int = 0
    decay: float = 0.0
    sparsity: float = 0.0
    target: float = 0.1
    centring: float = 0.0


@dataclass(frozen=True, slots=True)
class FinetuningRecipe:
    """Backpropagation through the unrolled stack on hidden cells.

    Attributes:
        steps: steps.
        batch: rows a step.
        rate: learning rate of Adam after warming up; it falls to nothing along a cosine.
        warmup: steps during which the rate rises.
        clip: largest norm of the gradient.
        decay: weight decay (decoupled).
        grouped: whether some rows hide whole voices, quarters, or quarters of a voice, and not single cells.
    """

    steps: int = 10000
    batch: int = 32
    rate: float = 5e-3
    warmup: int = 200
    clip: float = 5.0
    decay: float = 1e-4
    grouped: bool = True


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """How the training windows are cut.

    Attributes:
        hop: quarters between the starts of windows.
        transpose: whether pieces are also seen in every transposition that their voices can reach; it does not count
            where the machine sees all music in C.
        spread: there, how many semitones to either side of C they are seen too.
        most_beats: most quarters of music, transpositions counted; transpositions, then pieces beyond this number are
            left out at random.
        styles: at most so many styles (composers, folders) that the model can be asked for; 0 for none.
        style_beats: a style counts only with at least so many quarters of music to train on.
        hide_labels: share of the pieces whose key, and share of those whose style, is not told, so that the model also
            works where it is unknown.
    """

    hop: int = 1
    transpose: bool = True
    spread: int = 0
    most_beats: int = 300_000
    styles: int = 0
    style_beats: int = 1000
    hide_labels: float = 0.1


_USUAL = Schedule()


@dataclass(frozen=True, slots=True)
class SamplingRecipe:
    """How the finished model is best sampled: the shares of `sampling.schedule.Schedule`, where each is explained.

    More of `closing` makes calmer music, `nested` livelier; `ends = false` helps where short pieces fall silent.
    """

    opening: float = _USUAL.opening
    most: float = _USUAL.most
    least: float = _USUAL.least
    falling: float = _USUAL.falling
    most_blocks: float = _USUAL.most_blocks
    least_blocks: float = _USUAL.least_blocks
    closing: float = _USUAL.closing
    nested: bool = _USUAL.nested
    ends: bool = _USUAL.ends


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole training run.

    Attributes:
        name: of the model; the corpus' where it is empty.
        seed: of the weights, the order of the data and all sampling.
        temperature: at which the finished model is best sampled; a wish for temperature 1 gets this one.
        model: the machine.
        data: how the training windows are cut.
        pretraining: greedy contrastive divergence.
        finetuning: backpropagation through the stack.
        sampling: how the finished model is best sampled.

    Raises:
        UsageError: a value is out of range.
    """

    name: str = ""
    seed: int = 0
    temperature: float = 1.0
    model: ModelRecipe = field(default_factory=ModelRecipe)
    data: DataRecipe = field(default_factory=DataRecipe)
    pretraining: PretrainingRecipe = field(default_factory=PretrainingRecipe)
    finetuning: FinetuningRecipe = field(default_factory=FinetuningRecipe)
    sampling: SamplingRecipe = field(default_factory=SamplingRecipe)

    def __post_init__(self) -> None:
        _check(self)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Recipe:
        """Build a recipe from nested dictionaries; what is missing keeps its default.

        Raises:
            UsageError: a key is unknown or a value has the wrong type or range.
        """
        return _build(cls, data, "")

    @classmethod
    def from_toml(cls, path: str | Path) -> Recipe:
        """Read a recipe from a TOML file.

        Raises:
            FileError: the file cannot be read or is not TOML.
            UsageError: a key is unknown or a value has the wrong type or range.
        """
        try:
            return cls.from_dict(tomllib.loads(Path(path).read_text("utf-8")))
        except OSError as error:
            raise FileError(path, f"cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise FileError(path, f"is not TOML: {error}") from error


def _build(cls: type, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise UsageError(f"recipe: expected a table at [{where}], got {data!r}")
    known = {f.name: f for f in fields(cls)}
    for name in data:
        if name not in known:
            raise UsageError(f"recipe: expected one of {', '.join(known)} at [{where or 'top'}], got {name!r}")
    values = {}
    for name, value in data.items():
        default = getattr(cls(), name)
        if is_dataclass(default):
            values[name] = _build(type(default), value, name)
        elif isinstance(default, tuple):
            if not isinstance(value, list | tuple) or not all(type(x) is int for x in value):
                raise UsageError(f"recipe: expected a list of whole numbers for {name}, got {value!r}")
            values[name] = tuple(value)
        elif isinstance(default, float) and isinstance(value, int | float) and not isinstance(value, bool):
            values[name] = float(value)
        elif type(value) is type(default):
            values[name] = value
        else:
            raise UsageError(f"recipe: expected {type(default).__name__} for {name}, got {value!r}")
    return cls(**values)


def _check(recipe: Recipe) -> None:
    model, data, pre, fine = recipe.model, recipe.data, recipe.pretraining, recipe.finetuning
    sizes = model.hidden or (0,)
    rules = {
        "name of at least one letter": not recipe.name or bool(recipe.name.strip()),
        f"seed from 0 to {MOST_SEED}": 0 <= recipe.seed <= MOST_SEED,
        "temperature from 0.05 to 10": 0.05 <= recipe.temperature <= 10,
        f"model.window_steps from 0 to {MOST_STEPS}": 0 <= model.window_steps <= MOST_STEPS,
        f"model.hidden of sizes from 1 to {MOST_UNITS}": 1 <= min(sizes) <= max(sizes) <= MOST_UNITS,
        "model.spans of one odd number a layer": len(model.spans) in (0, len(sizes))
        and all(span > 0 and span % 2 for span in model.spans),
        "model.passes >= 1": model.passes >= 1,
        "0 <= model.dropout < 1": 0 <= model.dropout < 1,
        "data.hop >= 1": data.hop >= 1,
        "data.spread from 0 to 6": 0 <= data.spread <= 6,
        "data.most_beats >= 1": data.most_beats >= 1,
        f"data.styles from 0 to {MOST_STYLES}, style_beats >= 1": 0 <= data.styles <= MOST_STYLES
        and data.style_beats >= 1,
        "0 <= data.hide_labels <= 1": 0 <= data.hide_labels <= 1,
        "pretraining.steps >= 0, batch >= 1, k >= 1, chains >= 0": pre.steps >= 0
        and pre.batch >= 1
        and pre.k >= 1
        and pre.chains >= 0,
        "pretraining.rate > 0, decay >= 0, sparsity >= 0": 0 < pre.rate < math.inf
        and 0 <= pre.decay < math.inf
        and 0 <= pre.sparsity < math.inf,
        "pretraining.target between 0 and 1, centring from 0 to 1": 0 < pre.target < 1 and 0 <= pre.centring <= 1,
        "finetuning.steps >= 0, batch >= 1, warmup >= 0": fine.steps >= 0 and fine.batch >= 1 and fine.warmup >= 0,
        "finetuning.rate > 0, clip > 0, decay >= 0": 0 < fine.rate < math.inf
        and fine.clip > 0
        and 0 <= fine.decay < math.inf,
        "sampling shares from 0 to 1": all(0 <= share <= 1 for share in asdict(recipe.sampling).values()),
        "sampling.least > 0, opening > 0": recipe.sampling.least > 0 and recipe.sampling.opening > 0,
    }
    for rule, holds in rules.items():
        if not holds:
            section = re.search(r"[a-z]+", rule)[0]
            raise UsageError(f"recipe: expected {rule}, got {section} {recipe.to_dict()[section]!r}")
