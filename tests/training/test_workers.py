"""Several processes train one network."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from credo.errors import CredoError, UsageError
from credo.models import backend
from credo.models.backend import workers
from credo.models.backend.meeting import meet
from credo.models.backend.workers import Workers

pytestmark = [
    pytest.mark.machine,
    pytest.mark.once,
    pytest.mark.skipif(backend.name() != "jax", reason="many workers need JAX"),
]


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def train_together(count: int, kind: str, folder: Path) -> list[list[np.ndarray]]:
    """The numbers of each worker's network after 200 steps."""
    address = free_address()
    script = Path(__file__).with_name("together.py")
    outs = [folder / f"{kind}-{count}-{rank}.npz" for rank in range(count)]
    begun = [
        subprocess.Popen([sys.executable, str(script), str(rank), str(count), address, kind, str(out)])
        for rank, out in enumerate(outs)
    ]
    assert [process.wait(240) for process in begun] == [0] * count
    return [list(np.load(out).values()) for out in outs]


@pytest.mark.parametrize("kind", ["pcd", "fine-tuning"])
def test_two_workers_do_what_one_does(kind, tmp_path):
    [alone] = train_together(1, kind, tmp_path)
    first, second = train_together(2, kind, tmp_path)
    for one, other, lone in zip(first, second, alone, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(one, lone, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cd", "pcd", "fine-tuning"])
def test_four_workers_do_what_one_does(kind, tmp_path):
    [alone] = train_together(1, kind, tmp_path)
    for numbers in train_together(4, kind, tmp_path):
        for one, lone in zip(numbers, alone, strict=True):
            np.testing.assert_allclose(one, lone, atol=1e-5)


def in_threads(address: str, ranks: list[int], count: int, patience: float = 1.0) -> dict[int, str]:
    """What each worker that came is told; "" for those who met all."""
    told = {}

    def come(rank: int) -> None:
        try:
            for line in meet(address, rank, count, patience).lines.values():
                line.close()
            told[rank] = ""
        except CredoError as error:
            told[rank] = str(error)

    threads = [threading.Thread(target=come, args=(rank,)) for rank in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return told


def test_all_meet():
    assert in_threads(free_address(), [2, 0, 1], 3, patience=10) == {0: "", 1: "", 2: ""}


def test_the_missing_are_named():
    told = in_threads(free_address(), [0, 1, 4], 5)
    assert "missed 2, 3" in told[0]
    assert all("workers" in told[rank] for rank in (1, 4))


def test_nobody_listens():
    assert "reached nobody" in in_threads(free_address(), [1], 2)[1]


def test_a_stranger_is_no_worker():
    address = free_address()
    found = {}
    waiting = threading.Thread(target=lambda: found.update(in_threads(address, [0, 1], 2, patience=10)))
    waiting.start()
    host, port = address.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=1) as call:
            call.sendall(b"GET / HTTP/1.1\r\n" + b" " * 50)
    except OSError:
        pass  # the others were faster
    waiting.join(20)
    assert found == {0: "", 1: ""}


def test_rows_are_dealt_out_evenly_or_not_at_all():
    assert [Workers(rank, 4).share(8) for rank in range(4)] == [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8)]
    with pytest.raises(UsageError, match="multiple of 3 workers, got 8"):
        Workers(0, 3).share(8)


@pytest.mark.parametrize(("address", "rank", "count"), [("nowhere", 1, 2), ("host:99999", 1, 2), ("h:1", 2, 2)])
def test_wrong_use_of_workers_is_told(address, rank, count):
    with pytest.raises(UsageError):
        workers.join(address, rank, count, patience=1)
