"""From a folder of files to a corpus."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from credo.corpora import ingest as ingest_module
from credo.corpora.corpus import Card, Corpus
from credo.corpora.ingest import JOURNAL_NAME, Plan, ingest, ingest_with_report
from credo.corpora.reading.files import find_files
from credo.corpora.reading.journal import Journal
from credo.corpora.reading.prepare import Rules
from credo.corpora.report import Report
from credo.errors import CorpusError, FileError, UsageError
from credo.io.files import save
from credo.music.pitch import Key
from credo.music.score import Part, Score
from credo.music.texture import SATB


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_every_file_is_a_piece_or_has_its_reason(folder, chorale, tmp_path):
    save(chorale(0), folder / "again.mid")
    save(chorale(1, semitones=2), folder / "higher.mid")
    save(chorale(11, quarters=2), folder / "short.mid")
    save(Score(chorale(12).parts[:3]), folder / "trio.mid")
    save(
        Score((Part.of("Soprano", chorale(13, semitones=36).parts[0].notes), *chorale(13).parts[1:])), folder / "z.mid"
    )
    (folder / "empty.mid").write_bytes(b"")
    (folder / "text.mid").write_text("not music")
    (folder / "cut.MusicXML").write_bytes((folder / "more" / "5.musicxml").read_bytes()[:700])
    (folder / "notes.txt").write_text("not looked at")
    (folder / ".hidden.mid").write_text("not looked at")
    (folder / ".hidden").mkdir()
    save(chorale(14), folder / ".hidden" / "x.mid")
    corpus, report = ingest_with_report([folder], Plan(SATB, Card("mine", licence="CC0")), tmp_path / "out", workers=1)
    assert [piece.name for piece in corpus.pieces] == [
        *("0.mid", "1.mid", "2.mid", "3.mid", "4.mid", "6.MID", "more/5.musicxml"),
    ]
    reasons = {entry.name: (entry.reason, entry.detail) for entry in report.left_out}
    assert {name: reason for name, (reason, _) in reasons.items()} == {
        "again.mid": "duplicate",
        "cut.MusicXML": "could not be read",
        "empty.mid": "could not be read",
        "higher.mid": "duplicate",
        "short.mid": "too short",
        "text.mid": "could not be read",
        "trio.mid": "a voice is silent throughout",
        "z.mid": "too many notes have no place in the texture",
    }
    assert reasons["higher.mid"][1] == "the same music as 1.mid, 2 semitones up"
    assert reasons["empty.mid"][1] == "is empty"
    assert report.reasons["duplicate"] == 2
    assert (report.files, report.others) == (15, 1)
    assert Corpus.load(tmp_path / "out") == corpus
    assert Report.load(tmp_path / "out") == report
    written = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert all(f"`{name}`: {reason}: {detail}" in written for name, (reason, detail) in reasons.items())
    assert "* Licence: CC0" in written
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("corpus.json", "grids.npz", "report.json", "report.md"),
    ]


def test_pieces_that_lose_a_few_notes_are_kept_and_reported(chorale, tmp_path):
    score = chorale(1)
    soprano = Part.of("Soprano", [*score.parts[0].notes[:-1], chorale(1, semitones=36).parts[0].notes[-1]])
    save(Score((soprano, *score.parts[1:]), score.timeline), tmp_path / "a.mid")
    corpus, report = ingest_with_report([tmp_path / "a.mid"], Plan(SATB, Card("one")), workers=1)
    assert corpus.pieces[0].source.omitted == 1
    assert report.omitted[0].name == "a.mid"
    assert "outside 57..84" in report.omitted[0].remarks[0]
    assert "## Pieces that lost some notes" in report.to_markdown()


def test_the_number_of_processes_does_not_matter(folder, chorale, tmp_path):
    for seed in range(5):
        save(chorale(seed), folder / f"copy of {seed}.mid")
    one = ingest(folder, SATB, tmp_path / "one", workers=1)
    two = ingest(folder, SATB, tmp_path / "two", workers=2)
    assert one == two
    assert content_of(tmp_path / "one") == content_of(tmp_path / "two")


def test_a_run_that_was_killed_goes_on_where_it_was(folder, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    ingest(folder, SATB, whole, workers=1)
    script = (
        "import sys; sys.path[:] = sys.argv[3:]\n"
        "from credo.corpora import ingest as module\n"
        "from credo.music.texture import SATB\n"
        "module.FUNCTION = 'misbehave:slowly'\n"
        "module.ingest(sys.argv[1], SATB, sys.argv[2], workers=1)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(folder), str(out), *sys.path])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (
        not (out / JOURNAL_NAME).exists() or (out / JOURNAL_NAME).read_bytes().count(b"\n") < 3
    ):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert [path.name for path in out.iterdir()] == [JOURNAL_NAME]
    with (out / JOURNAL_NAME).open("ab") as journal:
        journal.write(b'{"name": "4.mid", "sta')  # as if the kill had come in the middle of a line
    told = []
    ingest(folder, SATB, out, workers=1, progress=lambda done, total, name: told.append((done, total, name)))
    assert told[0][0] >= 2  # what had been read is not read again
    assert told[-1][:2] == (7, 7)
    assert content_of(out) == content_of(whole)


def test_a_file_that_changed_is_read_again(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path, {"run": 1})
    journal.add(b'{"name": "a", "stamp": [1, 2]}\n')
    journal.close()
    for header, stamp, known in (({"run": 1}, [1, 2], True), ({"run": 1}, [1, 3], False), ({"run": 2}, [1, 2], False)):
        journal = Journal(path, header)
        assert journal.has("a", stamp) is known
        journal.close()


def test_a_damaged_journal_costs_only_its_damaged_lines(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path, {})
    journal.close()
    path.write_bytes(path.read_bytes() + b'rubbish\n{"name": "a", "stamp": [1]}\n{"name": "b"')
    journal = Journal(path, {})
    journal.add(b'{"name": "c", "stamp": [1]}')
    assert [journal.has(name, [1]) for name in "abc"] == [True, False, True]
    journal.close()
    assert path.read_bytes().endswith(b'{"name": "a", "stamp": [1]}\n{"name": "c", "stamp": [1]}\n')


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="signals of POSIX")
def test_crashes_and_hangs_cost_one_file_each(folder, chorale, tmp_path, monkeypatch):
    monkeypatch.setattr(ingest_module, "FUNCTION", "misbehave:badly")
    for seed, name in enumerate(("segfault", "exit", "hang", "memory", "bug")):
        save(chorale(20 + seed), folder / f"{name}.mid")
    plan = Plan(SATB, Card("risky"), timeout_seconds=1.5, memory_bytes=1 << 30)
    corpus, report = ingest_with_report([folder], plan, tmp_path / "out", workers=2)
    assert len(corpus) == 7
    details = {entry.name: entry.detail for entry in report.left_out}
    assert details.pop("memory.mid").startswith(("crashed the reader", "gave no result"))
    assert details == {
        "segfault.mid": "crashed the reader (SIGSEGV)",
        "exit.mid": "crashed the reader (exit status 3)",
        "hang.mid": "gave no result within 1.5 seconds",
        "bug.mid": "crashed the reader (exit status 1)",
    }


def test_no_usable_file_leaves_nothing_behind(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    (files / "a.mid").write_text("x")
    (files / "b.mid").write_text("")
    with pytest.raises(CorpusError, match=r"none of 2 files is usable: 2 could not be read; such as a.mid") as error:
        ingest(files, SATB, tmp_path / "out", workers=1)
    assert error.value.hint
    assert not (tmp_path / "out").exists()
    (tmp_path / "no music").mkdir()
    (tmp_path / "no music" / "x.txt").write_text("")
    with pytest.raises(CorpusError, match=r"found no files that end in .mid.*only 1 of other kinds"):
        ingest(tmp_path / "no music", SATB, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failed_run_keeps_an_earlier_corpus(folder, tmp_path):
    ingest(folder, SATB, tmp_path / "out", workers=1)
    before = content_of(tmp_path / "out")
    (tmp_path / "bad.mid").write_text("x")
    with pytest.raises(CorpusError):
        ingest(tmp_path / "bad.mid", SATB, tmp_path / "out", workers=1)
    assert content_of(tmp_path / "out") == before


def test_wrong_arguments_are_told(folder, tmp_path):
    with pytest.raises(FileError, match="no such file or folder"):
        ingest(tmp_path / "nowhere", SATB)
    with pytest.raises(CorpusError, match="expected a folder or files, got none"):
        ingest([], SATB)
    with pytest.raises(UsageError, match="workers"):
        ingest(folder, SATB, workers=0)
    with pytest.raises(CorpusError, match="found other files"):
        ingest(folder, SATB, folder)
    with pytest.raises(CorpusError, match="found a file"):
        ingest(folder, SATB, folder / "0.mid")
    assert len(list(folder.iterdir())) == 7


def test_folders_and_functions_can_say_the_split(folder, tmp_path, chorale):
    given = tmp_path / "given"
    for name in ("train", "valid", "Test"):
        (given / name).mkdir(parents=True)
    for seed, name in enumerate(("train", "train", "valid", "Test")):
        save(chorale(seed), given / name / f"{seed}.mid")
    assert ingest(given, SATB, workers=1).split_sizes() == {"train": 2, "valid": 1, "test": 1}
    own = ingest(folder, SATB, workers=1, split=lambda name: "unused" if name < "3" else "valid")
    assert own.split_sizes() == {"valid": 4, "unused": 3}


def test_rules_can_be_changed(chorale, tmp_path):
    save(Score(chorale(12).parts[:3]), tmp_path / "trio.mid")
    save(chorale(11, quarters=2), tmp_path / "short.mid")
    rules = Rules(shortest_quarters=1, silent_voices=True)
    assert len(ingest(tmp_path, SATB, rules=rules, workers=1)) == 2


def test_keys_are_written_ones_or_estimates(chorale, tmp_path):
    save(chorale(1, key=Key(2)), tmp_path / "a.musicxml")
    save(chorale(2), tmp_path / "b.mid")
    pieces = ingest(tmp_path, SATB, workers=1).pieces
    assert [piece.source.key_from for piece in pieces] == ["file", "notes"]
    assert all(len(piece.keys) == 1 for piece in pieces)


def test_links_that_loop_end(folder):
    try:
        (folder / "more" / "loop").symlink_to(folder, target_is_directory=True)
        (folder / "dangling.mid").symlink_to(folder / "gone.mid")
    except OSError:
        pytest.skip("links cannot be made here")
    listing = find_files(folder, [".mid", ".musicxml"])
    assert len(listing.files) == 7
    assert [name for name, _ in listing.unreadable] == ["dangling.mid"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_folders_that_may_not_be_read_are_told(folder):
    (folder / "more").chmod(0)
    try:
        listing = find_files(folder, [".mid", ".musicxml"])
    finally:
        (folder / "more").chmod(0o700)
    assert len(listing.files) == 6
    assert listing.unreadable == (("more", "permission denied"),)


def test_a_folder_that_cannot_be_listed_is_told(folder, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("more"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    listing = find_files(folder, [".mid", ".musicxml"])
    assert len(listing.files) == 6
    assert listing.unreadable == (("more", "permission denied"),)


def test_several_folders_keep_their_names_apart(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "other")
    names = [found.name for found in find_files([folder, tmp_path / "other" / "0.mid"], [".mid"]).files]
    assert names == [
        "files/0.mid",
        "files/1.mid",
        "files/2.mid",
        "files/3.mid",
        "files/4.mid",
        "files/6.MID",
        "other/0.mid",
    ]


def test_the_index_says_what_there_is_to_know(folder, tmp_path):
    ingest(folder, SATB, tmp_path / "out", card=Card("seven", licence="CC0", citation="me"), workers=1)
    index = json.loads((tmp_path / "out" / "corpus.json").read_text("utf-8"))
    assert index["card"]["licence"] == "CC0"
    assert index["card"]["options"]["steps_per_quarter"] == 4
    source = index["pieces"][0]["source"]
    assert len(source["sha256"]) == 64
    assert source["notes"] > 40
    assert str(tmp_path) not in (tmp_path / "out" / "corpus.json").read_text("utf-8")
