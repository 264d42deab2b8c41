"""One piece of work, from what was typed or written beside a piece: a task's name, its inputs, options and wishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from credo.compose.asked import with_record
from credo.compose.asking import Asking, Wish, ask
from credo.compose.ensemble import join
from credo.compose.form import Form
from credo.compose.given import Given
from credo.compose.seeds import Seed
from credo.compose.tasks import TASKS, Task
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.general_midi import programs_of
from credo.music.scales import OF_THE_KEY
from credo.music.texture import Texture

if TYPE_CHECKING:
    from credo.compose.generate import Composer, Composition

#: What a job has become once its files are read: nothing to go by, a beginning to keep, a form, or a task.
Work = Seed | Form | Task | None


class Input(NamedTuple):
    """A file to work on.

    Attributes:
        path: MIDI, MusicXML or ABC.
        voices: the voices of its parts, in order; empty to find them by name and register.
        lenient: whether to go on without notes that have no place on the model's voices.
    """

    path: Path
    voices: tuple[str, ...] = ()
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A piece that is to be made.

    Attributes:
        task: `compose`, `continue`, `form`, or a name in `TASKS`.
        request: what is wished for.
        inputs: files to work on.
        options: of the task, JSON-able.
        instruments: General MIDI names by voice.
        company: names or folders of further models that play along.
        asking: attributes that are asked for, in the words of the model; request and instruments are as it says.
    """

    task: str
    request: Request
    inputs: tuple[Input, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    instruments: Mapping[str, str] = field(default_factory=dict)
    company: tuple[str, ...] = ()
    asking: Asking | None = None

    def prepare(self, texture: Texture) -> Work:
        """Read the files and check all that can be checked without the model.

        Args:
            texture: of the model.

        Raises:
            FileError: a file cannot be read.
            UsageError: the wish cannot be met.
        """
        programs_of(texture, self.instruments)
        if self.task == "compose":
            return None
        if self.task == "form":
            return Form.from_dict(self.options, self.request.bars)
        if self.task == "continue":
            [seed] = self.inputs
            return Seed.read(seed.path, texture, keep_bars=self.options.get("keep_bars"), lenient=seed.lenient)
        if self.task not in TASKS:
            raise UsageError(f"task: expected one of compose, continue, form, {', '.join(TASKS)}, got {self.task!r}")
        given = [Given.read(path, texture, voices=voices, lenient=lenient) for path, voices, lenient in self.inputs]
        return TASKS[self.task](given, self.options, self.request.seed)

    def wishing(self, wish: Wish, work: Work, card: Mapping[str, Any]) -> tuple[Job, Work]:
        """The job with attributes that are asked for.

        Args:
            wish: the attributes.
            work: from `prepare`.
            card: of the model.

        Returns:
            The job, and its work, in which sections of a form stay in a scale that the wish names.

        Raises:
            UsageError: an attribute makes no sense.
        """
        if wish.empty:
            return self, work
        tonality = work.grid.timeline.key if isinstance(work, Task | Seed) else None
        asking = ask(wish, self.request, card, given=bool(self.inputs), tonality=tonality, instruments=self.instruments)
        job = replace(self, request=asking.request, instruments=asking.instruments, asking=asking)
        if not isinstance(work, Form) or asking.request.scale in (None, OF_THE_KEY, self.request.scale):
            return job, work
        job = replace(job, options={**self.options, "modulate": False})
        return job, Form.from_dict(job.options, job.request.bars)

    def run(
        self,
        composer: Composer,
        work: Work,
        *,
        company: Sequence[Composer] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Composition:
        """Make the piece.

        Args:
            composer: the model.
            work: from `prepare`.
            company: the models that play along.
            progress: called with (iterations done, iterations in all).
        """
        if isinstance(work, Task):
            piece = composer.perform(work, self.request, progress=progress)
        elif isinstance(work, Form):
            piece = work.write(composer, self.request, progress=progress)
        else:
            piece = composer.compose(self.request, work, progress=progress)
        piece = piece.played_by(self.instruments) if self.instruments else piece
        piece = join(piece, company) if company else piece
        return with_record(piece, self.asking) if self.asking else piece


def ranked(composer: Composer, pieces: Sequence[Composition]) -> list[Composition]:
    """Alternatives from conventional to surprising, by `Composer.energy`, which is written beside them."""
    energies = [composer.energy(piece.grid) for piece in pieces]
    order = sorted(range(len(pieces)), key=energies.__getitem__)
    return [
        replace(
            pieces[number],
            settings={**pieces[number].settings, "energy": round(energies[number], 4), "rank": [rank, len(pieces)]},
        )
        for rank, number in enumerate(order, 1)
    ]
