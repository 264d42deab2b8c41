"""Pieces as the page has them, and grids.

A piece on its way to a model loses nothing: what cannot be on the grid is refused, with the note's id. On the way back
held notes have the ids, and all else, that they came with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from credo.compose import masks
from credo.compose.holding import Locks
from credo.errors import CredoError, UsageError
from credo.music.grid import REST, Cells, Grid
from credo.music.passage import pad
from credo.music.pitch import Key
from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Metre, Tempo, Timeline
from credo.music.texture import Texture, Voice
from credo.web.messages import NoteMessage, PieceMessage

#: Voice, first step, and index of the pitch in the voice: what a note is found by.
Place = tuple[str, int, int]


@dataclass(frozen=True)
class Sheet:
    """A piece that was checked.

    Attributes:
        piece: as it came.
        grid: the same on the model's texture.
        locks: what is held of it.
    """

    piece: PieceMessage
    grid: Grid
    locks: Locks

    @classmethod
    def read(cls, piece: PieceMessage, texture: Texture) -> Sheet:
        """Put a piece on a texture.

        Args:
            piece: as it came.
            texture: of the model.

        Raises:
            UsageError: a note has no place, notes overlap, ids are not unique, or key, metre or locks make no sense.
        """
        timeline = _timeline(piece, texture)
        steps = int(timeline.length * texture.steps_per_quarter)
        by_voice: dict[str, list[NoteMessage]] = {voice.name: [] for voice in texture.voices}
        seen: set[str] = set()
        for note in piece.notes:
            if note.id in seen:
                raise UsageError(f"notes: expected ids of their own, got {note.id!r} twice")
            seen.add(note.id)
            by_voice[texture.voice(note.voice).name].append(note)
        cells = [_cells(voice, by_voice[voice.name], steps) for voice in texture.voices]
        grid = Grid(texture, tuple(cells), timeline, piece.title)
        locked = tuple((note.voice, note.onset, note.pitch) for note in piece.notes if note.locked)
        locks = Locks(locked, tuple(piece.locked_bars), tuple(piece.locked_voices))
        locks.mask(grid)  # tells what makes no sense
        return cls(piece, grid, locks)

    def answer(self, grid: Grid, mask: np.ndarray, given: Grid, *, fresh: str) -> dict[str, Any]:
        """The piece that became of this one.

        Args:
            grid: what was drawn.
            mask: what was held, shape (T, K).
            given: the grid that `mask` belongs to.
            fresh: the beginning of ids of new notes.

        Returns:
            The piece as JSON-able data. Notes that were held are as they came, with their ids.

        Raises:
            CredoError: a held note has changed, which is a bug; the answer must not be used.
        """
        held = _held_places(given, mask)
        kept = {place: note for note in self.piece.notes if (place := _place(note, grid.texture)) in held}
        used, notes, number = {note.id for note in self.piece.notes}, [], 0
        for note in notes_of(grid):
            old = kept.pop(_place(note, grid.texture), None)
            if old is None:
                number += 1
                while (name := f"{fresh}{number}") in used:
                    number += 1
                notes.append({**note.model_dump(), "id": name})
            elif (old.duration, old.velocity) == (note.duration, note.velocity):
                notes.append(old.model_dump())
            else:
                raise CredoError(f"a held note has changed: {old.id!r}; please report this")
        if kept:
            raise CredoError(f"held notes are missing: {', '.join(note.id for note in kept.values())}; report this")
        return {**message_of(grid, self.piece.model, notes), **self._kept()}

    def _kept(self) -> dict[str, Any]:
        piece = self.piece
        return {"title": piece.title, "locked_bars": piece.locked_bars, "locked_voices": piece.locked_voices}


def message_of(grid: Grid, model: str, notes: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A grid as a piece, JSON-able; `notes` where they are known already.

    Args:
        grid: in whole bars of one metre.
        model: its model.
        notes: as in a piece.
    """
    timeline = grid.timeline
    metre, tempos = timeline.metre_at(Fraction(0)), timeline.tempos
    if notes is None:
        notes = [note.model_dump() for note in notes_of(grid)]
    return {
        "title": grid.title[:200],
        "model": model,
        "tempo": min(max(round(tempos[0].bpm if tempos else DEFAULT_TEMPO_BPM, 3), 10.0), 400.0),
        "metre": [metre.numerator, metre.denominator],
        "key": timeline.key.name if timeline.key else None,
        "bars": max(int(-(-timeline.length // metre.bar)), 1),
        "notes": notes,
        "locked_bars": [],
        "locked_voices": [],
    }


def in_whole_bars(grid: Grid) -> tuple[Grid, list[str]]:
    """A grid in whole bars of its first metre, with one tempo and key, as the page shows it.

    Args:
        grid: any.

    Returns:
        The grid, with rests before an upbeat, and a line for each thing that was left out.
    """
    timeline, remarks, rate = grid.timeline, [], grid.texture.steps_per_quarter
    metre = replace(timeline.metre_at(Fraction(0)), onset=Fraction(0))
    if (metre.bar * rate).denominator != 1:
        remarks.append(f"metre: {metre.numerator}/{metre.denominator} is no whole number of steps; shown in 4/4")
        metre = Metre(Fraction(0), 4, 4)
    for name, changes in (("tempo", timeline.tempos), ("metre", timeline.metres), ("key", timeline.keys)):
        if len(changes) > 1:
            remarks.append(f"{name}: changes during the piece are left out; the first one counts")
    before = int((metre.bar - timeline.pickup) * rate) if 0 < timeline.pickup < metre.bar else 0
    if before:
        remarks.append("the upbeat begins after rests that fill its bar")
        silence = Grid(grid.texture, tuple(Cells.silent(voice, before) for voice in grid.texture.voices), Timeline())
        pairs = zip(silence.voices, grid.voices, strict=True)
        voices = [Cells(*map(np.concatenate, zip(a.arrays, b.arrays, strict=True))) for a, b in pairs]
        grid = grid.with_voices(voices)
    after = -grid.steps % int(metre.bar * rate)
    tempo = Tempo(Fraction(0), timeline.tempos[0].bpm if timeline.tempos else DEFAULT_TEMPO_BPM)
    keys = tuple(KeyChange(Fraction(0), change.key) for change in timeline.keys[:1])
    length = Fraction(grid.steps + after, rate)
    grid = pad(grid, after)
    return replace(grid, timeline=Timeline(length, (tempo,), (metre,), keys)), remarks


def notes_of(grid: Grid) -> Iterator[NoteMessage]:
    """The notes of a grid, voice by voice, numbered from 1."""
    number = 0
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        lines = 1 if voice.kind == "mono" else voice.size
        attack = cells.attack.reshape(grid.steps, lines)
        sounds = (cells.sounding != REST if voice.kind == "mono" else cells.sounding).reshape(grid.steps, lines)
        velocity, offset = cells.velocity.reshape(grid.steps, lines), cells.offset.reshape(grid.steps, lines)
        for start, line in zip(*map(np.ndarray.tolist, np.nonzero(attack)), strict=True):
            stops = np.flatnonzero((attack[:, line] | ~sounds[:, line])[start + 1 :])
            number += 1
            yield NoteMessage(
                id=f"n{number}",
                voice=voice.name,
                onset=start,
                duration=int(stops[0]) + 1 if len(stops) else grid.steps - start,
                pitch=int(cells.sounding[start]) if voice.kind == "mono" else voice.pitch(line),
                velocity=int(velocity[start, line]),
                offset=int(offset[start, line]),
            )


def _timeline(piece: PieceMessage, texture: Texture) -> Timeline:
    numerator, denominator = piece.metre
    if not 1 <= numerator <= 32 or denominator not in (1, 2, 4, 8, 16, 32):
        raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {numerator}/{denominator}")
    metre = Metre(Fraction(0), numerator, denominator)
    if (metre.bar * texture.steps_per_quarter).denominator != 1:
        raise UsageError(
            f"metre: expected bars of whole 1/{texture.steps_per_quarter} quarters, got {numerator}/{denominator}"
        )
    keys = (KeyChange(Fraction(0), Key.parse(piece.key)),) if piece.key else ()
    return Timeline(piece.bars * metre.bar, (Tempo(Fraction(0), piece.tempo),), (metre,), keys)


def _cells(voice: Voice, notes: list[NoteMessage], steps: int) -> Cells:
    lines = 1 if voice.kind == "mono" else voice.size
    sounding = np.full((steps, lines), REST, np.int16)
    attack, velocity = np.zeros((steps, lines), bool), np.zeros((steps, lines), np.uint8)
    offset = np.zeros((steps, lines), np.int8)
    for note in notes:
        index, end = voice.index(note.pitch), note.onset + note.duration
        if index is None:
            where = "its drums" if voice.kind == "drums" else f"{voice.low}..{voice.high}"
            raise UsageError(f"notes: expected a pitch of {voice.name} ({where}), got {note.pitch} in {note.id!r}")
        if end > steps:
            raise UsageError(f"notes: expected an end within {steps} steps, got {end} in {note.id!r}")
        if voice.kind == "drums" and note.duration != 1:
            raise UsageError(f"notes: expected strokes of one step in {voice.name}, got {note.duration} in {note.id!r}")
        if note.offset and not voice.expressive:
            raise UsageError(f"notes: expected an offset of 0 in {voice.name}, got {note.offset} in {note.id!r}")
        line = 0 if voice.kind == "mono" else index
        if (sounding[note.onset : end, line] != REST).any():
            raise UsageError(f"notes: expected notes of {voice.name} that do not overlap, got {note.id!r} over another")
        sounding[note.onset : end, line] = note.pitch
        attack[note.onset, line], velocity[note.onset, line] = True, note.velocity
        offset[note.onset, line] = note.offset
    if voice.kind == "mono":
        return Cells.of(voice, sounding[:, 0], attack[:, 0], velocity[:, 0], offset[:, 0])
    return Cells.of(voice, sounding != REST, attack, velocity, offset)


def _place(note: NoteMessage, texture: Texture) -> Place:
    voice = texture.voice(note.voice)
    return note.voice, note.onset, int(voice.index(note.pitch) or 0)


def _held_places(grid: Grid, mask: np.ndarray) -> set[Place]:
    """The places of the notes of which every cell is held."""
    held = masks.cells_held(grid, masks.whole_notes(grid, mask))
    whole = {voice.name: cells for voice, cells in zip(grid.texture.voices, held, strict=True)}
    places = set()
    for note in notes_of(grid):
        place = _place(note, grid.texture)
        cells = whole[note.voice][note.onset : note.onset + note.duration]
        if (cells if cells.ndim == 1 else cells[:, place[2]]).all():
            places.add(place)
    return places
