"""What `credo corpus` does with `--shard` and `--merge`: many files, read by many processes that share nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from credo.corpora.corpus import Card
from credo.corpora.ingest import Plan, Progress
from credo.corpora.reading.prepare import Rules
from credo.corpora.reading.styles import StyleFrom
from credo.corpora.report import Report
from credo.corpora.shards.merge import merge_parts
from credo.corpora.shards.read import read_share
from credo.corpora.shards.share import Share
from credo.errors import UsageError
from credo.music.texture import Texture


def refuse(given: Mapping[str, Any], why: str, hint: str) -> None:
    """Raise if one of some options is given.

    Raises:
        UsageError: one is.
    """
    for option, value in given.items():
        if value:
            raise UsageError(f"{option}: expected none {why}, got {value}", hint=hint)


def shard(
    source: str,
    text: str,
    out: Path | None,
    texture: Texture,
    parts: tuple[str, ...],
    workers: int | None,
    progress: Progress,
) -> list[str]:
    """Read one share of the files; gives lines that say what became of them."""
    share = Share.parse(text)
    if out is None:
        raise UsageError("out: expected --out with the folder of all parts, got none")
    plan = Plan(texture, Card("part"), Rules(parts=parts))
    report = read_share(source, plan, share, out, workers=workers, progress=progress)
    lines = [f"Shard {text}: {report['files']} files, {report['read_now']} read now, {report['pieces']} are pieces"]
    lines += [f"Left out, {reason}: {count}" for reason, count in report["reasons"].items()]
    return [*lines, f"Part: {out / share.file_name}"]


def merge(
    source: str, out: Path | None, name: str | None, licence: str, style_from: StyleFrom, progress: Progress
) -> tuple[Path, Report]:
    """Put parts together; gives the folder of the corpus and its report."""
    if out is None:
        raise UsageError("out: expected --out with the folder of the corpus, got none")
    _, report = merge_parts(source, out, name=name, licence=licence, style_from=style_from, progress=progress)
    return out, report
