"""Durations that can be written as one note, and where longer ones are cut, tied and beamed.

Times are whole divisions of a quarter, counted from the start of the bar; a quarter has a multiple of 48 of them, so
that a 64th note and a 64th of a triplet are whole.

References: E. Gould, Behind Bars, 2011, pp. 151-179 (grouping); K. Stone, Music Notation in the Twentieth Century,
1980, pp. 111-125.
"""

from __future__ import annotations

from dataclasses import dataclass

BASE_DIVISIONS = 48

#: Names of undotted notes with their lengths as (quarters, parts of a quarter), the longest first.
_TYPES = (
    ("breve", 8, 1),
    ("whole", 4, 1),
    ("half", 2, 1),
    ("quarter", 1, 1),
    ("eighth", 1, 2),
    ("16th", 1, 4),
    ("32nd", 1, 8),
    ("64th", 1, 16),
)
BEAMS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time that is written as one note or rest.

    Attributes:
        start, end: in divisions from the start of the bar.
        type: MusicXML's name, such as `"quarter"`.
        dots: 0 or 1.
        is_triplet: whether three of them stand in the time of two.
    """

    start: int
    end: int
    type: str
    dots: int = 0
    is_triplet: bool = False


@dataclass(frozen=True, slots=True)
class Ruler:
    """How the time of a bar is divided.

    Attributes:
        divisions: divisions of a quarter (D), a multiple of 48.
        length: length of a whole bar in divisions, also where the bar itself is cut short.
        numerator, denominator: the metre.
    """

    divisions: int
    length: int
    numerator: int
    denominator: int

    @property
    def unit(self) -> int:
        """Length of the metre's unit in divisions."""
        return 4 * self.divisions // self.denominator

    @property
    def is_compound(self) -> bool:
        """Whether beats are groups of three units, as in 6/8."""
        return self.numerator > 3 and self.numerator % 3 == 0 and self.denominator >= 4

    def cut(self, start: int, end: int, *, is_rest: bool = False) -> list[Piece]:
        """The fewest sensible pieces for a stretch of a bar, cut at the strongest beats inside it.

        Times off the grid of 16ths of a quarter and of 24ths (triplets) are cut at beats only and get the nearest
        type; their exact duration stands beside it.
        """
        pieces, stretches = [], [(start, end)]
        while stretches:
            here, there = stretches.pop()
            piece = self._whole(here, there, is_rest)
            if piece is None:
                point = self._cutting_point(here, there)
                if point is not None:
                    stretches += [(point, there), (here, point)]
                    continue
                piece = Piece(here, there, self._nearest_type(there - here))
            pieces.append(piece)
        return pieces

    def beam_group(self, time: int) -> int:
        """The number of the group of notes that are beamed together at a time."""
        if self.is_compound:
            return time // (3 * self.unit)
        if self.denominator < 8 or self.numerator % 2 == 0:
            return time // self.divisions
        return min(time // (2 * self.unit), (self.numerator - 3) // 2)  # pairs, the last group has three

    def _whole(self, start: int, end: int, is_rest: bool) -> Piece | None:
        """The one piece for a stretch, if there is a good one."""
        length, quarter = end - start, self.divisions
        if self._off_grid(start, quarter // 16) or self._off_grid(end, quarter // 16):
            if self._off_grid(start, quarter // 24) or self._off_grid(end, quarter // 24):
                return None
            return self._triplet(start, end)
        name, dots = self._type_of(length)
        if not name:
            return None
        if start == 0 and length == self.length:
            return Piece(start, end, name, dots)
        if self.is_compound:
            fits = _fits_compound(start, length, self.unit)
        elif dots:
            step = length // 3
            fits = not is_rest and start % (4 * step) in (0, step)
        else:
            fits = start % length == 0 or (not is_rest and 2 * (start % (2 * length)) == length)
        return Piece(start, end, name, dots) if fits else None

    def _triplet(self, start: int, end: int) -> Piece | None:
        """A piece of a triplet inside one beat, or of a large one over two or four quarters."""
        quarter = self.divisions
        for span in (quarter, 2 * quarter, 4 * quarter):
            if start // span != (end - 1) // span:
                continue
            place, length = start % span * 3 // 2, (end - start) * 3 // 2
            name, dots = self._type_of(length)
            if not name:
                return None
            half = span // 2
            if span == quarter:
                fits = _fits_compound(place, length, half)
            else:
                fits = length in (half, span) and place % half == 0
            if fits:
                return Piece(start, end, name, dots, is_triplet=True)
        return None

    def _cutting_point(self, start: int, end: int) -> int | None:
        """The first of the strongest places strictly inside a stretch."""
        quarter, unit = self.divisions, self.unit
        is_triplet = not any(self._off_grid(time, quarter // 24) for time in (start, end))
        is_binary = not any(self._off_grid(time, quarter // 16) for time in (start, end))
        steps = [6 * unit, 3 * unit, unit] if self.is_compound else [4 * quarter, 2 * quarter, quarter]
        if is_binary:
            steps += [quarter // part for part in (2, 4, 8, 16)]
        elif is_triplet:
            steps += [quarter // part for part in (3, 6, 12, 24)]
        for step in steps:
            point = (start // step + 1) * step
            if point < end:
                return point
        return None

    def _type_of(self, length: int) -> tuple[str, int]:
        """Name and dots of a length, or no name."""
        for name, quarters, parts in _TYPES:
            plain = self.divisions * quarters // parts
            if length == plain:
                return name, 0
            if 2 * length == 3 * plain:
                return name, 1
        return "", 0

    def _nearest_type(self, length: int) -> str:
        """Name of the longest undotted note that is no longer than a length, or of the shortest."""
        for name, quarters, parts in _TYPES:
            if length * parts >= self.divisions * quarters:
                return name
        return _TYPES[-1][0]

    @staticmethod
    def _off_grid(time: int, step: int) -> bool:
        return time % step != 0


def _fits_compound(start: int, length: int, unit: int) -> bool:
    """Whether a stretch can be one piece where beats have three units."""
    beat = 3 * unit
    if start // beat != (start + length - 1) // beat:
        return start % beat == 0 and length in (2 * beat, 4 * beat)
    place = start % beat
    if length in (unit, 2 * unit):
        return place % unit == 0
    if length == beat:
        return True
    if 2 * length == beat:
        return place % length == 0
    if length > unit:
        return False
    if length % 3 == 0 and (unit // length * length != unit):  # dotted, inside a unit
        return place % unit + length <= unit and (place % unit == 0 or (place + length) % unit == 0)
    return place % length == 0


def beams(types: list[str]) -> list[list[str]]:
    """Beams of a group of notes: for each note and level (8ths, 16ths ...), what MusicXML calls its beam.

    Args:
        types: the notes' types, all shorter than a quarter.

    Returns:
        A list a note, outermost beam first; empty lists for a note alone.
    """
    counts = [BEAMS[name] for name in types]
    if len(counts) < 2:
        return [[] for _ in counts]
    beamed = []
    for i, count in enumerate(counts):
        before = counts[i - 1] if i else 0
        after = counts[i + 1] if i + 1 < len(counts) else 0
        levels = []
        for level in range(1, count + 1):
            if before >= level and after >= level:
                levels.append("continue")
            elif after >= level:
                levels.append("begin")
            elif before >= level:
                levels.append("end")
            else:
                levels.append("backward hook" if i else "forward hook")
        beamed.append(levels)
    return beamed
