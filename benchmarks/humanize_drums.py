"""How well a model of drums plays what drummers played: loudness and timing on unseen pieces, against plain rules.

    python benchmarks/humanize_drums.py runs/drums corpora/groove

For each hit of the validation split, all loudness and timing hidden and all notes given: nats of its level and of its
timing in one pass of the network; the correlation of the mean that the network expects with what was played; and that
of one draw by `credo humanize`. The rules are the means of the training split: one for all hits, one a drum, and one a
drum and sixteenth of the bar; their nats are those of the shares of levels and timings (with one added to each).
"""

from __future__ import annotations

import sys

import numpy as np
from keras import ops

from credo.compose import masks
from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.corpora.corpus import Corpus
from credo.corpora.piece import Piece
from credo.music.grid import Grid
from credo.music.passage import slice_grid
from credo.music.steps import LEVEL_VELOCITIES, LEVELS, TIMINGS, encode_steps, levels_of

STEPS, PIECES = 256, 40


def main(model: str, folder: str) -> None:
    """Print the table."""
    corpus, composer = Corpus.load(folder), Composer.load(model)
    train = [_hits(piece.grid) for piece in corpus.in_split("train")]
    valid = [piece for piece in corpus.in_split("valid") if piece.grid.steps >= 64]
    cut = [(piece, slice_grid(piece.grid, 0, min(STEPS, piece.grid.steps // 4 * 4))) for piece in valid]
    truth = np.concatenate([_hits(grid) for _, grid in cut])
    rows = [("", "nats level", "nats timing", "r loudness", "r timing", "mean error of loudness", "of timing (steps)")]
    places = {"one for all": (), "a drum": (0,), "a drum and place": (0, 1)}
    for name, columns in places.items():
        rows.append((name, *_rule(np.concatenate(train), truth, columns)))
    rows.append(("the network's mean", *_network(composer, cut, truth)))
    drawn = cut[:PIECES]
    played = np.concatenate([_humanized(composer, piece, grid) for piece, grid in drawn])
    some = np.concatenate([_hits(grid) for _, grid in drawn])
    rows.append((f"one draw, {len(drawn)} pieces", "", "", *_compare(played[:, 3:5], some)))
    for row in rows:
        print("  ".join(f"{value:>22}" if isinstance(value, str) else f"{value:22.3f}" for value in row))


def _hits(grid: Grid) -> np.ndarray:
    """Drum, sixteenth of the bar, step, velocity and offset (in steps) of each hit; shape (hits, 5)."""
    (cells,) = grid.voices
    step, drum = np.nonzero(cells.attack)
    bar = int(grid.timeline.metre_at(0).bar * grid.texture.steps_per_quarter)
    return np.stack([drum, step % bar, step, cells.velocity[step, drum], cells.offset[step, drum] / 9.0], axis=1)


def _compare(found: np.ndarray, truth: np.ndarray) -> tuple[float, ...]:
    """Correlations and mean absolute errors of loudness and timing; `found` has shape (hits, 2)."""
    true = truth[:, 3:5]
    with np.errstate(invalid="ignore"):
        r = [np.corrcoef(found[:, i], true[:, i])[0, 1] if found[:, i].std() else 0.0 for i in (0, 1)]
    return (*r, *np.abs(found - true).mean(axis=0))


def _rule(train: np.ndarray, truth: np.ndarray, columns: tuple[int, ...]) -> tuple[float, ...]:
    key = {0: 1, 1: 100}

    def group(hits: np.ndarray) -> np.ndarray:
        return sum((hits[:, c].astype(int) * key[c] for c in columns), np.zeros(len(hits), int))

    size = 1 + max(group(train).max(), group(truth).max())
    nats, means = [], []
    for column, values, code in (
        (3, LEVELS - 1, lambda hits: levels_of(hits[:, 3]) - 1),
        (4, TIMINGS - 1, lambda hits: np.round(9 * hits[:, 4]).astype(int) + 4),
    ):
        counts = np.ones((size, values))
        np.add.at(counts, (group(train), code(train)), 1)
        shares = counts / counts.sum(axis=1, keepdims=True)
        nats.append(-np.log(shares[group(truth), code(truth)]).mean())
        total = np.bincount(group(train), train[:, column], size)
        number = np.bincount(group(train), minlength=size)
        usual = train[:, column].mean()
        means.append(np.where(number > 0, total / np.maximum(number, 1), usual)[group(truth)])
    return (*nats, *_compare(np.stack(means, axis=1), truth))


def _network(composer: Composer, cut: list[tuple[Piece, Grid]], truth: np.ndarray) -> tuple[float, ...]:
    """One pass with all loudness and timing hidden."""
    window, dbn = composer.window, composer.dbn
    drums = window.texture.voices[0].size
    nats, means = [], []
    around = sum(span // 2 for span in dbn.spans)
    for piece, grid in cut:
        codes = window.to_beats(encode_steps(grid))
        if piece.style in window.styles:
            codes[:, -1] = 1 + window.styles.index(piece.style)
        known = window.to_beats(masks.expression(grid)) | dbn.held
        pad = ((around, around), (0, 0))
        codes, known = np.pad(codes, pad), np.pad(known, pad, constant_values=True)
        v = dbn.visible.expand(ops.convert_to_tensor(codes[None].astype("int32")))
        told = dbn.visible.spread(ops.convert_to_tensor(known[None].astype("float32")))
        logits = ops.convert_to_numpy(dbn.predict_hidden(v, told))[0, around:-around]
        bits, sites = window.beat * drums, (len(logits), drums, window.beat)
        level = _shares(logits[:, bits : bits + bits * LEVELS], (*sites, LEVELS))
        timing = _shares(logits[:, bits * (1 + LEVELS) :][:, : bits * TIMINGS], (*sites, TIMINGS))
        hits = _hits(grid)
        drum, step = hits[:, 0].astype(int), hits[:, 2].astype(int)
        at = (step // window.beat, drum, step % window.beat)
        levels, timings = level[at], timing[at]
        rows = np.arange(len(hits))
        nats.append(
            np.stack(
                [
                    -np.log(levels[rows, levels_of(hits[:, 3]) - 1]),
                    -np.log(timings[rows, np.round(9 * hits[:, 4]).astype(int) + 4]),
                ],
                axis=1,
            )
        )
        means.append(np.stack([levels @ np.array(LEVEL_VELOCITIES), timings @ (np.arange(-4, 5) / 9)], axis=1))
    return (*np.concatenate(nats).mean(axis=0), *_compare(np.concatenate(means), truth))


def _shares(logits: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Probabilities of the values of a hit, without the one of silence."""
    logits = logits.reshape(shape)[..., 1:]
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def _humanized(composer: Composer, piece: Piece, grid: Grid) -> np.ndarray:
    style = ((piece.style, 1.0),) if piece.style in composer.window.styles else ()
    return _hits(composer.complete(grid, masks.expression(grid), Request(seed=1, style=style)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
