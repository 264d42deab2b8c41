"""Chord symbols, and plans of chords over bars."""

from __future__ import annotations

import re
from dataclasses import dataclass

from credo.errors import UsageError
from credo.music.scales import pitch_class

#: Semitones above the root of the qualities of chords; root first, then the tone that gives the chord its colour.
QUALITIES: dict[str, tuple[int, ...]] = {
    "": (0, 4, 7),
    "maj": (0, 4, 7),
    "m": (0, 3, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "+": (0, 4, 8),
    "5": (0, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "sus": (0, 5, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "69": (0, 4, 7, 9, 2),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "mmaj7": (0, 3, 7, 11),
    "m7b5": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "aug7": (0, 4, 8, 10),
    "+7": (0, 4, 8, 10),
    "7#5": (0, 4, 8, 10),
    "7b5": (0, 4, 6, 10),
    "7sus4": (0, 5, 7, 10),
    "7sus": (0, 5, 7, 10),
    "add9": (0, 4, 7, 2),
    "madd9": (0, 3, 7, 2),
    "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2),
    "m9": (0, 3, 7, 10, 2),
    "7b9": (0, 4, 7, 10, 1),
    "7#9": (0, 4, 7, 10, 3),
    "11": (0, 4, 7, 10, 2, 5),
    "m11": (0, 3, 7, 10, 2, 5),
    "7#11": (0, 4, 7, 10, 6),
    "13": (0, 4, 7, 10, 2, 9),
}
_SPELLINGS = (("Δ7", "maj7"), ("Δ", "maj7"), ("ø7", "m7b5"), ("ø", "m7b5"), ("°", "dim"), ("min", "m"), ("M", "maj"))
_SYMBOL = re.compile(r"([A-G])(##|bb|#|b|♯|♭)?([^/\s|]*)(?:/([A-G])(##|bb|#|b|♯|♭)?)?")
AGAIN = "%"
ANY = "*"


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord.

    Attributes:
        symbol: as it was written.
        root: pitch class, 0..11.
        tones: pitch classes, the root first, then the third or what stands in its place.
        bass: pitch class of the lowest note, which need not be a tone of the chord.
    """

    symbol: str
    root: int
    tones: tuple[int, ...]
    bass: int

    @classmethod
    def parse(cls, symbol: str) -> Chord:
        """Read a chord symbol, such as `C`, `F#m7b5` or `C/E`.

        Raises:
            UsageError: the text is no chord symbol.
        """
        match = _SYMBOL.fullmatch(symbol)
        quality = match[3] if match else ""
        for spelling, plain in _SPELLINGS:
            quality = quality.replace(spelling, plain)
        quality = re.sub(r"^-", "m", quality).replace("(", "").replace(")", "")
        quality = {"majmaj7": "maj7", "o": "dim", "o7": "dim7", "maj6": "6", "maj69": "69"}.get(quality, quality)
        if not match or quality not in QUALITIES:
            raise UsageError(
                f"chords: expected symbols such as C, Am, G7, F#m7b5, Bbmaj7 or C/E, got {symbol!r}",
                hint=f"known qualities: {' '.join(filter(None, QUALITIES))}",
            )
        root = pitch_class(match[1], match[2])
        tones = tuple((root + step) % 12 for step in QUALITIES[quality])
        return cls(symbol, root, tones, pitch_class(match[4], match[5]) if match[4] else root)


def parse_chords(text: str) -> tuple[tuple[Chord | None, ...], ...]:
    """A plan of chords, such as `C | G7 | Am F | * | %`.

    Args:
        text: bars divided by `|`; the chords of a bar by spaces. `%` for a bar is the bar before again, `%` among the
            chords of a bar the chord before again. `*` leaves a bar, or its place in a bar, to the model.

    Returns:
        The chords of each bar; None where any will do.

    Raises:
        UsageError: the text holds no chords, or something that is no chord, or a bar without any.
    """
    if re.search(r"\|\s+\|", text):
        raise UsageError(f"chords: expected chords in every bar, got an empty one in {text!r}", hint="* is any chord")
    bars: list[tuple[Chord | None, ...]] = []
    for words in filter(None, (bar.split() for bar in text.split("|"))):
        if words == [AGAIN] and bars:
            bars.append(bars[-1])
            continue
        bar: list[Chord | None] = []
        for word in words:
            if word == AGAIN and not bar and not bars:
                raise UsageError(f"chords: expected a chord before the first {AGAIN}, got {text!r}")
            if word == AGAIN:
                bar.append(bar[-1] if bar else bars[-1][-1])
            else:
                bar.append(None if word == ANY else Chord.parse(word))
        bars.append(tuple(bar))
    if not bars:
        raise UsageError(f"chords: expected chord symbols over bars such as 'C | G7 | Am F | G', got {text!r}")
    return tuple(bars)
