"""`credo data-report`: what it prints and writes, and what it refuses."""

import csv
import json
from fractions import Fraction
from pathlib import Path

import pytest

from credo.corpora.corpus import Corpus
from credo.io.files import save
from credo.music.score import Note, Part, Score


def tune(seed: int) -> Score:
    pitches = [(seed * k * k + 5 * k) % 19 + 60 for k in range(40)]
    return Score((Part.of("Tune", [Note(Fraction(k), pitch, Fraction(1)) for k, pitch in enumerate(pitches)]),))


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    save(tune(1), folder / "a [b].mid")
    save(tune(1), folder / "again.mid")
    save(tune(2), folder / "other.musicxml")
    (folder / "bad.mid").write_bytes(b"MThd")
    (folder / "notes.txt").write_text("not music")
    return folder


def test_what_is_printed_and_written(credo, music, tmp_path):
    done = credo("data-report", music, "--json", "a.json", "--csv", "a.csv", "--select", "a.txt", "-w", 1)
    assert (done.status, done.err) == (0, "")
    assert "5 files" in done.out
    counts = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in done.out.splitlines() if "│" in line}
    assert counts["recommended"] == "2"
    assert counts["left out: exact duplicate"] == counts["broken"] == counts["not music"] == "1"
    assert "0 bad.mid: MIDI header is cut short" in done.out
    assert done.out.endswith("a.json\na.csv\na.txt\n")
    data = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert sum(data["fates"].values()) == data["total"] == 5
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as file:
        assert [row["name"] for row in csv.DictReader(file)] == [
            *("a [b].mid", "again.mid", "bad.mid", "notes.txt", "other.musicxml"),
        ]
    paths = [Path(line) for line in (tmp_path / "a.txt").read_text("utf-8").splitlines()]
    assert paths == [music / "a [b].mid", music / "other.musicxml"]


@pytest.mark.parametrize(("lang", "words"), [("en", "Data report"), ("zh", "数据报告")])
def test_a_page(credo, music, tmp_path, lang, words):
    pytest.importorskip("jinja2", reason="pages need Jinja")
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    done = credo("data-report", music, "--out", "a.html", "--lang", lang)
    assert (done.status, done.err) == (0, "")
    assert words in (tmp_path / "a.html").read_text("utf-8")


def test_a_folder_of_nothing_but_text(credo, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("not music")
    done = credo("data-report", "texts", "--select", "a.txt", "--csv", "a.csv")
    assert done.status == 0
    assert "No file here could be read as music." in done.out
    assert (tmp_path / "a.txt").read_bytes() == b""
    assert "a.txt,,not music" in (tmp_path / "a.csv").read_text("utf-8")


def test_a_higher_bar_leaves_out_more(credo, music, tmp_path):
    high = [Note(Fraction(k), 120 - 11 * (k % 9), Fraction(1)) for k in range(40)]
    save(Score((Part.of("Piccolo", high),)), music / "high.mid")
    for least, expected in ((60, True), (100, False)):
        assert credo("data-report", music, "--least", least, "--select", "a.txt").status == 0
        assert ("high.mid" in (tmp_path / "a.txt").read_text("utf-8")) == expected


def test_credo_corpus_reads_the_selection_and_no_more(credo, music, tmp_path):
    credo("data-report", music, "--select", "a.txt")
    done = credo("corpus", music, "--texture", "melody", "--list", "a.txt", "--out", "mine", "-w", 1)
    assert done.status == 0, done.err
    assert {piece.name for piece in Corpus.load(tmp_path / "mine").pieces} == {"a [b].mid", "other.musicxml"}


def test_lists_that_cannot_be_meant(refused, music, tmp_path):
    listed = tmp_path / "list.txt"
    for text, told in (
        ("", "got an empty"),
        ("/elsewhere/a.mid", "expected files below"),
        (f"{music}/x.mid", "no such"),
    ):
        listed.write_text(text)
        assert told in refused("corpus", music, "--texture", "melody", "--list", listed)
    assert "cannot be read" in refused("corpus", music, "--texture", "melody", "--list", "nowhere.txt")
    assert "expected a folder to choose files of" in refused("corpus", "bach", "--list", listed)


def test_wrong_use(refused, music, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no such file or folder" in refused("data-report", "nowhere")
    assert "expected files, found none" in refused("data-report", "empty")
    assert "lang: expected one of en, zh, got 'fr'" in refused("data-report", music, "--lang", "fr")
    assert "least score: expected 0 to 100, got 101" in refused("data-report", music, "--least", 101)
    assert "workers: expected at least 1, got 0" in refused("data-report", music, "-w", 0)
    assert "timeout: expected more than 0 seconds" in refused("data-report", music, "--timeout", 0)
