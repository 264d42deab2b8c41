"""Models that are kept warm, and what a job does with them. All but looking up models runs on the worker's thread."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credo.compose.copying import Checker, line_about
from credo.compose.form import Form
from credo.compose.holding import Selection, work
from credo.compose.humanize import half_way
from credo.compose.models import available, find_model, window_of
from credo.compose.tasks import Task, count_bars
from credo.compose.wishes import MOST_SEED, Request
from credo.errors import CredoError, UsageError
from credo.models.folder import read_card
from credo.music.score import KeyChange
from credo.music.texture import Texture
from credo.web.faults import Fault
from credo.web.jobs import Job
from credo.web.messages import JobMessage, PieceMessage
from credo.web.pieces import Sheet, message_of
from credo.web.wishing import Wished

if TYPE_CHECKING:
    from collections.abc import Callable

    from credo.compose.composition import Composition
    from credo.compose.generate import Composer
    from credo.compose.heat import Heat

_LOG = logging.getLogger("credo.web")
#: Models that are loaded at a time.
MOST_WARM = 3
#: Alternatives that are drawn at once, after the first.
PAIR = 2
#: Length in bars for which kernels are compiled at the start; `warming` sees to others while nobody asks.
WARM_BARS = 4


@dataclass(frozen=True)
class Model:
    """A model that can be chosen.

    Attributes:
        name: by which the page knows it.
        folder: where it is.
        card: what it tells about itself.
        texture: its voices.
        styles: its styles.
    """

    name: str
    folder: Path
    card: dict[str, Any]
    texture: Texture
    styles: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For the page."""
        fields = ("name", "kind", "low", "high", "program", "expressive")
        voices = [
            {name: getattr(voice, name) for name in fields}
            | ({"pitches": [group[0] for group in voice.instruments]} if voice.kind == "drums" else {})
            for voice in self.texture.voices
        ]
        texture = {"name": self.texture.name, "steps_per_quarter": self.texture.steps_per_quarter, "voices": voices}
        return {
            "name": self.name,
            "texture": texture,
            "styles": list(self.styles),
            "keys": sorted(self.card.get("keys") or {}),
        }


class Desk:
    """The models of a Studio.

    Args:
        first: name or folder of the model that is loaded at the start.
    """

    def __init__(self, first: str = "chorale") -> None:
        self.first = first
        self._models: dict[str, Model] | None = None
        self._warm: OrderedDict[str, tuple[Composer, Heat]] = OrderedDict()
        self._checkers: dict[str, Checker] = {}
        self._lock = threading.Lock()

    def models(self) -> dict[str, Model]:
        """The models by name, the first one first. A client names a model; no folder is ever taken from one.

        Raises:
            ModelError: the first one cannot be used.
        """
        with self._lock:
            if self._models is None:
                folder = find_model(self.first)
                name = self.first if self.first in available() else folder.resolve().name
                name = str(read_card(folder).get("name", name)) if Path(self.first).is_dir() else name
                found = {name: _model(name, folder)}
                for other, path in available().items():
                    try:
                        found.setdefault(other, _model(other, path))
                    except CredoError as error:
                        _LOG.warning("%s: %s", other, error)
                self._models = found
            return self._models

    def model(self, name: str) -> Model:
        """A model by its name.

        Raises:
            Fault: 404, there is none.
        """
        models = self.models()
        if name not in models:
            raise Fault(404, "model", f"expected one of {', '.join(models)}, got {name!r}")
        return models[name]

    def sheet(self, piece: PieceMessage) -> Sheet:
        """A piece on its model's texture; see `Sheet.read`."""
        return Sheet.read(piece, self.model(piece.model).texture)

    def warm(self, name: str) -> tuple[Composer, Heat]:
        """A composer, loaded once; on the worker's thread."""
        from credo.compose.generate import Composer
        from credo.compose.heat import Heat

        if name not in self._warm:
            composer = Composer.load(self.model(name).folder)
            self._warm[name] = (composer, Heat(composer))
            while len(self._warm) > MOST_WARM:
                self._warm.popitem(last=False)
        self._warm.move_to_end(name)
        return self._warm[name]

    def checker(self, name: str) -> Checker:
        """What looks for a model's training data in its pieces; on the worker's thread."""
        if name not in self._checkers:
            self._checkers[name] = Checker.of(self.model(name).folder)
        return self._checkers[name]

    def heat(self, sheet: Sheet) -> dict[str, Any]:
        """What surprises the model in a piece; on the worker's thread."""
        composer, heat = self.warm(sheet.piece.model)
        return {"energy": round(composer.energy(sheet.grid), 4), "bars": _rounded(heat.bars(sheet.grid))}

    def prepare(self, message: JobMessage) -> Plan:
        """Check all that can be checked before a job waits.

        Raises:
            UsageError, Fault: something makes no sense.
        """
        return Plan.read(self, message)

    def warm_up(self, name: str, bars: int, count: int = 1) -> None:
        """Compile what so many alternatives at once of so many bars need; on the worker's thread."""
        from credo.compose import masks

        composer, heat = self.warm(name)
        request = Request(bars=bars, iterations=1)
        blank = composer.blank(request)
        grid = composer.complete_often(blank, masks.nothing(blank), request, count, seeds=range(count))[0]
        heat.bars(grid)
        composer.energy(grid)


@dataclass(frozen=True)
class Plan:
    """A job that was checked."""

    desk: Desk
    message: JobMessage
    sheet: Sheet
    other: Sheet | None
    selection: Selection | None
    wished: Wished
    bars: int
    form: Form | None = None

    @classmethod
    def read(cls, desk: Desk, message: JobMessage) -> Plan:
        """Check a job; see `Desk.prepare`."""
        piece, options = message.piece, message.options.model_dump()
        form = _form(message) if message.task == "form" else None
        if form:
            piece = piece.model_copy(update={"bars": form.bars, "notes": []})
        if message.task == "compose" and message.options.bars is not None:
            bars = message.options.bars
            last = max((note.onset for note in piece.notes if note.locked), default=-1)
            if last < 0 and not piece.locked_bars and not piece.locked_voices:
                piece = piece.model_copy(update={"bars": bars, "notes": []})
        model = desk.model(piece.model)
        sheet = Sheet.read(piece, model.texture)
        other = None
        if message.other is not None:
            if message.other.model != piece.model:
                raise Fault(422, "usage", f"other: expected a piece of {piece.model}, got one of {message.other.model}")
            other = Sheet.read(message.other, model.texture)
        chosen = message.selection
        selection = chosen and Selection(chosen.from_step, chosen.to_step, tuple(chosen.voices))
        second = other.grid if other else None
        task = work(
            _work_of(message), sheet.grid, locks=sheet.locks, selection=selection, options=options, other=second
        )  # tells what makes no sense
        bars = count_bars(task.grid)
        wished = Wished.read(message.wishes, piece, bars, model.styles, model.texture)
        return cls(desk, message, sheet, other, selection, wished, bars, form)

    def do(self, job: Job) -> None:
        """Make the alternatives, from conventional to surprising; on the worker's thread."""
        message, model = self.message, self.desk.model(self.sheet.piece.model)
        composer, heat = self.desk.warm(model.name)
        seeds = [(self.wished.request.seed + number) % MOST_SEED for number in range(message.alternatives)]
        found: list[dict[str, Any]] = []
        while seeds:
            task, asked, remarks = self._asked(composer, model, seeds[0])
            some = [seeds.pop(0) for _ in range(self._at_once(asked, len(seeds), bool(found)))]

            def told(done: int, total: int, here: int = len(some)) -> None:
                job.advance((len(found) + here * done / max(total, 1)) / message.alternatives)

            for seed, piece in zip(some, self._pieces(composer, task, asked, some, told), strict=True):
                held, copied = self._untouched(task), self._copied(piece, task)
                found.append(
                    {
                        "piece": self.sheet.answer(piece.grid, held, task.grid, fresh=f"s{seed}n"),
                        "seed": seed,
                        "rank": 0,
                        "energy": round(composer.energy(piece.grid), 4),
                        "heat": _rounded(heat.bars(piece.grid)),
                        "remarks": [*copied, *remarks, *piece.settings["remarks"]],
                    }
                )
            ranked = sorted(found, key=lambda result: (result["energy"], result["seed"]))
            job.results = [{**result, "rank": rank} for rank, result in enumerate(ranked, 1)]
            job.advance(len(found) / message.alternatives)

    def _pieces(
        self, composer: Composer, task: Task, asked: Request, seeds: list[int], told: Callable[[int, int], None]
    ) -> list[Composition]:
        """What is drawn with some seeds."""
        if self.form:
            return [self.form.write(composer, asked, progress=told)]
        pieces = composer.perform_often(task, asked, seeds, progress=told)
        if task.name != "humanize":
            return pieces
        amount = task.options["amount"]
        return [replace(piece, grid=half_way(task.grid, piece.grid, amount)) for piece in pieces]

    def _copied(self, piece: Composition, task: Task) -> list[str]:
        """A line if what is new of a piece is too near to the training data."""
        if task.name == "humanize":  # the notes are the user's
            return []
        settings = self.desk.checker(self.sheet.piece.model).check(piece, None if self.form else task).settings
        return [line_about(settings)] if settings.get("originality", {}).get("above") else []

    def _untouched(self, task: Task) -> Any:
        """The codes of the notes that come out as they went in, shape (T, K), bool."""
        if task.name != "humanize":
            return task.mask
        locked = self.sheet.locks.mask(task.grid)
        return locked if self.selection is None else locked | self.selection.outside(task.grid)

    def _at_once(self, asked: Request, left: int, begun: bool) -> int:
        """How many of the alternatives are drawn together: the first alone, for it is waited for, the others in pairs.

        What a seed decides before the notes are drawn cannot be shared: a key, a choice of notes, places of moments.
        """
        own = self.message.task in ("vary", "form")
        shared = self.sheet.grid.timeline.keys and not own and not (asked.moments or asked.colour)
        return PAIR if begun and shared and left >= PAIR else 1

    def _asked(self, composer: Composer, model: Model, seed: int) -> tuple[Task, Request, list[str]]:
        """The task of a seed, what is asked of it, and what cannot be asked."""
        drawn, grid = replace(self.wished.request, seed=seed), self.sheet.grid
        if not grid.timeline.keys:
            grid = _in_some_key(composer, grid, drawn)
        task = work(
            _work_of(self.message),
            grid,
            locks=self.sheet.locks,
            selection=self.selection,
            options=self.message.options.model_dump(),
            other=self.other.grid if self.other else None,
            seed=seed,
        )
        asked, remarks = self.wished.asked(drawn, model.card, task.grid.timeline.key)
        return task, asked, remarks


def _work_of(message: JobMessage) -> str:
    """The name in `credo.compose.holding.WORKS`: a form is composed section by section."""
    return "compose" if message.task == "form" else message.task


def _form(message: JobMessage) -> Form:
    """The form that is asked for.

    Raises:
        UsageError: there is no such form, or something is locked, which a form cannot keep.
    """
    piece, options = message.piece, message.options
    if piece.locked_bars or piece.locked_voices or any(note.locked for note in piece.notes):
        raise UsageError("form: expected nothing locked, for all of the piece is written", hint="unlock it first")
    if not options.pattern:
        raise UsageError("form: expected a pattern such as AABA, got none")
    chosen = {name: getattr(options, name) for name in ("section_bars", "vary", "modulate")}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    return Form.parse(options.pattern, bars=options.bars, **chosen)


def _in_some_key(composer: Composer, grid: Any, request: Any) -> Any:
    """The grid in the key that its notes tell, or in one that is drawn where there are none; drums have none."""
    from credo.compose.given import voices_that_sound, with_key
    from credo.music.grid import decode

    pitched = {voice.name for voice in grid.texture.voices if voice.kind != "drums"}
    if pitched & set(voices_that_sound(grid)):
        return with_key(grid, decode(grid))
    key = composer.blank(request).timeline.key
    keys = (KeyChange(grid.timeline.length * 0, key),) if key else ()
    return replace(grid, timeline=replace(grid.timeline, keys=keys))


def _model(name: str, folder: Path) -> Model:
    card = read_card(folder)
    window = window_of(card)
    return Model(name, folder, card, window.natural, tuple(window.styles))


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 3) for value in values]


__all__ = ["Desk", "Model", "Plan", "message_of"]
