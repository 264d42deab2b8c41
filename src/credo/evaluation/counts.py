"""What is counted in a chorale for its grade: histograms of one piece.

The definition is that of the program published with Fang et al. 2020 (see `credo.evaluation.grade`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import combinations, pairwise

import numpy as np

from credo.errors import UsageError
from credo.evaluation.chords import chord_quality
from credo.music.grid import REST, Grid, decode
from credo.music.harmony import sounding_pitches
from credo.music.keys import estimate_key
from credo.music.pitch import Key
from credo.music.score import Score
from credo.music.texture import SATB
from credo.music.transform import fit

VOICES = ("soprano", "alto", "tenor", "bass")
#: Histograms that are kept apart for major and minor pieces (their names begin with the mode), and the others.
MODED = ("notes", "harmonic_quality", *(f"{voice}_intervals" for voice in VOICES))
UNMODED = ("rhythm", "parallel_errors", "repeated_sequences")


def no_counts() -> dict[str, Counter[str]]:
    """All histograms by name, empty."""
    return {name: Counter() for name in (*UNMODED, *(f"{m} {term}" for m in ("major", "minor") for term in MODED))}


def measure(piece: Grid | Score) -> tuple[dict[str, Counter[str]], int]:
    """The histograms of a piece, and its number of notes.

    Returns:
        Counts by category, by a name of `UNMODED` or by mode and a name of `MODED` (`"minor notes"`); those of the
        other mode are empty. Notes are counted in steps.

    Raises:
        UsageError: the piece has not four voices that sing one note at a time.
    """
    grid = fit(piece, SATB).grid if isinstance(piece, Score) else piece
    if len(grid.texture.voices) != 4 or any(voice.kind != "mono" for voice in grid.texture.voices):
        raise UsageError(
            f"grade: expected four voices that sing one note at a time, got the texture {grid.texture.name!r}"
        )
    counts = no_counts()
    pitches = sounding_pitches(grid).astype(int)  # (T, V)
    attacks = np.stack([cells.attack for cells in grid.voices], axis=1)
    sixteenth = grid.texture.steps_per_quarter / 4
    key = estimate_key(decode(grid)).key
    counts[f"{key.mode} notes"] = Counter(map(_degree(key), pitches.ravel().tolist()))
    begins = attacks | (pitches == REST) & (np.vstack([np.zeros((1, 4), int), pitches[:-1]]) != REST)  # (T, V)
    counts[f"{key.mode} harmonic_quality"] = _harmony(pitches[begins.any(axis=1)], key)
    counts["parallel_errors"] = _parallel_errors(pitches, attacks)
    for number, voice in enumerate(VOICES):
        starts = np.flatnonzero(begins[:, number])
        line = pitches[starts, number].tolist()
        intervals = Counter(str(b - a) for a, b in pairwise(line) if REST not in (a, b))
        counts[f"{key.mode} {voice}_intervals"] = intervals
        lengths = np.diff(starts, append=grid.steps) / sixteenth
        counts["rhythm"].update(f"{length:g}" for length in lengths)
        repeats = repeated_sequences(pitches[:, number].tolist(), starts.tolist())
        for length, times in repeats.items():
            counts["repeated_sequences"][f"{length / sixteenth:g}"] += times
    return counts, int(attacks.sum())


def _degree(key: Key) -> Callable[[int], str]:
    return lambda pitch: "rest" if pitch == REST else str((pitch - key.tonic) % 12)


def _harmony(chords: np.ndarray, key: Key) -> Counter[str]:
    """Qualities of chords, shape (n, V), rests left out."""
    sounding = ([pitch for pitch in chord if pitch != REST] for chord in chords.tolist())
    return Counter(chord_quality(chord, key) for chord in sounding if chord)


def _parallel_errors(pitches: np.ndarray, attacks: np.ndarray) -> Counter[str]:
    """Moves of two voices at once from a fifth to a fifth, or from an octave or unison to another.

    Fifths and octaves may be compound, and moves in contrary motion count as well; a unison and an octave count as the
    same interval in contrary motion only. Arrays have shape (T, V).
    """
    found: Counter[str] = Counter()
    before, after = pitches[:-1], pitches[1:]
    for one, other in combinations(range(4), 2):
        voices = [one, other]
        both = attacks[1:, voices].all(axis=1) & (before[:, voices] != REST).all(axis=1)
        moves = np.sign(after - before)[both][:, voices]
        old, new = (np.abs(p[both, one] - p[both, other]) for p in (before, after))
        similar, contrary = (moves[:, 0] * moves[:, 1] == sign for sign in (1, -1))
        octaves = (old % 12 == 0) & (new % 12 == 0)
        found["fifths"] += int(((similar | contrary) & (old % 12 == 7) & (new % 12 == 7)).sum())
        found["octaves"] += int((octaves & (contrary | similar & ((old == 0) == (new == 0)))).sum())
    return +found


def repeated_sequences(line: list[int], starts: list[int]) -> Counter[int]:
    """How often a voice repeats itself: occurrences of repeated sequences by their length.

    A sequence begins with a note or rest and has at least two; its last one may be cut short. It counts if it occurs
    twice or more and no longer sequence that contains it occurs as often.

    Args:
        line: what sounds at each step, `REST` in rests.
        starts: the steps at which a note or rest begins, sorted.

    Returns:
        Occurrences (two or more a sequence) by length in steps.
    """
    begins = set(starts)
    text = "".join(chr(pitch + 2) if step in begins else "\0" for step, pitch in enumerate(line))
    item_before = {step: text[previous:step] for previous, step in pairwise(starts)}
    order = sorted(starts, key=lambda step: text[step:])
    shared = [_common_length(text[a:], text[b:]) for a, b in pairwise(order)]
    found: Counter[int] = Counter()

    def count(length: int, occurrences: list[int]) -> None:
        items = text.count("\0", occurrences[0], occurrences[0] + length)
        preceded = {item_before.get(step, step) for step in occurrences}
        if length - items > 1 and len(preceded) > 1:
            found[length] += len(occurrences)

    open_runs: list[tuple[int, int]] = []  # length shared, and where in `order` the suffixes that share it begin
    for place, length in enumerate([*shared, 0]):
        first = place
        while open_runs and open_runs[-1][0] > length:
            closing, first = open_runs.pop()
            count(closing, order[first : place + 1])
        if length and (not open_runs or open_runs[-1][0] < length):
            open_runs.append((length, first))
    return found


def _common_length(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
