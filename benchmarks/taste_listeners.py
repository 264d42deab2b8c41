"""Simulated listeners for benchmarks/taste.py, and the libraries that they listen to."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from retrieval import label_of

from credo.compose.asking import Wish
from credo.compose.coding import Coder
from credo.compose.generate import Composer
from credo.compose.jobs import Job
from credo.compose.wishes import Request
from credo.conditioning.attributes import Attributes
from credo.conditioning.measure import measure
from credo.corpora.corpus import Corpus
from credo.errors import UsageError
from credo.io.files import save
from credo.library.coding import Basis
from credo.library.features import ASPECTS, Notes, features
from credo.library.store import Brief
from credo.library.taste.composing import Commission, compose_for
from credo.library.taste.model import Taste, likeness
from credo.library.taste.plans import asked_of
from credo.library.taste.ratings import Rating
from credo.library.taste.recommend import Listener as Known
from credo.library.taste.shelf import TRAITS, Scale, Shelf, traits_of
from credo.music.grid import Grid, decode

#: A listener likes this share of a library by mood or density, and says the contrary of what is meant so often.
SHARE, CONTRARY = 0.15, 0.1
#: Pieces of a label that a listener who likes it has in the library at least.
LEAST = 6
VALENCE, AROUSAL, DENSITY = (list(TRAITS).index(name) for name in ("valence", "arousal", "density"))


#: A corpus, and of the pieces of a library the names there and the attributes.
Origin = tuple[Path, list[str], list[dict]]


class Library(NamedTuple):
    """Pieces, their labels, and where they are from."""

    shelf: Shelf
    labels: np.ndarray
    origin: Origin


@dataclass(frozen=True, eq=False)
class Listener:
    """Somebody with a hidden rule.

    Attributes:
        kind: `style`, `mood`, `density` or `mixture`.
        rule: from traits, shape (n, A), and labels, shape (n,), to whether each is liked, shape (n,).
        seed: of the noise.
    """

    kind: str
    rule: Callable[[np.ndarray, np.ndarray], np.ndarray]
    seed: int

    def likes(self, shelf: Shelf, labels: np.ndarray) -> np.ndarray:
        """Whether each piece is liked, shape (n,)."""
        return self.rule(shelf.traits, labels)

    def stars(self, liked: np.ndarray) -> np.ndarray:
        """What is said of each piece of a library, 4 or 5 stars for a liked one, 1 to 3 for others, and noise."""
        dice = np.random.default_rng(self.seed)
        meant = liked ^ (dice.random(len(liked)) < CONTRARY)
        return np.where(meant, dice.choice([4, 5], len(liked)), dice.choice([1, 2, 3], len(liked)))


def listeners(shelf: Shelf, labels: np.ndarray, seed: int, each: int) -> list[Listener]:
    """As many listeners of each kind; none where the library has no labels."""
    dice = np.random.default_rng(seed)
    common = sorted(label for label, n in Counter(labels.tolist()).items() if label and n >= LEAST)
    mood = shelf.traits[:, [VALENCE, AROUSAL]]
    deviation = mood.std(0)

    def style() -> Callable:
        wanted = common[dice.integers(len(common))]
        return lambda traits, names: names == wanted

    def region() -> Callable:
        centre = mood[dice.integers(len(mood))]
        away = np.linalg.norm((mood - centre) / deviation, axis=1)
        reach = np.quantile(away, SHARE)
        return lambda traits, names: (
            np.linalg.norm((traits[:, [VALENCE, AROUSAL]] - centre) / deviation, axis=1) <= reach
        )

    def band() -> Callable:
        low = dice.uniform(0, 1 - SHARE)
        bounds = np.quantile(shelf.traits[:, DENSITY], [low, low + SHARE])
        return lambda traits, names: (traits[:, DENSITY] >= bounds[0]) & (traits[:, DENSITY] <= bounds[1])

    def mixture() -> Callable:
        kinds = [style, region, band] if common else [region, band]
        one, two = (kinds[dice.integers(len(kinds))]() for _ in range(2))
        return lambda traits, names: one(traits, names) | two(traits, names)

    makers = {"style": style, "mood": region, "density": band, "mixture": mixture}
    if not common:
        del makers["style"]
    return [Listener(kind, make(), int(dice.integers(2**31))) for kind, make in makers.items() for _ in range(each)]


def half_of(name: str) -> str:
    """`choose` or `report`: the half of a corpus that a piece is in; songs of one opus stay together."""
    folder = name.rpartition("/")[0] or name
    return ("choose", "report")[int(hashlib.sha256(folder.encode()).hexdigest()[:8], 16) % 2]


def library(
    corpus: Path, model: str, kind: str, half: str, *, without: Path | None, held_out: bool, cache: Path
) -> Library:
    """Half of a corpus as a shelf without composers, the labels of its pieces, and where these are in the corpus.

    Args:
        corpus: prepared by `credo corpus`.
        model: that hears the pieces.
        kind: `style`, or `dance` as the titles tell.
        half: see `half_of`.
        without: a corpus whose pieces are left out, for the model learnt them.
        held_out: whether to leave out the pieces of the corpus' own training split.
        cache: a file that keeps what was measured.
    """
    if not cache.exists():
        learnt = {piece.name for piece in Corpus.load(without).pieces} if without else set()
        kept, vectors, attributes = [], [], []
        for piece in Corpus.load(corpus).pieces:
            score = decode(piece.grid)
            if piece.name in learnt or (held_out and piece.split == "train") or not any(p.notes for p in score.parts):
                continue
            measured = measure(score)
            found = features(Notes.of(score, measured.key.tonic if measured.key else 0))
            kept.append(piece)
            vectors.append(np.concatenate([found[name] for name in ASPECTS]))
            attributes.append(json.dumps(measured.to_dict()))
        plain = np.array(list(Coder.load(model).codes(piece.grid for piece in kept)))
        np.savez_compressed(
            cache,
            vectors=np.array(vectors),
            attributes=attributes,
            codes=Basis.of(plain).codes(plain).astype(np.float32),
            labels=[label_of(piece, kind) for piece in kept],
            names=[piece.name for piece in kept],
        )
    with np.load(cache) as stored:
        rows = np.flatnonzero([half_of(name) == half for name in stored["names"].tolist()])
        attributes = [json.loads(stored["attributes"][row]) for row in rows]
        vectors, codes = stored["vectors"][rows], stored["codes"][rows]
        shelf = Shelf.measured(vectors, attributes, numbers=np.arange(1, len(rows) + 1), codes=codes)
        return Library(shelf, stored["labels"][rows], (corpus, stored["names"][rows].tolist(), attributes))


def libraries(options: argparse.Namespace) -> dict[str, Library]:
    """The libraries that were named on the command line."""
    found = {}
    for name, kind in (("dances", "dance"), ("songs", "style"), ("drums", "style")):
        given = getattr(options, name)
        if given:
            without = Path(given[2]) if len(given) > 2 else None
            cache, held_out = options.out / f"{name}.npz", name == "drums"
            found[name] = library(
                Path(given[0]), given[1], kind, options.half, without=without, held_out=held_out, cache=cache
            )
    return found


def new_pieces(
    shelf: Shelf,
    origin: Origin,
    rated: Sequence[int],
    liking: Sequence[float],
    popular: np.ndarray,
    options: argparse.Namespace,
    seed: int,
) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """Four new pieces for a listener by each way of asking: their traits, and the stars expected of all candidates.

    The others ask for the attributes of a piece as Credo does: of random pieces, of the most popular ones, of pieces
    that were said to be liked and their nearest neighbours; or for nothing.
    """
    corpus, names, attributes = origin
    files, ratings = _files(options.out / "files", corpus, [names[k] for k in rated]), []
    for place, k in enumerate(rated):
        stars, title = 3 + 2 * liking[place], names[k].rpartition("/")[2]
        ratings.append(Rating(f"{k}", stars, f"{place:04d}", title, "", files[place], attributes[k], shelf.vectors[k]))
    taste = Taste(shelf.rows(np.array(rated)), np.array(liking), Scale.of(shelf))
    briefs = {k + 1: Brief(k + 1, names[k], "", attributes[k], 0, 0.0, "") for k in range(len(shelf))}
    one = Known(tuple(ratings), taste, shelf, briefs, {f"{k}": k + 1 for k in rated})
    request = Request(bars=8, iterations=96, seed=seed % 100_000)
    made = compose_for(None, one, Commission(4, 4, request, options.compose_with))
    every = np.concatenate([each.shelf.traits for each in made.candidates])
    shown = np.array(
        [
            traits_of(piece.settings["attributes"]["measured"])
            if "attributes" in piece.settings
            else traits_of(measure(piece.score).to_dict())
            for piece in made.pieces
        ]
    )
    found: dict[str, tuple[np.ndarray, np.ndarray | None]] = {"credo recommend --compose": (shown, None)}
    found["all its candidates"] = (every, np.array([each.stars for each in made.candidates]))
    dice, composer = np.random.default_rng(seed), _composer(options.compose_with)
    liked = [k for place, k in enumerate(rated) if liking[place] > 0] or list(rated)
    alike = likeness(shelf, shelf.rows(np.array(liked))).max(1)
    others = {
        "nothing asked": [None] * 4,
        "as random pieces": dice.integers(len(shelf), size=4).tolist(),
        "as popular pieces": np.argsort(-popular, kind="stable")[:4].tolist(),
        "as neighbours of likes": np.argsort(-alike, kind="stable")[:4].tolist(),
    }
    for what, places in others.items():
        rows = [
            _asked_alone(composer, None if k is None else attributes[k], replace(request, seed=request.seed + 100 + n))
            for n, k in enumerate(places)
        ]
        found[what] = (np.array(rows), None)
    return found


def _asked_alone(composer: Composer, attributes: dict | None, request: Request) -> list[float]:
    """The traits of a piece for which the attributes of another are asked."""
    wish = Wish.of(Attributes() if attributes is None else asked_of(attributes))
    try:
        job, work = Job("compose", request).wishing(wish, None, composer.card)
        piece = job.run(composer, work)
    except UsageError:  # a metre that the model cannot write
        free = replace(wish.realised, metre=None)
        job, work = Job("compose", request).wishing(Wish(free, free), None, composer.card)
        piece = job.run(composer, work)
    return traits_of(measure(piece.score).to_dict())


@cache
def _composer(model: str) -> Composer:
    return Composer.load(model)


@cache
def _pieces(corpus: Path) -> dict[str, Grid]:
    return {piece.name: piece.grid for piece in Corpus.load(corpus).pieces}


def _files(folder: Path, corpus: Path, names: Sequence[str]) -> list[str]:
    """Pieces of a corpus as MIDI files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in names:
        path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.mid"
        if not path.exists():
            save(decode(_pieces(corpus)[name]), path)
        paths.append(str(path))
    return paths
