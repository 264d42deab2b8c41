"""From a wish to a piece: a `Composer` turns a `Request` into held cells, samples the rest, and reads the score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import credo
from credo.compose import masks
from credo.compose.seeds import Seed
from credo.errors import UsageError
from credo.models import backend
from credo.models.dbn import DBN
from credo.models.folder import load_model, weights_checksum
from credo.music.grid import Cells, Grid, decode
from credo.music.pitch import Key
from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Metre, Score, Tempo, Timeline
from credo.music.texture import Texture
from credo.music.window import Window, decode_steps, encode_steps, key_codes
from credo.sampling.anneal import Rewriter, Schedule, Tapes

MOST_BARS = 512
MOST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is wished for.

    Attributes:
        bars: length in bars, a seed's bars included.
        tempo: quarters a minute; None for the seed's, or 90.
        key: the key; None for the seed's, or one drawn by the random seed.
        metre: numerator and denominator; None for the seed's, or 4/4.
        temperature: below 1 for more ordinary music, above 1 for stranger.
        seed: of the random numbers.
        iterations: of the annealed sampling.
    """

    bars: int = 16
    tempo: float | None = None
    key: Key | None = None
    metre: tuple[int, int] | None = None
    temperature: float = 1.0
    seed: int = 0
    iterations: int = 256

    def __post_init__(self) -> None:
        if not 1 <= self.bars <= MOST_BARS:
            raise UsageError(f"bars: expected 1 to {MOST_BARS}, got {self.bars}")
        if self.tempo is not None and not 10 <= self.tempo <= 400:
            raise UsageError(f"tempo: expected 10 to 400 quarters a minute, got {self.tempo:g}")
        if not 0.05 <= self.temperature <= 10:
            raise UsageError(f"temperature: expected 0.05 to 10, got {self.temperature:g}")
        if not 0 <= self.seed <= MOST_SEED:
            raise UsageError(f"seed: expected 0 to {MOST_SEED}, got {self.seed}")
        if not 1 <= self.iterations <= 100_000:
            raise UsageError(f"iterations: expected 1 to 100000, got {self.iterations}")
        if self.metre is not None:
            numerator, denominator = self.metre
            if not 1 <= numerator <= 32 or denominator not in (1, 2, 4, 8, 16, 32):
                raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {numerator}/{denominator}")


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

    Example:
        >>> composer = Composer.load("chorale")                           # doctest: +SKIP
        >>> piece = composer.compose(Request(bars=16, seed=7))            # doctest: +SKIP
        >>> credo.save(piece.score, "new.mid")                            # doctest: +SKIP
    """

    def __init__(self, dbn: DBN, card: dict[str, Any], *, checksum: str = "") -> None:
        self.dbn, self.card = dbn, card
        self.texture = Texture.from_dict(card["texture"])
        self.window = Window(self.texture, card["window_steps"])
        self.checksum = checksum
        quarter = self.texture.steps_per_quarter  # training windows begin on quarters
        self._rewriter = Rewriter(dbn, self.window.steps, self.window.cell_of_step_code, hop=quarter)

    @classmethod
    def load(cls, model: str | Path) -> Composer:
        """A composer with a model that came along, such as `chorale`, or a model folder.

        Raises:
            ModelError: there is no such model, or it cannot be used.
        """
        from credo.compose.models import find_model

        folder = find_model(model)
        return cls(*load_model(folder), checksum=weights_checksum(folder))

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
        mask = masks.whole_notes(blank, masks.steps(blank, 0, kept))
        grid = self.complete(blank, mask, request, progress=progress)
        settings = {
            "model": self.card.get("name"),
            "model_sha256": self.checksum,
            "request": _plain(replace(request, key=grid.timeline.key)),
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
            mask: which codes are held, shape (T, K), from `masks`.
            request: temperature, random seed and iterations count here; the rest is the grid's.
            progress: called with (iterations done, iterations in all).

        Returns:
            A grid in which every held cell is as it was.
        """
        tapes = Tapes(encode_steps(grid)[None], mask[None], key_codes(grid.timeline.key).astype(np.int32)[None])
        codes = self._rewriter.rewrite(
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
        steps = timeline.length * self.texture.steps_per_quarter
        if steps.denominator != 1:
            raise UsageError(
                f"metre: expected bars of whole 1/{self.texture.steps_per_quarter} quarters, got {timeline.metres}"
            )
        silent = [Cells.silent(voice, int(steps)) for voice in self.texture.voices]
        if seed is None:
            return Grid(self.texture, tuple(silent), timeline), 0
        kept_steps = int(kept * self.texture.steps_per_quarter)
        cells = []
        for voice, empty, given in zip(self.texture.voices, silent, seed.grid.voices, strict=True):
            arrays = (empty.sounding.copy(), empty.attack.copy(), empty.velocity.copy())
            for target, source in zip(arrays, (given.sounding, given.attack, given.velocity), strict=True):
                target[:kept_steps] = source[:kept_steps]
            cells.append(Cells.of(voice, *arrays))
        return Grid(self.texture, tuple(cells), timeline), kept_steps

    def _draw_key(self, request: Request) -> Key:
        """A key drawn with the random seed, as often as the training data have it."""
        shares = self.card.get("keys") or {"C major": 1.0}
        names = sorted(shares)
        weights = np.array([shares[name] for name in names])
        return Key.parse(names[np.random.default_rng(request.seed).choice(len(names), p=weights / weights.sum())])


def _timeline(request: Request, seed: Seed | None, drawn: Key) -> tuple[Timeline, Fraction]:
    """The timeline of the piece, and how much of it the seed fills (quarters)."""
    if seed is None:
        metre = Metre(Fraction(0), *(request.metre or (4, 4)))
        tempo = Tempo(Fraction(0), request.tempo or DEFAULT_TEMPO_BPM)
        key = KeyChange(Fraction(0), request.key or drawn)
        return Timeline(request.bars * metre.bar, (tempo,), (metre,), (key,)), Fraction(0)
    kept = seed.kept_quarters
    if request.bars <= seed.keep_bars:
        raise UsageError(
            f"bars: expected more than the {seed.keep_bars} bars that are kept, got {request.bars}",
            hint="--bars counts the kept bars too",
        )
    old = seed.grid.timeline
    metre = replace(old.metre_at(kept), onset=kept)
    if request.metre is not None and request.metre != (metre.numerator, metre.denominator):
        metre = Metre(kept, *request.metre)
    new_bars = request.bars - seed.keep_bars
    metres = (*(m for m in old.metres if m.onset < kept), metre)
    if len(metres) > 1 and (metres[-2].numerator, metres[-2].denominator) == (metre.numerator, metre.denominator):
        metres = metres[:-1]
    tempos = tuple(t for t in old.tempos if t.onset < kept)
    if request.tempo is not None:
        tempos = (Tempo(Fraction(0), request.tempo),)
    keys = tuple(k for k in old.keys if k.onset < kept)
    if request.key is not None:
        keys = (KeyChange(Fraction(0), request.key),)
    return Timeline(kept + new_bars * metre.bar, tempos, metres, keys, old.pickup), kept


def _plain(request: Request) -> dict[str, Any]:
    """The request as JSON, its key by name."""
    return {**asdict(request), "key": request.key.name if request.key else None}
