"""What a model, a corpus or a file holds, in lines for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from credo.compose.models import available, find_model
from credo.corpora.corpus import Corpus
from credo.corpora.statistics import statistics
from credo.errors import FileError
from credo.io.files import SUFFIXES, load_with_remarks
from credo.models.folder import read_card
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
        card = read_card(folder)
        lines.append(f"{name:12} {card['texture']['name']}, trained on {card['data']['name']}   ({folder})")
    return lines


def describe(what: str | Path) -> list[str]:
    """What is at a path, or what a model of a name is.

    Raises:
        CredoError: there is nothing of this name, or it cannot be read.
    """
    if isinstance(what, Path) and what.is_file():
        score, remarks = load_with_remarks(what)
        return describe_score(score) + [f"remark       {remark}" for remark in remarks]
    if isinstance(what, Path) and (what / "corpus.json").is_file():
        return describe_corpus(Corpus.load(what))
    if isinstance(what, str) and Path(what).suffix.lower() in SUFFIXES:
        raise FileError(what, "there is no such file")
    return describe_card(read_card(find_model(what)))


def describe_score(score: Score) -> list[str]:
    """Parts, length, key and metre of a piece."""
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
    ]
    for number, part in enumerate(score.parts, 1):
        pitches = [note.pitch for note in part.notes]
        span = f"{pitch_name(min(pitches))} to {pitch_name(max(pitches))}" if pitches else "silent"
        kind = "drums" if part.is_drums else f"program {part.program}"
        lines.append(f"part {number:<7} {part.name or '-'}: {len(part.notes)} notes, {span}, {kind}")
    return lines


def describe_corpus(corpus: Corpus) -> list[str]:
    """Size, licence and statistics of a corpus."""
    return [
        f"corpus       {corpus.card.name}: {corpus.card.description}",
        f"texture      {corpus.texture.name}",
        f"licence      {corpus.card.licence}",
        f"pieces       {', '.join(f'{count} {split}' for split, count in corpus.split_sizes().items())}",
        *(str(line) for line in statistics(corpus).lines()),
    ]


def describe_card(card: dict[str, Any]) -> list[str]:
    """What a model is, what it learnt from, and how well."""
    data, recipe = card.get("data", {}), card.get("recipe", {})
    machine = recipe.get("model", {})
    voices = ", ".join(
        voice["name"] if voice["kind"] == "drums" else f"{voice['name']} {voice['low']}..{voice['high']}"
        for voice in card["texture"]["voices"]
    )
    lines = [
        f"model        {card.get('name', '-')}",
        f"texture      {card['texture']['name']}: {voices}",
        f"window       {card['window_steps']} steps of 1/{card['texture']['steps_per_quarter']} quarter",
        f"layers       {', '.join(map(str, machine.get('hidden', [])))} hidden units",
        f"data         {data.get('name', '-')}: {data.get('windows', '?')} windows of {data.get('pieces', '?')} pieces",
        f"licence      {data.get('licence', '-')}",
        f"cite         {data.get('citation', '-')}",
    ]
    lines += [f"score        {key.replace('_', ' ')}: {value:.3f}" for key, value in card.get("scores", {}).items()]
    lines += [f"made with    {', '.join(f'{k} {v}' for k, v in card.get('versions', {}).items())}"]
    return lines
