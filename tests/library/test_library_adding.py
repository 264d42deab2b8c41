"""Adding files: what is read, what is not read again, what is told, and what a kill leaves."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
import some_pieces

from credo.errors import CorpusError, FileError, UsageError
from credo.library.adding import add
from credo.library.places import open_library

ADD = """
import sys
from credo.library import adding
from credo.library.places import open_library
adding.BATCH = 2
store = open_library(sys.argv[1], new=True)
adding.add(store, [sys.argv[2]], workers=1, progress=lambda done, total, name: print(done, flush=True))
"""


def test_files_become_pieces(store, tmp_path):
    some_pieces.write(tmp_path / "music", 5)
    done = add(store, [tmp_path / "music"], workers=2)
    assert (done.read, done.known, done.same, done.problems) == (5, 0, 0, ())
    assert len(store) == 5
    titles = {brief.title for brief in store.briefs()}
    assert titles == {f"No. {number}" for number in range(5)}


def test_nothing_is_read_twice(store, tmp_path):
    paths = some_pieces.write(tmp_path / "music", 3)
    add(store, [tmp_path / "music"], workers=1)
    assert (add(store, paths).known, add(store, paths).read) == (3, 0)
    os.utime(paths[0], (1, 1))  # another time, the same content
    shutil.copy(paths[1], tmp_path / "music" / "a copy.mid")
    done = add(store, [tmp_path / "music"])
    assert (done.read, done.known, done.same) == (0, 2, 2)
    assert len(store) == 3


def test_a_changed_file_is_read_again(store, tmp_path):
    paths = some_pieces.write(tmp_path / "music", 2)
    add(store, paths, workers=1)
    shutil.copy(some_pieces.write(tmp_path / "other", 2, metre=(3, 4))[1], paths[1])
    assert add(store, paths, workers=1).read == 1
    assert sorted(brief.attributes["metre"] for brief in store.briefs()) == ["3/4", "4/4"]


def test_bad_files_are_told_each_time(store, tmp_path):
    some_pieces.write(tmp_path, 1)
    (tmp_path / "bad.mid").write_bytes(b"MThd nonsense")
    (tmp_path / "again.mid").write_bytes(b"MThd nonsense")
    (tmp_path / "empty.mid").write_bytes(b"")
    (tmp_path / "letter.txt").write_text("Dear reader")
    for _ in range(2):
        done = add(store, [tmp_path], workers=1)
        assert [path.rpartition(os.sep)[2] for path, _ in done.problems] == ["again.mid", "bad.mid", "empty.mid"]
        assert "is empty" in done.problems[2][1]
    assert done.known == 1
    assert len(store) == 1
    assert add(store, [tmp_path], workers=1, again=True).problems == done.problems


def test_wrong_use(store, tmp_path):
    with pytest.raises(FileError, match="no such file"):
        add(store, [tmp_path / "nowhere"])
    with pytest.raises(UsageError, match="workers"):
        add(store, [tmp_path], workers=0)
    (tmp_path / "sub").mkdir()
    with pytest.raises(CorpusError, match="found no files"):
        add(store, [tmp_path / "sub"])


def adding(library, folder):
    return subprocess.Popen([sys.executable, "-c", ADD, str(library), str(folder)], stdout=subprocess.PIPE, text=True)


def is_sound(library) -> bool:
    with closing(sqlite3.connect(library)) as db:
        return db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 here")
def test_a_kill_loses_nothing_that_was_kept(tmp_path):
    some_pieces.write(tmp_path / "music", 24)
    process = adding(tmp_path / "l.sqlite", tmp_path / "music")
    for line in process.stdout:
        if int(line) >= 9:
            break
    process.kill()
    process.wait()
    process.stdout.close()
    assert is_sound(tmp_path / "l.sqlite")
    store = open_library(tmp_path / "l.sqlite")
    kept = len(store)
    assert 8 <= kept <= 24
    assert len(store.seen()) == kept == len(store.vectors()[0])
    done = add(store, [tmp_path / "music"], workers=1)
    assert (done.known, done.read) == (kept, 24 - kept)
    store.close()


def test_two_processes_at_once(tmp_path):
    some_pieces.write(tmp_path / "music", 16)
    some_pieces.write(tmp_path / "more", 16, metre=(3, 4))
    folders = (tmp_path / "music", tmp_path / "more", tmp_path)
    processes = [adding(tmp_path / "l.sqlite", folder) for folder in folders]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [(None, 0)] * 3
    assert is_sound(tmp_path / "l.sqlite")
    store = open_library(tmp_path / "l.sqlite")
    assert (len(store), len(store.seen())) == (32, 32)
    store.close()


def test_a_reader_sees_whole_batches_while_another_writes(tmp_path):
    some_pieces.write(tmp_path / "music", 20)
    process = adding(tmp_path / "l.sqlite", tmp_path / "music")
    process.stdout.readline()
    store = open_library(tmp_path / "l.sqlite")
    while process.poll() is None:
        assert len(store.vectors()[0]) % 2 == 0
        time.sleep(0.01)
    process.stdout.close()
    assert len(store) == 20
    store.close()
