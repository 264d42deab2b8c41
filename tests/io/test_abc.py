"""ABC tunes, read in a child process or in a process that is one."""

import subprocess
import sys
from fractions import Fraction

import pytest

from credo.errors import FormatError
from credo.io import abc
from credo.io.files import load_with_remarks
from credo.music.pitch import Key
from credo.music.score import Metre, Tempo

F = Fraction
BOOK = """% a book of two tunes
M:6/8

X:1
T:First Tune
T:its other name
C:Trad.
L:1/8
Q:3/8=80
K:Gm
"Gm"D | GAB {d}c2d | (3efg a2 z ^c | [GBd]6 |]

X:2
T:Zweite Weise
M:4/4
K:D
DEFG|
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("abc") / "book.abc"
    path.write_text(BOOK)
    return load_with_remarks(path)


def test_the_first_tune_is_read_exactly(book):
    score, remarks = book
    assert (score.title, score.composer) == ("First Tune", "Trad.")
    assert score.timeline.metres == (Metre(F(0), 6, 8),)
    assert score.timeline.tempos == (Tempo(F(0), 120.0),)
    assert score.timeline.key == Key(-2, "minor")
    half, third = F(1, 2), F(1, 3)
    assert [(n.onset, n.pitch, n.duration) for n in score.parts[0].notes] == [
        (0, 62, half),
        *((half, 67, half), (1, 69, half), (3 * half, 70, half), (2, 72, 1), (3, 74, half)),
        *((7 * half, 75, third), (7 * half + third, 77, third), (7 * half + 2 * third, 79, third)),
        *((F(9, 2), 81, 1), (6, 73, half)),
        *((F(13, 2), 67, 3), (F(13, 2), 70, 3), (F(13, 2), 74, 3)),
    ]
    assert len(score.parts) == 1  # no accompaniment
    assert remarks == [
        "1 further tunes of the book were left out (credo info names them)",
        "1 groups of grace notes were left out",
    ]


def test_the_upbeat_is_found(book):
    assert book[0].timeline.pickup == F(1, 2)
    assert [start for start, _, _ in book[0].timeline.bars()] == [0, F(1, 2), F(7, 2), F(13, 2)]


def test_a_book_is_split_into_tunes_with_its_common_fields():
    first, second = abc.split_tunes(BOOK)
    assert first.startswith("X:1\nM:6/8\nT:First")
    assert second.startswith("X:2\nM:6/8\nT:Zweite")
    assert abc.split_tunes("no tunes") == []


def test_nothing_is_printed(capfd):
    abc.parse(b"X:1\nM:3/4\nL:1/4\nK:C\nCDEF G|!!~~\n", "odd.abc")
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_hangs_is_stopped(monkeypatch):
    monkeypatch.setattr(abc, "_CHILD", "import time; time.sleep(60)")
    monkeypatch.setattr(abc, "_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(FormatError, match=r"more than 0\.2 seconds"):
        abc.parse(BOOK.encode(), "slow.abc")


def test_a_reader_that_dies_is_told_of(monkeypatch):
    monkeypatch.setattr(abc, "_CHILD", "import os; os.abort()")
    with pytest.raises(FormatError, match="the first tune cannot be read"):
        abc.parse(BOOK.encode(), "deadly.abc")


@pytest.mark.parametrize(
    "music",
    [
        "CDEF | GABc H[|]:|",
        "CDEF | GABc [|] |]",
        'CDEF | GABc "D.C."[|]|]',
        "CDEF [|] GABc |]",
        'CDEF |["Coda" GABc |]',
    ],
)
def test_bar_lines_in_brackets_are_no_chords(music):
    notes = abc.parse(f"X:1\nM:4/4\nL:1/4\nK:C\n{music}\n".encode(), "bars.abc")[0].parts[0].notes
    once = [60, 62, 64, 65, 67, 69, 71, 72]
    assert [note.pitch for note in notes] == once * (2 if ":|" in music else 1)
    assert [note.onset for note in notes] == list(range(len(notes)))


def test_chords_stay_chords():
    notes = abc.parse(b'X:1\nM:4/4\nL:1/4\nK:C\n[CE] ["3"DF]2 [EG]|\n', "chords.abc")[0].parts[0].notes
    assert [(note.onset, note.pitch) for note in notes] == [(0, 60), (0, 64), (1, 62), (1, 65), (3, 64), (3, 67)]


def test_an_isolated_process_reads_the_same_without_another():
    """The tunes between are damaged and full of directives; the C program forgets them."""
    odd = "X:1\nM:3/4\nL:1/4\n%%MIDI transpose 5\n%%propagate-accidentals not\nK:F#m\nV:2\nCDEF (9:8:9 [CE|!!~~\n"
    code = (
        "import os, sys\n"
        "from credo.io import abc\n"
        "abc.subprocess = None\n"
        "heard = os.dup(1)\n"
        "for fd in (1, 2): os.dup2(os.open(os.devnull, os.O_WRONLY), fd)\n"
        f"first = abc.parse({BOOK.encode()!r}, 'book.abc', isolated=True)\n"
        f"abc.parse({odd.encode()!r}, 'odd.abc', isolated=True)\n"
        f"again = abc.parse({BOOK.encode()!r}, 'book.abc', isolated=True)\n"
        "os.write(heard, repr((first == again, first)).encode())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == repr((True, abc.parse(BOOK.encode(), "book.abc")))
