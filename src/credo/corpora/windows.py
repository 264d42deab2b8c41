"""Training windows out of a corpus: every passage of every piece, in every key that its voices can sing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from credo.corpora.corpus import Corpus, Piece
from credo.errors import CorpusError, UsageError
from credo.music.grid import Grid
from credo.music.texture import Texture
from credo.music.transform import transposition_range
from credo.music.window import Window, encode_steps, key_codes

#: Lowest and highest transposition in semitones that training sees, where the voices' ranges allow it.
TRANSPOSITIONS = (-6, 5)


@dataclass(frozen=True)
class Passages:
    """Where the windows of one piece begin.

    Attributes:
        piece: the piece.
        starts: first step of each window, shape (S,); the first ones lie before the piece.
        semitones: the transpositions, from lowest to highest.
    """

    piece: Piece
    starts: np.ndarray
    semitones: range

    def __len__(self) -> int:
        return len(self.starts) * len(self.semitones)


def training_codes(
    corpus: Corpus,
    window: Window,
    split: str = "train",
    *,
    hop_steps: int | None = None,
    transpose: bool | tuple[int, int] = True,
    max_windows: int | None = None,
    seed: int = 0,
) -> np.ndarray:
    """The windows of a split of a corpus as codes.

    Windows reach over both ends of a piece by up to half their length, so that a model learns how pieces begin and
    end; steps outside have rests and metre code 0. Windows start on beats that count from the first downbeat. Each
    carries the key in force at its middle, transposed with the notes.

    Args:
        corpus: the pieces.
        window: the layout; its texture must be the corpus' own.
        split: `train`, `valid` or `test`.
        hop_steps: steps from one window to the next; one quarter if None.
        transpose: whether to take each piece in every key within `TRANSPOSITIONS` that keeps all its notes inside the
            voices' ranges; or the lowest and highest transposition in semitones, such as (0, 0).
        max_windows: at most so many windows, drawn evenly at random without repeats.
        seed: of that draw.

    Returns:
        Codes, shape (n, G), uint8, in the order of pieces, transpositions and starts.

    Raises:
        UsageError: the texture differs, or an argument makes no sense.
        CorpusError: there is no piece in this split.
    """
    passages = plan(corpus, window, split, hop_steps=hop_steps, transpose=transpose)
    ends = np.cumsum([len(passage) for passage in passages])
    chosen = np.arange(ends[-1])
    if max_windows is not None and max_windows < len(chosen):
        chosen = np.sort(np.random.default_rng(seed).choice(len(chosen), max_windows, replace=False))
    codes = np.empty((len(chosen), window.size), np.uint8)
    bounds = np.searchsorted(chosen, [0, *ends])
    for passage, end, low, high in zip(passages, ends, bounds[:-1], bounds[1:], strict=True):
        if low < high:
            _cut(passage, window, chosen[low:high] - (end - len(passage)), codes[low:high])
    return codes


def plan(
    corpus: Corpus,
    window: Window,
    split: str,
    *,
    hop_steps: int | None = None,
    transpose: bool | tuple[int, int] = True,
) -> list[Passages]:
    """Where the windows of each piece of a split begin; see `training_codes`."""
    if window.texture != corpus.texture:
        raise UsageError(
            f"window: expected the corpus' texture {_describe(corpus.texture)}, got {_describe(window.texture)}",
        )
    hop = corpus.texture.steps_per_quarter if hop_steps is None else hop_steps
    if hop < 1:
        raise UsageError(f"hop_steps: expected at least 1, got {hop_steps}")
    low, high = transpose if isinstance(transpose, tuple) else TRANSPOSITIONS if transpose else (0, 0)
    if low > high:
        raise UsageError(f"transpose: expected the lowest transposition first, got {transpose}")
    passages = []
    for piece in corpus.in_split(split):
        grid = piece.grid
        pitched = any(voice.kind != "drums" for voice in corpus.texture.voices)
        possible = transposition_range(grid) if pitched else (0, 0)
        semitones = range(max(low, possible[0]), min(high, possible[-1]) + 1)
        if len(semitones):
            passages.append(Passages(piece, _starts(grid, window.steps, hop), semitones))
    if not passages:
        counts = ", ".join(f"{count} {name}" for name, count in corpus.split_sizes().items())
        raise CorpusError(
            f"split: expected pieces in {split!r}, got {counts or 'an empty corpus'}",
            hint="name a split that has pieces, or prepare the corpus from more files",
        )
    return passages


def _starts(grid: Grid, steps: int, hop: int) -> np.ndarray:
    """Starts in phase with the downbeat, from half a window before the piece to as much before its end."""
    downbeat = int(grid.timeline.pickup * grid.texture.steps_per_quarter)
    first = -(steps // 2)
    return np.arange(first + (downbeat - first) % hop, max(grid.steps - steps // 2, 1), hop)


def _cut(passage: Passages, window: Window, chosen: np.ndarray, out: np.ndarray) -> None:
    """Write the chosen windows of a piece, shape (n,) indices counted transposition by transposition, to `out`."""
    piece, starts = passage.piece, passage.starts
    grid = piece.grid
    codes = encode_steps(grid)
    middles = np.clip(starts + window.steps // 2, 0, grid.steps - 1)
    for index, semitones in enumerate(passage.semitones):
        low, high = np.searchsorted(chosen, [index * len(starts), (index + 1) * len(starts)])
        if low == high:
            continue
        which = chosen[low:high] - index * len(starts)
        out[low:high] = window.windows(transpose_codes(codes, grid.texture, semitones), starts[which], np.zeros(2))
        for at, keys in _keys(piece, middles[which]):
            out[low:high][at, -2:] = _transpose_key(keys, semitones)


def _keys(piece: Piece, steps: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each key in force at some of the steps, shape (n,): the mask of those steps, and the key's codes."""
    onsets = np.array([float(change.onset) for change in piece.keys[1:]]) * piece.packed.texture.steps_per_quarter
    which = np.searchsorted(onsets, steps, side="right")
    if not piece.keys:
        return
    for index in np.unique(which):
        yield which == index, key_codes(piece.keys[index].key)


def _transpose_key(codes: np.ndarray, semitones: int) -> np.ndarray:
    tonic, mode = (int(code) for code in codes)
    return np.array([(tonic - 1 + semitones) % 12 + 1 if tonic else 0, mode], np.uint8)


def transpose_codes(step_codes: np.ndarray, texture: Texture, semitones: int) -> np.ndarray:
    """The codes of each step, `semitones` higher; rests, drums and metre stay.

    The caller sees to it that no note leaves its voice's range (`transposition_range`).

    Args:
        step_codes: shape (T, codes_per_step), uint8, from `encode_steps`.
        texture: the voices.
        semitones: how far up.

    Returns:
        Shape (T, codes_per_step), uint8.
    """
    if semitones == 0:
        return step_codes
    codes = step_codes.copy()
    first = 0
    for voice in texture.voices:
        if voice.kind == "mono":
            pitch = codes[:, first]
            codes[:, first] = np.where(pitch > 0, pitch.astype(np.int16) + semitones, 0)
            first += 2
        elif voice.kind == "drums":
            first += voice.size
        else:
            for _ in ("sounding", "attack"):
                keys = codes[:, first : first + voice.size]
                codes[:, first : first + voice.size] = np.roll(keys, semitones, axis=1)
                first += voice.size
    return codes


def _describe(texture: Texture) -> str:
    return f"{texture.name!r} of {len(texture.voices)} voices and {texture.steps_per_quarter} steps a quarter"
