"""Every file of a folder has one fate, whatever the folder."""

import csv
import io
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planted import changed, moved, piece, with_parts

from credo.corpora.ingest import ingest
from credo.errors import FileError, UsageError
from credo.evaluation.data import pictures
from credo.evaluation.data import survey as module
from credo.evaluation.data.checks import CHECKS
from credo.evaluation.data.page import outliers, write_report
from credo.evaluation.data.survey import FATES, survey
from credo.evaluation.data.words import LANGUAGES, words
from credo.io.files import save
from credo.music.texture import SATB

ODD = '<b>&"o\'Ünïcode 音乐" [x] %s =1+1.mid'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("music")
    (folder / "more").mkdir()
    save(piece(1), folder / "a.mid")
    save(piece(1), folder / "more" / "again.musicxml")
    save(piece(1).transpose(2), folder / "higher.mid")
    save(moved(piece(2), 0.03), folder / "played.mid")
    save(piece(2), folder / "written.mxl")
    save(changed(piece(3), lambda n: n if n.onset < 4 else None), folder / "short.MID")
    save(replace(piece(4), title="<script>alert(1)</script>"), folder / ODD)
    (folder / "empty.mid").write_bytes(b"")
    (folder / "text.mid").write_text("not music")
    (folder / "gone.mid").symlink_to(folder / "nowhere")
    (folder / "notes.txt").write_text("not music")
    (folder / "README").write_text("not music")
    shutil.copy(folder / "a.mid", folder / "a.kar")
    (folder / ".hidden.mid").write_text("passed by")
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return survey(folder, workers=2)


def test_what_became_of_each_file(found):
    assert {file.name: (file.fate, file.of) for file in found.files} == {
        "a.mid": ("recommended", ""),
        "more/again.musicxml": ("exact duplicate", "a.mid"),
        "higher.mid": ("near duplicate", "a.mid"),
        "played.mid": ("near duplicate", "written.mxl"),
        "written.mxl": ("recommended", ""),
        "short.MID": ("low score", ""),
        ODD: ("recommended", ""),
        "empty.mid": ("broken", ""),
        "text.mid": ("broken", ""),
        "gone.mid": ("broken", ""),
        "notes.txt": ("not music", ""),
        "README": ("not music", ""),
        "a.kar": ("not music", ""),
    }
    why = {file.name: file.why for file in found.files}
    assert why["empty.mid"] == "is empty"
    assert why["text.mid"] == "expected MIDI, found text"
    assert why["higher.mid"] == "the same music as a.mid, 2 semitones up"
    assert "few_notes -50" in why["short.MID"]
    assert why["a.kar"].endswith("rename it")
    assert all(bool(file.why) == (file.fate != "recommended") for file in found.files)
    assert sum(found.fates.values()) == found.total == 13


def test_the_same_whatever_the_order_and_the_processes(found, folder, monkeypatch):
    real = os.walk

    def shuffled(*arguments, **options):
        for where, folders, names in real(*arguments, **options):
            random.Random(where).shuffle(names)
            yield where, folders, names

    monkeypatch.setattr(os, "walk", shuffled)
    assert survey(folder, workers=1).to_json() == found.to_json()


def test_a_file_that_crashes_or_hangs_costs_itself_only(folder, monkeypatch):
    monkeypatch.setattr(module, "FUNCTION", "misled:badly")
    monkeypatch.syspath_prepend(os.path.dirname(__file__))
    found = survey(folder, workers=2, timeout_seconds=3)
    broken = {file.name: file.why for file in found.files if file.fate == "broken"}
    assert set(broken) == {"a.mid", "higher.mid", "empty.mid", "text.mid", "gone.mid"}
    assert "SIGSEGV" in broken["a.mid"]
    assert "gave no result within 3 seconds" in broken["higher.mid"]
    assert sum(found.fates.values()) == found.total == 13


KINDS = {
    "good": lambda path: save(piece(1, bars=8), path.with_suffix(".mid")),
    "text": lambda path: path.with_suffix(".txt").write_text("text"),
    "bad": lambda path: path.with_suffix(".xml").write_text("<score-partwise>"),
    "no suffix": lambda path: path.write_bytes(b"\x00"),
    "abc": lambda path: path.with_suffix(".abc").write_text("K:C\n"),
    "folder": lambda path: path.mkdir(),
    "lost": lambda path: path.with_suffix(".mid").symlink_to("nowhere"),
}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=7))
def test_the_counts_add_up_whatever_the_folder(tmp_path, kinds):
    folder = tmp_path / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for number, kind in enumerate(kinds):
        KINDS[kind](folder / str(number))
    files = sum(kind != "folder" for kind in kinds)
    if not files:
        with pytest.raises(UsageError, match="expected files, found none"):
            survey(folder, workers=1)
        return
    found = survey(folder, workers=1)
    assert sum(found.fates.values()) == found.total == files
    assert set(found.fates) == set(FATES)
    assert len(list(csv.reader(io.StringIO(found.to_csv())))) == files + 1
    assert found.fates["not music"] == sum(kind in ("text", "no suffix") for kind in kinds)


def test_files_in_linked_folders_are_counted(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x.odd").write_text("not music")
    save(piece(1), tmp_path / "there" / "a.mid")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "linked").symlink_to(tmp_path / "there")
    found = survey(tmp_path / "here", workers=1)
    assert found.fates["recommended"] == found.fates["not music"] == 1
    assert (found.total, found.passed_by) == (2, 1)


def test_wrong_use(tmp_path):
    with pytest.raises(FileError, match="no such file or folder"):
        survey(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="expected files, found none"):
        survey(tmp_path)
    (tmp_path / "a.txt").write_text("x")
    for wrong in ({"workers": 0}, {"timeout_seconds": 0}, {"least_score": 101}):
        with pytest.raises(UsageError):
            survey(tmp_path, **wrong)


def test_machines_read_all_of_it(found):
    data = json.loads(found.to_json())
    assert data["total"] == 13
    assert [check["name"] for check in data["checks"]] == [check.name for check in CHECKS]
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [row["name"] for row in rows] == [file.name for file in found.files] == sorted(row["name"] for row in rows)
    assert {row["name"]: row["score"] for row in rows}["notes.txt"] == ""


def test_the_selection_can_be_read_again(found, tmp_path):
    listed, impossible = found.selection()
    assert impossible == []
    paths = listed.decode().splitlines()
    corpus = ingest(paths, SATB, workers=1)
    assert len(corpus) == len(found.recommended) == 3


def test_a_name_that_no_line_can_hold_is_told(tmp_path):
    save(piece(1), tmp_path / "a.mid")
    (tmp_path / "a.mid").rename(tmp_path / "a\nb.mid")
    assert survey(tmp_path, workers=1).selection() == (b"", ["a\nb.mid"])


def test_outliers_are_named(tmp_path):
    for seed in range(14):
        save(piece(seed, bars=24 if seed else 400), tmp_path / f"{seed}.mid")
    assert {entry.name for entry in outliers(survey(tmp_path, workers=1))} == {"0.mid"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_all_and_escapes_it(found, tmp_path, lang):
    pytest.importorskip("jinja2", reason="pages need Jinja")
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    page = write_report(found, tmp_path / "report.html", lang).read_text("utf-8")
    assert "<script" not in page
    assert "<b>" not in page
    heard = []
    parser = HTMLParser()
    parser.handle_data = heard.append
    parser.feed(page)
    text = "\n".join(heard)
    told = words(lang)
    for file in found.files:
        assert file.name in text or file.fate == "recommended"
    for fate, count in found.fates.items():
        assert f"{told.fates[fate]}\n{count}\n" in text
    assert all(told.checks[check.name].title in text for check in CHECKS)
    assert page.count("<svg") == 12


def test_without_fonts_for_it_pictures_are_in_english(found, monkeypatch):
    """Warnings are errors here, and matplotlib warns of characters that no font has."""
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    monkeypatch.setattr(pictures, "font_families", lambda text: ["DejaVu Sans"])
    assert len(pictures.pictures(found, words("zh"))) == 12


def test_all_languages_say_the_same_things():
    one, *others = (words(lang) for lang in LANGUAGES)
    assert set(one.checks) == {check.name for check in CHECKS}
    assert set(one.fates) == set(FATES)
    assert {check.unit for check in CHECKS} <= set(one.units)
    for other in others:
        for table in ("checks", "fates", "units", "page"):
            assert list(getattr(one, table)) == list(getattr(other, table))
        for name, text in one.page.items():
            assert text.count("{") == other.page[name].count("{"), name
    with pytest.raises(UsageError, match="lang: expected one of en, zh, got 'fr'"):
        words("fr")


def test_looking_loads_no_tensor_library():
    heavy = ("keras", "jax", "torch", "tensorflow", "scipy", "matplotlib")
    code = f"import sys; import credo.evaluation.data.page; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_better_one_of_a_group_is_recommended(tmp_path):
    whole = piece(6)
    save(with_parts(whole, whole.parts[:3]), tmp_path / "a.mid")
    save(whole, tmp_path / "b.mid")
    found = survey(tmp_path, workers=1)
    assert [file.name for file in found.recommended] == ["b.mid"]
    assert found.files[0].why.endswith("% of it is in b.mid")
