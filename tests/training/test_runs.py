"""Runs: what they leave on disk, and that killing them changes nothing."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tiny
from credo.errors import CorpusError, CredoError, FileError, UsageError
from credo.models.folder import load_model, read_card
from credo.training import logbook
from credo.training.runs import train

pytestmark = pytest.mark.machine

STAGES = {"layer 1": 20, "layer 2": 20, "fine-tuning": 30}
SMALL = replace(tiny.RECIPE, model=replace(tiny.RECIPE.model, hidden=(7,), spans=(3,)))


@pytest.fixture
def quietly(monkeypatch):
    """Train without TensorBoard, whose library takes seconds to load."""
    monkeypatch.setattr(logbook, "_board", lambda _: None)
    return lambda *args, **options: train(*args, chunk_steps=tiny.CHUNK, **options)


def log(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text("utf-8").splitlines()]


def weights(run: Path) -> list[np.ndarray]:
    return [variable.numpy() for variable in load_model(run / "model")[0].variables]


def changed(section: str, recipe=tiny.RECIPE, **values):
    return replace(recipe, **{section: replace(getattr(recipe, section), **values)})


def test_the_log_has_every_chunk(tiny_run):
    records = log(tiny_run)
    expected = [(stage, step) for stage, steps in STAGES.items() for step in range(10, steps + 1, 10)]
    assert [(record["stage"], record["step"]) for record in records] == expected
    assert all(math.isfinite(value) for record in records for value in record.values() if not isinstance(value, str))
    for record in records:
        watched = "nats_a_hidden_cell" if record["stage"] == "fine-tuning" else "free_energy_gap"
        assert watched in record
    assert [record["reconstruction"] for record in records[:2]] == sorted(
        (record["reconstruction"] for record in records[:2]), reverse=True
    )


def test_the_card_is_complete(tiny_run):
    card = read_card(tiny_run / "model")
    assert card["name"] == "tiny"
    assert card["recipe"] == json.loads(json.dumps(tiny.RECIPE.to_dict()))
    assert card["data"]["pieces"] == {"train": 5, "valid": 1, "test": 1}
    facts = {card["data"][key] for key in ("name", "licence", "citation", "origin")}
    assert facts == {"small", "CC0", "nobody", "dice"}
    assert len(card["data"]["sha256"]) == 64
    assert set(card["versions"]) == {"credo", "keras", "backend", "numpy", "python"}
    names = {"layer 1 free_energy_gap", "layer 2 free_energy_gap", "held-out nats_a_hidden_cell"}
    assert set(card["scores"]) == names
    assert 0 < card["scores"]["held-out nats_a_hidden_cell"] < math.log(30)
    assert card["scores"]["held-out nats_a_hidden_cell"] == pytest.approx(log(tiny_run)[-1]["nats_a_hidden_cell"])


def test_tensorboard_is_told_where_it_is_installed(tiny_run):
    pytest.importorskip("tensorboardX")
    events = list((tiny_run / "tensorboard").glob("events.out.tfevents.*"))
    assert len(events) == 1
    assert b"fine-tuning/nats_a_hidden_cell" in events[0].read_bytes()


def test_nothing_lies_about(tiny_run):
    names = {"recipe.json", "log.jsonl", "checkpoint.npz", "model"}
    assert {path.name for path in tiny_run.iterdir()} - {"tensorboard"} == names


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_run_that_is_killed_again_and_again_ends_with_the_same_weights(tiny_run, tmp_path, quietly):
    run = tmp_path / "run"
    moments = [("layer 2", 20), ("fine-tuning", 20, "writing")]
    for moment in moments:
        command = [sys.executable, str(Path(__file__).with_name("killed.py")), str(run), *map(str, moment)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert not (run / "model").exists()
    quietly(tiny.corpus(), tiny.RECIPE, run, resume=True)
    for ours, theirs in zip(weights(run), weights(tiny_run), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert read_card(run / "model") == read_card(tiny_run / "model")

    def without_times(records):
        return [{key: value for key, value in record.items() if key != "time"} for record in records]

    assert without_times(log(run)) == without_times(log(tiny_run))


def test_a_finished_run_can_be_resumed_and_its_model_made_again(tiny_run, tmp_path, quietly):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    shutil.rmtree(run / "model")
    quietly(tiny.corpus(), tiny.RECIPE, run, resume=True)
    assert read_card(run / "model") == read_card(tiny_run / "model")
    assert all(np.array_equal(a, b) for a, b in zip(weights(run), weights(tiny_run), strict=True))


@pytest.mark.once
def test_a_run_that_began_before_a_recipe_could_say_something_goes_on(tiny_run, tmp_path, quietly):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    there = json.loads((run / "recipe.json").read_text("utf-8"))
    del there["recipe"]["pretraining"]["sparsity"]
    (run / "recipe.json").write_text(json.dumps(there), "utf-8")
    quietly(tiny.corpus(), tiny.RECIPE, run, resume=True)
    for record in ({**there, "recipe": {**there["recipe"], "mood": 1}}, {"data": there["data"]}, []):
        (run / "recipe.json").write_text(json.dumps(record), "utf-8")
        with pytest.raises(UsageError, match="has another recipe or other data"):
            quietly(tiny.corpus(), tiny.RECIPE, run, resume=True)


@pytest.mark.once
@pytest.mark.parametrize("share", [0.0, 0.99])
def test_a_damaged_checkpoint_is_told(tiny_run, tmp_path, quietly, share):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    checkpoint = run / "checkpoint.npz"
    data = checkpoint.read_bytes()
    checkpoint.write_bytes(data[: int(share * len(data))])
    with pytest.raises(FileError, match=r"checkpoint.npz: is not a checkpoint of this run, or is damaged \(start"):
        quietly(tiny.corpus(), tiny.RECIPE, run, resume=True)


@pytest.mark.once
@pytest.mark.parametrize("damage", ["w0", "w3", "state", "flip"])
def test_a_checkpoint_that_lacks_something_is_told(tiny_run, tmp_path, quietly, damage):
    run = shutil.copytree(tiny_run, tmp_path / "run")
    with np.load(run / "checkpoint.npz") as file:
        arrays = dict(file)
    if damage == "flip":
        data = bytearray((run / "checkpoint.npz").read_bytes())
        data[len(data) // 2] ^= 255
        (run / "checkpoint.npz").write_bytes(data)
    else:
        changed = {"w3": np.zeros(3), "state": np.frombuffer(b'{"stage": "x"}', np.uint8)}
        arrays = {name: changed.get(name, array) if name == damage else array for name, array in arrays.items()}
        if damage == "w0":
            del arrays["w0"]
        np.savez(run / "checkpoint.npz", **arrays)
    with pytest.raises(FileError, match=r"is not a checkpoint of this run, or is damaged"):
        quietly(tiny.corpus(), tiny.RECIPE, run, resume=True)


@pytest.mark.parametrize("section", ["pretraining", "finetuning"])
def test_training_that_diverges_is_told(tmp_path, quietly, section):
    recipe = SMALL if section == "pretraining" else changed("pretraining", SMALL, steps=0)
    with pytest.raises(CorpusError, match=r"diverged at step .* \(lower the rate in the recipe\)"):
        quietly(tiny.corpus(), changed(section, recipe, rate=1e3), tmp_path / "run")


def test_a_batch_larger_than_the_data_and_nothing_measured_without_pieces_held_out(tmp_path, quietly):
    recipe = changed("data", SMALL, most_beats=1, hop=7)
    result = quietly(tiny.corpus(("train", "train", "test")), recipe, tmp_path / "run")
    assert read_card(result.model)["data"]["windows"] == 3  # of the 20 beats of one piece
    assert result.scores == {}
    assert read_card(result.model)["scores"] == {}
    assert not any("gap" in key or "nats_a" in key for record in log(tmp_path / "run") for key in record)


def test_without_pieces_to_train_on(tmp_path, quietly):
    with pytest.raises(CorpusError, match="split: expected pieces in 'train', got 1 valid, 1 test"):
        quietly(tiny.corpus(("valid", "test")), tiny.RECIPE, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_stages_may_be_left_out(tmp_path, quietly):
    recipe = replace(changed("pretraining", steps=0), finetuning=replace(tiny.RECIPE.finetuning, steps=0))
    assert set(quietly(tiny.corpus(), recipe, tmp_path / "run").scores) == {"held-out nats_a_hidden_cell"}
    assert log(tmp_path / "run") == []


def test_a_folder_holds_one_run(tiny_run, tmp_path, quietly):
    with pytest.raises(UsageError, match="already holds a run"):
        quietly(tiny.corpus(), tiny.RECIPE, tiny_run)
    with pytest.raises(UsageError, match="has another recipe or other data"):
        quietly(tiny.corpus(), replace(tiny.RECIPE, seed=4), tiny_run, resume=True)
    with pytest.raises(UsageError, match="has another recipe or other data"):
        quietly(tiny.corpus(("train", "valid")), tiny.RECIPE, tiny_run, resume=True)
    with pytest.raises(UsageError, match="found none"):
        quietly(tiny.corpus(), tiny.RECIPE, tmp_path, resume=True)
    with pytest.raises(UsageError, match="whole quarters of 4 steps, got 15"):
        quietly(tiny.corpus(), changed("model", window_steps=15), tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.once
def test_a_full_disk_is_told(tmp_path, quietly, monkeypatch):
    def full(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(CredoError, match=r"checkpoint.npz: cannot be written: no space left on device"):
        quietly(tiny.corpus(), SMALL, tmp_path / "run")
