"""`credo corpus`."""

import pytest
import typer
from typer.testing import CliRunner

from credo.cli.corpus import corpus
from credo.corpora.corpus import Corpus
from credo.errors import UsageError


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    app = typer.Typer()
    app.command()(corpus)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_folder_becomes_a_corpus_below_corpora(run, folder, tmp_path):
    done = run(folder, "--texture", "satb", "--steps", 12, "-w", 1, "--licence", "CC0", "--name", "mine")
    assert done.exit_code == 0, done.output
    assert "7, of which 7 are kept" in done.stdout
    assert "corpora/mine/report.md" in done.stdout.replace("\\", "/")
    loaded = Corpus.load(tmp_path / "corpora" / "mine")
    assert loaded.texture.steps_per_quarter == 12
    assert (loaded.card.name, loaded.card.licence) == ("mine", "CC0")
    again = run("corpora/mine", "--report")
    assert again.exit_code == 0
    assert "## Pitches of the soprano" in again.stdout


def test_a_folder_needs_a_texture(run, folder):
    done = run(folder)
    assert isinstance(done.exception, UsageError)
    assert "--texture" in str(done.exception)


def test_help_shows_examples(run):
    assert "credo corpus bach" in run("--help").stdout
