"""What a model, a corpus or a file holds, in lines for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from credo.compose.models import available, find_model, window_of
from credo.conditioning.measure import measure
from credo.corpora.corpus import Corpus
from credo.corpora.report import Report
from credo.errors import FileError, ModelError
from credo.io import books
from credo.io.files import SUFFIXES, load_with_remarks
from credo.models.folder import read_card
from credo.music.general_midi import INSTRUMENTS
from credo.music.keys import estimate_key
from credo.music.pitch import pitch_name
from credo.music.score import Score


def describe_models() -> list[str]:
    """A line for each model at hand."""
    models = available()
    if not models:
        return ["No models are installed. credo train makes one from your own files."]
    lines = []
    for name, folder in models.items():
        try:
            card = read_card(folder)
            texture = window_of(card).natural.name
            lines.append(f"{name:12} {texture}, trained on {_table(card, 'data').get('name', '?')}   ({folder})")
        except ModelError as error:
            lines.append(f"{name:12} cannot be used: {error}")
    return lines


def describe(what: str | Path) -> list[str]:
    """What is at a path, or what a model of a name is; `instruments` for the names of General MIDI.

    Raises:
        CredoError: there is nothing of this name, or it cannot be read.
    """
    if isinstance(what, Path) and books.names_of(what):
        return describe_book(what)
    if isinstance(what, Path) and books.is_there(what):
        score, remarks = load_with_remarks(what)
        return describe_score(score) + [f"remark       {remark}" for remark in remarks]
    if isinstance(what, Path) and (what / "corpus.json").is_file():
        return describe_corpus(Corpus.load(what))
    if what == "instruments":
        return [f"{number:3} {name}" for number, name in enumerate(INSTRUMENTS)]
    if isinstance(what, str) and Path(what).suffix.lower() in SUFFIXES:
        raise FileError(what, "there is no such file")
    return describe_card(read_card(find_model(what)))


def describe_book(path: Path) -> list[str]:
    """The tunes of a book, a line each."""
    names = books.names_of(path)
    return [
        f"book         {len(names)} tunes; each can be named where a file of music is asked for:",
        *(f"{path / name}  {books.title_of(books.content(path / name))}".rstrip() for name in names),
    ]


def describe_score(score: Score) -> list[str]:
    """Parts, length, key, metre and measured attributes of a piece."""
    timeline = score.timeline
    estimate = estimate_key(score)
    written = f"{timeline.key.name} (written)" if timeline.key else "not written"
    metre = timeline.metre_at(timeline.pickup)
    seconds = score.duration_seconds
    lines = [
        f"title        {score.title or '-'}",
        f"composer     {score.composer or '-'}",
        f"length       {float(timeline.length):g} quarters, {sum(1 for _ in timeline.bars())} bars, "
        f"{int(seconds // 60)}:{seconds % 60:04.1f}",
        f"metre        {metre.numerator}/{metre.denominator}",
        f"tempo        {timeline.tempos[0].bpm if timeline.tempos else 'not written'}",
        f"key          {written}; {estimate.key.name} by its notes",
        f"measured     {_attributes(score)}",
    ]
    for number, part in enumerate(score.parts, 1):
        pitches = [note.pitch for note in part.notes]
        span = f"{pitch_name(min(pitches))} to {pitch_name(max(pitches))}" if pitches else "silent"
        kind = "drums" if part.is_drums else f"program {part.program}"
        lines.append(f"part {number:<7} {part.name or '-'}: {len(part.notes)} notes, {span}, {kind}")
    return lines


def _attributes(score: Score) -> str:
    """What else can be read off the notes; `docs/attributes.md` says how."""
    told = {"key", "metre", "tempo"}
    values = {name: value for name, value in measure(score).to_dict().items() if name not in told}
    texts = (f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items())
    return ", ".join(texts) or "nothing, for there are no notes"


def describe_corpus(corpus: Corpus) -> list[str]:
    """Size, licence and statistics of a corpus."""
    return [
        f"corpus       {corpus.card.name}: {corpus.card.description}",
        f"texture      {corpus.texture.name}",
        f"licence      {corpus.card.licence}",
        *(f"{label.lower():12} {text}" for label, text in Report.of(corpus, len(corpus)).rows() if label != "Files"),
    ]


def describe_card(card: dict[str, Any]) -> list[str]:
    """What a model is, what it learnt from, and how well."""
    window, data = window_of(card), _table(card, "data")
    hidden = _table(_table(card, "recipe"), "model").get("hidden") or ["?"]
    voices = ", ".join(
        voice.name if voice.kind == "drums" else f"{voice.name} {pitch_name(voice.low)}..{pitch_name(voice.high)}"
        for voice in window.natural.voices
    )
    pieces = ", ".join(f"{count} {split}" for split, count in _table(data, "pieces").items()) or "?"
    lines = [
        f"model        {card.get('name', '-')}",
        f"texture      {window.natural.name}: {voices}",
        f"window       {window.steps} steps of 1/{window.texture.steps_per_quarter} quarter",
        f"layers       {', '.join(map(str, hidden))} hidden units",
        f"data         {data.get('name', '-')}: {data.get('windows', '?')} windows; pieces: {pieces}",
        f"licence      {data.get('licence', '-')}",
        f"cite         {data.get('citation', '-')}",
    ]
    if window.styles:
        lines.append(f"styles       {'; '.join(window.styles)}")
    lines += [f"score        {key.replace('_', ' ')}: {value:.4g}" for key, value in _scores(card)]
    lines += [f"made with    {', '.join(f'{k} {v}' for k, v in _table(card, 'versions').items())}"]
    return lines


def _scores(card: dict[str, Any]) -> list[tuple[str, float]]:
    return [(key, value) for key, value in _table(card, "scores").items() if isinstance(value, int | float)]


def _table(record: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of a card, empty where there is none."""
    table = record.get(name)
    return table if isinstance(table, dict) else {}
