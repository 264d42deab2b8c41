"""Does Credo learn what a listener likes, from a handful of ratings? Simulated listeners with hidden rules.

    python benchmarks/taste.py OUT --dances CORPUS MODEL --songs CORPUS MODEL WITHOUT --drums CORPUS MODEL
    ... --report --plot docs/taste-curve.svg     # on the half of the libraries that nothing was chosen on
    ... --report --composing                     # new pieces, judged by the hidden rules

The corpora are those of docs/library.md; docs/taste.md has the figures. A listener likes a composer, style or kind of
dance; a region of valence and arousal; a band of density; or one of two of these (see `taste_listeners`). What is said
of a piece is the contrary of what is meant in one case of ten. Each method recommends, hears what is said of what it
recommends, five pieces at a time or one, and goes on; after so many ratings the next ten are looked at: the share that
the listener likes indeed. 95 % intervals from 2000 resamplings of the listeners; differences are listener by listener.
Composers are not told to any method. Popular is what 60 other listeners gave most stars.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from taste_listeners import Listener, libraries, listeners, new_pieces

from credo.library.taste.choosing import DIVERSITY, EXPLORE, choose, typical
from credo.library.taste.model import Taste, likeness
from credo.library.taste.shelf import Scale, Shelf

STEPS = (0, 5, 10, 15, 20, 25, 30)
Method = Callable[[Shelf, list[int], list[float], int], np.ndarray]


def unrated(shelf: Shelf, rated: Sequence[int]) -> np.ndarray:
    free = np.ones(len(shelf), bool)
    free[list(rated)] = False
    return free


def best(scores: np.ndarray, free: np.ndarray, count: int) -> np.ndarray:
    return np.argsort(-np.where(free, scores, -np.inf), kind="stable")[:count]


def credo(explore: float, diversity: float) -> Method:
    def method(shelf: Shelf, rated: list[int], liking: list[float], count: int) -> np.ndarray:
        taste = Taste(shelf.rows(np.array(rated, int)), np.array(liking), Scale.of(shelf))
        free = unrated(shelf, rated)
        return choose(shelf, taste, count=count, explore=explore, diversity=diversity, allowed=free).places

    return method


def neighbours(dislikes: bool) -> Method:
    """Most like a liked piece, and if so wished unlike those that are not; typical ones until one is liked."""

    def method(shelf: Shelf, rated: list[int], liking: list[float], count: int) -> np.ndarray:
        free, rows = unrated(shelf, rated), np.array(rated, int)
        good = rows[np.array(liking) > 0] if rated else rows
        bad = rows[np.array(liking) <= 0] if rated else rows
        if not len(good):
            return typical(shelf, np.flatnonzero(free), count, shelf.rows(rows))[0]
        scores = likeness(shelf, shelf.rows(good)).max(1)
        if dislikes and len(bad):
            scores = scores - likeness(shelf, shelf.rows(bad)).max(1)
        return best(scores, free, count)

    return method


def methods(popular: np.ndarray, seed: int) -> dict[str, Method]:
    dice = np.random.default_rng(seed)
    return {
        "random": lambda shelf, rated, liking, count: best(dice.random(len(shelf)), unrated(shelf, rated), count),
        "popular": lambda shelf, rated, liking, count: best(popular, unrated(shelf, rated), count),
        "nearest to likes": neighbours(False),
        "nearest to likes, far from dislikes": neighbours(True),
        "credo recommend": credo(EXPLORE, DIVERSITY),
    }


def heard(
    shelf: Shelf, labels: np.ndarray, listener: Listener, method: Method, batch: int, most: int
) -> tuple[dict[int, float], list[int], list[float]]:
    """The share of hits after each number of ratings, what was rated, and as what."""
    liked = listener.likes(shelf, labels)
    stars = listener.stars(liked)
    rated, liking, hits = list[int](), list[float](), {}
    while True:
        if len(rated) in STEPS:
            hits[len(rated)] = float(liked[method(shelf, rated, liking, 10)].mean())
        if len(rated) >= most:
            return hits, rated, liking
        new = method(shelf, rated, liking, batch).tolist()
        rated, liking = rated + new, liking + [(stars[k] - 3) / 2 for k in new]


def interval(each: np.ndarray) -> str:
    draws = np.random.default_rng(7).integers(0, len(each), (2000, len(each)))
    low, high = np.percentile(each[draws].mean(1), [2.5, 97.5])
    return f"{each.mean():.3f} ({low:.3f} to {high:.3f})"


def crowd(shelf: Shelf, labels: np.ndarray, seed: int) -> np.ndarray:
    """The mean stars that 60 listeners give to each piece."""
    others = listeners(shelf, labels, seed + 1000, 15)
    return np.mean([each.stars(each.likes(shelf, labels)) for each in others], 0)


def curves(options: argparse.Namespace) -> dict[tuple[str, int], np.ndarray]:
    """Hits by method and pieces at a time, shape (listeners, steps), told by library and kind of listener."""
    rows: dict[tuple[str, int], list[list[float]]] = {}
    groups: list[tuple[str, str]] = []
    for name, (shelf, labels, _) in libraries(options).items():
        popular = crowd(shelf, labels, options.seed)
        for listener in listeners(shelf, labels, options.seed, options.listeners):
            groups.append((name, listener.kind))
            for what, method in methods(popular, listener.seed).items():
                for batch in (5, 1):
                    hits = heard(shelf, labels, listener, method, batch, max(STEPS))[0]
                    rows.setdefault((what, batch), []).append([hits[step] for step in STEPS])
        print(f"{name}: {len(shelf)} pieces", flush=True)
    found = {key: np.array(each) for key, each in rows.items()}
    ten = STEPS.index(10)
    for batch in (5, 1):
        ours = found["credo recommend", batch][:, ten]
        print(f"\nafter ten ratings, {batch} at a time, {len(ours)} listeners\n| | hits | credo recommend ahead by |")
        for (what, size), each in found.items():
            if size == batch:
                print(f"| {what} | {interval(each[:, ten])} | {interval(ours - each[:, ten])} |")
        for place in (0, 1):
            for group in dict.fromkeys(each[place] for each in groups):
                some = np.array([each[place] == group for each in groups])
                told = ", ".join(
                    f"{what} {each[some, ten].mean():.3f}" for (what, size), each in found.items() if size == batch
                )
                print(f"{group} ({some.sum()} listeners): {told}")
    for (what, batch), each in found.items():
        print(f"{what}, {batch} at a time, after {STEPS}: {each.mean(0).round(3).tolist()}")
    return found


def plot(found: dict[tuple[str, int], np.ndarray], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.8), layout="constrained")
    for axes, batch in zip(figure.subplots(1, 2, sharey=True), (5, 1), strict=True):
        for (what, size), each in found.items():
            if size != batch:
                continue
            draws = np.random.default_rng(7).integers(0, len(each), (2000, len(each)))
            low, high = np.percentile(each[draws].mean(1), [2.5, 97.5], axis=0)
            [line] = axes.plot(STEPS, each.mean(0), marker="o", ms=3, lw=2.4 if what.startswith("credo") else 1.2)
            line.set_label(what)
            axes.fill_between(STEPS, low, high, color=line.get_color(), alpha=0.12, lw=0)
        axes.set_title("five pieces at a time" if batch == 5 else "one piece at a time", fontsize=10)
        axes.set_xlabel("ratings so far")
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("share of the next ten that is liked")
    figure.axes[0].set_ylim(0, None)
    figure.axes[1].legend(fontsize=8, loc="upper left", frameon=False)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def composing(options: argparse.Namespace) -> None:
    """The share of new pieces that listeners like by their hidden rules, after ten ratings."""
    shares: dict[str, list[float]] = {}
    expected: list[tuple[float, bool]] = []
    for name, (shelf, labels, grids) in libraries(options).items():
        if name not in options.compose_from:
            continue
        popular, rules = crowd(shelf, labels, options.seed), listeners(shelf, labels, options.seed, options.composers)
        for listener in [each for each in rules if each.kind in ("mood", "density")]:
            _, rated, liking = heard(shelf, labels, listener, credo(EXPLORE, DIVERSITY), 5, 10)
            likes = lambda traits, rule=listener.rule: rule(traits, np.full(len(traits), ""))  # noqa: E731
            made = new_pieces(shelf, grids, rated, liking, popular, options, listener.seed)
            for what, (traits, stars) in made.items():
                hits = likes(traits)
                shares.setdefault(what, []).append(float(hits.mean()))
                if stars is not None:
                    expected += list(zip(stars.tolist(), hits.tolist(), strict=True))
            print(listener.kind, {what: round(each[-1], 2) for what, each in shares.items()}, flush=True)
    ours = np.array(shares["credo recommend --compose"])
    print(f"\n{len(ours)} listeners\n| | liked | credo recommend --compose ahead by |")
    for what, each in shares.items():
        print(f"| {what} | {interval(np.array(each))} | {interval(ours - np.array(each))} |")
    good = [stars for stars, liked in expected if liked]
    bad = [stars for stars, liked in expected if not liked]
    print(f"stars expected of all candidates: {np.mean(good):.2f} of liked ones, {np.mean(bad):.2f} of others")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="a folder that keeps what was measured")
    parser.add_argument("--dances", nargs=2, metavar=("CORPUS", "MODEL"))
    parser.add_argument("--songs", nargs=3, metavar=("CORPUS", "MODEL", "WITHOUT"))
    parser.add_argument("--drums", nargs=2, metavar=("CORPUS", "MODEL"))
    parser.add_argument("--listeners", type=int, default=20, help="of each kind, in each library")
    parser.add_argument("--report", action="store_true", help="the half of the pieces on which nothing was chosen")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--composing", action="store_true")
    parser.add_argument(
        "--compose-from", nargs="+", default=["songs"], help="libraries whose listeners are composed for"
    )
    parser.add_argument("--compose-with", default="piano", help="the model that composes")
    parser.add_argument("--composers", type=int, default=12, help="listeners of each kind to compose for")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    options.half = "report" if options.report else "choose"
    if options.composing:
        composing(options)
        return
    found = curves(options)
    if options.plot:
        plot(found, options.plot)


if __name__ == "__main__":
    main()
