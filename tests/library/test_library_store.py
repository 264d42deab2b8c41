"""What every kind of store promises."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
import some_pieces

from credo.errors import FileError, FormatError
from credo.library.entry import WIDTH
from credo.library.places import open_library
from credo.library.reading import entry_of
from credo.library.search import Condition
from credo.library.sqlite import APPLICATION
from credo.library.store import Seen


def entries(count=3, **wish):
    return [
        replace(entry_of(some_pieces.song(n, **wish), sha256(bytes([n])).hexdigest()), title=f"No. {n}")
        for n in range(count)
    ]


def seen(entry, path=None, problem=""):
    return Seen(path or f"/music/{entry.title}.mid", 100, 7, entry.sha256, problem)


def filled(store, count=3):
    some = entries(count)
    store.add([seen(each) for each in some], some)
    return some


def test_what_is_kept_is_given_back(store):
    first = filled(store)[1]
    number = store.numbers([first.sha256])[first.sha256]
    found = store.entry(number)
    assert (found.title, found.composer, found.facts, found.incipit) == ("No. 1", "", first.facts, first.incipit)
    assert found.attributes.to_dict() == first.attributes.to_dict()
    assert found.paths == ("/music/No. 1.mid",)
    assert found.preview == first.preview
    assert found.preview.startswith(b"MThd")
    np.testing.assert_array_equal(found.prints, first.prints)
    np.testing.assert_allclose(found.vector, first.vector, atol=1e-3)
    assert store.entry(99) is None


def test_a_piece_that_comes_again_keeps_its_number(store):
    some = filled(store)
    before = store.numbers([each.sha256 for each in some])
    store.add([seen(some[1])], [replace(some[1], title="Another name")])
    assert len(store) == 3
    assert store.numbers([each.sha256 for each in some]) == before
    assert store.entry(before[some[1].sha256]).title == "Another name"


def test_a_file_that_changed_takes_its_old_piece_along(store):
    some = filled(store)
    new = replace(entry_of(some_pieces.song(9), "f" * 64), title="New")
    store.add([seen(new, "/music/No. 1.mid")], [new])
    assert sorted(brief.title for brief in store.briefs()) == ["New", "No. 0", "No. 2"]
    store.add([seen(some[0], "/copy.mid")], [])
    store.add([seen(new, "/music/No. 0.mid")], [])  # the other copy still holds it
    assert "No. 0" in {brief.title for brief in store.briefs()}


def test_what_is_forgotten_is_gone_and_its_files_too(store):
    some = filled(store)
    number = store.numbers([some[2].sha256])[some[2].sha256]
    assert store.forget([number, 1000]) == 1
    assert len(store) == 2
    assert store.entry(number) is None
    assert "/music/No. 2.mid" not in store.seen()
    assert number not in store.vectors()[0]


def test_problems_are_kept(store):
    filled(store)
    store.add([Seen("/music/bad.mid", 1, 2, "", "is empty")], [])
    assert store.seen(["/music/bad.mid", "/nowhere"]) == {
        "/music/bad.mid": Seen("/music/bad.mid", 1, 2, "", "is empty")
    }
    assert len(store.seen()) == 4


def test_vectors_stand_beside_their_numbers(store):
    some = filled(store, 5)
    numbers, table = store.vectors()
    assert table.shape == (5, WIDTH)
    assert (np.diff(numbers) > 0).all()
    order = store.numbers([each.sha256 for each in some])
    for each in some:
        row = table[np.searchsorted(numbers, order[each.sha256])]
        np.testing.assert_allclose(row, each.vector, atol=1e-3)


def test_codes_of_models_are_apart(store):
    some = filled(store)
    numbers = sorted(store.numbers([each.sha256 for each in some]).values())
    store.put_codes("one", numbers, np.arange(15).reshape(3, 5))
    store.put_codes("two", [*numbers[:2], 1000], np.ones((3, 7)))
    assert store.models() == {"one": 3, "two": 2}
    np.testing.assert_array_equal(store.codes("one")[1], np.arange(15).reshape(3, 5))
    assert store.codes("two")[0].tolist() == numbers[:2]
    assert store.codes("none")[1].shape == (0, 0)
    store.forget(numbers[:1])
    assert store.models() == {"one": 2, "two": 1}


def test_changes_are_told(store):
    before = store.changes()
    filled(store)
    assert store.changes() > before


@pytest.mark.parametrize(
    ("conditions", "titles"),
    [
        ((), ["No. 0", "No. 1", "No. 2"]),
        ((Condition("words", "has", "no. 1"),), ["No. 1"]),
        ((Condition("words", "has", "%"),), []),
        ((Condition("words", "has", "'; DROP TABLE pieces; --"),), []),
        ((Condition("metre", "is", "4/4"), Condition("bars", ">", 8.0)), ["No. 0", "No. 1", "No. 2"]),
        ((Condition("metre", "is", "3/4"),), []),
        ((Condition("key", "ends", "major"),), ["No. 0", "No. 1", "No. 2"]),
        ((Condition("tempo", "<", 80.0),), []),
    ],
)
def test_conditions(store, conditions, titles):
    some = [
        replace(each, attributes=replace(each.attributes, key=some_pieces.song().timeline.key)) for each in entries()
    ]
    store.add([seen(each) for each in some], some)
    assert sorted(brief.title for brief in store.briefs(store.find(conditions, 10))) == titles


def test_what_is_near_comes_first(store):
    some = [
        replace(each, attributes=replace(each.attributes, arousal=arousal))
        for each, arousal in zip(entries(4), (0.9, -0.2, 0.4, None), strict=True)
    ]
    store.add([seen(each) for each in some], some)
    found = store.briefs(store.find((Condition("arousal", "near", 0.3),), 2))
    assert [brief.title for brief in found] == ["No. 2", "No. 1"]


def test_a_library_is_found_again(tmp_path):
    for _ in range(2):
        opened = open_library(tmp_path / "new" / "mine.sqlite", new=True)
        filled(opened)
        opened.close()
    opened = open_library(tmp_path / "new" / "mine.sqlite")
    assert len(opened) == 3
    opened.close()


def test_what_is_no_library_is_told(tmp_path):
    with pytest.raises(FileError, match="no such library"):
        open_library(tmp_path / "missing.sqlite")
    (tmp_path / "text.sqlite").write_text("Once upon a time there was no database here at all" * 50)
    with pytest.raises(FormatError, match="expected a library"):
        open_library(tmp_path / "text.sqlite")
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE addresses (name TEXT)")
    with pytest.raises(FormatError, match="another kind of database"):
        open_library(tmp_path / "other.sqlite")
    with pytest.raises(FileError, match="found a folder"):
        open_library(tmp_path)


def test_who_opens_a_library_that_another_is_making_waits(tmp_path):
    """SQLite by itself waits for nobody with a file's change to a write-ahead log."""
    with closing(sqlite3.connect(tmp_path / "new.sqlite", isolation_level=None, check_same_thread=False)) as other:
        other.execute(f"PRAGMA application_id={APPLICATION}")
        other.execute("BEGIN IMMEDIATE")
        ended = threading.Timer(0.3, other.execute, ("COMMIT",))
        ended.start()
        open_library(tmp_path / "new.sqlite", new=True).close()
        ended.join()
