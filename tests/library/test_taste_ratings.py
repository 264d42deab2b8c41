"""Ratings: kept, replaced, forgotten, exported, and safe where processes die or come together."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time

import numpy as np
import pytest
import some_pieces

from credo.errors import FormatError, UsageError
from credo.library.entry import WIDTH
from credo.library.reading import entry_of
from credo.library.taste.ratings import Rating, Ratings, exported, imported, place_of


@pytest.fixture
def ratings(tmp_path):
    opened = Ratings(tmp_path / "own.taste.sqlite")
    yield opened
    opened.close()


def piece(number: int):
    return entry_of(some_pieces.song(number), f"{number:064x}")


def test_the_last_rating_counts(ratings):
    assert ratings.rate("me", [piece(1), piece(2)], 5) == [None, None]
    assert ratings.rate("me", [piece(2)], 1.5) == [5]
    assert sorted((each.title, each.stars) for each in ratings.of("me")) == [("No. 1", 5), ("No. 2", 1.5)]
    assert [each.liking for each in ratings.of("me") if each.title == "No. 2"] == [-0.75]


def test_profiles_are_apart(ratings):
    ratings.rate("me", [piece(1)], 4)
    ratings.rate("you", [piece(1), piece(2)], 2)
    assert ratings.profiles() == {"me": 1, "you": 2}
    assert ratings.forget("you", [f"{1:064x}", "nothing"]) == 1
    assert ratings.forget("you") == 1
    assert ratings.profiles() == {"me": 1}


@pytest.mark.parametrize("stars", [0, 7, float("nan"), "many", True, None])
def test_stars_that_there_are_not(ratings, stars):
    with pytest.raises(UsageError, match="stars: expected 1 to 5, got"):
        ratings.rate("me", [piece(1)], stars)
    assert ratings.of("me") == []


def test_names_that_there_are_not(ratings):
    for name in ("", "  ", "a\nb", "x" * 61):
        with pytest.raises(UsageError, match="profile: expected a name"):
            ratings.rate(name, [piece(1)], 3)


def test_what_is_forgotten_is_not_in_the_file(ratings):
    ratings.rate("me", [entry_of(some_pieces.song(1), "a" * 64)], 4)
    assert b"a" * 64 in ratings.path.read_bytes()
    ratings.forget("me")
    assert b"a" * 64 not in b"".join(path.read_bytes() for path in ratings.path.parent.iterdir())


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_nobody_else_may_read_it(ratings):
    assert stat.S_IMODE(ratings.path.stat().st_mode) == 0o600


def test_export_and_back(ratings):
    ratings.rate("me", [piece(1), piece(2)], 4)
    name, back = imported(json.loads(json.dumps(exported("me", ratings.of("me")))))
    assert name == "me"
    for one, other in zip(ratings.of("me"), back, strict=True):
        np.testing.assert_array_equal(one.vector, other.vector)
        assert one.to_dict() == other.to_dict()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"ratings": [{}]},
        {"ratings": 3},
        {"profile": ""},
        {"ratings": [{**Rating("a", 3, "", "", "", "", {}, np.zeros(WIDTH - 1)).to_dict()}]},
    ],
)
def test_other_json_is_no_profile(change):
    with pytest.raises(UsageError, match="profile: expected"):
        imported({**exported("me", []), **change})
    with pytest.raises(UsageError, match="profile: expected"):
        imported([1, 2])


def test_another_file_is_left_alone(tmp_path):
    path = tmp_path / "other.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(FormatError, match="another kind"):
        Ratings(path)
    assert path.read_bytes() == before
    path.write_bytes(b"no database at all, and long enough to be looked at" * 20)
    with pytest.raises(FormatError, match="expected ratings"):
        Ratings(path)


def test_where_they_are(tmp_path):
    assert place_of(tmp_path / "mine.sqlite") == tmp_path / "mine.taste.sqlite"
    shared = place_of(tmp_path / "fleet.lance")  # may be in shared storage
    assert (shared.name, shared.parent == tmp_path) == ("fleet.taste.sqlite", False)


RATER = """
import sys
sys.path[:0] = {paths!r}
import some_pieces
from credo.library.reading import entry_of
from credo.library.taste.ratings import Ratings
ratings = Ratings({path!r})
for number in range({first}, {first} + 400):
    ratings.rate("me", [entry_of(some_pieces.song(1), f"{{number:064x}}", name="x")], 4)
    print(number, flush=True)
"""


def rater(path, first: int) -> subprocess.Popen:
    source = RATER.format(paths=[part for part in sys.path if part], path=str(path), first=first)
    return subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)


def test_a_kill_loses_no_rating_that_was_told_and_two_may_rate_at_once(ratings):
    one, two = rater(ratings.path, 0), rater(ratings.path, 1000)
    until = time.monotonic() + 60
    while len(ratings.of("me")) < 30 and time.monotonic() < until:
        time.sleep(0.05)
    for each in (one, two):
        each.send_signal(signal.SIGKILL)
    told = {int(line) for each in (one, two) for line in each.communicate()[0].split()}
    kept = {int(each.sha256, 16) for each in ratings.of("me")}
    assert told <= kept
    assert len(kept) >= 30
    assert len(kept - told) <= 2
    assert ratings._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
