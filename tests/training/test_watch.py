"""Workers that keep an eye on each other."""

import socket
import subprocess
import sys
import time

import pytest

from credo.models.backend.watch import EXIT_STATUS, Watch

pytestmark = [pytest.mark.machine, pytest.mark.once]

HERE, LOST = b".", b"!"


class Team:
    """Watches on both ends of lines, and what they tell."""

    def __init__(self):
        self.told, self.watches, self.lines = {}, {}, []

    def line(self):
        self.lines += socket.socketpair()
        return self.lines[-2:]

    def watch(self, rank, lines, patience=30.0):
        watch = Watch(lines, rank, patience, lambda message: self.told.setdefault(rank, []).append(message))
        self.watches[rank] = watch
        watch.start()
        return watch

    def of_three(self, patience=30.0):
        """The first worker with two others."""
        (one, first), (two, second) = self.line(), self.line()
        self.watch(0, {1: one, 2: two}, patience)
        self.watch(1, {0: first}, patience)
        self.watch(2, {0: second}, patience)
        return self.lines

    def until(self, *ranks, seconds=20):
        end = time.monotonic() + seconds
        while set(self.told) < set(ranks):
            assert time.monotonic() < end, self.told
            time.sleep(0.01)
        return self.told


@pytest.fixture
def team():
    team = Team()
    yield team
    for watch in team.watches.values():
        watch._over.set()
        watch._thread.join(10)
    for line in team.lines:
        line.close()


def test_a_worker_that_ends_is_named_to_all(team):
    (one, first), (two, second) = team.line(), team.line()
    team.watch(0, {1: one, 2: two})
    team.watch(1, {0: first})
    second.close()
    told = team.until(0, 1)
    assert told[0][0].startswith("workers: worker 0 lost worker 2, which ended or was ended (start all of them again")
    assert told[1][0].startswith("workers: worker 1 was told by worker 0 that worker 2 is lost")


def test_the_end_of_the_first_is_noticed(team):
    here, there = team.line()
    team.watch(3, {0: here})
    there.close()
    assert "worker 3 lost worker 0" in team.until(3)[3][0]


def test_silence_is_a_loss(team):
    here, there = team.line()
    begun = time.monotonic()
    team.watch(0, {1: here}, patience=1.0)
    assert "heard nothing of worker 1 for 0.8 s" in team.until(0)[0][0]
    assert 0.7 < time.monotonic() - begun < 10
    there.setblocking(False)
    assert set(there.recv(4096)) == set(HERE)


def test_who_speaks_is_not_lost_and_who_takes_leave_neither(team):
    team.of_three(patience=5)
    time.sleep(5)
    for rank in (1, 0, 2):
        team.watches[rank].close()
    time.sleep(0.3)
    assert team.told == {}


def test_a_loss_may_come_in_pieces(team):
    here, there = team.line()
    team.watch(2, {0: here})
    there.sendall(HERE + LOST + b"\0\0")
    time.sleep(0.3)
    assert team.told == {}
    there.sendall(b"\x01\x02")
    assert "worker 258 is lost" in team.until(2)[2][0]


def test_by_default_the_process_ends_with_a_message():
    script = (
        "import socket, time\n"
        "from credo.models.backend.watch import Watch\n"
        "one, other = socket.socketpair()\n"
        "Watch({1: one}, 0, 30).start()\n"
        "other.close()\n"
        "time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == EXIT_STATUS
    assert done.stderr.startswith("credo: workers: worker 0 lost worker 1")
