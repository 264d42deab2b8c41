"""From a wish to a piece: a `Composer` turns a `Request` into held cells, samples the rest, and reads the score."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

import credo
from credo.compose import masks
from credo.compose.composition import Composition
from credo.compose.constraints.finish import finish
from credo.compose.constraints.frame import Frame
from credo.compose.constraints.obey import obey
from credo.compose.manner import draw
from credo.compose.models import find_model, schedule_of, window_of
from credo.compose.seeds import Seed
from credo.compose.styles import check_style, mix
from credo.compose.tasks import Task, count_bars, in_tempo_and_key
from credo.compose.wishes import MOST_SEED, Request
from credo.errors import ModelError, UsageError
from credo.models import backend
from credo.models.dbn import DBN
from credo.models.folder import load_model, weights_checksum
from credo.music.grid import REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Metre, Tempo, Timeline
from credo.music.steps import decode_steps, encode_steps, key_codes
from credo.music.texture import Voice
from credo.music.timelines import canonical
from credo.sampling.anneal import FREE, Constraints, Rewriter, Tapes
from credo.shapes import expect


class Composer:
    """Composes with one model, which stays compiled between pieces.

    Args:
        dbn: a fine-tuned network.
        card: the model's card, with its texture and window.
        checksum: of the weights, written beside each piece.
        given: name or folder by which the user called the model, written beside each piece.

    Raises:
        ModelError: the card makes no sense, or does not fit the network.

    Example:
        >>> composer = Composer.load("chorale")                           # doctest: +SKIP
        >>> piece = composer.compose(Request(bars=16, seed=7))            # doctest: +SKIP
        >>> credo.save(piece.score, "new.mid")                            # doctest: +SKIP
    """

    def __init__(self, dbn: DBN, card: dict[str, Any], *, checksum: str = "", given: str | Path = "") -> None:
        self.dbn, self.card, self.checksum, self.given = dbn, card, checksum, given
        self.window = window_of(card)
        self.texture = self.window.natural
        self.temperature = float(card.get("temperature", 1.0))  # at which the model is best sampled, and how
        self.schedule = schedule_of(card)
        units = sum(block.groups * (block.categories if block.kind == "softmax" else 1) for block in self.window.blocks)
        if (self.window.size, units) != (dbn.visible.groups, dbn.visible.size):
            raise ModelError(f"model: expected {units} visible units by the card, got a network of {dbn.visible.size}")
        self.rewriter = Rewriter(dbn)
        self._energy = backend.compiled(dbn, lambda codes: dbn.energy(dbn.visible.expand(codes)))

    @classmethod
    def load(cls, model: str | Path) -> Composer:
        """A composer with a model that came along, such as `chorale`, or a model folder.

        Raises:
            ModelError: there is no such model, or it cannot be used.
        """
        folder = find_model(model)
        return cls(*load_model(folder), checksum=weights_checksum(folder), given=model)

    def compose(
        self,
        request: Request,
        seed: Seed | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Composition:
        """Compose a piece: from noise, or as the continuation of a seed whose bars are held.

        Args:
            request: what is wished for.
            seed: the beginning to keep, from `Seed.read`.
            progress: called with (iterations done, iterations in all).

        Raises:
            UsageError: the wish cannot be met by this model.
        """
        blank, kept = self._blank(request, seed)
        name, key = str(self.card.get("name", "piece")), blank.timeline.key
        task = Task(
            "continue" if seed else "compose",
            blank,
            masks.begun_before(blank, kept),
            f"{name[:1].upper()}{name[1:]}{f' in {key.name}' if key else ''}",
            f"{seed.keep_bars} bars" if seed else "nothing",
            (seed,) if seed else (),
            {"keep_bars": seed.keep_bars} if seed else {},
            salt=0,
        )
        return replace(self.perform(task, request, progress=progress), kept_quarters=blank.quarters(kept))

    def perform(
        self, task: Task, request: Request, *, progress: Callable[[int, int], None] | None = None
    ) -> Composition:
        """Do a task of `credo.compose.tasks`: hold what it holds, sample the rest.

        Args:
            task: what is held.
            request: what is wished for; length and metre are the task's.
            progress: called with (iterations done, iterations in all).

        Raises:
            UsageError: the wish cannot be met by this model.
        """
        return self.perform_often(task, request, (request.seed,), progress=progress)[0]

    def perform_often(
        self,
        task: Task,
        request: Request,
        seeds: Sequence[int],
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Composition]:
        """Do a task several times over, all at once: faster than one after the other.

        Args:
            task: what is held.
            request: as for `perform`; its own seed counts for `moments` and `colour`, which all have in common.
            seeds: of each. Each can be had again with `perform`, but for a rare draw that hangs on rounding.
            progress: called with (iterations done, iterations in all).

        Raises:
            UsageError: as `perform`.
        """
        given = in_tempo_and_key(task.grid, request.tempo, request.key)
        request = replace(request, bars=count_bars(given))
        constraints, remarks = task.lean(self, given) if task.lean else FREE, list[str]()
        draws = replace(request, seed=(request.seed + task.salt) % MOST_SEED)
        salted = [(seed + task.salt) % MOST_SEED for seed in seeds]
        options = {"constraints": constraints, "progress": progress, "remarks": remarks, "seeds": salted}
        told = task.mask if task.unknown is None else task.mask & ~task.unknown
        grids, pieces = self.complete_often(given, told, draws, len(seeds), **options), []
        held = masks.whole_notes(given, task.mask)
        for grid, seed in zip(grids, seeds, strict=True):
            grid = grid if task.unknown is None else masks.put_back(grid, given, task.mask & task.unknown)
            piece = self.signed(_struck_anew(grid, given, held), task, replace(request, seed=seed))
            pieces.append(replace(piece, settings={**piece.settings, "remarks": list(dict.fromkeys(remarks))}))
        return pieces

    def signed(self, grid: Grid, task: Task, request: Request) -> Composition:
        """A finished grid with its title and all that is needed to make it again."""
        folder = str(Path(self.given).resolve()) if self.given and Path(self.given).is_dir() else None
        settings = {
            "title": task.title,
            "task": {"name": task.name, "options": dict(task.options), "held": task.held},
            "inputs": [given.to_dict() for given in task.inputs],
            "model": self.card.get("name"),
            "model_given": None if folder else str(self.given),
            "model_folder": folder,
            "model_sha256": self.checksum,
            "key": grid.timeline.key.name if grid.timeline.key else None,
            "request": request.to_dict(),
            "instruments": {},
            "backend": backend.name(),
            "credo": credo.__version__,
        }
        grid = replace(grid, title=f"{task.title}, no. {request.seed}", composer="Credo")
        return Composition(grid, Fraction(0), settings)

    def complete(
        self,
        grid: Grid,
        mask: np.ndarray,
        request: Request,
        *,
        constraints: Constraints = FREE,
        progress: Callable[[int, int], None] | None = None,
        remarks: list[str] | None = None,
    ) -> Grid:
        """Sample the cells of a grid that are not held: the one act behind every task.

        Args:
            grid: the held notes, and the piece's timeline.
            mask: which codes are held, shape (T, K), from `masks`. It is closed by `masks.whole_notes`.
            request: temperature, random seed, iterations and constraints count here; the rest is the grid's.
            constraints: what else the draws have to obey.
            progress: called with (iterations done, iterations in all).
            remarks: a list that gets a line for each wish that held notes do not obey or leave no choice for.

        Returns:
            A grid in which every held cell is as it was.

        Raises:
            UsageError: grid or mask do not fit this model, or a wish cannot be met.
        """
        options = {"constraints": constraints, "progress": progress, "remarks": remarks}
        return self.complete_often(grid, mask, request, 1, **options)[0]

    def complete_often(
        self,
        grid: Grid,
        mask: np.ndarray,
        request: Request,
        count: int,
        *,
        constraints: Constraints = FREE,
        progress: Callable[[int, int], None] | None = None,
        remarks: list[str] | None = None,
        seeds: Sequence[int] = (),
    ) -> list[Grid]:
        """Sample the free cells several times over, all at once: much faster than one after the other.

        Only the first can be had again by itself, with `complete`; with `seeds`, all.

        Args:
            grid: as for `complete`.
            mask: as for `complete`.
            request: as for `complete`.
            count: how many.
            constraints: as for `complete`.
            progress: as for `complete`.
            remarks: as for `complete`; gets the lines of all.
            seeds: of each, in the place of the request's.

        Returns:
            As many grids, drawn independently.

        Raises:
            UsageError: as `complete`.
        """
        if grid.texture != self.texture:
            raise UsageError(f"grid: expected the model's texture {self.texture.name}, got {grid.texture.name}")
        expect("mask", mask, "T K", T=grid.steps, K=replace(self.window, room=0).codes_per_step)
        mask = masks.whole_notes(grid, mask)
        window = self.window.at(grid.timeline.key)
        seated = window.seat(grid)
        orders = obey(Frame(window, seated, window.seat_mask(mask)), request, constraints)
        first_step = int(grid.timeline.pickup * window.beat)
        codes, music = self.beats(grid), window.size - window.labels
        codes[:, :music] = window.to_beats(window.repeated(orders.codes), first_step=first_step)[:, :music]
        free = window.to_beats(~orders.held, first_step=first_step)
        style = check_style(request.style, window.styles)
        context = mix(window, style, codes, orders.constraints.context)
        constraints = orders.constraints._replace(context=context)
        drawn = np.repeat(codes[None], count, axis=0)
        if not orders.held.all():
            tapes = Tapes(drawn, np.repeat(~free[None], count, axis=0))
            best = {"heat": self.temperature, "schedule": self.schedule, "seeds": seeds}
            drawn = draw(self.rewriter, window, tapes, request, constraints, progress, **best)
        grids = []
        for each in drawn:
            steps = window.attacked(window.to_steps(each, steps=grid.steps, first_step=first_step))
            steps, lines = finish(orders, np.where(orders.held, orders.codes, steps))
            if remarks is not None:
                remarks += lines
            grids.append(window.unseat(decode_steps(steps, seated)))
        return grids

    def beats(self, grid: Grid) -> np.ndarray:
        """The codes of a grid, beat by beat, with the key of each beat among them; shape (L, G), uint8."""
        timeline, beat, window = grid.timeline, self.window.beat, self.window.at(grid.timeline.key)
        first_step = int(timeline.pickup * beat)
        codes = window.to_beats(window.repeated(encode_steps(window.seat(grid))), first_step=first_step)
        if timeline.keys:
            first = np.arange(len(codes)) * beat - (-first_step % beat)  # first step of each beat
            onsets = np.array([float(change.onset) for change in timeline.keys[1:]]) * beat
            keys = np.stack([key_codes(change.key, window.shift) for change in timeline.keys])
            codes[:, self.window.size - self.window.labels :][:, :2] = keys[np.searchsorted(onsets, first, "right")]
        return codes

    def energy(self, grid: Grid) -> float:
        """How surprising a piece is: `DBN.energy`, in nats a beat; lower is more conventional."""
        around = sum(span // 2 for span in self.dbn.spans)  # as in training, nothing but silence before and after
        codes = np.pad(self.beats(grid), ((around, around), (0, 0)))
        nats = self._energy(ops.convert_to_tensor(codes[None].astype("int32")))
        return float(ops.convert_to_numpy(nats)[0]) / (len(codes) - 2 * around)

    def blank(self, request: Request) -> Grid:
        """Silence of the length wished for, with tempo, metre and key.

        Raises:
            UsageError: the wish cannot be met by this model.
        """
        return self._blank(request, None)[0]

    def _blank(self, request: Request, seed: Seed | None) -> tuple[Grid, int]:
        """The held notes on a timeline of the length wished for, and how many steps are held."""
        timeline, kept = _timeline(request, seed, self._draw_key(request))
        steps, metre = timeline.length * self.texture.steps_per_quarter, timeline.metres[-1]
        if (metre.bar * self.texture.steps_per_quarter).denominator != 1:
            raise UsageError(
                f"metre: expected bars of whole 1/{self.texture.steps_per_quarter} quarters, "
                f"got {metre.numerator}/{metre.denominator}"
            )
        silent = [Cells.silent(voice, int(steps)) for voice in self.texture.voices]
        if seed is None:
            return Grid(self.texture, tuple(silent), timeline), 0
        kept_steps = int(kept * self.texture.steps_per_quarter)
        cells = [
            _beginning(voice, empty, given, kept_steps)
            for voice, empty, given in zip(self.texture.voices, silent, seed.grid.voices, strict=True)
        ]
        return Grid(self.texture, tuple(cells), timeline), kept_steps

    def _draw_key(self, request: Request) -> Key | None:
        """A key drawn with the random seed, as often as the training data have it; none for drums alone."""
        if all(voice.kind == "drums" for voice in self.texture.voices):
            return None
        shares = self.card.get("keys") or {"C major": 1.0}
        names = sorted(shares)
        weights = np.array([shares[name] for name in names], float)
        return Key.parse(names[np.random.default_rng(request.seed).choice(len(names), p=weights / weights.sum())])


def _timeline(request: Request, seed: Seed | None, drawn: Key | None) -> tuple[Timeline, Fraction]:
    """The timeline of the piece, and how much of it the seed fills (quarters)."""
    if seed is None:
        metre = Metre(Fraction(0), *(request.metre or (4, 4)))
        tempo = Tempo(Fraction(0), request.tempo or DEFAULT_TEMPO_BPM)
        key = request.key or drawn
        keys = (KeyChange(Fraction(0), key),) if key else ()
        return Timeline(request.bars * metre.bar, (tempo,), (metre,), keys), Fraction(0)
    kept = seed.kept_quarters
    if request.bars <= seed.keep_bars:
        raise UsageError(
            f"bars: expected more than the {seed.keep_bars} bars that are kept, got {request.bars}",
            hint="--bars counts the kept bars too",
        )
    old = seed.grid.timeline
    metres = tuple(m for m in old.metres if m.onset < kept) or (replace(old.metre_at(kept), onset=Fraction(0)),)
    metre = Metre(kept, *request.metre) if request.metre else replace(metres[-1], onset=kept)
    tempos = tuple(t for t in old.tempos if t.onset < kept)
    if request.tempo is not None:
        tempos = (Tempo(Fraction(0), request.tempo),)
    keys = tuple(k for k in old.keys if k.onset < kept)
    if request.key is not None:
        keys = (KeyChange(Fraction(0), request.key),)
    length = kept + (request.bars - seed.keep_bars) * metre.bar
    return canonical(Timeline(length, tempos, (*metres, metre), keys, old.pickup)), kept


def _beginning(voice: Voice, empty: Cells, given: Cells, kept: int) -> Cells:
    """Silent cells that begin with given ones: `kept` steps, and the rest of the notes that began in them."""
    steps = min(len(empty), len(given))
    held = masks.lasting(voice, given, kept)[:steps]
    arrays = []
    for old, new in zip(empty.arrays, given.arrays, strict=True):
        filled = old.copy()
        filled[:steps] = np.where(held, new[:steps], old[:steps])
        arrays.append(filled)
    return Cells.of(voice, *arrays)


def _struck_anew(grid: Grid, given: Grid, mask: np.ndarray) -> Grid:
    """The grid with each held note as long as it was: what goes on at its pitch after it is a note of its own."""
    voices = []
    per_voice = zip(grid.texture.voices, grid.voices, given.voices, masks.cells_held(grid, mask), strict=True)
    for voice, cells, old, held in per_voice:
        sounded = old.sounding != REST if voice.kind == "mono" else old.sounding
        ends = np.zeros_like(sounded)
        ends[1:] = sounded[:-1] & held[:-1] & ~held[1:]
        voices.append(Cells.of(voice, cells.sounding, cells.attack | ends, cells.velocity, cells.offset))
    return grid.with_voices(voices)
