"""The thread that does jobs: their order, their end, and what is remembered."""

import asyncio
import threading

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from credo.errors import UsageError
from credo.web import jobs
from credo.web.faults import Fault
from credo.web.jobs import Worker, changes


@pytest.fixture
def worker():
    worker = Worker(waiting=2)
    worker.start()
    yield worker
    worker.close()


def wait(job):
    async def end():
        return [job.state async for _ in changes(job)]

    return asyncio.run(asyncio.wait_for(end(), 20))


class Gate:
    """A job that waits inside until it is let on."""

    def __init__(self):
        self.inside, self.open = threading.Event(), threading.Event()

    def __call__(self, job):
        self.inside.set()
        self.open.wait(20)
        job.advance(0.5)
        job.results = [{"piece": {"notes": [1, 2, 3]}}]


def test_a_job_is_done(worker):
    gate = Gate()
    job = worker.submit(gate)
    gate.inside.wait(20)
    assert (job.state, worker.is_running, worker.position(job)) == ("running", True, 0)
    gate.open.set()
    assert wait(job)[-1] == "done"
    assert (job.progress, len(job.results), worker.counts["done"]) == (1.0, 1, 1)
    assert worker.job(job.id) is job


def test_a_full_queue_refuses_politely(worker):
    gate = Gate()
    running = worker.submit(gate)
    gate.inside.wait(20)
    first, second = worker.submit(lambda job: None), worker.submit(lambda job: None)
    assert (worker.position(first), worker.position(second)) == (1, 2)
    with pytest.raises(Fault, match="at most 2 waiting") as full:
        worker.submit(lambda job: None)
    assert full.value.status == 503
    assert 1 <= int(full.value.response().headers["Retry-After"]) <= 30
    worker.cancel(first.id)
    assert (first.state, worker.position(second)) == ("cancelled", 1)
    gate.open.set()
    assert [wait(job)[-1] for job in (running, second)] == ["done", "done"]


def test_a_running_job_stops_at_its_next_step(worker):
    gate = Gate()
    job = worker.submit(gate)
    gate.inside.wait(20)
    worker.cancel(job.id)
    assert job.state == "running"
    gate.open.set()
    assert wait(job)[-1] == "cancelled"
    assert job.results == []


def test_a_job_that_takes_too_long_fails():
    worker = Worker(seconds=-1)
    worker.start()
    job = worker.submit(lambda job: job.advance(0.1))
    assert wait(job)[-1] == "failed"
    assert job.fault.code == "time"
    worker.close()


@pytest.mark.parametrize(("error", "code"), [(UsageError("bars: expected some"), "usage"), (KeyError("x"), "internal")])
def test_a_failure_is_told_and_the_next_job_is_done(worker, error, code):
    def fail(job):
        raise error

    job = worker.submit(fail)
    assert wait(job)[-1] == "failed"
    assert job.fault.code == code
    assert "x" not in job.fault.message or code == "usage"
    assert wait(worker.submit(lambda job: None))[-1] == "done"


def test_errands_are_done_between_the_steps_of_a_job_and_chores_when_nothing_waits(worker):
    order, gate = [], Gate()

    def work(job):
        gate(job)
        order.append("job")

    job = worker.submit(work)
    gate.inside.wait(20)
    done = threading.Event()
    worker.when_idle(lambda: (order.append("chore"), done.set()))
    errand = worker.errand(lambda: order.append("errand"))
    next_job = worker.submit(lambda job: order.append("next"))
    gate.open.set()
    errand.result(20)
    wait(job)
    wait(next_job)
    done.wait(20)
    assert order == ["errand", "job", "next", "chore"]


def test_old_results_are_forgotten(worker, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_KEPT", 2)
    done = [worker.submit(lambda job: None) for _ in range(1)]
    for _ in range(3):
        wait(done[-1])
        done.append(worker.submit(lambda job: None))
    wait(done[-1])
    with pytest.raises(Fault, match="no such job"):
        worker.job(done[0].id)
    assert worker.job(done[-1].id) is done[-1]


def test_many_notes_are_forgotten_sooner(worker, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_KEPT_NOTES", 5)
    gate = Gate()
    gate.open.set()
    first = worker.submit(gate)
    wait(first)
    second = worker.submit(gate)
    wait(second)
    assert worker.job(second.id)
    with pytest.raises(Fault):
        worker.job(first.id)


def test_closing_cancels():
    worker, gate = Worker(), Gate()
    worker.start()
    running = worker.submit(gate)
    gate.inside.wait(20)
    waiting = worker.submit(lambda job: None)
    threading.Timer(0.05, gate.open.set).start()
    worker.close()
    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    with pytest.raises(Fault):
        worker.submit(lambda job: None)
