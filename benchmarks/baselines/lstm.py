"""A plain LSTM over steps: each voice of a step is predicted from all steps before and the voices above it.

It is trained for a number of seconds on crops in all keys that fit, and sampled from left to right.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence

import numpy as np

import credo.models  # noqa: F401 - chooses the backend of Keras
from credo.music.grid import REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.texture import Voice
from credo.music.transform import key_of, transposition_range

from .shared import command, keys, lines_of, timeline_in

CROP = 64  # steps
BATCH = 32
UNITS = 256
RATE = 2e-3
PLACES = 16  # of a bar, and none of them in other metres than 4/4
CONTEXT = PLACES + 12 + 2  # place in the bar, tonic, mode


def generate(grids: Sequence[Grid], count: int, bars: int, seed: int, seconds: float = 600) -> list[Grid]:
    """Train a network and draw chorales from it.

    Args:
        grids: the training pieces, in sixteenths.
        count: how many pieces.
        bars: bars of 4/4 of each.
        seed: of the dice and of the network.
        seconds: how long to train.
    """
    texture, dice = grids[0].texture, np.random.default_rng(seed)
    sizes = [2 * voice.size + 1 for voice in texture.voices]
    model = build(sizes, seed)
    train(model, batches(grids, sizes, dice), seconds)
    chosen = keys(count)
    places = np.arange(bars * PLACES) % PLACES
    drawn = sample(model, sizes, np.stack([context_of(places, key) for key in chosen]), dice)
    result = []
    for key, categories in zip(chosen, drawn, strict=True):
        voices = tuple(_cells(voice, line) for voice, line in zip(texture.voices, categories.T, strict=True))
        result.append(Grid(texture, voices, timeline_in(key)))
    return result


def build(sizes: Sequence[int], seed: int):
    """A network from (past, this step) to one softmax a voice.

    Args:
        sizes: number of categories of each voice: a rest, and each pitch held or attacked.
        seed: of the weights.

    Returns:
        A compiled `keras.Model` of two inputs, the one-hot categories of the step before with the context of this one
        (B, T, D), and the one-hot categories of this step (B, T, sum of sizes).
    """
    import keras

    keras.utils.set_random_seed(seed)
    past = keras.Input((None, sum(sizes) + CONTEXT))
    now = keras.Input((None, sum(sizes)))
    hidden = keras.layers.LSTM(UNITS, return_sequences=True, name="lstm")(past)
    logits, above = [], 0
    for voice, size in enumerate(sizes):
        known = keras.layers.Concatenate()([hidden, now[..., :above]]) if above else hidden
        logits.append(keras.layers.Dense(size, name=f"voice{voice}")(known))
        above += size
    model = keras.Model([past, now], logits)
    loss = [keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in sizes]
    model.compile(optimizer=keras.optimizers.Adam(RATE, clipnorm=1.0), loss=loss)
    return model


def train(model, data: Iterator[tuple[list[np.ndarray], list[np.ndarray]]], seconds: float) -> None:
    """Train until the time is over, at a rate that falls to a tenth; compiling is part of the time."""
    start, losses = time.monotonic(), []
    while (spent := (time.monotonic() - start) / max(seconds, 1e-9)) < 1 or not losses:
        model.optimizer.learning_rate.assign(RATE * 0.1 ** min(spent, 1))
        losses.append(float(np.ravel(model.train_on_batch(*next(data)))[0]))
    print(f"lstm: {len(losses)} steps, {np.mean(losses[-100:]):.3f} nats a step")


def batches(
    grids: Sequence[Grid], sizes: Sequence[int], dice: np.random.Generator
) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Crops of `CROP` steps in random keys, for ever."""
    pieces = [_learnt(grid) for grid in grids if grid.steps >= CROP]
    offsets = np.cumsum([0, *sizes[:-1]])
    while True:
        inputs = np.zeros((BATCH, CROP, sum(sizes) + CONTEXT), np.float32)
        now = np.zeros((BATCH, CROP, sum(sizes)), np.float32)
        targets = np.zeros((BATCH, CROP, len(sizes)), np.int32)
        for row in range(BATCH):
            categories, places, key, allowed = pieces[dice.integers(len(pieces))]
            semitones = int(dice.choice(allowed))
            first = int(dice.integers(len(categories) - CROP + 1))
            crop = categories[max(first - 1, 0) : first + CROP]
            crop = np.where(crop == 0, 0, crop + 2 * semitones)
            targets[row] = crop[-CROP:]
            inputs[row, :, sum(sizes) :] = context_of(places[first : first + CROP], key.transpose(semitones))
            np.put_along_axis(now[row], targets[row] + offsets, 1, axis=1)
            if first:
                inputs[row, 0, crop[0] + offsets] = 1
        inputs[:, 1:, : sum(sizes)] = now[:, :-1]
        yield [inputs, now], [targets[..., voice] for voice in range(len(sizes))]


def context_of(places: np.ndarray, key: Key) -> np.ndarray:
    """What is told beside the notes: places in the bar, shape (T,), and the key; shape (T, CONTEXT)."""
    context = np.zeros((len(places), CONTEXT), np.float32)
    context[places >= 0, places[places >= 0]] = 1
    context[:, PLACES + key.tonic] = context[:, PLACES + 12 + (key.mode == "minor")] = 1
    return context


def sample(model, sizes: Sequence[int], context: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Draw step after step, voice after voice, with the network's weights in NumPy.

    Args:
        model: a network of `build`.
        sizes: number of categories of each voice.
        context: shape (B, T, CONTEXT).
        dice: the random numbers.

    Returns:
        Categories, shape (B, T, V).
    """
    kernel, recurrent, bias = (np.asarray(w) for w in model.get_layer("lstm").get_weights())
    heads = [model.get_layer(f"voice{voice}").get_weights() for voice in range(len(sizes))]
    rows, steps, _ = context.shape
    state, cell = np.zeros((2, rows, UNITS))
    now = np.zeros((rows, sum(sizes)))
    drawn = np.zeros((rows, steps, len(sizes)), int)
    for step in range(steps):
        gates = np.concatenate([now, context[:, step]], axis=1) @ kernel + state @ recurrent + bias
        let_in, forget, candidate, out = np.split(gates, 4, axis=1)  # the order in which Keras keeps them
        cell = _sigmoid(forget) * cell + _sigmoid(let_in) * np.tanh(candidate)
        state = _sigmoid(out) * np.tanh(cell)
        now, above = np.zeros_like(now), 0
        for voice, (weights, offset) in enumerate(heads):
            logits = np.concatenate([state, now[:, :above]], axis=1) @ weights + offset
            drawn[:, step, voice] = (logits + dice.gumbel(size=logits.shape)).argmax(axis=1)
            now[np.arange(rows), above + drawn[:, step, voice]] = 1
            above += sizes[voice]
    return drawn


def _learnt(grid: Grid) -> tuple[np.ndarray, np.ndarray, Key, list[int]]:
    """Categories, shape (T, V), places in the bar, shape (T,), the key, and the semitones to transpose by."""
    voices = zip(grid.texture.voices, grid.voices, strict=True)
    categories = np.stack([_categories(voice, cells) for voice, cells in voices], axis=1)
    return categories, lines_of(grid).places, key_of(grid), [n for n in transposition_range(grid) if -6 <= n <= 5]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(x / 2)) / 2


def _categories(voice: Voice, cells: Cells) -> np.ndarray:
    """0 for a rest, then for each pitch: held, attacked; shape (T,)."""
    pitched = 1 + 2 * (cells.sounding.astype(int) - voice.low) + cells.attack
    return np.where(cells.sounding == REST, 0, pitched)


def _cells(voice: Voice, categories: np.ndarray) -> Cells:
    pitches = np.where(categories == 0, REST, voice.low + (categories - 1) // 2)
    return Cells.of(voice, pitches, (categories > 0) & (categories % 2 == 0))


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=600, help="how long to train")


if __name__ == "__main__":
    command(generate, __doc__.splitlines()[0], _options)
