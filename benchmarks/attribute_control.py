"""Ask random attributes of a model and measure what comes out, in the MIDI files that are written.

    python benchmarks/attribute_control.py --model chorale
    python benchmarks/attribute_control.py --model piano --pieces 30 --iterations 128

Half of the pieces are asked for valence and arousal alone, the others for tempo, density, register, polyphony,
articulation, loudness, key and mode at random, and all for a metre. Every piece has 24 quarters, so that nothing is
compiled anew; none is left out. Rank correlations are Spearman's, with their 95 % interval by Fisher's transformation.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from credo.compose.asking import Asking, Wish, ask
from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.conditioning.affect import MODES
from credo.conditioning.attributes import Attributes
from credo.conditioning.measure import measure
from credo.io.files import load, save
from credo.music.keys import estimate_key
from credo.music.pitch import Key
from credo.music.scales import notes_of_key, parse_scale
from credo.music.score import Score

QUARTERS = 24
METRES = ((4, 4), (3, 4), (2, 4), (6, 8))
FEELINGS = ("valence", "arousal")
NUMBERS = ("tempo", "density", "register", "polyphony", "articulation", "loudness")


def felt(dice: np.random.Generator) -> Attributes:
    """A feeling and a metre."""
    valence, arousal = dice.uniform(-1, 1, 2).round(3)
    return Attributes(valence=float(valence), arousal=float(arousal), metre=METRES[dice.integers(len(METRES))])


def described(dice: np.random.Generator, most_density: float) -> Attributes:
    """Every attribute that is no feeling."""
    mode = MODES[dice.integers(len(MODES) - 1)]
    third = "major" if MODES.index(mode) < 3 else "minor"
    return Attributes(
        key=Key.of_tonic(int(dice.integers(12)), third),
        mode=mode,
        metre=METRES[dice.integers(len(METRES))],
        tempo=round(40 * 5 ** dice.random(), 1),
        density=round(0.5 * (most_density / 0.5) ** dice.random(), 2),
        register=round(dice.uniform(45, 75), 1),
        polyphony=float(dice.integers(1, 5)),
        articulation=round(dice.uniform(0.25, 1), 2),
        loudness=round(dice.uniform(25, 120), 1),
    )


def outside(score: Score, asking: Asking) -> int:
    """Notes that are not in the scale that was asked for."""
    key, scale = asking.request.key, asking.request.scale
    assert key is not None
    assert scale is not None
    classes = parse_scale(scale) or notes_of_key(key)
    return sum(note.pitch % 12 not in classes for part in score.parts if not part.is_drums for note in part.notes)


def row(name: str, pairs: list[tuple[float, float]]) -> str:
    """Rank correlation, its interval, and the mean distance."""
    asked, measured = np.array(pairs, float).T
    rho = float(spearmanr(asked, measured).statistic)
    away = 1.96 / np.sqrt(max(len(asked) - 3, 1))
    low, high = np.tanh(np.arctanh(min(rho, 0.99999)) + np.array([-away, away]))
    return f"| {name} | {len(asked)} | {rho:.3f} ({low:.2f} to {high:.2f}) | {np.abs(asked - measured).mean():.3g} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="chorale")
    parser.add_argument("--pieces", type=int, default=64)
    parser.add_argument("--iterations", type=int, default=256)
    parser.add_argument("--most-density", type=float, default=3.5, help="moments a quarter")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="a line for each piece")
    options = parser.parse_args()

    dice, composer, began = np.random.default_rng(options.seed), Composer.load(options.model), time.monotonic()
    drums = all(voice.kind == "drums" for voice in composer.texture.voices)
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in (*FEELINGS, *NUMBERS)}
    shares: dict[str, list[bool]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.pieces):
            asked = felt(dice) if number % 2 == 0 else described(dice, options.most_density)
            assert asked.metre is not None
            bars = QUARTERS * asked.metre[1] // (4 * asked.metre[0])
            request = Request(bars=bars, seed=number, iterations=options.iterations)
            asking = ask(Wish.of(asked), request, composer.card)
            piece = composer.compose(asking.request).played(asking.playing)
            save(piece.score, Path(folder) / "piece.mid")
            score = load(Path(folder) / "piece.mid")
            measured = measure(score)
            for name in pairs:
                if getattr(asked, name) is not None and getattr(measured, name) is not None:
                    pairs[name].append((getattr(asked, name), getattr(measured, name)))
            found = {"metre": measured.metre == asked.metre}
            if not drums:
                found["notes of the scale, in all of the piece"] = outside(score, asking) == 0
                found["mode measured"] = measured.mode == asking.wish.realised.mode
                found["tonic measured"] = measured.key is not None and measured.key.tonic == asking.request.key.tonic
                unsigned = replace(score, timeline=replace(score.timeline, keys=()))
                found["tonic by the notes alone"] = estimate_key(unsigned).key.tonic == asking.request.key.tonic
            if options.verbose:
                print(f"{number} asked {asking.wish.realised.to_dict()} measured {measured.to_dict()} {found}")
            for name, is_so in found.items():
                shares.setdefault(name, []).append(is_so)
            print(f"\r{number + 1} of {options.pieces}", end="", file=sys.stderr)
    print(f"\n{time.monotonic() - began:.0f} s", file=sys.stderr)
    print(f"| {options.model} | pieces | rank correlation | mean distance |\n|---|---|---|---|")
    print("\n".join(row(name, values) for name, values in pairs.items() if len(values) > 3))
    print("\n| | share of pieces |\n|---|---|")
    print("\n".join(f"| {name} | {np.mean(values):.0%} of {len(values)} |" for name, values in shares.items()))


if __name__ == "__main__":
    main()
