"""What became of each file, and what the corpus holds: for people (Markdown) and for machines (JSON)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from credo.corpora.corpus import Card, Corpus
from credo.corpora.statistics import Statistics, VoiceStatistics, statistics
from credo.errors import DISTRIBUTION, CorpusError
from credo.io.atomic import atomic_path
from credo.io.files import SOUND_SUFFIXES
from credo.music.pitch import pitch_name

REPORT_NAME = "report.md"
REPORT_JSON_NAME = "report.json"
_BAR = 30


@dataclass(frozen=True)
class LeftOut:
    """A file that did not become a piece.

    Attributes:
        name: of the file.
        reason: the kind of reason, the same words for all such files.
        detail: what exactly.
    """

    name: str
    reason: str
    detail: str


@dataclass(frozen=True)
class Omitted:
    """A piece that lost some of its notes.

    Attributes:
        name: of the piece.
        omitted: notes that have no place in the texture.
        notes: notes that are kept.
        remarks: what and why, a line each.
    """

    name: str
    omitted: int
    notes: int
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What became of each file.

    Attributes:
        card: of the corpus.
        files: number of files that were looked at.
        others: number of files of other kinds.
        left_out: the files that did not become pieces, by name.
        omitted: the pieces that lost some notes, by name.
        statistics: of the pieces.
        heard: number of pieces that are recordings.
        unheard: number of recordings that were not looked at, for want of the extra `transcribe`.
        counts: where `left_out` and `omitted` list only the first ones: the number of files `left_out` by reason, and
            the number of pieces that `omitted` notes; None where they list all.
    """

    card: Card
    files: int
    others: int
    left_out: tuple[LeftOut, ...]
    omitted: tuple[Omitted, ...]
    statistics: Statistics
    heard: int = 0
    unheard: int = 0
    counts: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, corpus: Corpus, files: int, left_out: tuple[LeftOut, ...] = (), others: int = 0) -> Report:
        """The report on a corpus and on the files that are not in it."""
        omitted = tuple(
            Omitted(piece.name, piece.source.omitted, piece.source.notes, piece.source.remarks)
            for piece in corpus.pieces
            if piece.source.omitted
        )
        heard = sum(PurePosixPath(piece.name).suffix.lower() in SOUND_SUFFIXES for piece in corpus.pieces)
        return cls(corpus.card, files, others, left_out, omitted, statistics(corpus), heard)

    @property
    def reasons(self) -> dict[str, int]:
        """Number of files left out by reason, commonest first."""
        if self.counts:
            return dict(self.counts["left_out"])
        return dict(Counter(entry.reason for entry in self.left_out).most_common())

    @property
    def pieces_omitted(self) -> int:
        """Number of pieces that lost some notes."""
        return self.counts["omitted"] if self.counts else len(self.omitted)

    def save(self, folder: Path) -> None:
        """Write `report.md` and `report.json`."""
        facts = {key: value for key, value in asdict(self).items() if key != "counts" or value}
        machine = json.dumps({**facts, "reasons": self.reasons}, ensure_ascii=False, indent=1) + "\n"
        for name, text in ((REPORT_NAME, self.to_markdown()), (REPORT_JSON_NAME, machine)):
            with atomic_path(folder / name) as path:
                Path(path).write_bytes(text.encode("utf-8", "backslashreplace"))

    @classmethod
    def load(cls, folder: str | Path) -> Report:
        """Read the report beside a corpus.

        Raises:
            CorpusError: there is none, or it is damaged.
        """
        path = Path(folder) / REPORT_JSON_NAME
        try:
            data = json.loads(path.read_bytes())
            return cls(
                Card(**data["card"]),
                data["files"],
                data["others"],
                tuple(LeftOut(**entry) for entry in data["left_out"]),
                tuple(Omitted(**{**entry, "remarks": tuple(entry["remarks"])}) for entry in data["omitted"]),
                Statistics.from_dict(data["statistics"]),
                data.get("heard", 0),
                data.get("unheard", 0),
                data.get("counts"),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{path}: expected the report of a corpus: {error}") from error

    def rows(self) -> list[tuple[str, str]]:
        """The summary, line by line: what, and how much."""
        s = self.statistics
        splits = ", ".join(f"{count} {split}" for split, count in s.splits.items())
        rows = [("Files", f"{self.files}, of which {s.pieces} are kept"), ("Pieces", f"{s.pieces}: {splits}")]
        rows += [(f"Left out, {reason}", str(count)) for reason, count in self.reasons.items()]
        if self.heard:
            what = "1 recording was heard" if self.heard == 1 else f"{self.heard} recordings were heard"
            rows.append(("Recordings", f"{what}; a part of their notes is wrong"))
        if self.unheard:
            what = "1 recording was" if self.unheard == 1 else f"{self.unheard} recordings were"
            rows.append(("Recordings", f'{what} not read: pip install "{DISTRIBUTION}[transcribe]"'))
        if s.omitted:
            rows.append(
                ("Notes left out", f"{s.omitted} in {self.pieces_omitted} pieces ({_share(s.omitted, s.notes)})")
            )
        rows.append(("Length", f"{s.bars} bars, {s.quarters:.0f} quarters, {s.minutes:.0f} minutes"))
        rows.append(("Notes", f"{s.notes}, of which {100 * s.off_grid:.1f} % were moved onto the grid"))
        rows += [(voice.name.capitalize(), _voice_line(voice)) for voice in s.voices]
        for name, counts in (
            ("Styles", s.styles),
            ("Keys", s.keys),
            ("Metres", s.metres),
            ("Quarters a note", s.lengths),
        ):
            if counts and set(counts) != {"none"}:
                rows.append((name, _shares(counts)))
        if s.triads is not None:
            rows.append(("Triads", f"{100 * s.triads:.1f} % of sounding steps are a major or minor triad"))
        if s.dissonance is not None:
            rows.append(("Dissonance", f"{100 * s.dissonance:.1f} % of sounding pairs of voices"))
        if s.parallel_fifths is not None and s.parallel_octaves is not None:
            fifths, octaves = 1000 * s.parallel_fifths, 1000 * s.parallel_octaves
            rows.append(("Parallels", f"{fifths:.1f} fifths and {octaves:.1f} octaves a thousand pairs that move"))
        if s.crossings is not None:
            rows.append(("Crossings", f"{100 * s.crossings:.1f} % of sounding steps"))
        return rows

    def to_markdown(self) -> str:
        """The report for people."""
        s, card = self.statistics, self.card
        lines = [f"# Corpus {card.name}", ""]
        lines += [card.description, ""] if card.description else []
        told = (("Licence", card.licence), ("Please cite", card.citation), ("From", card.origin))
        lines += [f"* {label}: {text}" for label, text in told if text]
        lines += ["", "## Summary", "", "| | |", "|---|---|"]
        lines += [f"| {label} | {_cell(text)} |" for label, text in self.rows()]
        for voice in s.voices:
            lines += ["", f"## Pitches of the {voice.name}" if voice.kind != "drums" else "## Hits by drum", ""]
            name = str if voice.kind == "drums" else pitch_name
            lines += _bars({name(pitch): count for pitch, count in voice.pitches.items()})
        for title, counts in (
            ("Styles, by pieces", s.styles),
            ("Keys", s.keys),
            ("Metres, by bars", s.metres),
            ("Note lengths in quarters", s.lengths),
        ):
            if counts and set(counts) != {"none"}:
                lines += ["", f"## {title}", "", *_bars(dict(list(counts.items())[:24]))]
        if self.left_out:
            lines += ["", "## Files left out", ""]
            lines += [f"* `{entry.name}`: {entry.reason}: {entry.detail}" for entry in self.left_out]
            lines += _more(sum(self.reasons.values()) - len(self.left_out), "left-out.jsonl")
        if self.omitted:
            lines += ["", "## Pieces that lost some notes", ""]
            lines += [
                f"* `{entry.name}`: {entry.omitted} of {entry.omitted + entry.notes}: {'; '.join(entry.remarks)}"
                for entry in self.omitted
            ]
            lines += _more(self.pieces_omitted - len(self.omitted), "pieces.jsonl")
        return "\n".join(lines) + "\n"


def _more(count: int, file: str) -> list[str]:
    return ["", f"And {count} more, which `{file}` tells of."] if count else []


def _voice_line(voice: VoiceStatistics) -> str:
    if not voice.notes:
        return "silent"
    rests = f"rests {100 * voice.resting:.1f} % of the time"
    if voice.kind == "drums":
        return f"{voice.notes} hits, {rests}"
    low, high, mean = pitch_name(voice.low), pitch_name(voice.high), pitch_name(round(voice.mean))
    return f"{voice.notes} notes from {low} to {high}, around {mean}, {rests}"


def _shares(counts: Mapping[str, int], most: int = 6) -> str:
    total = sum(counts.values())
    listed = [f"{name} {_share(count, total)}" for name, count in list(counts.items())[:most]]
    return ", ".join(listed) + (f" and {len(counts) - most} more" if len(counts) > most else "")


def _share(count: int, total: int) -> str:
    return f"{100 * count / max(total, 1):.0f} %" if 100 * count >= total else "under 1 %"


def _bars(counts: Mapping[Any, int]) -> list[str]:
    """A bar chart in plain text."""
    if not counts:
        return ["nothing"]
    width, most = max(len(str(name)) for name in counts), max(counts.values())
    rows = [f"{name!s:>{width}} {'#' * round(_BAR * count / most):<{_BAR}} {count}" for name, count in counts.items()]
    return ["```text", *rows, "```"]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
