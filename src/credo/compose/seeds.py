"""The beginning of a piece that a user wants to keep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from credo.compose.given import checksum, refuse_losses, with_key
from credo.errors import UsageError
from credo.io.files import load
from credo.music.grid import Grid
from credo.music.score import Score
from credo.music.texture import Texture
from credo.music.transform import fit


@dataclass(frozen=True, slots=True)
class Seed:
    """Bars to keep.

    Attributes:
        grid: the seed on the model's texture.
        keep_bars: how many of its bars are kept, whole, with the rests at their ends; an upbeat counts as the start
            of the first.
        kept_quarters: their length.
        source: path of the file.
        sha256: of the file's bytes.
        lenient: whether notes that have no place on the texture were left out.
    """

    grid: Grid
    keep_bars: int
    kept_quarters: Fraction
    source: str = ""
    sha256: str = ""
    lenient: bool = False

    @classmethod
    def read(cls, path: str | Path, texture: Texture, *, keep_bars: int | None = None, lenient: bool = False) -> Seed:
        """Read a seed from a file.

        Args:
            path: MIDI, MusicXML or ABC.
            texture: of the model that will go on.
            keep_bars: bars to keep from the start; None for all.
            lenient: whether to go on without the notes that have no place on the texture.

        Raises:
            FileError: the file cannot be read.
            UsageError: there are not so many bars, or notes of the kept bars have no place on the texture.
        """
        seed = cls.of(load(path), texture, keep_bars=keep_bars, lenient=lenient)
        return replace(seed, source=str(Path(path).resolve()), sha256=checksum(path), lenient=lenient)

    @classmethod
    def of(cls, score: Score, texture: Texture, *, keep_bars: int | None = None, lenient: bool = False) -> Seed:
        """A seed from a score; see `read`."""
        fitted = fit(score, texture)
        bars = list(fitted.grid.timeline.bars())
        upbeat = 1 if fitted.grid.timeline.pickup else 0
        whole = len(bars) - upbeat
        if keep_bars is None:
            keep_bars = whole
        if not 1 <= keep_bars <= whole:
            raise UsageError(f"keep-bars: expected 1 to {whole}, the bars of the seed, got {keep_bars}")
        kept = bars[keep_bars - 1 + upbeat][1]
        lost = [o for o in fitted.omissions if o.notes and (o.onset is None or o.onset < kept)]
        if not lenient:
            hint = "transpose the seed, keep other bars, or leave such notes out with --lenient"
            refuse_losses("seed", lost, texture, hint=hint)
        return cls(with_key(fitted.grid, score), keep_bars, kept)

    def to_dict(self) -> dict[str, Any]:
        """What is written beside a composition."""
        return {"file": self.source, "sha256": self.sha256, "lenient": self.lenient}
