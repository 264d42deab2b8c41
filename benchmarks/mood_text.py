"""How well words are read as moods: the quadrant of valence and arousal, and correlations.

    python benchmarks/mood_text.py                 # anchors by topic, each topic left out in turn, and phrases
    python benchmarks/mood_text.py --fit           # makes data/anchors.npz again

Phrases are those of `benchmarks/data/mood_phrases.csv` (language, phrase, quadrant: Q1 pleasant and excited, Q2
unpleasant and excited, Q3 unpleasant and calm, Q4 pleasant and calm), which were written by someone who had not seen
the anchors. "Clear" anchors lie 0.3 or farther from both axes.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from credo.conditioning import feeling
from credo.conditioning.text import read_text

HERE = Path(__file__).parent
QUADRANTS = {(True, True): "Q1", (False, True): "Q2", (False, False): "Q3", (True, False): "Q4"}
LANGUAGES = ("en", "zh")


def quadrant(place: np.ndarray) -> str:
    return QUADRANTS[bool(place[0] > 0), bool(place[1] > 0)]


def known(*, encode: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors of the anchors, English and then Chinese, encoded or as stored, their places and topics."""
    anchors = feeling.anchors()
    texts = [anchor.texts[number] for number in range(2) for anchor in anchors]
    parts = [feeling.encode(texts[at : at + 64]) for at in range(0, len(texts), 64)] if encode else []
    vectors = np.concatenate(parts) if encode else feeling.fitted()[0]
    places = np.array([(anchor.valence, anchor.arousal) for anchor in anchors] * 2)
    return vectors, places, np.array([anchor.topic for anchor in anchors] * 2)


def write(vectors: np.ndarray, places: np.ndarray) -> None:
    """Fit the vectors as they are stored, in 8 bits, and write them."""
    stored = np.rint(vectors / np.abs(vectors).max(axis=1, keepdims=True) * 127).astype(np.int8)
    unit = stored.astype(np.float32) / np.linalg.norm(stored.astype(np.float32), axis=1, keepdims=True)
    weights, mean = feeling.fit(unit, places)
    target = Path(feeling.__file__).parent / "data" / "anchors.npz"
    np.savez_compressed(target, vectors=stored, weights=weights.astype(np.float32), mean=mean.astype(np.float32))
    print(f"{target}: {len(places)} anchors, {target.stat().st_size / 1e6:.1f} MB")


def kernel_ridge(vectors: np.ndarray, places: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """What Credo does."""
    weights, mean = feeling.fit(vectors, places)
    return feeling.kernel(asked, vectors) @ weights + mean


def linear_ridge(vectors: np.ndarray, places: np.ndarray, asked: np.ndarray, penalty: float = 3.0) -> np.ndarray:
    """A plane through the anchors."""
    middle, mean = vectors.mean(axis=0), places.mean(axis=0)
    gram = (vectors - middle).T @ (vectors - middle) + penalty * np.eye(vectors.shape[1])
    return (asked - middle) @ np.linalg.solve(gram, (vectors - middle).T @ (places - mean)) + mean


def softmax(vectors: np.ndarray, places: np.ndarray, asked: np.ndarray, width: float = 0.06) -> np.ndarray:
    """The mean of the anchors, each as much as it is alike."""
    near = asked @ vectors.T / width
    shares = np.exp(near - near.max(axis=1, keepdims=True))
    return shares @ places / shares.sum(axis=1, keepdims=True)


METHODS = {"kernel ridge": kernel_ridge, "linear ridge": linear_ridge, "softmax": softmax}


def by_topic(method: str, vectors: np.ndarray, places: np.ndarray, topics: np.ndarray) -> None:
    """Each topic from all the others, in both languages."""
    guessed = np.zeros_like(places)
    for topic in sorted(set(topics)):
        left = topics == topic
        guessed[left] = METHODS[method](vectors[~left], places[~left], vectors[left])
    right = np.array([quadrant(one) == quadrant(other) for one, other in zip(guessed, places, strict=True)])
    clear = (np.abs(places) >= 0.3).all(axis=1)
    half = len(places) // 2
    print(f"\n{half} anchors a language, {len(set(topics))} topics, each left out in turn: {method}")
    print("language  quadrant  clear  r(valence)  r(arousal)")
    for language, at in zip(LANGUAGES, (slice(0, half), slice(half, None)), strict=True):
        r = [np.corrcoef(guessed[at, axis], places[at, axis])[0, 1] for axis in (0, 1)]
        share = right[at].mean(), right[at][clear[at]].mean()
        print(f"{language:8}  {share[0]:8.1%}  {share[1]:5.1%}  {r[0]:10.2f}  {r[1]:10.2f}")


def phrases(path: Path, *, wrong: bool) -> None:
    """Phrases that nobody fitted anything to."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    print(
        f"\n{path.name}\nlanguage  phrases  quadrant  valence  arousal"
        + "".join(f"  {q:>5}" for q in ("Q1", "Q2", "Q3", "Q4"))
    )
    for language in LANGUAGES:
        found = []
        for row in rows:
            if row["language"] == language:
                read = read_text(row["phrase"]).attributes
                found.append((row["quadrant"].strip(), quadrant(np.array([read.valence or 0, read.arousal or 0]))))
                if wrong and found[-1][0] != found[-1][1]:
                    print(f"  {row['phrase']}: {found[-1][0]}, got {found[-1][1]}")
        valence = np.mean([(a in ("Q1", "Q4")) == (b in ("Q1", "Q4")) for a, b in found])
        arousal = np.mean([(a in ("Q1", "Q2")) == (b in ("Q1", "Q2")) for a, b in found])
        each = [np.mean([a == b for a, b in found if a == q] or [np.nan]) for q in ("Q1", "Q2", "Q3", "Q4")]
        share = np.mean([a == b for a, b in found])
        print(
            f"{language:8}  {len(found):7}  {share:8.1%}  {valence:7.1%}  {arousal:7.1%}"
            + "".join(f"  {one:5.0%}" for one in each)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fit", action="store_true", help="write data/anchors.npz")
    parser.add_argument("--compare", action="store_true", help="other ways to guess from the anchors, too")
    parser.add_argument("--phrases", type=Path, default=HERE / "data" / "mood_phrases.csv")
    parser.add_argument("--wrong", action="store_true", help="list the phrases that went wrong")
    options = parser.parse_args()
    vectors, places, topics = known(encode=options.fit)
    if options.fit:
        write(vectors, places)
    for method in METHODS if options.compare else ("kernel ridge",):
        by_topic(method, vectors, places, topics)
    if options.phrases.is_file():
        phrases(options.phrases, wrong=options.wrong)


if __name__ == "__main__":
    main()
