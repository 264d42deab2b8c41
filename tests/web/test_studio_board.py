"""Servers that share their projects: each can tell about the jobs of the others, and stop them."""

import asyncio
import sqlite3
import threading
import time

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from credo.errors import FileError
from credo.web import board as module
from credo.web.board import Board
from credo.web.faults import Fault
from credo.web.jobs import Worker


@pytest.fixture
def make(tmp_path):
    """Makes servers that share a board."""
    boards = []

    def one(path=tmp_path / "some" / "jobs.sqlite"):
        worker = Worker(waiting=2)
        boards.append(Board(worker, path))
        worker.start()
        boards[-1].start()
        return boards[-1]

    yield one
    for board in boards:
        board.worker.close()
        board.close()


class Gate:
    """A job that waits inside until it is let on, for as long as somebody wants it."""

    def __init__(self):
        self.open = threading.Event()

    def __call__(self, job):
        job.results = [{"piece": {"notes": [1]}}]
        job.advance(0.25)
        while not self.open.wait(0.01):
            job.advance(0.25)
        job.results = [*job.results, {"piece": {"notes": [2, 3]}}]


def until(look, wanted, seconds=20):
    end = time.monotonic() + seconds
    while not wanted(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def all_of(board, identity):
    async def gather():
        return [news async for news in board.changes(identity, beat=0.05)]

    return asyncio.run(asyncio.wait_for(gather(), 20))


def test_another_server_tells_what_a_job_has_come_to(make):
    one, other = make(), make()
    gate = Gate()
    identity = one.submit(gate)
    assert other.look(identity)["id"] == identity  # as soon as its id is known
    found = until(lambda: other.look(identity), lambda job: job["progress"] == 0.25)
    assert (found["state"], found["results"]) == ("running", [{"piece": {"notes": [1]}}])
    gate.open.set()
    news = all_of(other, identity)
    assert news[-1] == one.look(identity) == other.look(identity)
    assert (news[-1]["state"], len(news[-1]["results"])) == ("done", 2)


def test_news_of_another_server_come_with_signs_of_life(make, monkeypatch):
    one, other = make(), make()
    gate = Gate()
    identity = one.submit(gate)
    threading.Timer(1.0, gate.open.set).start()
    news = all_of(other, identity)
    assert news[-1]["state"] == "done"
    assert next(each["state"] for each in news if each) in ("queued", "running")


def test_another_server_stops_a_job_that_runs_and_one_that_waits(make):
    one, other = make(), make()
    running, waiting = one.submit(Gate()), one.submit(Gate())
    until(lambda: other.look(running), lambda job: job["state"] == "running")
    assert until(lambda: other.look(waiting), lambda job: job["position"] == 1)["state"] == "queued"
    other.cancel(waiting)
    assert until(lambda: other.look(waiting), lambda job: job["state"] != "queued")["state"] == "cancelled"
    other.cancel(running)
    assert until(lambda: other.look(running), lambda job: job["state"] != "running")["state"] == "cancelled"
    assert one.look(running)["state"] == "cancelled"
    assert other.cancel(running)["state"] == "cancelled"


def test_jobs_of_a_server_that_has_stopped_have_failed(make, monkeypatch):
    one, other = make(), make()
    identity = one.submit(Gate())
    until(lambda: other.look(identity), lambda job: job["state"] == "running")
    monkeypatch.setattr(module, "LOST", 0.0)  # as if it had been silent for long
    found = other.look(identity)
    assert (found["state"], found["error"]["code"]) == ("failed", "server")
    assert all_of(other, identity)[-1]["state"] == "failed"


def test_a_server_that_ends_says_so(make):
    one, other = make(), make()
    identity = one.submit(Gate())
    one.worker.close()
    one.close()
    assert other.look(identity)["state"] == "cancelled"


def test_a_server_that_has_closed_still_answers(make):
    one = make()
    one.worker.close()
    one.close()
    for ask in (one.look, one.cancel):
        with pytest.raises(Fault, match="no such job"):
            ask("nobody")
    with pytest.raises(Fault) as fault:
        one.submit(lambda job: None)
    assert fault.value.status == 503


def test_a_job_is_done_though_the_board_cannot_be_written_for_a_while(make, monkeypatch):
    one, other = make(), make()

    def full(statement, *values):
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(one, "_do", full)
        identity = one.submit(lambda job: job.advance(1.0))
        until(lambda: one.look(identity), lambda job: job["state"] == "done")
    until(lambda: one._pinned, bool)
    assert other.look(identity)["state"] == "done"


def test_finished_jobs_outlive_their_server(make):
    one, other = make(), make()
    identity = one.submit(lambda job: job.advance(1.0))
    until(lambda: one.look(identity), lambda job: job["state"] == "done")
    one.worker.close()
    one.close()
    assert other.look(identity)["state"] == "done"


def test_nobody_knows_a_job_that_is_not_shared(make):
    alone, shared = make(None), make()
    identity = alone.submit(lambda job: None)
    assert alone.look(identity)["id"] == identity
    for board in (alone, shared):
        for ask in (board.look, board.cancel):
            with pytest.raises(Fault, match="no such job"):
                ask("nobody")
    with pytest.raises(Fault, match="no such job"):
        shared.look(identity)
    assert all_of(alone, identity)[-1]["state"] == "done"


def test_what_is_old_is_forgotten(make, monkeypatch):
    one, other = make(), make()
    identity = one.submit(lambda job: None)
    until(lambda: other.look(identity), lambda job: job["state"] == "done")
    monkeypatch.setattr(module, "KEPT_SECONDS", -1.0)
    other._sign()
    with pytest.raises(Fault, match="no such job"):
        other.look(identity)


def test_a_file_that_is_no_board_is_told(tmp_path):
    path = tmp_path / "jobs.sqlite"
    path.write_text("no database, but long enough to be taken for one " * 100)
    with pytest.raises(FileError, match="cannot share jobs"):
        Board(Worker(), path)


@pytest.mark.machine
@pytest.mark.once
def test_a_cue_that_one_server_made_is_fetched_from_another(server, tiny_run, tmp_path):
    from fastapi.testclient import TestClient

    from credo.web.app import create_app
    from credo.web.desk import Desk
    from credo.web.projects import Projects
    from credo.web.studio import Studio

    studios = [Studio(Desk(str(tiny_run)), Projects(tmp_path / "mine.sqlite"), shared=True) for _ in range(2)]
    apps = [create_app(studio, rate=1e6, burst=10**6, warm=False) for studio in studios]
    one, other = (TestClient(app, base_url="http://127.0.0.1:8765") for app in apps)
    with one, other:
        brief = {"name": "shared", "seconds": 4, "model": "tiny", "seed": 1, "versions": []}
        identity = one.post("/api/v1/cues", json={"brief": brief}).json()["id"]
        job = until(
            lambda: other.get(f"/api/v1/jobs/{identity}").json(), lambda job: job["state"] in ("done", "failed"), 120
        )
        assert job["state"] == "done", job
        found = other.get(job["results"][0]["package"])
        assert found.content == one.get(job["results"][0]["package"]).content
        assert found.content[:2] == b"PK"
        assert other.get("/api/v1/cues/..%2Fmine/package").status_code == 404
        events = other.get(f"/api/v1/jobs/{identity}/events").text
        assert events.startswith("event: done")
        assert '"ready": 1' in events
        project = one.post("/api/v1/projects", json={"title": "both", "document": {"version": 1}})
        assert project.status_code in (200, 201), project.text
        assert other.get(f"/api/v1/projects/{project.json()['id']}").json()["title"] == "both"
