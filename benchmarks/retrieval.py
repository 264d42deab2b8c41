"""Are the pieces that a library calls alike by one composer, in one style, or one kind of dance?

    python benchmarks/retrieval.py CORPUS MODEL               # what is chosen, on the validation queries
    python benchmarks/retrieval.py CORPUS MODEL --test        # and how it does on the test queries

CORPUS is prepared by `credo corpus`; docs/library.md names those of its figures. Each query is a held-out piece, ranked
against a gallery of other pieces; a hit has the query's label. Precision at 10 and mean average precision, with 95 %
intervals from 2000 resamplings of the queries. What a method leaves open (n of n-grams, components and whitening of
codes, weight of a blend) is chosen by MAP on the validation queries.

Baselines: random; bags of n-grams of the pitch classes of a beat, counted from the tonic, by tf-idf; the features of
Yang and Lerch (2020) with key, metre, tempo and the measured attributes, each standardised on the gallery.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from credo.compose.coding import Coder
from credo.conditioning.measure import measure
from credo.corpora.corpus import Corpus
from credo.corpora.piece import Piece
from credo.evaluation.features import features as classical
from credo.library.coding import COMPONENTS, POWER, Basis
from credo.library.features import ASPECTS, Notes, beats, features
from credo.library.vectors import CODES
from credo.music.grid import decode

DANCES = re.compile(r"\b(reel|slip jig|jig|hornpipe|strathspey|clog|fling|waltz|polka|march)s?\b", re.IGNORECASE)
WEIGHTS = np.arange(0, 1.01, 0.1)


@dataclass(frozen=True, eq=False)
class Task:
    """Pieces with labels: `gallery` and `queries` are row numbers."""

    names: list[str]
    labels: np.ndarray
    gallery: np.ndarray
    queries: dict[str, np.ndarray]


def label_of(piece: Piece, kind: str) -> str:
    if kind == "style":
        return piece.style
    found = DANCES.findall(piece.packed.title)
    return found[-1].lower() if found else ""


def place(name: str) -> int:
    """A number drawn by the work that a file belongs to: movements of one work, songs of one opus stay together."""
    folders = name.split("/")
    work = "/".join(folders[:-2]) if len(folders) > 3 and folders[-3] != "_" else name
    return int(hashlib.sha256(work.encode()).hexdigest()[:12], 16) % 4


def task_of(pieces: Sequence[Piece], kind: str, own_split: bool, least: int) -> tuple[Task, list[Piece]]:
    labels = [label_of(piece, kind) for piece in pieces]
    splits = [piece.split if own_split else ("train", "train", "valid", "test")[place(piece.name)] for piece in pieces]
    count = Counter(label for label, split in zip(labels, splits, strict=True) if split == "train")
    kept = [k for k, label in enumerate(labels) if label and count[label] >= least]
    split = np.array([splits[k] for k in kept])
    queries = {name: np.flatnonzero(split == name) for name in ("valid", "test")}
    pieces = [pieces[k] for k in kept]
    names = [piece.name for piece in pieces]
    return Task(names, np.array([labels[k] for k in kept]), np.flatnonzero(split == "train"), queries), pieces


def described(piece: Piece) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """The library's vector, the baseline's features, and the pitch classes of each beat as a number."""
    score = decode(piece.grid)
    attributes = measure(score)
    tonic = attributes.key.tonic if attributes.key else 0
    notes = Notes.of(score, tonic)
    found = classical(score)
    if "pitch_class_histogram" in found:
        found["pitch_class_histogram"] = np.roll(found["pitch_class_histogram"], -tonic)
        moves = found["pitch_class_transitions"].reshape(12, 12)
        found["pitch_class_transitions"] = np.roll(moves, (-tonic, -tonic), (0, 1)).ravel()
    numbers = [
        getattr(attributes, name) or 0.0
        for name in ("density", "register", "polyphony", "articulation", "loudness", "tempo", "valence", "arousal")
    ]
    metre = attributes.metre or (4, 4)
    minor = attributes.key is not None and attributes.key.mode == "minor"
    chroma = beats(notes.pitched)[0] if len(notes.pitched) else np.zeros((0, 12))
    return (
        np.concatenate([features(notes)[name] for name in ASPECTS]),
        np.concatenate([*found.values(), numbers, metre, [minor]]),
        ((chroma > 0.2) @ (1 << np.arange(12))).astype(int).tolist(),
    )


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def standardised(rows: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    deviation = rows[gallery].std(0)
    return (rows - rows[gallery].mean(0)) / np.where(deviation > 1e-9, deviation, 1)


def bags(beats: Sequence[Sequence[int]], longest: int, gallery: np.ndarray) -> np.ndarray:
    counted = [
        Counter(tuple(each[k : k + n]) for n in range(1, longest + 1) for k in range(len(each) - n + 1))
        for each in beats
    ]
    shared = Counter(gram for k in gallery for gram in counted[k])
    column = {gram: k for k, gram in enumerate(sorted(gram for gram, n in shared.items() if n > 1))}
    table = np.zeros((len(beats), max(len(column), 1)), np.float32)
    for row, bag in enumerate(counted):
        for gram, n in bag.items():
            if gram in column:
                table[row, column[gram]] = (1 + np.log(n)) * np.log(len(gallery) / shared[gram])
    return table


def ranked(scores: np.ndarray, task: Task, split: str) -> np.ndarray:
    """Precision at 10 and average precision of each query, shape (queries, 2)."""
    hits = task.labels[task.gallery][np.argsort(-scores, 1, kind="stable")] == task.labels[task.queries[split]][:, None]
    precision = np.cumsum(hits, 1) / np.arange(1, hits.shape[1] + 1)
    return np.stack([hits[:, :10].mean(1), (precision * hits).sum(1) / np.maximum(hits.sum(1), 1)], 1)


def likeness(rows: np.ndarray, task: Task, split: str) -> np.ndarray:
    rows = unit(rows)
    return rows[task.queries[split]] @ rows[task.gallery].T


def variants(
    task: Task, table: dict[str, np.ndarray], grams: Sequence[list[int]]
) -> Iterator[tuple[str, str, np.ndarray]]:
    gallery = task.gallery
    yield "random", "", np.random.default_rng(5).normal(size=(len(task.names), 64))
    if any(grams) and sum(map(sum, grams)):
        for longest in (1, 2, 3):
            yield "chroma n-grams", f"n to {longest}", bags(grams, longest, gallery)
    plain = standardised(table["baseline"], gallery)
    yield "features of Yang and Lerch", "standardised", plain
    for size in (16, 32, 64):
        yield "features of Yang and Lerch", f"{size} components", Basis.of(plain[gallery], size, 0.5).codes(plain)
    yield "library's features", "", table["library"]
    for size in (32, 64, 128):
        for power in (0.0, 0.5, 1.0):
            basis = Basis.of(table["codes"][gallery], size, power)
            yield "DBN codes", f"{size} components, whitened {power:g}", basis.codes(table["codes"])


def interval(each: np.ndarray) -> str:
    draws = np.random.default_rng(7).integers(0, len(each), (2000, len(each)))
    low, high = np.percentile(each[draws].mean(1), [2.5, 97.5])
    return f"{each.mean():.3f} [{low:.3f}, {high:.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("model")
    parser.add_argument("--labels", choices=("style", "dance"), default="style", help="dance: read off the titles")
    parser.add_argument("--without", type=Path, help="a corpus whose pieces are left out, for the model learnt them")
    parser.add_argument("--own-split", action="store_true", help="gallery and queries as the corpus is split")
    parser.add_argument("--least", type=int, default=8, help="pieces of a label in the gallery")
    parser.add_argument("--test", action="store_true")
    options = parser.parse_args()
    learnt = {piece.name for piece in Corpus.load(options.without).pieces} if options.without else set()
    pieces = [piece for piece in Corpus.load(options.corpus).pieces if piece.name not in learnt]
    task, pieces = task_of(pieces, options.labels, options.own_split, options.least)
    sizes = ", ".join(f"{len(rows)} {name}" for name, rows in task.queries.items())
    print(f"{len(set(task.labels))} labels, {len(task.gallery)} in the gallery, queries: {sizes}", flush=True)
    rows = [described(piece) for piece in pieces]
    table = {
        "library": np.array([row[0] for row in rows]),
        "baseline": np.array([row[1] for row in rows]),
        "codes": np.array(list(Coder.load(options.model).codes(piece.grid for piece in pieces))),
    }
    best: dict[str, tuple[float, str, np.ndarray]] = {}
    for method, variant, vectors in variants(task, table, [row[2] for row in rows]):
        figure = float(ranked(likeness(vectors, task, "valid"), task, "valid")[:, 1].mean())
        if method not in best or figure > best[method][0]:
            best[method] = (figure, variant, vectors)
    both = [best["library's features"][2], best["DBN codes"][2]]
    splits = ("valid", "test") if options.test else ("valid",)
    scores = {
        (name, split): likeness(vectors, task, split) for name, (_, _, vectors) in best.items() for split in splits
    }
    blends = {
        w: {split: (1 - w) * likeness(both[0], task, split) + w * likeness(both[1], task, split) for split in splits}
        for w in WEIGHTS
    }
    curve = {w: ranked(each["valid"], task, "valid").mean(0) for w, each in blends.items()}
    print("blend on validation: " + "; ".join(f"{w:.1f} {p:.3f}/{m:.3f}" for w, (p, m) in curve.items()))
    weight = max(curve, key=lambda w: curve[w][1])
    best["blend"] = (0.0, f"{weight:.1f} of the codes", both[0])
    scores |= {("blend", split): blends[weight][split] for split in splits}
    usual = Basis.of(table["codes"][task.gallery]).codes(table["codes"])
    best["as credo similar"] = (0.0, f"{CODES:.1f} of {COMPONENTS} components, whitened {POWER:g}", usual)
    scores |= {
        ("as credo similar", split): (1 - CODES) * likeness(both[0], task, split) + CODES * likeness(usual, task, split)
        for split in splits
    }
    for split in splits:
        results = {name: ranked(scores[name, split], task, split) for name in best}
        base = results["features of Yang and Lerch"]
        print(f"\n| {split} | chosen | precision at 10 | MAP | MAP less that of the baseline |\n|---|---|---|---|---|")
        for name, each in results.items():
            ahead = interval(each[:, 1] - base[:, 1])
            print(f"| {name} | {best[name][1]} | {interval(each[:, 0])} | {interval(each[:, 1])} | {ahead} |")


if __name__ == "__main__":
    main()
