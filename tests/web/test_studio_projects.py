"""Projects: nothing that was answered is lost, and nobody overwrites another's work."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from credo.errors import FileError
from credo.web import projects as module
from credo.web.faults import Fault
from credo.web.projects import Projects


@pytest.fixture
def projects(tmp_path):
    projects = Projects(tmp_path / "new" / "projects.sqlite")
    yield projects
    projects.close()


def test_a_project_is_kept(projects, tmp_path):
    document = {"version": 1, "notes": [{"id": "é\ud800\x00", "pitch": 60}], "empty": {}}
    made = projects.make("琴 é", document)
    assert made["revision"] == 1
    saved = projects.save(made["id"], "later", 1, {**document, "more": None})
    assert saved["revision"] == 2
    again = Projects(tmp_path / "new" / "projects.sqlite")
    row, text = again.read(made["id"])
    assert row == saved == again.rows()[0]
    assert module.json.loads(text) == {**document, "more": None}
    again.delete(made["id"])
    assert projects.rows() == []
    for act in (projects.read, projects.delete, lambda name: projects.save(name, "x", 1, {})):
        with pytest.raises(Fault, match="no such project"):
            act(made["id"])


def test_who_saves_over_another_is_told(projects):
    made = projects.make("one", {"n": 1})
    projects.save(made["id"], "one", 1, {"n": 2})
    with pytest.raises(Fault, match="expected a change of revision 2, got one of 1") as conflict:
        projects.save(made["id"], "one", 1, {"n": 3})
    assert conflict.value.status == 409
    assert projects.read(made["id"])[1] == '{"n":2}'


def test_the_same_save_once_more_is_no_conflict(projects):
    made = projects.make("one", {"n": 1})
    first = projects.save(made["id"], "one", 1, {"n": 2})
    assert projects.save(made["id"], "one", 1, {"n": 2}) == first


def test_one_of_many_who_save_at_once_wins(projects, tmp_path):
    made = projects.make("one", {"n": 0})
    others = [Projects(tmp_path / "new" / "projects.sqlite") for _ in range(5)]
    outcomes, refused = [], []

    def save(other, number):
        try:
            other.save(made["id"], "one", 1, {"n": number})
            outcomes.append(number)
        except Fault as fault:
            refused.append(fault.status)

    threads = [threading.Thread(target=save, args=(other, number)) for number, other in enumerate(others, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 1
    assert refused == [409] * 4
    assert projects.read(made["id"])[1] == f'{{"n":{outcomes[0]}}}'


def test_what_cannot_be_kept_is_told(projects, monkeypatch):
    with pytest.raises(Fault, match="plain JSON"):
        projects.make("x", {"n": float("nan")})
    with pytest.raises(Fault) as large:
        projects.make("x", {"n": "x" * 4_000_000})
    assert large.value.status == 413
    monkeypatch.setattr(module, "MOST_PROJECTS", 1)
    projects.make("x", {})
    with pytest.raises(Fault) as full:
        projects.make("y", {})
    assert full.value.status == 507


def test_a_full_disk_is_told_and_what_was_there_stays(projects):
    made = projects.make("one", {"n": 1})
    pages = projects._file.execute("PRAGMA page_count").fetchone()[0]
    projects._file.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Fault) as full:
        projects.save(made["id"], "one", 1, {"n": "x" * 100_000})
    assert full.value.status == 507
    assert projects.read(made["id"])[1] == '{"n":1}'
    assert projects.save(made["id"], "one", 1, {"n": 2})["revision"] == 2


def test_a_file_of_another_kind_is_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no projects " * 100)
    with pytest.raises(FileError, match="cannot keep projects"):
        Projects(path)
    assert path.read_text() == "no projects " * 100
    newer = tmp_path / "newer.sqlite"
    with sqlite3.connect(newer) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(FileError, match="format 1, got 99"):
        Projects(newer)


SAVES = """
import sys
from pathlib import Path
from credo.web.projects import Projects
projects = Projects(Path(sys.argv[1]))
made = projects.make("p", {"n": 0, "fill": "x" * 50_000})
print(made["id"], flush=True)
for number in range(1, 10**6):
    print(projects.save(made["id"], "p", number, {"n": number, "fill": "x" * 50_000})["revision"], flush=True)
"""


def test_a_killed_server_has_kept_what_it_answered(tmp_path):
    path = tmp_path / "projects.sqlite"
    child = subprocess.Popen([sys.executable, "-c", SAVES, str(path)], stdout=subprocess.PIPE, text=True)
    identity = child.stdout.readline().strip()
    for _ in range(20):
        child.stdout.readline()
    os.kill(child.pid, signal.SIGKILL)
    answered = int((child.stdout.read().split() or ["21"])[-1])
    child.wait()
    child.stdout.close()
    projects = Projects(path)
    row, text = projects.read(identity)
    assert row["revision"] in (answered, answered + 1)
    document = module.json.loads(text)
    assert (document["n"], len(document["fill"])) == (row["revision"] - 1, 50_000)
    projects.close()


def test_a_server_that_begins_waits_for_another_that_makes_the_file(tmp_path):
    with closing(sqlite3.connect(tmp_path / "new.sqlite", isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA user_version=1")
        other.execute("BEGIN IMMEDIATE")
        ended = threading.Timer(0.3, other.execute, ("COMMIT",))
        ended.start()
        Projects(tmp_path / "new.sqlite").close()
        ended.join()
