"""Books of tunes as training data: every tune is a piece."""

import random
from contextlib import closing
from pathlib import Path

import pytest

from credo.corpora.corpus import Card, Corpus
from credo.corpora.ingest import Plan, ingest_with_report
from credo.corpora.reading.files import find_files
from credo.corpora.shards.merge import merge_parts
from credo.corpora.shards.read import read_share
from credo.corpora.shards.share import Share
from credo.evaluation.data.survey import survey
from credo.evaluation.originality.reading import read_folder
from credo.io.files import SUFFIXES
from credo.library.adding import add
from credo.library.places import open_library
from credo.music.texture import MELODY

PLAN = Plan(MELODY, Card("tunes"))


def tune(seed: object) -> str:
    """Eight bars of eighths."""
    dice = random.Random(str(seed))
    bars = "|".join("".join(dice.choice("CDEFGABcdefg") for _ in range(8)) for _ in range(8))
    return f"X:1\nT:{seed}\nC:Trad.\nM:4/4\nL:1/8\nK:C\n{bars}|]\n"


@pytest.fixture
def tunes(tmp_path) -> Path:
    """Two books, the second with a tune of the first and one that is damaged; and a file of one tune."""
    folder = tmp_path / "tunes"
    (folder / "more").mkdir(parents=True)
    (folder / "jigs.abc").write_text("% from somewhere\n\n" + "\n".join(tune(f"jig {i}") for i in range(11)))
    others = [*(tune(f"reel {i}") for i in range(3)), tune("jig 4"), "X:5\nT:no key\nCDEF|\n"]
    (folder / "more" / "reels.ABC").write_text("\n".join(others))
    (folder / "air.abc").write_text(tune("air"))
    return folder


NAMES = [
    *("air.abc", *(f"jigs.abc/{i:02d}.abc" for i in range(1, 12))),
    *(f"more/reels.ABC/{i}.abc" for i in range(1, 6)),
]


def test_tunes_are_found_in_books_and_by_themselves(tunes):
    listing = find_files(tunes, SUFFIXES)
    assert [found.name for found in listing.files] == NAMES
    some = [tunes / "jigs.abc" / "03.abc", tunes / "more" / "reels.ABC" / "1.abc"]
    assert [found.name for found in find_files(some, SUFFIXES).files] == ["jigs.abc/03.abc", "more/reels.ABC/1.abc"]
    assert [found.name for found in find_files(tunes / "more" / "reels.ABC", SUFFIXES).files] == [
        f"reels.ABC/{i}.abc" for i in range(1, 6)
    ]


def test_every_tune_is_a_piece_or_has_its_reason(tunes, tmp_path):
    corpus, report = ingest_with_report([tunes], PLAN, tmp_path / "out", workers=1)
    left_out = {entry.name: (entry.reason, entry.detail) for entry in report.left_out}
    assert left_out["more/reels.ABC/4.abc"] == ("duplicate", "the same music as jigs.abc/05.abc")
    assert left_out["more/reels.ABC/5.abc"] == ("could not be read", "ABC: expected a K: line with the key, found none")
    assert [piece.name for piece in corpus.pieces] == [name for name in NAMES if name not in left_out]
    assert [piece.packed.title for piece in corpus.pieces[:3]] == ["air", "jig 0", "jig 1"]
    assert len({piece.source.sha256 for piece in corpus.pieces}) == len(corpus.pieces)


@pytest.mark.parametrize("remote", [False, True])
def test_shards_read_books_wherever_they_lie(tunes, tmp_path, remote):
    source = str(tunes)
    if remote:
        fsspec = pytest.importorskip("fsspec")
        memory, source = fsspec.filesystem("memory"), "memory://shelf/tunes"
        memory.put(f"{tunes}/", "/shelf/tunes/", recursive=True)
    try:
        reports = [read_share(source, PLAN, Share(number, 2), tmp_path / "parts", workers=1) for number in (0, 1)]
        again = read_share(source, PLAN, Share(0, 2), tmp_path / "parts", workers=1)
    finally:
        if remote:
            memory.rm("/shelf", recursive=True)
    assert [sum(report[key] for report in reports) for key in ("files", "pieces", "read_now")] == [17, 16, 17]
    assert again["read_now"] == 0
    merge_parts(tmp_path / "parts", tmp_path / "out")
    whole, _ = ingest_with_report([tunes], PLAN, workers=1)
    merged = Corpus.load(tmp_path / "out").pieces
    assert [(p.name, p.packed, p.source) for p in merged] == [(p.name, p.packed, p.source) for p in whole.pieces]


def test_a_book_is_a_style_where_all_is_in_books(tunes, tmp_path):
    def styles(style_from: str) -> dict[str, int]:
        plan = Plan(MELODY, Card("tunes"), style_from=style_from)
        return ingest_with_report([tunes], plan, workers=1)[1].statistics.styles

    assert styles("auto") == {"Trad.": 15}  # by composer, for the books are among single files
    assert styles("folder") == {"jigs": 11, "more": 3}
    (tunes / "air.abc").unlink()
    assert styles("auto") == {"jigs": 11, "more": 3}


def test_books_that_are_called_splits_are_splits(tmp_path):
    for name, count in (("train", 4), ("valid", 2), ("test", 2)):
        (tmp_path / f"{name}.abc").write_text("\n".join(tune(f"{name} {i}") for i in range(count)))
    corpus, report = ingest_with_report([tmp_path], PLAN, workers=1)
    assert {split: len(corpus.in_split(split)) for split in ("train", "valid", "test")} == {
        "train": 4,
        "valid": 2,
        "test": 2,
    }
    assert report.statistics.styles == {"Trad.": 8}


def test_the_data_report_looks_at_each_tune(tunes):
    looked = {file.name: file.fate for file in survey(tunes, workers=1).files}
    assert list(looked) == NAMES
    assert looked["more/reels.ABC/5.abc"] == "broken"
    assert "exact duplicate" in {looked["jigs.abc/05.abc"], looked["more/reels.ABC/4.abc"]}


def test_originality_looks_at_each_tune(tunes):
    pieces, problems = read_folder(tunes / "more" / "reels.ABC", workers=1)
    assert [name for name, _ in pieces] == [f"reels.ABC/{i}.abc" for i in range(1, 5)]
    assert len(problems) == 1
    pieces, _ = read_folder(tunes / "jigs.abc" / "02.abc", workers=1)
    assert [name for name, _ in pieces] == ["02.abc"]


def test_a_library_holds_each_tune_once(tunes, tmp_path):
    with closing(open_library(tmp_path / "library.sqlite", new=True)) as store:
        done = add(store, [tunes], workers=1)
        assert (done.read, done.same, len(done.problems)) == (15, 1, 1)
        assert add(store, [tunes], workers=1).known == 16
        titles = {brief.title for brief in store.briefs()}
        assert {"air", "jig 0", "reel 2"} <= titles
