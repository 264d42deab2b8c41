"""Tasks with locks: what a user holds of a piece, note by note, bar by bar or voice by voice.

    task = work("vary", grid, locks=Locks(bars=(1, 2), voices=("bass",)), options={"amount": 0.3})
    composer.perform(task, Request(seed=3))

Whatever the task, a locked note comes out with its pitch, its place, its length and its loudness. No tensor library is
loaded for this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from credo.compose import masks, tasks
from credo.compose.tasks import Task, count_bars
from credo.errors import UsageError
from credo.music.grid import REST, Cells, Grid
from credo.music.passage import bar_steps, pad
from credo.music.texture import Voice

if TYPE_CHECKING:
    from credo.compose.generate import Composer
    from credo.sampling.anneal import Constraints

#: Bars that are added where nothing else is said.
MORE_BARS = 4


@dataclass(frozen=True, slots=True)
class Locks:
    """What is held of a piece, whatever the task.

    Attributes:
        notes: (voice, first step, pitch) of notes.
        bars: counted from 1; a locked bar holds its rests too, and the notes that reach over its ends as a whole.
        voices: names; a locked voice holds its rests too.
    """

    notes: tuple[tuple[str, int, int], ...] = ()
    bars: tuple[int, ...] = ()
    voices: tuple[str, ...] = ()

    def mask(self, grid: Grid) -> np.ndarray:
        """Which codes of a grid are held, shape (T, K), bool.

        Raises:
            UsageError: there is no such note, bar or voice.
        """
        mask = masks.voices(grid, {grid.texture.voice(name).name for name in self.voices})
        bars = bar_steps(grid)
        for bar in self.bars:
            if not 1 <= bar <= len(bars):
                raise UsageError(f"locked bars: expected 1 to {len(bars)}, got {bar}")
            mask |= _between(grid, *bars[bar - 1])
        held = [np.zeros(cells.sounding.shape, bool) for cells in grid.voices]
        places = {voice.name: number for number, voice in enumerate(grid.texture.voices)}
        for name, step, pitch in self.notes:
            voice = grid.texture.voice(name)
            number = places[name]
            cells = _cells_of_note(voice, grid.voices[number], step, pitch)
            held[number][cells] = True
        return masks.whole_notes(grid, mask | masks.of_cells(grid, held))


@dataclass(frozen=True, slots=True)
class Selection:
    """The place that a task may change.

    Attributes:
        start: the first step.
        stop: the step after the last.
        voices: names; none for all.
    """

    start: int
    stop: int
    voices: tuple[str, ...] = ()

    def outside(self, grid: Grid) -> np.ndarray:
        """All codes that the selection holds, shape (T, K), bool; notes that reach out of it among them.

        Raises:
            UsageError: there are no such steps or voices.
        """
        if not 0 <= self.start < self.stop <= grid.steps:
            raise UsageError(
                f"selection: expected 0 <= from_step < to_step <= {grid.steps}, got {self.start} and {self.stop}"
            )
        names = {grid.texture.voice(name).name for name in self.voices}
        return masks.outside(grid, self.start, self.stop, names or None)


def work(
    name: str,
    grid: Grid,
    *,
    locks: Locks = Locks(),
    selection: Selection | None = None,
    options: Mapping[str, Any] | None = None,
    other: Grid | None = None,
    seed: int = 0,
) -> Task:
    """A task by its name, in which locked notes and all that is not selected stay.

    Args:
        name: one of `WORKS`.
        grid: the piece.
        locks: what is held.
        selection: where the task works; None for the whole piece.
        options: of the task: `amount` (vary, humanize), `bars` (continue), `voice` (harmonize), `add` (accompany),
            `keep` (revoice), `share` (blend).
        other: for `blend`, the piece to go to.
        seed: of the choice of notes that are varied.

    Raises:
        UsageError: there is no such task, note, bar, voice or place, or an option makes no sense.
    """
    if name not in WORKS:
        raise UsageError(f"task: expected one of {', '.join(WORKS)}, got {name!r}")
    return WORKS[name](_Desk(grid, locks, selection, dict(options or {}), other, seed))


@dataclass(frozen=True, slots=True)
class _Desk:
    grid: Grid
    locks: Locks
    selection: Selection | None
    options: dict[str, Any]
    other: Grid | None
    seed: int

    @property
    def held(self) -> np.ndarray:
        """What locks and selection hold, closed to whole notes."""
        held = self.locks.mask(self.grid)
        return (
            held if self.selection is None else masks.whole_notes(self.grid, held | self.selection.outside(self.grid))
        )

    @property
    def title(self) -> str:
        return self.grid.title or "piece"

    def options_of(self, *names: str) -> dict[str, Any]:
        return {name: self.options[name] for name in names if self.options.get(name) is not None}


def _compose(desk: _Desk) -> Task:
    held = desk.locks.mask(desk.grid)
    return Task("compose", desk.grid, held, desk.title, _told(desk.grid, held), salt=0)


def _complete(desk: _Desk) -> Task:
    held = desk.held
    return Task("complete", desk.grid, held, desk.title, _told(desk.grid, held), unknown=tasks.unplayed(desk.grid))


def _continue(desk: _Desk) -> Task:
    bars = int(desk.options_of("bars").get("bars", MORE_BARS))
    if bars < 1:
        raise UsageError(f"bars: expected 1 or more to add, got {bars}")
    metre = desk.grid.timeline.metre_at(desk.grid.timeline.length)
    more = pad(desk.grid, int(bars * metre.bar * desk.grid.texture.steps_per_quarter))
    held = masks.whole_notes(more, masks.begun_before(more, desk.grid.steps) | desk.locks.mask(more))
    return Task("continue", more, held, desk.title, f"{count_bars(desk.grid)} bars", (), {"bars": bars})


def _vary(desk: _Desk) -> Task:
    amount = float(desk.options_of("amount").get("amount", 0.3))
    if not 0 <= amount <= 1:
        raise UsageError(f"amount: expected 0 to 1, got {amount:g}")
    held = desk.held
    stays = masks.share_of_notes(desk.grid, amount, np.random.default_rng(desk.seed), held)
    mask = masks.whole_notes(desk.grid, held | stays)
    return Task("vary", desk.grid, mask, desk.title, f"{1 - amount:.0%} of the notes", (), {"amount": amount})


def _humanize(desk: _Desk) -> Task:
    amount = float(desk.options_of("amount").get("amount", 1.0))
    if not 0 <= amount <= 1:
        raise UsageError(f"amount: expected 0 to 1, got {amount:g}")
    if not any(voice.expressive for voice in desk.grid.texture.voices):
        raise UsageError(
            f"humanize: expected a model that has learnt loudness and timing, got one of {desk.grid.texture.name}",
            hint="the model drums has",
        )
    mask = desk.held | masks.expression(desk.grid)
    return Task("humanize", desk.grid, mask, desk.title, "all notes", (), {"amount": amount})


def _of(make: Callable[..., Task], option: str, selected: Callable[[Selection], Any] | None) -> Callable[..., Task]:
    """One of `credo.compose.tasks`, with locks.

    Args:
        make: the task.
        option: its only one.
        selected: what the option is where only voices are selected; None where the task works on these voices.
    """

    def made(desk: _Desk) -> Task:
        options, selection = desk.options_of(option), desk.selection
        if selection is not None and selection.voices and selected:
            options = options or {option: selected(selection)}
            selection = replace(selection, voices=())
        task = make(desk.grid, **options)
        held = task.mask | replace(desk, selection=selection).held
        mask = masks.whole_notes(desk.grid, held)
        unknown = (
            None if task.name == "revoice" else tasks.unplayed(desk.grid)
        )  # a voicing keeps the rhythm of every voice
        return replace(task, mask=mask, lean=_with_mask(task, mask), unknown=unknown)

    return made


def _with_mask(task: Task, mask: np.ndarray) -> Callable[[Composer, Grid], Constraints] | None:
    if task.name != "revoice":
        return task.lean

    def lean(composer: Composer, here: Grid) -> Constraints:
        from credo.compose.revoicing import same_harmonies

        return same_harmonies(composer, here, mask)

    return lean


def _accompany(music: Grid, *, add: Sequence[str] = ()) -> Task:
    return tasks.accompany(music, add=add)


def _blend(desk: _Desk) -> Task:
    if desk.other is None:
        raise UsageError("blend: expected a second piece as `other`, got none")
    share = float(desk.options_of("share").get("share", 0.5))
    if not 0 < share < 1:
        raise UsageError(f"share: expected more than 0 and less than 1, got {share:g}")
    task = tasks.blend(desk.grid, desk.other, share=share)
    held = [cells[: task.grid.steps] for cells in masks.cells_held(desk.grid, desk.locks.mask(desk.grid))]
    lost = [cells[task.grid.steps :].any() for cells in masks.cells_held(desk.grid, desk.locks.mask(desk.grid))]
    if any(lost):
        raise UsageError(
            f"blend: expected a second piece as long as what is locked, got {count_bars(desk.other)} bars",
            hint="unlock what comes later, or take a longer second piece",
        )
    voices = []
    for voice, old, new, keep in zip(desk.grid.texture.voices, desk.grid.voices, task.grid.voices, held, strict=True):
        arrays = [np.where(keep, a[: task.grid.steps], b) for a, b in zip(old.arrays, new.arrays, strict=True)]
        voices.append(Cells.of(voice, *arrays))
    grid = task.grid.with_voices(voices)
    return replace(task, grid=grid, mask=masks.whole_notes(grid, masks.of_cells(grid, held)))


#: The tasks by name.
WORKS: dict[str, Callable[[_Desk], Task]] = {
    "compose": _compose,
    "complete": _complete,
    "vary": _vary,
    "continue": _continue,
    "harmonize": _of(tasks.harmonize, "voice", lambda selection: selection.voices[0]),
    "accompany": _of(_accompany, "add", lambda selection: selection.voices),
    "revoice": _of(tasks.revoice, "keep", None),
    "blend": _blend,
    "humanize": _humanize,
}


def _between(grid: Grid, start: int, stop: int) -> np.ndarray:
    """Hold all from a step to another, and to their ends the notes that sound on there; shape (T, K)."""
    mask = masks.begun_before(grid, stop)
    mask[:start] = False
    return mask


def _cells_of_note(voice: Voice, cells: Cells, step: int, pitch: int) -> Any:
    """Where the cells of a note are, for indexing.

    Raises:
        UsageError: there is no such note.
    """
    index = voice.index(pitch)
    there = index is not None and 0 <= step < len(cells)
    if not there or not (cells.attack[step] if voice.kind == "mono" else cells.attack[step, index]):
        raise UsageError(f"locked notes: expected a note that begins there, got {voice.name}, step {step}, {pitch}")
    line = cells.sounding != REST if voice.kind == "mono" else cells.sounding[:, index]
    attack = cells.attack if voice.kind == "mono" else cells.attack[:, index]
    ends = np.flatnonzero((attack | ~line)[step + 1 :])
    stop = step + 1 + int(ends[0]) if len(ends) else len(cells)
    return slice(step, stop) if voice.kind == "mono" else (slice(step, stop), index)


def _told(grid: Grid, mask: np.ndarray) -> str:
    """What is held, in words."""
    pairs = zip(grid.voices, masks.cells_held(grid, mask), strict=True)
    count = sum(int((cells.attack & held).sum()) for cells, held in pairs)
    return f"{count} notes" if count else "nothing"
