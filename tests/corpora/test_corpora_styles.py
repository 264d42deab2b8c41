"""Styles of pieces, parts that are chosen, and data sets that are unpacked by hand."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from credo.corpora.corpus import Card, Corpus
from credo.corpora.ingest import Plan, ingest_with_report
from credo.corpora.piece import Piece
from credo.corpora.reading.prepare import NO_PART, OFF_GRID, Rules
from credo.corpora.reading.styles import composer_style, folder_styles
from credo.corpora.sets.catalog import declared
from credo.corpora.sets.openscore import split_of_work, work_of
from credo.corpora.windows import styles_of, training_codes
from credo.errors import CorpusError, FileError, UsageError
from credo.io.files import save
from credo.music.score import Note, Part, Score
from credo.music.texture import PIANO, SATB
from credo.music.transform import fit
from credo.music.window import Window


@pytest.fixture
def two_composers(chorale, tmp_path) -> Path:
    """Two folders of pieces; the files themselves name other composers."""
    for number in range(7):
        name = "Anna" if number < 3 else "Ben"
        path = tmp_path / "scores" / f"Composer,_{name}" / f"{number}.musicxml"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(replace(chorale(number), composer=f"{name} (1801-1877)"), path)
    return tmp_path / "scores"


@pytest.mark.parametrize(
    ("style_from", "styles"),
    [
        ("auto", {"Composer, Anna": 3, "Composer, Ben": 4}),
        ("folder", {"Composer, Anna": 3, "Composer, Ben": 4}),
        ("composer", {"Anna": 3, "Ben": 4}),
        ("none", {}),
    ],
)
def test_styles_come_from_folders_or_composers(two_composers, tmp_path, style_from, styles):
    plan = Plan(SATB, Card("two"), style_from=style_from)
    corpus, report = ingest_with_report([two_composers], plan, tmp_path / "out", workers=1)
    assert report.statistics.styles == styles
    assert Corpus.load(tmp_path / "out") == corpus


def test_files_in_one_folder_take_their_composers(two_composers):
    plan = Plan(SATB, Card("one"))
    _, report = ingest_with_report([two_composers / "Composer,_Anna"], plan, workers=1)
    assert report.statistics.styles == {"Anna": 3}


def test_another_source_of_styles_is_told(two_composers):
    with pytest.raises(UsageError, match="expected one of auto, composer, folder, none, got 'mood'"):
        ingest_with_report([two_composers], Plan(SATB, Card("x"), style_from="mood"), workers=1)


def test_folders_common_to_all_and_splits_are_no_styles():
    names = ["all/train/Jazz/a/1.mid", "all/test/Jazz/b/2.mid", "all/train/Blues/3.mid", "all/4.mid"]
    assert folder_styles(names) == dict(zip(names, ("Jazz", "Jazz", "Blues", ""), strict=True))


def test_a_composer_comes_without_dates(chorale):
    score = replace(chorale(1), composer="  Fanny Hensel\n(1805\u20131847) ")
    assert composer_style(Piece.of("x", fit(score, SATB).grid)) == "Fanny Hensel"


def test_only_the_parts_that_are_named_are_read(chorale, tmp_path):
    (tmp_path / "files").mkdir()
    save(chorale(1), tmp_path / "files" / "1.mid")
    plan = Plan(PIANO, Card("x"), Rules(parts=("alto", "tenor")))
    corpus, _ = ingest_with_report([tmp_path / "files"], plan, workers=1)
    alto, tenor = chorale(1).parts[1:3]
    assert corpus.pieces[0].source.notes + corpus.pieces[0].source.omitted <= len(alto.notes) + len(tenor.notes)
    assert corpus.pieces[0].grid.voices[0].attack.any()


def test_files_without_such_a_part_and_off_the_grid_are_left_out(chorale, folder):
    for rules, reason in ((Rules(parts=("drums",)), NO_PART), (Rules(most_off_grid=-1.0), OFF_GRID)):
        with pytest.raises(Exception, match=reason):
            ingest_with_report([folder], Plan(SATB, Card("x"), rules), workers=1)


def test_works_of_one_opus_are_in_one_split():
    quartets = [f"scores/Haydn,_Joseph/String_Quartet,_Op.20_No.{n}/sq{n}.mxl" for n in range(6)]
    assert {work_of(name, 1) for name in quartets} == {"Haydn, Joseph/op. 20".replace(", ", ",_", 1)}
    songs = [f"Lang,_Josephine/6_Lieder,_Op.{opus}/1_Lied/lc1.mxl" for opus in (1, 11)]
    assert len({work_of(name, 2) for name in songs}) == 2
    alone = [f"Lang,_Josephine/_/{song}/lc1.mxl" for song in ("Lied", "Arie")]
    assert len({work_of(name, 2) for name in alone}) == 2
    cycle = [f"Schubert,_Franz/Winterreise,_D.911/{song}/lc1.mxl" for song in ("1_Gute_Nacht", "2_Die_Wetterfahne")]
    assert len({work_of(name, 2) for name in cycle}) == 1
    drawn = [split_of_work(f"work {number}") for number in range(1000)]
    assert 30 < drawn.count("valid") < 90
    assert 30 < drawn.count("test") < 90


def test_unpacked_data_sets_are_asked_for(tmp_path):
    with pytest.raises(UsageError, match=r"--files .*github.com/OpenScore/Lieder"):
        declared("lieder").make(workers=1)
    with pytest.raises(FileError, match="expected the folder"):
        declared("quartets").make(files=tmp_path / "none", workers=1)
    with pytest.raises(UsageError, match="installed package"):
        declared("bach").make(files=tmp_path)


def test_the_styles_of_most_music_become_labels(two_composers):
    corpus, _ = ingest_with_report([two_composers], Plan(SATB, Card("two")), workers=1)
    corpus = replace(corpus, pieces=tuple(replace(piece, split="train") for piece in corpus.pieces))
    assert styles_of(corpus, 0) == ()
    assert styles_of(corpus, 1) == ("Composer, Ben",)
    assert styles_of(corpus, 5, least_beats=4 * 13) == ("Composer, Ben",)
    window = Window(SATB, 16, styles_of(corpus, 5))
    codes = training_codes(corpus, window, transpose=False, style_of=lambda piece: piece.style)
    inside = codes.blocks[codes.blocks[:, :20].any(axis=1)]
    assert {int(label) for label in inside[:, -1]} == {1, 2}
    assert (inside[:, -1] == 2).sum() == 4 * 13


def test_groove_has_the_splits_and_styles_of_its_index(tmp_path):
    session = tmp_path / "groove" / "drummer1" / "session1"
    session.mkdir(parents=True)
    rows = ["drummer,style,midi_filename,split"]
    for number, (style, split) in enumerate([("funk/groove1", "train"), ("jazz", "validation"), ("funk", "test")]):
        hits = [Note(Fraction(4 * n + number, 16), 36, Fraction(1, 8), 40 + n) for n in range(17)]
        save(Score((Part.of("kit", hits, is_drums=True),)), session / f"{number}.mid")
        rows.append(f"drummer1,{style},drummer1/session1/{number}.mid,{split}")
    with pytest.raises(CorpusError, match=r"expected info\.csv"):
        declared("groove").make(files=tmp_path, workers=1)
    (tmp_path / "groove" / "info.csv").write_text("\n".join(rows), "utf-8")
    corpus, report = declared("groove").make(tmp_path / "out", files=tmp_path, workers=1)
    assert [(piece.split, piece.style) for piece in corpus.pieces] == [
        ("train", "funk"),
        ("valid", "jazz"),
        ("test", "funk"),
    ]
    assert report.files == 3
    cells = corpus.pieces[1].grid.voices[0]
    assert cells.offset[cells.attack].tolist() == [2] * 17
    assert cells.velocity[cells.attack].tolist() == list(range(40, 57))
    assert Corpus.load(tmp_path / "out") == corpus
