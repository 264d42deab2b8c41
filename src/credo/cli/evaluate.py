"""`credo evaluate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from credo.cli.models import composer_class

if TYPE_CHECKING:
    from credo.evaluation.comparison.judge import Judgement, Under
    from credo.evaluation.comparison.pieces import Music
    from credo.evaluation.comparison.words import Words
    from credo.training.appraisal import Appraisal

_MODEL, _JUDGING, _WRITTEN = "Where a model is given", "What is compared", "What is written"
_SAMPLE_BARS = 8


def evaluate(
    generated: Annotated[
        str, typer.Argument(help="A folder of music (MIDI, MusicXML, ABC), a corpus, or a model.", show_default=False)
    ],
    reference: Annotated[
        Path, typer.Argument(help="What it should be like: a folder of music, or a corpus.", show_default=False)
    ],
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FOLDER", help="Another set to compare, as often as you like.", rich_help_panel=_JUDGING
        ),
    ] = None,
    training: Annotated[
        Path | None,
        typer.Option(help="What must not be copied.  [default: the reference]", rich_help_panel=_JUDGING),
    ] = None,
    bars: Annotated[
        int | None,
        typer.Option(
            help="Cut all into passages of so many bars; 0: whole pieces.  [default: what half of the pieces have]",
            rich_help_panel=_JUDGING,
        ),
    ] = None,
    most: Annotated[int, typer.Option(help="Pieces of a set, drawn at random; 0: all.", rich_help_panel=_JUDGING)] = 0,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.", rich_help_panel=_JUDGING)] = 0,
    likelihood: Annotated[
        bool,
        typer.Option(
            "--likelihood", help="Only how likely the corpus' music is under the model.", rich_help_panel=_MODEL
        ),
    ] = False,
    under: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Tell how likely each set is under this model.  [default: the model that is judged]",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    count: Annotated[int, typer.Option(help="Pieces that it writes to be judged.", rich_help_panel=_MODEL)] = 64,
    split: Annotated[
        str, typer.Option(help="Of the likelihoods: train, valid or test.", rich_help_panel=_MODEL)
    ] = "valid",
    rows: Annotated[
        int, typer.Option(help="Of the likelihoods: at most so many passages.", rich_help_panel=_MODEL)
    ] = 256,
    temperatures: Annotated[
        int,
        typer.Option(help="Of the annealing of log Z; more is slower and better.", rich_help_panel=_MODEL),
    ] = 1000,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="A page with pictures.", rich_help_panel=_WRITTEN)
    ] = None,
    lang: Annotated[
        str, typer.Option("--lang", "--language", help="Of the table and the page: en or zh.", rich_help_panel=_WRITTEN)
    ] = "en",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="All figures.", rich_help_panel=_WRITTEN)
    ] = None,
) -> None:
    """Judge music, or a model: how near it is to real music, and what it copies.

    Random notes, Markov chains, copies and real music that was held out stand beside it, so that every figure has a
    floor and a ceiling.

    **Examples**

    `credo evaluate mine/ corpora/bach --out report.html`

    `credo evaluate mine/ bach-midi/ --also theirs=other/ --bars 8`

    `credo evaluate mine/ corpora/bach --under chorale --out report.html --language zh`

    `credo evaluate chorale corpora/bach --likelihood --split test --json figures.json`
    """
    from credo.errors import UsageError
    from credo.evaluation.comparison.words import words
    from credo.io.atomic import write_text

    if out and out.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--out: expected a name ending in .html, got {out.name!r}")
    told, console = words(lang), Console(stderr=True)
    model = None if _is_music(generated) else generated
    if likelihood and model is None:
        raise UsageError(f"--likelihood: expected a model, got the music in {generated}")
    if under:
        _check_model(under)
    record: dict[str, Any] = {}
    found = _appraise(console, model, reference, likelihood, split, rows, seed, temperatures) if model else None
    if found:
        _tell_likelihoods(str(model), reference, split, found, told)
        record |= {"model": model, "split": split, "seed": seed, **found.to_dict(), "temperatures": temperatures}
    if not likelihood:
        sets = [_sampled(console, model, count, bars or _SAMPLE_BARS, seed) if model else _opened(generated)]
        asked = _under(console, under or model, seed)
        judgement = _judge(console, [*sets, *map(_opened, also or ())], reference, training, asked, bars, most, seed)
        _tell(judgement, lang)
        from credo.evaluation.comparison import report

        record |= {"judgement": report.to_dict(judgement)}
        if out:
            report.write_report(out, judgement, [_section(found, told)] if found else [], lang)
            typer.echo(f"\n{out}")
    if json_file:
        write_text(json_file, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def _is_music(given: str) -> bool:
    """Whether an argument is music, and no model; what is not there is taken for the name of a model."""
    from credo.compose.models import find_model
    from credo.models.folder import CARD

    return Path(given).exists() and not (find_model(given) / CARD).is_file()


def _check_model(model: str) -> None:
    """Refuse what is no model before anything is measured."""
    from credo.compose.models import find_model, window_of
    from credo.models.folder import read_card

    window_of(read_card(find_model(model)))


def _under(console: Console, model: str | None, seed: int) -> Under | None:
    """The model that is asked how likely each set is."""
    if model is None:
        return None
    with console.status("Loading the model"):
        from credo.compose.likelihood import Likelihood
        from credo.evaluation.comparison.judge import Under

        return Under(Path(model).name, Likelihood(composer_class().load(model), seed=seed))


def _opened(given: str) -> Music:
    """A set of music, `FOLDER` or `NAME=FOLDER`."""
    from credo.evaluation.comparison.pieces import Music

    name, _, folder = given.rpartition("=")
    if name and not Path(given).exists():
        return Music.open(folder, name)
    return Music.open(given)


def _sampled(console: Console, model: str, count: int, bars: int, seed: int) -> Music:
    """Pieces that a model writes, with seeds that follow one another."""
    from credo.evaluation.comparison.pieces import Music

    with console.status("Loading the model"):
        from credo.compose.wishes import Request

        composer = composer_class().load(model)
    scores = []
    with _bar(console) as told:
        for number in range(count):
            scores.append((f"{number:04}", composer.compose(Request(bars=bars, seed=seed + number)).score))
            told("composing", number + 1, count)
    return Music(Path(model).name, scores=tuple(scores))


def _judge(
    console: Console,
    sets: list[Music],
    reference: Path,
    training: Path | None,
    under: Under | None,
    bars: int | None,
    most: int,
    seed: int,
) -> Judgement:
    from credo.evaluation.comparison.judge import judge
    from credo.evaluation.comparison.pieces import Music

    forbidden = Music.open(training) if training else None
    options: dict[str, Any] = {"training": forbidden, "under": under, "bars": bars, "most": most, "seed": seed}
    with _bar(console) as told:
        return judge(sets, Music.open(reference), **options, progress=told)


def _appraise(
    console: Console,
    model: str,
    reference: Path,
    asked: bool,
    split: str,
    rows: int,
    seed: int,
    temperatures: int,
) -> Appraisal | None:
    """How likely a corpus is under a model; None if the reference is no corpus on its texture and it was not asked."""
    from credo.compose.models import find_model, window_of
    from credo.corpora.corpus import Corpus
    from credo.models.folder import load_model, read_card

    folder = find_model(model)
    window = window_of(read_card(folder))
    if not asked and not (reference / "corpus.json").is_file():
        return None
    data = Corpus.load(reference)
    if not asked and data.texture != window.natural:
        return None
    with console.status("Loading the model"):
        from credo.training.appraisal import appraise

        dbn, _ = load_model(folder)
    with _bar(console) as told:
        return appraise(dbn, window, data, split=split, rows=rows, seed=seed, temperatures=temperatures, progress=told)


def _likelihoods(found: Appraisal, told: Words) -> list[list[str]]:
    """Name, value, unit and meaning of each figure."""
    rows = []
    for figure in found.figures:
        value = f"{figure.value:.3f}" + ("" if figure.error is None else f" ± {figure.error:.3f}")
        name, unit, meaning = told.likelihoods.get(figure.name, (figure.name, figure.unit, figure.meaning))
        rows.append([name, value, unit, meaning])
    return rows


def _notes(found: Appraisal, told: Words) -> list[str]:
    return [told.notes.get(note.partition(":")[0], note) for note in found.notes]


def _tell_likelihoods(model: str, reference: Path, split: str, found: Appraisal, told: Words) -> None:
    values: dict[str, Any] = {"model": model, "corpus": reference.resolve().name, "split": split}
    typer.echo(told.text["on_corpus"].format(**values, rows=found.rows, beats=found.beats))
    for name, value, unit, meaning in _likelihoods(found, told):
        typer.echo(f"{_padded(name, 30)}{value} {unit}\n    {meaning}")
    for note in _notes(found, told):
        typer.echo(told.text["note"].format(note=note))


def _section(found: Appraisal, told: Words) -> Any:
    """The likelihoods as a part of a page."""
    from credo.rendering.page import Section, Table

    head = [told.text[name] for name in ("figure", "value", "unit", "meaning")]
    table = Table(head, _likelihoods(found, told), words=[2, 3])
    return Section(told.text["likelihoods"], _notes(found, told), [table])


def _tell(judgement: Judgement, lang: str) -> None:
    """What was found, as lines."""
    from credo.evaluation.comparison import report
    from credo.evaluation.comparison.words import words

    text = words(lang).text
    what = report.passages_in_words(judgement, lang)
    typer.echo(text["beside_it"].format(reference=judgement.reference, what=what) + "\n")
    table = [report.head(judgement, lang), *report.rows(judgement, lang)]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = [
            _padded(row[0], widths[0]),
            *(" " * (w - cell_len(x)) + x for x, w in zip(row[1:], widths[1:], strict=True)),
        ]
        typer.echo("  ".join(cells).rstrip())
    typer.echo("")
    for line in (*report.summary(judgement, lang), *report.remarks(judgement, lang)):
        typer.echo(line)
    for name, files in judgement.left_out.items():
        typer.echo(text["left_out_of"].format(name=name, count=len(files)))
        for file, reason in files[:20]:
            typer.echo(f"  {file}: {reason}")
        if len(files) > 20:
            typer.echo(f"  {text['others']}")


def _padded(text: str, width: int) -> str:
    """A text and spaces, so wide on a terminal; Chinese characters are two columns wide."""
    return text + " " * (width - cell_len(text))


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar a kind of work, on a terminal."""
    columns = (TextColumn("{task.description:18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield told
