"""Training windows out of a corpus: every passage of every piece, in every key that its voices can sing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, zip_longest

import numpy as np

from credo.corpora.corpus import Corpus, Piece
from credo.corpora.stored import StoredPieces
from credo.errors import CorpusError, UsageError
from credo.music.pitch import Key
from credo.music.steps import codes_of_voice, encode_steps, key_codes
from credo.music.texture import Texture
from credo.music.transform import transposition_range
from credo.music.window import Window
from credo.strips import Strip

#: Lowest and highest transposition in semitones that training sees, where the voices' ranges allow it.
TRANSPOSITIONS = (-6, 5)

#: Of pieces that stay on disk so many beats are read for each window that is drawn.
_ENOUGH = 16


def training_codes(
    corpus: Corpus,
    window: Window,
    split: str = "train",
    *,
    hop: int = 1,
    transpose: bool | tuple[int, int] = True,
    most_beats: int | None = None,
    max_windows: int | None = None,
    hide_labels: float = 0.0,
    style_of: Callable[[Piece], str | None] | None = None,
    seed: int = 0,
) -> Strip:
    """The windows of a split of a corpus as codes.

    Windows reach over both ends of a piece by up to half their length, so that a model learns how pieces begin and
    end; beats outside have codes of 0. Beats count from the first downbeat. Each carries the key in force at its
    beginning, transposed with the notes, and the style of its piece.

    Args:
        corpus: the pieces.
        window: the layout; its texture must be the corpus' own.
        split: `train`, `valid` or `test`.
        hop: beats from one window to the next.
        transpose: whether to take each piece in every key within `TRANSPOSITIONS` that keeps all its notes inside the
            voices' ranges; or the lowest and highest transposition in semitones, such as (0, 0). Where the window has
            room, pieces are in C whatever their key, and this is how far they are transposed from there; True for not
            at all.
        most_beats: most beats of music. Each piece comes in one transposition before any comes in two.
        max_windows: at most so many windows, drawn evenly at random without repeats; of pieces that stay on disk, from
            so many of them as have some sixteen times the beats, unless `most_beats` says otherwise.
        hide_labels: share of the pieces and transpositions whose key is not told, and of those whose style is not.
        style_of: tells the style of a piece, one of the window's; None for no styles.
        seed: of all that is drawn.

    Returns:
        The windows, shape (n, L, G), uint8.

    Raises:
        UsageError: the texture differs, or an argument makes no sense.
        CorpusError: there is no piece in this split.
    """
    if window.natural != corpus.texture:
        raise UsageError(
            f"window: expected the corpus' texture {_describe(corpus.texture)}, got {_describe(window.natural)}",
        )
    if hop < 1:
        raise UsageError(f"hop: expected at least 1, got {hop}")
    everywhere = TRANSPOSITIONS if transpose and not window.room else (0, 0)
    low, high = transpose if isinstance(transpose, tuple) else everywhere
    if low > high:
        raise UsageError(f"transpose: expected the lowest transposition first, got {transpose}")
    dice = np.random.default_rng(seed)
    if most_beats is None and max_windows is not None and isinstance(corpus.pieces, StoredPieces):
        most_beats = _ENOUGH * max_windows
    parts, starts, beats = [], [], 0
    for piece, semitones in _versions(corpus, window, split, low, high, dice):
        if most_beats is not None and parts and beats >= most_beats:
            break
        codes = _beats(piece, window, semitones, style_of)
        for column in (slice(-window.labels, None if window.labels == 2 else -1), slice(-1, None))[: window.labels - 1]:
            if dice.random() < hide_labels:
                codes[:, column] = 0
        outside = np.zeros((window.beats // 2, window.size), np.uint8)
        starts.append(beats + np.arange(0, max(len(codes), 1), hop))
        parts += [outside, codes]
        beats += len(outside) + len(codes)
    if not parts:
        counts = ", ".join(f"{count} {name}" for name, count in corpus.split_sizes().items())
        raise CorpusError(
            f"split: expected pieces in {split!r}, got {counts or 'an empty corpus'}",
            hint="name a split that has pieces, or prepare the corpus from more files",
        )
    chosen = np.concatenate(starts)
    if max_windows is not None and max_windows < len(chosen):
        chosen = np.sort(dice.choice(chosen, max_windows, replace=False))
    blocks = np.concatenate([*parts, np.zeros((window.beats, window.size), np.uint8)])
    return Strip(blocks, chosen, window.beats)


def styles_of(corpus: Corpus, most: int, least_beats: int = 1) -> tuple[str, ...]:
    """The styles of which a corpus has most music to train on, sorted by name.

    Args:
        corpus: the pieces.
        most: at most so many styles; 0 for none.
        least_beats: a style counts only with at least so many quarters of music.
    """
    quarters: Counter[str] = Counter()
    for piece in corpus.in_split("train"):
        if piece.style:
            quarters[piece.style] += piece.packed.steps // corpus.texture.steps_per_quarter
    ranked = sorted(quarters, key=lambda style: (-quarters[style], style))
    return tuple(sorted(style for style in ranked[:most] if quarters[style] >= least_beats))


def _versions(
    corpus: Corpus, window: Window, split: str, low: int, high: int, dice: np.random.Generator
) -> Iterator[tuple[Piece, int]]:
    """Pieces and transpositions: all pieces once, in any order, then all that have another one again, and so on."""
    pieces = corpus.in_split(split)
    if isinstance(pieces, StoredPieces):
        yield from _stored_versions(pieces, window, low, high, dice)
        return
    columns = []
    for piece in pieces:
        semitones = _semitones(piece, window, low, high)
        columns.append([(piece, int(shift)) for shift in dice.permutation(semitones)])
    for row in zip_longest(*(columns[index] for index in dice.permutation(len(columns)))):
        yield from (version for version in row if version is not None)


def _stored_versions(
    pieces: StoredPieces, window: Window, low: int, high: int, dice: np.random.Generator
) -> Iterator[tuple[Piece, int]]:
    """The same of pieces on disk, each read when it is its turn and not kept."""
    order, seed = dice.permutation(len(pieces)), int(dice.integers(1 << 62))
    for turn in count():
        some = False
        for index in order.tolist():
            piece = pieces[index]
            shifts = np.random.default_rng((seed, index)).permutation(_semitones(piece, window, low, high))
            if turn < len(shifts):
                some = True
                yield piece, int(shifts[turn])
        if not some:
            return


def _semitones(piece: Piece, window: Window, low: int, high: int) -> np.ndarray:
    """The transpositions of a piece within bounds that keep all its notes, shape (n,)."""
    if window.room:
        home = window.at(_home(piece)).shift
        possible = range(-window.room - home, window.room - home + 1)
    elif any(voice.kind != "drums" for voice in piece.packed.texture.voices):
        possible = transposition_range(piece.grid)
    else:
        possible = (0, 0)
    return np.arange(max(low, possible[0]), min(high, possible[-1]) + 1)


def _beats(piece: Piece, window: Window, semitones: int, style_of: Callable[[Piece], str | None] | None) -> np.ndarray:
    """The codes of a piece in a transposition, beat by beat, shape (L, G)."""
    if window.room:
        window, grid = window.at(_home(piece), semitones), piece.grid
        steps, semitones = encode_steps(window.seat(grid)), window.shift
    else:
        grid = piece.grid
        steps = transpose_codes(encode_steps(grid), grid.texture, semitones)
    downbeat = int(grid.timeline.pickup * window.beat)
    music = window.to_beats(window.repeated(steps), np.zeros(window.labels), first_step=downbeat)
    first = np.arange(len(music)) * window.beat - (-downbeat % window.beat)  # first step of each beat
    onsets = np.array([float(change.onset) for change in piece.keys[1:]]) * window.beat
    if piece.keys:
        keys = np.stack([key_codes(change.key, semitones) for change in piece.keys])
        music[:, window.size - window.labels :][:, :2] = keys[np.searchsorted(onsets, first, side="right")]
    if window.styles and style_of:
        style = style_of(piece)
        music[:, -1] = 1 + window.styles.index(style) if style in window.styles else 0
    return music


def _home(piece: Piece) -> Key | None:
    return piece.keys[0].key if piece.keys else None


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
            first += codes_of_voice(voice)
        else:
            for _ in ("sounding", "attack"):
                keys = codes[:, first : first + voice.size]
                codes[:, first : first + voice.size] = np.roll(keys, semitones, axis=1)
                first += voice.size
    return codes


def _describe(texture: Texture) -> str:
    return f"{texture.name!r} of {len(texture.voices)} voices and {texture.steps_per_quarter} steps a quarter"
