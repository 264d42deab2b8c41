"""Cues made in shards: the files do not depend on how many there are, and what is there is not made again."""

import pytest

pytestmark = [pytest.mark.machine, pytest.mark.once]

CUE = ("cue", "--name", "door", "--seconds", 3, "--formats", "midi,musicxml", "--count", 3)


def made(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_one_and_two_workers_write_the_same_cues(credo, tiny_run, tmp_path):
    cue = (*CUE, "--model", tiny_run, "--seed", 5)
    assert credo(*cue, "--out", "one").status == 0
    for number in (1, 0):
        assert credo(*cue, "--shard", f"{number}/2", "--out", "two").status == 0
    one = made(tmp_path / "one")
    assert one == made(tmp_path / "two")
    folders = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert folders == ["batch.json", "door-seed-5", "door-seed-6", "door-seed-7"]
    assert len({data for path, data in one.items() if path.suffix == ".mid"}) > 1
    (tmp_path / "two" / "door-seed-6" / "manifest.json").rename(tmp_path / "kept.json")
    assert "Cues to make: 1" in credo(*cue, "--out", "two").err  # beside the torn one, which is not touched
    assert "Cues to make: 0" in credo(*cue, "--shard", "0/2", "--out", "one").err
    other = credo(*cue, "--key", "G", "--out", "one")
    assert (other.status, "got another brief" in other.err) == (2, True)


def test_wrong_wishes_for_batches_of_cues(credo, refused, tiny_run, tmp_path):
    assert "expected --seed beside it" in refused(*CUE, "--model", tiny_run, "--shard", "0/2")
    assert "count: expected 1 to" in refused("cue", "--seconds", 3, "--count", 0)
    ended = credo(*CUE, "--model", tiny_run, "--seed", 1, "--shard", "2/2")
    assert (ended.status, "shard: expected I/N" in ended.err) == (2, True)
    assert not (tmp_path / "cues").exists()
