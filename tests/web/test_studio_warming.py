"""What a Studio makes ready while nobody asks."""

import time
from types import SimpleNamespace

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from credo.web import warming
from credo.web.warming import Warmer, usual


class Desk:
    """A desk that notes what it is asked; `during` is called in the midst of each job."""

    def __init__(self, folder):
        self.first, self.folder, self.asked, self.ended, self.during = "tiny", folder, [], [], lambda: None

    def models(self):
        return {"tiny": self.model("tiny")}

    def model(self, name):
        return SimpleNamespace(name=name, folder=self.folder)

    def prepare(self, message):
        def do(job):
            self.asked.append(message)
            self.during()
            job.pause()
            self.ended.append(message)

        return SimpleNamespace(do=do)


class Worker:
    """A worker that has nothing to do, or a job that waits."""

    quiet_seconds = 60.0
    length = 0

    def when_idle(self, errand):
        errand()


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "card.json").write_text("{}")
    return Desk(tmp_path / "model")


@pytest.fixture
def kept(tmp_path):
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept"


@pytest.fixture
def children(monkeypatch):
    """Processes that are started, in place of real ones; each ends with `code`."""
    started = []

    class Child:
        code = 0

        def __init__(self, command, **_):
            started.append(command)

        def wait(self):
            return self.code

        def kill(self):
            pass

    monkeypatch.setattr(warming.subprocess, "Popen", Child)
    return SimpleNamespace(started=started, kind=Child)


def until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def run(desk, kept, worker=None):
    warmer = Warmer(desk, worker or Worker())
    warmer._run(kept)
    warmer.close()


@pytest.mark.machine
@pytest.mark.once
def test_the_usual_is_what_a_model_can_be_asked(server):
    plans = [server.studio.desk.prepare(message) for message in usual("tiny")]
    assert {plan.bars for plan in plans} == {4, 8, 12, 16}
    assert all(plan.message.wishes.iterations == 1 for plan in plans)


def test_another_process_compiles_once_and_this_one_reads(desk, kept, children):
    run(desk, kept)
    assert len(children.started) == 1
    assert children.started[0][-1] == "tiny"
    assert desk.ended == list(usual("tiny"))
    run(desk, kept)
    assert len(children.started) == 1
    (desk.folder / "card.json").write_text('{"another": "model"}')
    run(desk, kept)
    assert len(children.started) == 2


def test_what_could_not_be_compiled_is_tried_again_next_time(desk, kept, children):
    children.kind.code = 1
    run(desk, kept)
    assert desk.asked == []
    assert list(kept.iterdir()) == []
    children.kind.code = 0
    run(desk, kept)
    assert len(children.started) == 2


def test_who_asks_goes_first(desk, kept, children):
    worker = Worker()

    def somebody_asks():
        worker.length = 1 if len(desk.asked) == 2 else 0

    desk.during = somebody_asks
    run(desk, kept, worker)
    asked = list(usual("tiny"))
    assert desk.asked == asked
    assert desk.ended == [asked[0], *asked[2:]]


def test_what_fails_costs_itself_alone(desk, kept, children):
    def fails():
        if len(desk.asked) == 1:
            raise ValueError("a bug")

    desk.during = fails
    run(desk, kept)
    assert desk.ended == list(usual("tiny"))[1:]


def test_a_studio_that_has_jobs_is_left_alone(desk, kept, children):
    worker = Worker()
    worker.quiet_seconds = 0.0
    warmer = Warmer(desk, worker)
    warmer.start(kept)
    until(lambda: list(kept.iterdir()))
    time.sleep(0.5)
    assert desk.asked == []
    worker.quiet_seconds = 60.0
    until(lambda: len(desk.ended) == len(list(usual("tiny"))))
    warmer.close()


def test_where_nothing_is_kept_nothing_is_made_ready(desk, children):
    warmer = Warmer(desk, Worker())
    warmer.start(None)
    warmer.close()
    assert children.started == []


def test_the_child_ends_with_its_studio(desk, monkeypatch):
    monkeypatch.setattr(warming, "Desk", lambda first: desk)
    monkeypatch.setattr("credo.models.backend.kept.keep_compiled", lambda: None)
    monkeypatch.setattr(warming.os, "nice", lambda by: by)
    parents = iter([7, 7, 7, 1])
    monkeypatch.setattr(warming.os, "getppid", lambda: next(parents))
    with pytest.raises(SystemExit):
        warming.compile_usual("tiny")
    assert len(desk.ended) == 2
