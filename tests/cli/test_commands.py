"""The commands, used rightly."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from credo import __version__
from credo.io.files import load, save
from credo.models.folder import read_card
from tiny import RECIPE, chorale, corpus

COMPOSE = ("compose", "--bars", 3, "--iterations", 3, "--formats", "midi", "--model")


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


def in_a_process(folder: Path, *arguments) -> subprocess.CompletedProcess:
    """The command as users run it, with nothing cached that another process compiled."""
    command = [str(Path(sys.executable).with_name("credo")), *map(str, arguments)]
    environment = {**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "false"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


#: What TensorFlow writes to stderr when it is loaded, whatever its log level.
TENSORFLOW_CHATS = r"WARNING: All log messages before absl|[IWE]\d{4} [\d:.]+ +\d+ \w+\.cc:\d+\] "


@pytest.mark.machine
def test_the_same_seed_gives_the_same_bytes_in_two_processes(credo, tiny_run, tmp_path):
    done = in_a_process(tmp_path, *COMPOSE, tiny_run, "--seed", 7, "--out", "theirs")
    assert done.returncode == 0, done.stderr
    assert credo(*COMPOSE, tiny_run, "--seed", 7, "--out", "ours").status == 0
    assert credo(*COMPOSE, tiny_run, "--seed", 8, "--out", "other").status == 0
    assert list(written(tmp_path / "theirs").values()) == list(written(tmp_path / "ours").values())
    assert list(written(tmp_path / "other").values()) != list(written(tmp_path / "ours").values())
    assert [Path(line).suffix for line in done.stdout.splitlines()] == [".mid", ".json"]
    told = [line for line in done.stderr.splitlines() if not re.match(TENSORFLOW_CHATS, line)]
    assert len(told) == 1
    assert "3 bars" in told[0]


def test_wrong_use_in_a_process(tmp_path):
    done = in_a_process(tmp_path, "compose", "--bars", 0)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "credo: bars: expected 1 to 512, got 0\n"
    done = in_a_process(tmp_path, "compose", "--bars", "many")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_count(credo, tiny_run, tmp_path):
    done = credo(*COMPOSE, tiny_run, "--seed", 20, "--count", 3, "--key", "G minor")
    names = [f"tiny-g-minor-3-bars-seed-{seed}.mid" for seed in (20, 21, 22)]
    assert names == sorted(written(tmp_path / "compositions"))
    assert done.err.count("in G minor") == 3
    assert len(set(written(tmp_path / "compositions").values())) == 3


def test_without_a_seed_pieces_differ(credo, tiny_run, tmp_path):
    for _ in range(2):
        credo(*COMPOSE, tiny_run)
    assert len(set(written(tmp_path / "compositions").values())) == 2


def test_key_metre_and_tempo(credo, tiny_run, tmp_path):
    assert credo(*COMPOSE, tiny_run, "--key", "Bb", "--metre", "3/4", "--tempo", 100, "--seed", 1).status == 0
    timeline = load(tmp_path / "compositions" / "tiny-bb-major-3-bars-seed-1.mid").timeline
    assert (timeline.key.name, timeline.tempos[0].bpm, timeline.length) == ("Bb major", 100, 9)
    assert (timeline.metres[0].numerator, timeline.metres[0].denominator) == (3, 4)


def test_missing_libraries_are_told_once(credo, tiny_run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "verovio", None)
    monkeypatch.setitem(sys.modules, "midirenderer", None)
    done = credo("compose", "--model", tiny_run, "--bars", 1, "--iterations", 3, "--count", 2)
    assert done.status == 0
    assert done.err.count('pip install "credo-music[notation]"') == 1
    assert done.err.count('pip install "credo-music[audio]"') == 1
    asked = credo("compose", "--model", tiny_run, "--bars", 1, "--iterations", 3, "--formats", "score", "--out", "none")
    assert asked.status == 2
    assert "credo-music[notation]" in asked.err
    assert not (tmp_path / "none").exists()


@pytest.fixture
def piece(credo, tiny_run, tmp_path):
    """A composition that began with a seed in another folder, made by a model in a third one."""
    (tmp_path / "seeds").mkdir()
    save(chorale(1, pickup=1), tmp_path / "seeds" / "mine.mid")
    shutil.copytree(tiny_run / "model", tmp_path / "model")
    wish = ("--seed-file", "seeds/mine.mid", "--keep-bars", 2, "--seed", 5, "--temperature", 0.9, "--tempo", 77)
    assert credo(*COMPOSE, "model", *wish, "--out", "first").status == 0
    return next((tmp_path / "first").glob("*.json"))


class TestAgain:
    def test_the_same_bytes(self, credo, piece, tmp_path, monkeypatch):
        done = credo("compose", "--again", piece, "--formats", "midi", "--out", "second")
        assert (done.status, "warning" in done.err) == (0, False)
        assert written(tmp_path / "first") == written(tmp_path / "second")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        again = credo("compose", "--again", f"../first/{piece.name}", "--formats", "midi", "--out", "../first")
        assert again.status == 0
        assert len(list((tmp_path / "first").iterdir())) == 2, "it takes its own place"

    def test_of_a_piece_from_noise_in_a_key_that_was_drawn(self, credo, tiny_run, tmp_path):
        credo(*COMPOSE, tiny_run, "--seed", 11, "--out", "first")
        record = next((tmp_path / "first").glob("*.json"))
        assert credo("compose", "--again", record, "--formats", "midi", "--out", "second").status == 0
        assert written(tmp_path / "first") == written(tmp_path / "second")

    def test_folders_may_move_together(self, credo, piece, tmp_path):
        shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-moved")
        shutil.rmtree(tmp_path / "seeds")
        moved = tmp_path.parent / f"{tmp_path.name}-moved" / "first" / piece.name
        assert credo("compose", "--again", moved, "--formats", "midi", "--out", "second").status == 0
        assert written(tmp_path / "first") == written(tmp_path / "second")

    def test_a_model_by_name(self, credo, tiny_run, tmp_path, monkeypatch):
        monkeypatch.setattr("credo.compose.models.user_models", lambda: tmp_path / "models")
        shutil.copytree(tiny_run / "model", tmp_path / "models" / "small")
        assert credo(*COMPOSE, "small", "--seed", 3, "--out", "first").status == 0
        record = next((tmp_path / "first").glob("*.json"))
        settings = json.loads(record.read_text("utf-8"))
        assert (settings["model_given"], settings["model_folder"]) == ("small", None)
        assert credo("compose", "--again", record, "--formats", "midi", "--out", "second").status == 0
        assert written(tmp_path / "first") == written(tmp_path / "second")

    def test_a_seed_that_is_gone_or_has_changed(self, refused, piece, tmp_path):
        seed = tmp_path / "seeds" / "mine.mid"
        seed.write_bytes(seed.read_bytes() + b"x")
        assert "mine.mid: the seed file of the piece has changed" in refused("compose", "--again", piece)
        seed.unlink()
        assert "mine.mid: the seed file of the piece is not there" in refused("compose", "--again", piece)

    def test_a_model_that_is_gone(self, refused, piece, tmp_path):
        shutil.rmtree(tmp_path / "model")
        assert "model: expected a folder or one of" in refused("compose", "--again", piece)

    def test_another_model_is_told(self, credo, piece):
        record = json.loads(piece.read_text("utf-8"))
        piece.write_text(json.dumps({**record, "model_sha256": "0" * 64, "backend": "abacus"}), "utf-8")
        done = credo("compose", "--again", piece, "--formats", "midi", "--out", "second")
        assert done.status == 0
        told = [line for line in done.err.splitlines() if line.startswith("warning: ")]
        assert "the model is not the one that made the piece: expected 000000000000, got " in told[0]
        assert "the backend of Keras is not the one that made the piece: expected abacus, got " in told[1]

    @pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"request": {}}', "[" * 99_999])
    def test_what_is_no_record(self, refused, tmp_path, text):
        (tmp_path / "x.json").write_text(text)
        assert "x.json: " in refused("compose", "--again", "x.json")
        assert "x.mid: cannot be read" in refused("compose", "--again", "x.mid")


def test_train(credo, tmp_path):
    folder = corpus(("train",) * 3).save(tmp_path / "corpus")
    (tmp_path / "tiny.toml").write_text(
        "name = 'mine'\n[model]\nwindow_steps = 8\nhidden = [7]\n[pretraining]\nsteps = 2\n[finetuning]\nsteps = 2\n"
    )
    done = credo("train", folder, "--recipe", "tiny.toml", "--name", "ours", "--seed", 4)
    assert done.status == 0
    assert done.out == "runs/ours/model\n"
    assert "note: the corpus has no piece in its split valid" in done.err
    card = read_card(tmp_path / "runs" / "ours" / "model")
    assert (card["name"], card["recipe"]["seed"], card["scores"]) == ("ours", 4, {})


def test_info_of_every_kind(credo, tiny_run, tmp_path, monkeypatch):
    assert "satb" in credo("info", tiny_run).out
    for line in ("layers       24, 12 hidden units", "pieces: 5 train, 1 valid, 1 test", "licence      CC0"):
        assert line in credo("info", tiny_run / "model").out
    assert credo("info", tiny_run).out == credo("info", tiny_run / "model").out
    save(chorale(1), tmp_path / "mine.mid")
    for line in ("length       20 quarters, 5 bars, 0:14.3", "metre        4/4", "C major (written)", "part 4"):
        assert line in credo("info", "mine.mid").out
    folder = corpus().save(tmp_path / "corpus")
    for line in ("corpus       small: made by dice", "pieces       7: 5 train, 1 valid, 1 test"):
        assert line in credo("info", folder).out
    models = tmp_path / "models"
    monkeypatch.setattr("credo.compose.models.user_models", lambda: models)
    monkeypatch.setattr("credo.compose.models.SHIPPED", tmp_path / "none")
    assert credo("info").out.startswith("No models are installed")
    shutil.copytree(tiny_run / "model", models / "small")
    (shutil.copytree(tiny_run / "model", models / "worse") / "card.json").write_text("{")
    lines = credo("info").out.splitlines()
    assert lines[0].startswith("small        satb, trained on small")
    assert lines[1].startswith("worse        cannot be used: ")
    assert RECIPE.name in credo("info", "small").out


@pytest.mark.parametrize("command", ["compose", "train", "corpus", "info"])
def test_help_shows_examples(credo, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = credo(command, "--help")
    assert (done.status, done.err) == (0, "")
    assert "Examples" in done.out
    assert f"credo {command} " in done.out
    assert f"Usage: credo {command}" in done.out


def test_the_root(credo):
    for arguments in (["--help"], ["-h"], []):
        done = credo(*arguments)
        assert done.status == 0
        for command in ("compose", "train", "corpus", "info"):
            assert command in done.out
    assert credo("--version").out == f"credo {__version__}\n"


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs signals")
def test_ctrl_c_is_one_line(credo, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("credo.compose.describe.describe_models", stop)
    done = credo("info")
    assert (done.status, done.err) == (130, "credo: stopped\n")
