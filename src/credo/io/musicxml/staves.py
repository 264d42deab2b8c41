"""Parts onto staves: clefs, the two staves of a keyboard, and voices where notes overlap."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise

from credo.music.pitch import MIDDLE_C
from credo.music.score import Note, Part

_KEYBOARDS = frozenset({*range(8), *range(16, 24), 46})  # pianos, organs, harp
_VIOLA = 41
_LOW_PLAYERS = frozenset({*range(32, 40), 42, 43, 57, 58, 70})  # basses, cello, trombone, tuba, bassoon
_LOW_SINGERS = frozenset({"bass", "basso", "baritone"})


@dataclass(frozen=True, slots=True)
class Clef:
    """A clef: its sign, the staff line it stands on, and octaves that it shifts by."""

    sign: str
    line: int
    octave: int = 0


TREBLE, BASS, ALTO, TENOR, PERCUSSION = (
    Clef("G", 2),
    Clef("F", 4),
    Clef("C", 3),
    Clef("G", 2, -1),
    Clef("percussion", 2),
)


@dataclass(frozen=True, slots=True)
class Chord:
    """Notes that begin and end together; times in divisions from the start of the piece."""

    start: int
    end: int
    notes: tuple[Note, ...]

    @property
    def mean_pitch(self) -> float:
        """The chord's mean MIDI pitch."""
        return sum(note.pitch for note in self.notes) / len(self.notes)


@dataclass(frozen=True, slots=True)
class Staff:
    """A staff: its clef and its voices, each a list of chords that do not overlap; the first is the highest."""

    clef: Clef
    voices: list[list[Chord]]


def staves_of(part: Part, ticks) -> list[Staff]:
    """The staves of a part.

    Args:
        part: any part.
        ticks: turns quarters into divisions.
    """
    chords = _chords(part.notes, ticks)
    if part.is_drums:
        return [Staff(PERCUSSION, _voices(chords))]
    if _needs_two(part, chords):
        upper = tuple(note for note in part.notes if note.pitch >= MIDDLE_C)
        lower = tuple(note for note in part.notes if note.pitch < MIDDLE_C)
        return [Staff(TREBLE, _voices(_chords(upper, ticks))), Staff(BASS, _voices(_chords(lower, ticks)))]
    return [Staff(_clef(part), _voices(chords))]


def _chords(notes: tuple[Note, ...], ticks) -> list[Chord]:
    """Notes gathered into chords, sorted by start and then from high to low."""
    timed = []
    for note in notes:
        start = ticks(note.onset)
        timed.append(((start, max(ticks(note.end), start + 1)), note))
    timed.sort(key=lambda item: (item[0], item[1].pitch))
    chords = [
        Chord(start, end, tuple(note for _, note in together))
        for (start, end), together in groupby(timed, key=lambda item: item[0])
    ]
    return sorted(chords, key=lambda chord: (chord.start, -chord.mean_pitch, chord.end))


def _voices(chords: list[Chord]) -> list[list[Chord]]:
    """Chords shared out to as few voices as possible; wherever several sound, the higher voice comes first."""
    voices: list[list[Chord]] = [[]]
    cluster: list[list[Chord]] = []  # voices since the last moment at which nothing sounded across
    ends: list[int] = []

    def close() -> None:
        cluster.sort(key=lambda line: -sum(chord.mean_pitch for chord in line) / len(line))
        for number, line in enumerate(cluster):
            if number == len(voices):
                voices.append([])
            voices[number] += line
        cluster.clear()
        ends.clear()

    for chord in chords:
        if ends and max(ends) <= chord.start:
            close()
        free = next((number for number, end in enumerate(ends) if end <= chord.start), None)
        if free is None:
            cluster.append([chord])
            ends.append(chord.end)
        else:
            cluster[free].append(chord)
            ends[free] = chord.end
    close()
    return voices


def _needs_two(part: Part, chords: list[Chord]) -> bool:
    """Whether a keyboard's part goes well above and below middle C and is more than a line."""
    pitches = [note.pitch for note in part.notes]
    if part.program not in _KEYBOARDS or not pitches or min(pitches) > MIDDLE_C - 6 or max(pitches) < MIDDLE_C + 5:
        return False
    return any(len(chord.notes) > 1 for chord in chords) or any(
        before.end > after.start for before, after in pairwise(chords)
    )


def _clef(part: Part) -> Clef:
    """The clef that keeps most notes near the staff."""
    if part.program == _VIOLA:
        return ALTO
    if not part.notes:
        return TREBLE
    mean = sum(note.pitch for note in part.notes) / len(part.notes)
    if mean >= MIDDLE_C + 1:
        return TREBLE
    low = part.program in _LOW_PLAYERS or part.name.strip().lower() in _LOW_SINGERS
    if low or mean < MIDDLE_C - 6:
        return BASS
    return TENOR
