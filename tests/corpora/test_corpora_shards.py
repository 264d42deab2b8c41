"""Corpora read in shards: nothing lost, nothing twice, and the same files whatever the number of shards."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from credo.cli.main import run
from credo.corpora.corpus import Card, Corpus
from credo.corpora.ingest import Plan, ingest_with_report
from credo.corpora.reading.pool import UnfetchedError
from credo.corpora.reading.prepare import prepare
from credo.corpora.report import Report
from credo.corpora.shards import merge as merge_module
from credo.corpora.shards import read as read_module
from credo.corpora.shards.merge import SCRATCH_NAME, merge_parts
from credo.corpora.shards.part import Part
from credo.corpora.shards.places import UNFETCHED, Folder, Storage
from credo.corpora.shards.read import read_share
from credo.corpora.shards.share import MOST_SHARES, Share
from credo.corpora.stored import StoredPieces
from credo.corpora.windows import training_codes
from credo.errors import CorpusError, FileError, UsageError
from credo.io.files import save
from credo.music.texture import PIANO, SATB
from credo.music.window import Window

PLAN = Plan(SATB, Card("part"))


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def in_process(monkeypatch):
    """Files are read in this process, which is quicker than to start others."""

    def run_jobs(function, settings, jobs, *, at_hand, **limits):
        for job in jobs:
            try:
                with at_hand(job) as here:
                    yield job, json.dumps(prepare(here, settings)).encode()
            except UnfetchedError as error:
                yield job, error

    monkeypatch.setattr(read_module, "run_jobs", run_jobs)


def read_all(source: Path | str, parts: Path, of: int, plan: Plan = PLAN) -> list[dict]:
    return [read_share(str(source), plan, Share(number, of), parts, workers=1) for number in range(of)]


@pytest.fixture
def mixed(folder, chorale) -> Path:
    """Seven good files, one again and one transposed, one broken, one of another kind, one hidden."""
    shutil.copy(folder / "0.mid", folder / "more" / "again.mid")
    save(chorale(1, semitones=-2), folder / "more" / "lower.mid")
    (folder / "broken.mid").write_bytes(b"MThd")
    (folder / "notes.txt").write_text("not looked at")
    (folder / ".hidden.mid").write_text("not looked at")
    return folder


def test_a_merged_corpus_is_the_one_that_is_read_at_once(mixed, tmp_path):
    corpus, report = ingest_with_report([mixed], Plan(SATB, Card("files", origin="files")), tmp_path / "whole")
    reports = read_all(mixed, tmp_path / "parts", 3)
    assert sum(each["files"] for each in reports) == report.files == 10
    merged, joined = merge_parts(tmp_path / "parts", tmp_path / "merged")
    assert tuple(merged.pieces) == corpus.pieces
    assert merged.card == corpus.card
    assert (joined.left_out, joined.statistics, joined.others) == (report.left_out, report.statistics, 1)
    assert joined.reasons == report.reasons == {"duplicate": 2, "could not be read": 1}
    assert joined.to_markdown() == report.to_markdown()
    assert Report.load(tmp_path / "merged") == joined
    assert {piece.name for piece in merged.in_split("test")} == {piece.name for piece in corpus.in_split("test")}
    assert merged.split_sizes() == corpus.split_sizes()
    lines = [json.loads(line) for line in (tmp_path / "merged" / "left-out.jsonl").read_text("utf-8").splitlines()]
    assert [line["name"] for line in lines] == [entry.name for entry in report.left_out]


@pytest.mark.usefixtures("in_process")
def test_the_number_of_shards_does_not_matter(mixed, tmp_path):
    for of in (1, 4, 7):
        read_all(mixed, tmp_path / f"parts{of}", of)
        merge_parts(tmp_path / f"parts{of}", tmp_path / f"merged{of}")
    one = content_of(tmp_path / "merged1")
    assert one == content_of(tmp_path / "merged4") == content_of(tmp_path / "merged7")
    assert set(one) == {
        *("corpus.json", "grids.bin", "index.bin", "left-out.jsonl", "pieces.jsonl", "report.json", "report.md"),
    }


def test_each_file_is_in_one_share_wherever_it_lies():
    names = [f"{number % 10}/{number}.mid" for number in range(1000)]
    shares = [Share(number, 7) for number in range(7)]
    dealt = [[name for name in names if share.holds(name)] for share in shares]
    assert sorted(name for share in dealt for name in share) == sorted(names)
    assert min(map(len, dealt)) > 100
    assert Share(3, 7).holds("a.mid") == Share.parse("3/7").holds("a.mid")


@pytest.mark.parametrize("text", ["3", "3/3", "-1/3", "a/b", "0/0", "1.5/3", f"0/{MOST_SHARES + 1}", ""])
def test_shares_that_make_no_sense(text):
    with pytest.raises(UsageError, match=r"shard: expected I/N"):
        Share.parse(text)


def test_a_shard_that_was_killed_goes_on_where_it_was(mixed, tmp_path):
    script = (
        "import os, signal, sys; sys.path[:] = sys.argv[3:]\n"
        "from credo.corpora.shards import read as module\n"
        "from credo.corpora.shards.share import Share\n"
        "from credo.corpora.ingest import Plan, Card\n"
        "from credo.music.texture import SATB\n"
        "module.CHUNK = 1\n"
        "def kill(done, total, name):\n"
        "    if done == 4:\n"
        "        os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))\n"
        "plan = Plan(SATB, Card('part'))\n"
        "module.read_share(sys.argv[1], plan, Share(0, 1), sys.argv[2], workers=1, progress=kill)\n"
    )
    parts = tmp_path / "parts"
    command = [sys.executable, "-c", script, str(mixed), str(parts), *sys.path]
    assert subprocess.run(command, timeout=120).returncode != 0
    path = parts / Share(0, 1).file_name
    with pytest.raises(CorpusError, match="finished part"):
        merge_parts(parts, tmp_path / "early")
    with sqlite3.connect(path) as base:
        before = base.execute("SELECT count(*) FROM records").fetchone()[0]
    base.close()
    told = []
    report = read_share(
        str(mixed), PLAN, Share(0, 1), parts, workers=1, progress=lambda done, total, name: told.append((done, total))
    )
    assert before == told[0][0] == 4
    assert report["read_now"] == 6
    merge_parts(parts, tmp_path / "killed")
    read_all(mixed, tmp_path / "other", 1)
    merge_parts(tmp_path / "other", tmp_path / "unkilled")
    assert content_of(tmp_path / "killed") == content_of(tmp_path / "unkilled")


@pytest.mark.usefixtures("in_process")
def test_a_shard_that_is_run_again_reads_what_changed(mixed, chorale, tmp_path):
    parts = tmp_path / "parts"
    assert read_all(mixed, parts, 1)[0]["read_now"] == 10
    assert read_all(mixed, parts, 1)[0]["read_now"] == 0
    save(chorale(30), mixed / "broken.mid")
    (mixed / "2.mid").unlink()
    again = read_all(mixed, parts, 1)[0]
    assert (again["read_now"], again["files"], again["reasons"]) == (1, 9, {})
    merged, _ = merge_parts(parts, tmp_path / "merged")
    names = [piece.name for piece in merged.pieces]
    assert "broken.mid" in names
    assert "2.mid" not in names


@pytest.mark.usefixtures("in_process")
def test_parts_that_do_not_belong_together(mixed, tmp_path):
    parts = tmp_path / "parts"
    with pytest.raises(CorpusError, match=r"expected parts to put together, found none.*--shard 0/N"):
        merge_parts(tmp_path, tmp_path / "out")
    read_share(str(mixed), PLAN, Share(1, 3), parts, workers=1)
    with pytest.raises(CorpusError, match=r"expected 3 parts, found 1 \(run --shard 0/3, 2/3\)"):
        merge_parts(parts, tmp_path / "out")
    read_share(str(mixed), PLAN, Share(0, 3), parts, workers=1)
    piano = Plan(PIANO, Card("part"))
    with pytest.raises(CorpusError, match="expected a part of this run"):
        read_share(str(mixed), piano, Share(0, 3), parts, workers=1)
    read_share(str(mixed), piano, Share(2, 3), parts, workers=1)
    with pytest.raises(CorpusError, match="found another texture"):
        merge_parts(parts, tmp_path / "out")
    read_share(str(mixed), PLAN, Share(0, 2), parts, workers=1)
    with pytest.raises(CorpusError, match="found some of 2 and of 3"):
        merge_parts(parts, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_part_has_one_writer(tmp_path):
    part = Part(tmp_path / "part.sqlite", {})
    with pytest.raises(CorpusError, match="another process is writing this part"):
        Part(tmp_path / "part.sqlite", {})
    part.close()
    (tmp_path / "folder.sqlite").mkdir()
    with pytest.raises(FileError, match="unable to open"):
        Part(tmp_path / "folder.sqlite", {})
    (tmp_path / "text.sqlite").write_text("no part at all " * 100)
    with pytest.raises(CorpusError, match="expected a part of a corpus"):
        Part(tmp_path / "text.sqlite", {})


@pytest.mark.usefixtures("in_process")
def test_training_reads_a_merged_corpus_piece_by_piece(mixed, tmp_path, monkeypatch):
    corpus, _ = ingest_with_report([mixed], PLAN)
    read_all(mixed, tmp_path / "parts", 2)
    merged, _ = merge_parts(tmp_path / "parts", tmp_path / "merged")
    window = Window(SATB, 16)
    whole, own = (training_codes(each, window, hop=3, seed=7) for each in (merged, corpus))
    assert len(whole) == len(own)
    assert sorted(map(bytes, whole[:])) == sorted(map(bytes, own[:]))  # all transpositions of all pieces, in any order
    again = training_codes(Corpus.load(tmp_path / "merged"), window, hop=3, seed=7)
    assert bytes(again.blocks) == bytes(whole.blocks)
    assert merged.fingerprint == Corpus.load(tmp_path / "merged").fingerprint
    reads = []
    real = StoredPieces.__getitem__
    monkeypatch.setattr(StoredPieces, "__getitem__", lambda self, number: reads.append(number) or real(self, number))
    few = training_codes(merged, window, most_beats=16)
    assert len(few) == 2 * 13
    assert len(reads) <= 3


@pytest.mark.usefixtures("in_process")
def test_damage_to_a_merged_corpus_is_told(mixed, tmp_path):
    read_all(mixed, tmp_path / "parts", 1)
    out = tmp_path / "merged"
    merge_parts(tmp_path / "parts", out)
    grids = (out / "grids.bin").read_bytes()
    (out / "grids.bin").write_bytes(grids[:-1])
    with pytest.raises(CorpusError, match=r"expected \d+ bytes of grids.bin, found \d+ \(put it together again"):
        Corpus.load(out)
    (out / "grids.bin").write_bytes(b"\xff" + grids[1:])
    merged = Corpus.load(out)
    with pytest.raises(CorpusError, match="piece 0 is damaged"):
        merged.pieces[0]
    assert merged.pieces[-1].grid.steps
    assert len(merged.pieces[1:3]) == 2
    (out / "index.bin").unlink()
    with pytest.raises(CorpusError, match=r"found no index.bin"):
        Corpus.load(out)


@pytest.mark.usefixtures("in_process")
def test_a_damaged_part_is_told(mixed, tmp_path):
    read_all(mixed, tmp_path / "parts", 1)
    path = tmp_path / "parts" / Share(0, 1).file_name
    content = bytearray(path.read_bytes())
    content[8192:] = b"\x55" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(CorpusError, match="run its shard again"):
        merge_parts(tmp_path / "parts", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("in_process")
def test_nothing_usable_leaves_nothing(tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.mid").write_bytes(b"MThd")
    read_all(tmp_path / "files", tmp_path / "parts", 2)
    with pytest.raises(CorpusError, match="none of 1 files is usable: 1 could not be read"):
        merge_parts(tmp_path / "parts", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("in_process")
def test_a_merge_that_was_stopped_leaves_no_half_corpus(mixed, tmp_path, monkeypatch):
    read_all(mixed, tmp_path / "parts", 2)
    merge_parts(tmp_path / "parts", tmp_path / "out")
    whole = content_of(tmp_path / "out")
    real = os.replace

    def failing(source, target):
        if Path(target).name == "index.bin":
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(merge_module.os, "replace", failing)
    with pytest.raises(FileError, match="No space left"):
        merge_parts(tmp_path / "parts", tmp_path / "out")
    with pytest.raises(CorpusError):
        Corpus.load(tmp_path / "out")
    monkeypatch.undo()
    (tmp_path / "out" / SCRATCH_NAME).mkdir(exist_ok=True)
    merge_parts(tmp_path / "parts", tmp_path / "out")
    assert content_of(tmp_path / "out") == whole


@pytest.mark.usefixtures("in_process")
def test_long_lists_stay_beside_the_report(mixed, tmp_path, monkeypatch):
    read_all(mixed, tmp_path / "parts", 2)
    monkeypatch.setattr(merge_module, "MOST_LISTED", 1)
    _, report = merge_parts(tmp_path / "parts", tmp_path / "out")
    assert len(report.left_out) == 1
    assert report.reasons == {"duplicate": 2, "could not be read": 1}
    assert "And 2 more, which `left-out.jsonl` tells of." in report.to_markdown()
    assert (tmp_path / "out" / "left-out.jsonl").read_text("utf-8").count("\n") == 3


@pytest.mark.usefixtures("in_process")
def test_folders_name_splits_and_styles_as_without_shards(folder, chorale, tmp_path):
    source = tmp_path / "sorted"
    for number, split in enumerate(("train", "train", "train", "valid", "test")):
        path = source / split / ("bach" if number % 2 else "brahms") / f"{number}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        save(chorale(number), path)
    corpus, _ = ingest_with_report([source], Plan(SATB, Card("sorted", origin="sorted")))
    read_all(source, tmp_path / "parts", 3)
    merged, _ = merge_parts(tmp_path / "parts", tmp_path / "merged")
    assert tuple(merged.pieces) == corpus.pieces
    assert {piece.style for piece in merged.pieces} == {"bach", "brahms"}
    assert merged.split_sizes() == {"train": 3, "valid": 1, "test": 1}


def test_loops_of_links_end_and_folders_that_cannot_be_read_are_told(mixed):
    (mixed / "more" / "round").symlink_to(mixed, target_is_directory=True)
    (mixed / "nowhere.mid").symlink_to(mixed / "missing")
    seen = list(Folder(mixed).files(lambda name: name.endswith((".mid", ".MID"))))
    assert len([s for s in seen if not s.trouble]) == len({s.name for s in seen}) - 1 == 9
    assert [s.trouble for s in seen if s.name == "nowhere.mid"] == ["no such file or directory"]
    with pytest.raises(FileError, match="no such folder"):
        Folder(mixed / "missing")


@pytest.mark.usefixtures("in_process")
def test_a_merge_tells_how_far_it_has_come(mixed, tmp_path, monkeypatch):
    monkeypatch.setattr(merge_module, "_TOLD_EVERY", 4)
    read_all(mixed, tmp_path / "parts", 3)
    told = []
    merged, report = merge_parts(tmp_path / "parts", tmp_path / "out", progress=lambda *each: told.append(each))
    pieces = len(merged.pieces)
    assert report.files == 10
    assert told[:6] == [(done, 10, stage) for stage in ("Finding duplicates", "Writing") for done in (4, 8, 10)]
    assert told[6:] == [*((done, pieces, "Counting") for done in range(4, pieces, 4)), (pieces, pieces, "Counting")]


def test_object_storage_is_read_by_url(mixed, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.put(str(mixed) + "/", "/bucket/files/", recursive=True)
    try:
        reports = read_all("memory://bucket/files", tmp_path / "remote", 2)  # by other processes
        read_all(mixed, tmp_path / "local", 1)
        assert sum(report["files"] for report in reports) == 10
        assert [each["read_now"] for each in read_all("memory://bucket/files", tmp_path / "remote", 2)] == [0, 0]
        merge_parts(tmp_path / "remote", tmp_path / "a")
        merge_parts(tmp_path / "local", tmp_path / "b")
        assert content_of(tmp_path / "a") == content_of(tmp_path / "b")
    finally:
        memory.rm("/bucket", recursive=True)


@pytest.mark.usefixtures("in_process")
def test_a_file_that_cannot_be_fetched_is_tried_again_next_time(mixed, tmp_path, monkeypatch):
    pytest.importorskip("fsspec")
    from fsspec.implementations.local import LocalFileSystem

    place, fetch = f"local://{mixed}", LocalFileSystem.get_file

    def failing(self, path, *rest, **options):
        if path.endswith("3.mid"):
            raise PermissionError("not yours")
        return fetch(self, path, *rest, **options)

    monkeypatch.setattr(LocalFileSystem, "get_file", failing)
    first = read_all(place, tmp_path / "parts", 1)[0]
    assert first["reasons"][UNFETCHED] == 1
    monkeypatch.undo()
    second = read_all(place, tmp_path / "parts", 1)[0]
    assert (second["read_now"], UNFETCHED in second["reasons"]) == (1, False)
    with pytest.raises(FileError, match="no such folder"):
        Storage(f"local://{mixed}/missing")
    with pytest.raises(UsageError, match="nosuch://x"):
        Storage("nosuch://x")


def test_on_the_command_line(mixed, tmp_path, capsys):
    parts, out = str(tmp_path / "parts"), str(tmp_path / "out")
    for number in range(2):
        assert run(["corpus", str(mixed), "-t", "satb", "--shard", f"{number}/2", "--out", parts, "-w", "1"]) == 0
    assert "Part: " in capsys.readouterr().out
    assert run(["corpus", "--merge", parts, "--out", out, "--name", "big", "--licence", "CC0"]) == 0
    assert "10, of which 7 are kept" in capsys.readouterr().out
    assert Corpus.load(out).card.licence == "CC0"
    assert run(["corpus", out]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["files", "-t", "satb", "--shard", "0/2"], "expected --out with the folder of all parts"),
        (["files", "--shard", "0/2", "--out", "x"], "expected --texture"),
        (["files", "-t", "satb", "--shard", "2/2", "--out", "x"], "shard: expected I/N"),
        (["bach", "-t", "satb", "--shard", "0/2", "--out", "x"], "expected a folder or a URL, got the data set bach"),
        (["files", "-t", "satb", "--shard", "0/2", "--out", "x", "--name", "n"], "say it with --merge"),
        (["files", "--merge"], "expected --out with the folder of the corpus"),
        (["files", "--merge", "--shard", "0/2"], "expected --shard or --merge, got both"),
        (["files", "--merge", "-t", "satb", "--out", "x"], "--texture: expected none with --merge"),
    ],
)
def test_wrong_wishes_for_shards(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["corpus", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
