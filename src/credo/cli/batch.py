"""Many pieces or cues made by many processes that share nothing but a folder: `--shard I/N`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from credo.compose.cue.sheets.brief import Brief
    from credo.compose.jobs import Job

#: What the pieces of a folder were asked to be, so that no shard mixes others in.
BATCH_NAME = "batch.json"
#: At most so many pieces in shards; without, at most `MOST_AT_ONCE`.
MOST_PIECES, MOST_AT_ONCE = 1_000_000, 1000
_OWN = ("shard", "count", "out", "help")
_PIECE = re.compile(r"(?:^|-)seed-(\d+)\.json")


def of_share(jobs: Sequence[Job], shard: str, out: Path) -> list[Job]:
    """The jobs of a share whose pieces are not there yet. A job's share depends on its number alone.

    Args:
        jobs: all jobs, one a seed.
        shard: which share, such as `0/4`.
        out: the folder of the pieces.

    Raises:
        UsageError: the share makes no sense.
    """
    from credo.corpora.shards.share import Share

    share = Share.parse(shard)
    there = {int(match[1]) for path in out.glob("*.json") if (match := _PIECE.search(path.name))}
    return [job for job in jobs[share.number :: share.of] if job.request.seed not in there]


def cues_of_share(brief: Brief, count: int, shard: str, out: Path) -> list[Brief]:
    """The briefs of a share whose cues are not there yet; each has a seed of its own, and a name that tells it.

    Args:
        brief: what all are made by; its seed is that of the first.
        count: how many cues there are in all.
        shard: which share, such as `0/4`.
        out: the folder below which each cue's own is made.

    Raises:
        UsageError: the share or the count makes no sense.
    """
    from credo.compose.cue.manifest import slug
    from credo.compose.wishes import MOST_SEED
    from credo.corpora.shards.share import Share
    from credo.errors import UsageError

    first = brief.seed or 0
    most = min(MOST_PIECES, MOST_SEED - first)
    if not 1 <= count <= most:
        raise UsageError(f"count: expected 1 to {most}, got {count}")
    share = Share.parse(shard)
    seeds = range(first + share.number, first + count, share.of)
    briefs = (replace(brief, seed=seed, name=f"{brief.name} seed {seed}") for seed in seeds)
    return [each for each in briefs if not (out / slug(each.name) / "manifest.json").exists()]


@contextmanager
def batch(out: Path, options: Mapping[str, Any]) -> Iterator[None]:
    """Note in a folder what its pieces are asked to be; if nothing comes of it, the note is taken back.

    Args:
        out: the folder of the pieces.
        options: of the command; which share it is, and how many pieces there are, does not matter.

    Raises:
        UsageError: a seed is missing, there are alternatives, or the folder's pieces were asked to be something else.
        FileError: the folder cannot be written.
    """
    from credo.errors import FileError, UsageError
    from credo.io.atomic import write_bytes

    for name, usual, why in (("again", None, "it is one piece"), ("alternatives", 1, "they are ranked together")):
        if options.get(name, usual) != usual:
            raise UsageError(f"shard: expected no --{name} beside it, for {why}")
    if options["seed"] is None:
        raise UsageError("shard: expected --seed beside it, got none", hint="all shards need the same one")
    asked = {name: str(value) for name, value in options.items() if value is not None and name not in _OWN}
    path, new = out / BATCH_NAME, not out.exists()
    try:
        there = json.loads(path.read_bytes())
    except FileNotFoundError:
        there = None
    except (OSError, ValueError) as error:
        raise FileError(path, f"cannot be read: {error}") from error
    if there is not None and there != asked:
        different = sorted(name for name in {*there, *asked} if there.get(name) != asked.get(name))
        raise UsageError(
            f"shard: expected the options of {path}, got another {', '.join(different)}", hint="choose another --out"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(out, f"cannot be made: {error.strerror or error}") from error
    if there is None:
        write_bytes(path, (json.dumps(asked, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode())
    try:
        yield
    except BaseException:
        pieces = any(_PIECE.search(each.name) for each in out.glob("*.json")) or any(out.glob("*/manifest.json"))
        if there is None and not pieces:
            path.unlink(missing_ok=True)
            with suppress(OSError):
                out.rmdir() if new else None
        raise
