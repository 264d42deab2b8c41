"""The orderless likelihood of Bach's chorales, by the protocol of Coconet (Huang et al. 2017), in nats a frame.

    python benchmarks/orderless_likelihood.py --data polyphonic_benchmarks.npz --steps 30000 --out runs/orderless
    python benchmarks/orderless_likelihood.py --data polyphonic_benchmarks.npz --out runs/orderless --split test

The data are the JSB chorales on the grid of sixteenths, four voices (`jsb_16th_satb`: czhuang/JSB-Chorales-dataset,
made of the split of Boulanger-Lewandowski et al. 2012). The machine is the one behind every model of Credo, here over
pitches alone: the benchmark's files know neither repeated notes, nor metre, nor key. It learns from the train split.

Protocol: crops of 128 sixteenths; frames in random order, the voices of a frame in random order; each voice is
predicted from all earlier frames and the earlier voices of its frame, with their true values. The probability of a
frame is averaged over 5 orders, then minus its logarithm over all frames. Frames of the future are seen: compare with
orderless models only.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

STEPS, VOICES, CROP, ORDERS = 4, 4, 128, 5


def pieces(path: Path, split: str) -> list[np.ndarray]:
    """The pieces of a split: pitches, shape (T, 4), -1 a rest."""
    with np.load(path) as file:
        data, lengths = (file[f"jsb_16th_satb/{split}/{name}"] for name in ("data", "lengths"))
    return np.split(data.astype(int), np.cumsum(lengths)[:-1])


def ranges(train: list[np.ndarray]) -> np.ndarray:
    """Lowest and highest pitch of each voice, with room for transpositions; shape (4, 2)."""
    notes = np.concatenate(train)
    low = np.where(notes < 0, 999, notes).min(0) - 5
    return np.stack([low, notes.max(0) + 5], axis=1)


def blocks_of(piece: np.ndarray, low: np.ndarray, semitones: int = 0) -> np.ndarray:
    """Codes a quarter, voice by voice, shape (L, 16); 0 is a rest."""
    codes = np.where(piece < 0, 0, piece + semitones - low + 1)
    return codes.reshape(-1, STEPS, VOICES).transpose(0, 2, 1).reshape(-1, STEPS * VOICES)


def strip(train: list[np.ndarray], bounds: np.ndarray, length: int):
    """All transpositions inside the ranges of the training data, -6 to +5 semitones."""
    from credo.strips import Strip

    whole = np.concatenate(train)
    bottom, top = np.where(whole < 0, 999, whole).min(0), whole.max(0)
    parts, starts, total = [], [], 0
    for piece in train:
        lowest, highest = np.where(piece < 0, 999, piece).min(0), piece.max(0)
        for semitones in range(max(-6, (bottom - lowest).max()), min(5, (top - highest).min()) + 1):
            parts.append(blocks_of(piece, bounds[:, 0], semitones).astype(np.uint8))
            starts.append(total + np.arange(max(len(parts[-1]) - length + 1, 1)))
            total += len(parts[-1])
    parts.append(np.zeros((length, STEPS * VOICES), np.uint8))
    return Strip(np.concatenate(parts), np.concatenate(starts), length)


def build(bounds: np.ndarray, options: argparse.Namespace):
    """The network, untrained."""
    from credo.models.dbn import DBN
    from credo.models.units import Joint, Softmax

    units = Joint([Softmax(STEPS, int(high - low) + 2) for low, high in bounds])
    step = np.tile(np.arange(STEPS), VOICES)
    groupings = [step] * 3 if options.grouped else []  # whole frames, as the protocol hides them
    dbn = DBN(
        units,
        options.hidden,
        spans=options.spans,
        groupings=groupings,
        lateral=options.lateral,
        passes=options.passes,
        dropout=options.dropout,
        seed=options.seed,
    )
    for part in dbn.parts:
        part.half = options.half
    return dbn


def train(options: argparse.Namespace) -> None:
    """Pretrain, fine-tune, watch the validation split, and save."""
    from credo.models.backend.stepper import Stepper
    from credo.training import finetune, greedy

    known = pieces(options.data, "train")
    bounds = ranges(known)
    rows = strip(known, bounds, options.length)
    dbn, began = build(bounds, options), time.monotonic()
    print(
        f"{len(known)} pieces, {len(rows)} windows, {sum(np.prod(x.shape) for x in dbn.trainable_variables):,} weights"
    )
    data = rows
    for depth, rbm in enumerate(dbn.rbms):
        greedy.prepare_layer(rbm, data, steps=options.pretraining)
        stepper = Stepper(rbm, data)
        for start in range(0, options.pretraining, 100):
            stepper.run(greedy.batch_rows(len(data), options.batch, range(start, start + 100), depth))
        data = greedy.layer_data(rbm, data, depth)
    finetune.prepare(dbn, steps=options.steps, rate=options.rate, decay=options.decay)
    stepper = Stepper(dbn, rows)
    for start in range(0, options.steps, 500):
        metrics = stepper.run(greedy.batch_rows(len(rows), options.batch, range(start, start + 500), 99))
        if (start + 500) % options.watch == 0 or start + 500 >= options.steps:
            nats = evaluate(dbn, pieces(options.data, "valid")[::8], bounds, orders=ORDERS)
            print(f"{start + 500:6} {metrics['nats']:.4f} valid {nats} {time.monotonic() - began:.0f} s", flush=True)
            options.out.mkdir(parents=True, exist_ok=True)
            dbn.save(options.out / "model.keras")
    record = {key: str(value) for key, value in vars(options).items()}
    (options.out / "settings.json").write_text(json.dumps({**record, "bounds": bounds.tolist()}, indent=2))


def evaluate(dbn, held_out: list[np.ndarray], bounds: np.ndarray, *, orders: int = ORDERS, seed: int = 0) -> dict:
    """Nats a frame by the protocol with its standard error, and with logarithms averaged over orders."""
    from keras import ops

    from credo.models.backend import compiled

    units = dbn.visible
    score = compiled(dbn, lambda x, known: units.log_prob(x, dbn.predict_hidden(units.expand(x), units.spread(known))))
    rng, frames, sums = np.random.default_rng(seed), [], []
    for piece in held_out:
        T = len(piece)
        logs = np.full((orders, T), np.nan)
        for start in sorted({*range(0, max(T - CROP, 0) + 1, CROP), max(T - CROP, 0)}):
            crop = blocks_of(piece[start : start + CROP], bounds[:, 0])
            n = len(crop) * STEPS
            for order in range(orders):
                known, where = _masks(rng, n)
                log_p = np.empty((n, VOICES))
                for first in range(0, n * VOICES, CROP):
                    part = known[first : first + CROP]
                    rows = np.repeat(crop[None], CROP, 0)
                    padded = np.resize(part, (CROP, *part.shape[1:]))
                    result = ops.convert_to_numpy(
                        score(*(ops.convert_to_tensor(x) for x in (rows.astype(np.int32), padded.astype(np.float32))))
                    )[: len(part)]
                    frame, voice = where[first : first + CROP].T
                    log_p[frame, voice] = result[np.arange(len(part)), frame // STEPS, voice * STEPS + frame % STEPS]
                fresh = np.isnan(logs[order, start : start + n])
                logs[order, start : start + n][fresh] = log_p.sum(1)[fresh]
        frames.append(np.logaddexp.reduce(logs, axis=0) - np.log(orders))
        sums.append(logs.mean(0))
    by_piece = np.array([x.sum() for x in frames])
    lengths = np.array([len(x) for x in frames])
    mean = by_piece.sum() / lengths.sum()
    error = np.sqrt(((by_piece - mean * lengths) ** 2).sum()) / lengths.sum()
    return {
        "nats a frame": round(-float(mean), 4),
        "standard error": round(float(error), 4),
        "mean over orders": round(-float(np.concatenate(sums).mean()), 4),
    }


def _masks(rng: np.random.Generator, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """What is known when each voice of each frame is predicted, (frames * 4, L, 16); and which one, (frames * 4, 2)."""
    done = np.zeros((frames, VOICES), bool)
    known, where = [], []
    for frame in rng.permutation(frames):
        for voice in rng.permutation(VOICES):
            known.append(done.reshape(-1, STEPS, VOICES).transpose(0, 2, 1).reshape(-1, STEPS * VOICES).copy())
            where.append((frame, voice))
            done[frame, voice] = True
    return np.stack(known), np.array(where)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=["valid", "test"], help="evaluate the model in --out on a split, whole")
    parser.add_argument("--hidden", type=int, nargs="+", default=[640, 512])
    parser.add_argument("--spans", type=int, nargs="+", default=[3, 5])
    parser.add_argument("--length", type=int, default=24, help="quarters of a training window")
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--pretraining", type=int, default=400)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=5e-3)
    parser.add_argument("--decay", type=float, default=1e-4)
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--watch", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--grouped", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--lateral", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--half", action=argparse.BooleanOptionalAction, default=False)
    options = parser.parse_args()
    import credo.models  # noqa: F401 - chooses the backend

    if options.split is None:
        train(options)
        return
    import keras

    dbn = keras.saving.load_model(options.out / "model.keras", compile=False)
    print(options.split, evaluate(dbn, pieces(options.data, options.split), ranges(pieces(options.data, "train"))))


if __name__ == "__main__":
    main()
