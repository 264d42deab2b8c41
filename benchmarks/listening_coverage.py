"""How often the intervals and tests of `credo listen analyse` are right, on simulated listeners.

    python benchmarks/listening_coverage.py --runs 1000

Listeners prefer by the odds of Bradley and Terry; the worth of a piece is that of its system, plus how good this piece
is, plus how much this listener likes the system.
"""

from __future__ import annotations

import argparse

import numpy as np

from credo.evaluation.listening.inference import share_of, strengths_of

LISTENERS, ROUNDS, PIECES = 24, 4, 12
TRUTH = np.array([0.6, 0.0, -0.6])


def judgements(dice, truth, taste, quality):
    """Winner, loser, listener, and the winner's and loser's piece, each of shape (n,) or (n, 2)."""
    count = len(truth)
    pairs = np.array([(a, b) for a in range(count) for b in range(a + 1, count)])
    who = np.repeat(np.arange(LISTENERS), len(pairs) * ROUNDS)
    one, other = np.tile(np.repeat(pairs, ROUNDS, axis=0), (LISTENERS, 1)).T
    tastes, qualities = dice.normal(0, taste, (LISTENERS, count)), dice.normal(0, quality, (count, PIECES))
    mine, theirs = dice.integers(PIECES, size=(2, len(who)))
    worth = [truth[s] + tastes[who, s] + qualities[s, p] for s, p in ((one, mine), (other, theirs))]
    won = dice.random(len(who)) < 1 / (1 + np.exp(worth[1] - worth[0]))
    names = one * PIECES + mine, other * PIECES + theirs
    pieces = np.stack([np.where(won, *names), np.where(won, *names[::-1])], axis=1)
    return np.where(won, one, other), np.where(won, other, one), who, pieces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    options = parser.parse_args()
    print("| taste | quality | exact | over both | bootstrap over listeners covers | over both covers |")
    print("|---|---|---|---|---|---|")
    for taste, quality in ((0, 0), (0.7, 0), (0, 0.7), (0.5, 0.5)):
        dice, rows = np.random.default_rng(1), []
        for _ in range(options.runs):
            found = strengths_of("abc", *judgements(dice, TRUTH, taste, quality))
            covered = [((e[:, 0] < TRUTH) & (e[:, 1] > TRUTH)).mean() for e in (found.over_listeners, found.over_both)]
            winner, _, who, pieces = judgements(dice, np.zeros(2), taste, quality)
            ours = winner == 0
            share = share_of(ours, who, np.where(ours[:, None], pieces, pieces[:, ::-1]))
            rows.append((share.p_exact < 0.05, share.p < 0.05, *covered))
        print(f"| {taste} | {quality} | " + " | ".join(f"{value:.3f}" for value in np.mean(rows, axis=0)) + " |")


if __name__ == "__main__":
    main()
