"""Books of tunes, seen as folders of files."""

from pathlib import Path

import pytest

from credo.compose.given import checksum
from credo.errors import FileError, FormatError
from credo.io import books
from credo.io.files import load, load_with_remarks

TUNE = "X:{number}\nT:Tune {number}\nL:1/4\nK:C\n{notes}|\n"
NOTES = ("CDEF", "GABc", "cBAG")


@pytest.fixture
def book(tmp_path) -> Path:
    """Three tunes, each numbered 7 by the book, below a metre that all of them have."""
    path = tmp_path / "jigs.abc"
    tunes = (TUNE.format(number=7, notes=notes).replace("Tune 7", f"No. {i}") for i, notes in enumerate(NOTES, 1))
    path.write_text("M:2/4\n\n" + "\n".join(tunes))
    return path


def test_a_book_is_a_folder_of_tunes(book):
    names = books.names_of(book)
    assert names == ["1.abc", "2.abc", "3.abc"]
    scores = [load(book / name) for name in names]
    assert [score.title for score in scores] == ["No. 1", "No. 2", "No. 3"]
    assert [[note.pitch for note in score.parts[0].notes] for score in scores] == [
        *([60, 62, 64, 65], [67, 69, 71, 72], [72, 71, 69, 67]),
    ]
    assert {score.timeline.metres[0].numerator for score in scores} == {2}
    assert [load_with_remarks(book / name)[1] for name in names] == [[], [], []]
    assert books.title_of(books.content(book / "2.abc")) == "No. 2"
    assert [books.stem_of(path) for path in (book, book / "2.abc")] == ["jigs", "jigs-2"]


def test_names_sort_in_the_order_of_the_book():
    data = "\n".join(TUNE.format(number=number, notes="CDEF") for number in range(1, 13)).encode()
    names = books.names_in(data)
    assert names == sorted(names)
    assert (names[0], names[-1], len(names)) == ("01.abc", "12.abc", 12)
    assert books.title_of(books.tune_in(data, "9.abc")) == "Tune 9"


@pytest.mark.parametrize("data", [b"", b"X:1\nK:C\nCDEF|\n", b"K:C\nno tune\n"])
def test_a_file_of_one_tune_or_none_is_no_book(data, tmp_path):
    (tmp_path / "one.abc").write_bytes(data)
    assert books.names_in(data) == books.names_of(tmp_path / "one.abc") == []
    assert books.names_of(tmp_path / "missing.abc") == books.names_of(tmp_path) == []


def test_other_files_are_not_looked_into(book):
    assert books.names_of(book.rename(book.with_suffix(".txt"))) == []


def test_a_tune_that_is_not_there_is_told(book):
    for number in (0, 4):
        with pytest.raises(FileError, match=r"jigs\.abc/\d\.abc: no such tune: jigs.abc has 3"):
            load(book / f"{number}.abc")
    with pytest.raises(FileError, match="no such file"):
        load(book / "first.abc")
    with pytest.raises(FileError, match="no such file"):
        load(book.parent / "reels.abc" / "1.abc")


def test_a_tune_that_is_damaged_costs_no_other(book):
    book.write_text(book.read_text() + "\nX:9\nT:no key\n")
    assert load(book / "3.abc").title == "No. 3"
    with pytest.raises(FormatError, match="K: line"):
        load(book / "4.abc")


def test_a_book_that_changes_is_read_again(book):
    before = checksum(book / "2.abc")
    assert checksum(book / "2.abc") == before != checksum(book / "1.abc")
    book.write_text(book.read_text().replace("GABc", "GABcd"))
    assert checksum(book / "2.abc") != before


def test_a_folder_may_be_called_like_a_book(tmp_path):
    (tmp_path / "odd.abc").mkdir()
    (tmp_path / "odd.abc" / "1.abc").write_text(TUNE.format(number=1, notes="CDEF"))
    assert load(tmp_path / "odd.abc" / "1.abc").title == "Tune 1"
    assert books.names_of(tmp_path / "odd.abc") == []


def test_a_book_beyond_bounds_is_no_book(book, monkeypatch):
    monkeypatch.setattr(books, "LARGEST_BOOK", 20)
    assert books.names_of(book) == []
    with pytest.raises(FileError, match="at most"):
        books.content(book / "1.abc")
