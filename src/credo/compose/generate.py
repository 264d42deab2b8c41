"""From a wish to a piece: a `Composer` turns a `Request` into held cells, samples the rest, and reads the score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import credo
from credo.compose import masks
from credo.compose.models import find_model, window_of
from credo.compose.seeds import Seed
from credo.compose.wishes import Request
from credo.errors import ModelError, UsageError
from credo.models import backend
from credo.models.dbn import DBN
from credo.models.folder import load_model, weights_checksum
from credo.music.grid import REST, Cells, Grid, decode
from credo.music.pitch import Key
from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Metre, Score, Tempo, Timeline
from credo.music.texture import Voice
from credo.music.timelines import canonical
from credo.music.window import decode_steps, encode_steps, key_codes
from credo.sampling.anneal import Rewriter, Schedule, Tapes
from credo.shapes import expect


@dataclass(frozen=True, slots=True)
class Composition:
    """A new piece and how it came about.

    Attributes:
        grid: the piece on the model's texture.
        kept_quarters: length of the passage that was given by the user, from the start.
        settings: everything needed to make the piece again.
    """

    grid: Grid
    kept_quarters: Fraction
    settings: dict[str, Any]

    @property
    def score(self) -> Score:
        """The piece as a score."""
        return decode(self.grid)


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
        self.texture = self.window.texture
        if self.window.size != dbn.visible.groups:
            raise ModelError(
                f"model: expected {self.window.size} codes by the card's texture and window, "
                f"got a network of {dbn.visible.groups}"
            )
        self.rewriter = Rewriter(
            dbn,
            self.window.steps,
            self.window.cell_of_step_code,
            hop=self.texture.steps_per_quarter,  # training windows begin on quarters
            line_of_step_code=self.window.line_of_step_code,
        )

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
        grid = self.complete(blank, masks.begun_before(blank, kept), request, progress=progress)
        grid = _struck_anew(grid, blank, kept)
        folder = str(Path(self.given).resolve()) if self.given and Path(self.given).is_dir() else None
        settings = {
            "model": self.card.get("name"),
            "model_given": None if folder else str(self.given),
            "model_folder": folder,
            "model_sha256": self.checksum,
            "key": grid.timeline.key.name if grid.timeline.key else None,
            "request": request.to_dict(),
            "seed_file": None if seed is None else seed.to_dict(),
            "backend": backend.name(),
            "credo": credo.__version__,
        }
        name, key = str(self.card.get("name", "piece")), grid.timeline.key
        title = f"{name[:1].upper()}{name[1:]}{f' in {key.name}' if key else ''}, no. {request.seed}"
        return Composition(replace(grid, title=title, composer="Credo"), grid.quarters(kept), settings)

    def complete(
        self,
        grid: Grid,
        mask: np.ndarray,
        request: Request,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Grid:
        """Sample the cells of a grid that are not held: the one act behind every task.

        Args:
            grid: the held notes, and the piece's timeline.
            mask: which codes are held, shape (T, K), from `masks`. It is closed by `masks.whole_notes`.
            request: temperature, random seed and iterations count here; the rest is the grid's.
            progress: called with (iterations done, iterations in all).

        Returns:
            A grid in which every held cell is as it was.

        Raises:
            UsageError: grid or mask do not fit this model.
        """
        if grid.texture != self.texture:
            raise UsageError(f"grid: expected the model's texture {self.texture.name}, got {grid.texture.name}")
        expect("mask", mask, "T K", T=grid.steps, K=self.window.codes_per_step)
        mask = masks.whole_notes(grid, mask)
        tapes = Tapes(encode_steps(grid)[None], mask[None], key_codes(grid.timeline.key).astype(np.int32)[None])
        codes = self.rewriter.rewrite(
            tapes,
            Schedule(request.iterations),
            temperature=request.temperature,
            seed=request.seed,
            first_step=int(grid.timeline.pickup * self.texture.steps_per_quarter),
            progress=progress,
        )
        return decode_steps(codes[0], grid)

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
    for old, new in zip(
        (empty.sounding, empty.attack, empty.velocity), (given.sounding, given.attack, given.velocity), strict=True
    ):
        filled = old.copy()
        filled[:steps] = np.where(held, new[:steps], old[:steps])
        arrays.append(filled)
    return Cells.of(voice, *arrays)


def _struck_anew(grid: Grid, given: Grid, kept: int) -> Grid:
    """The grid with each given note as long as it was: what goes on at its pitch after it is a note of its own."""
    if not 0 < kept < grid.steps:
        return grid
    voices = []
    for voice, cells, old in zip(grid.texture.voices, grid.voices, given.voices, strict=True):
        sounded = old.sounding != REST if voice.kind == "mono" else old.sounding
        ends = np.zeros_like(sounded)
        ends[kept:] = sounded[kept - 1 : -1] & ~sounded[kept:]
        voices.append(Cells.of(voice, cells.sounding, cells.attack | ends, cells.velocity))
    return grid.with_voices(voices)
