"""Pieces made in shards: the files do not depend on how many there are, and what is there is not made again."""

import pytest

pytestmark = [pytest.mark.machine, pytest.mark.once]


def made(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_one_and_two_workers_write_the_same_files(credo, tiny_run, tmp_path):
    compose = ("compose", "--bars", 1, "--iterations", 3, "--formats", "midi", "--model", tiny_run, "--seed", 5)
    assert credo(*compose, "--count", 3, "--shard", "0/1", "--out", "one").status == 0
    for number in (1, 0):
        assert credo(*compose, "--count", 3, "--shard", f"{number}/2", "--out", "two").status == 0
    one = made(tmp_path / "one")
    assert one == made(tmp_path / "two")
    assert len(one) == 3 * 2 + 1
    lost = next(tmp_path.glob("two/*seed-6.json"))
    lost.unlink()  # as if a kill had come before it was written
    times = {path: path.stat().st_mtime_ns for path in tmp_path.glob("two/*seed-[57].*")}
    again = credo(*compose, "--count", 3, "--shard", "0/1", "--out", "two")
    assert "pieces to write: 1" in again.err
    assert made(tmp_path / "two") == one
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert "pieces to write: 0" in credo(*compose, "--count", 2, "--shard", "0/1", "--out", "two").err
    other = credo(*compose, "--key", "G", "--count", 3, "--shard", "0/1", "--out", "two")
    assert (other.status, "got another key" in other.err) == (2, True)


def test_wrong_wishes_for_batches(refused, credo, tiny_run, tmp_path):
    compose = ("compose", "--model", tiny_run, "--bars", 1, "--shard")
    assert "expected --seed beside it" in refused(*compose, "0/2")
    assert "expected no --alternatives beside it" in refused(*compose, "0/2", "--seed", 1, "--alternatives", 2)
    ended = credo(*compose, "2/2", "--seed", 1)
    assert (ended.status, "shard: expected I/N" in ended.err) == (2, True)
    assert credo("compose", "--model", "nowhere", "--seed", 1, "--shard", "0/2").status == 2
    assert not (tmp_path / "compositions").exists()
