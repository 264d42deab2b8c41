"""Wrong use is told in one line: what was expected, what came and what to do. Nothing is written."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from credo.io.files import save
from credo.music.score import Part
from tiny import chorale, corpus


@pytest.fixture
def model(tiny_run, tmp_path):
    """A copy of the tiny model that a test may damage."""
    return shutil.copytree(tiny_run / "model", tmp_path / "damaged")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--bars 0", "bars: expected 1 to 512, got 0"),
        ("--bars 99999", "bars: expected 1 to 512, got 99999"),
        ("--bars x", "'x'"),
        ("--tempo 0", "tempo: expected 10 to 400 quarters a minute, got 0"),
        ("--tempo nan", "tempo: expected 10 to 400 quarters a minute, got nan"),
        ("--tempo inf", "got inf"),
        ("--temperature nan", "temperature: expected 0.05 to 10, got nan"),
        ("--temperature inf", "temperature: expected 0.05 to 10, got inf"),
        ("--temperature 0", "temperature: expected 0.05 to 10, got 0"),
        ("--key H", "key: expected a tonic and a mode such as 'C major', 'F# minor' or 'Bbm', got 'H'"),
        ("--key=", "key: expected a tonic"),
        ("--metre 7/0", "metre: expected one such as 4/4, 3/4 or 6/8, got 7/0"),
        ("--metre x", "metre: expected one such as 4/4, 3/4 or 6/8, got 'x'"),
        ("--metre=", "metre: expected one such as"),
        ("--seed -1", "seed: expected 0 to 2147483647, got -1"),
        ("--seed 2147483647 --count 2", "seed: expected 0 to 2147483647, got 2147483648"),
        ("--count 0", "count: expected 1 to 1000, got 0"),
        ("--iterations 0", "iterations: expected 1 to 100000, got 0"),
        ("--keep-bars 2", "keep-bars: expected --seed-file beside it, got none"),
        ("--formats mp4", "formats: expected some of midi,musicxml,sound,roll,score, got 'mp4'"),
        ("--formats=", "formats: expected some of midi"),
        ("--again there.json --bars 3", "again: expected no options but --out and --formats beside it, got --bars"),
        ("--again there.json", "there.json: cannot be read: no such file or directory"),
        ("--model nowhere", "model: expected"),
        ("--nonsense", "--nonsense"),
        ("surplus", "surplus"),
        ("--tempo", "--tempo"),
    ],
)
def test_compose(refused, arguments, told):
    assert told in refused("compose", *arguments.split())


def test_the_command_itself(refused):
    assert "No such command 'campose'" in refused("campose")
    assert "credo --help" in refused("campose")
    assert "credo compose --help" in refused("compose", "--nonsense")
    assert "--nonsense" in refused("--nonsense")


def test_a_metre_between_the_steps(refused, tiny_run):
    assert "got 5/32" in refused("compose", "--model", tiny_run, "--metre", "5/32")


def damaged_seeds(folder: Path) -> dict[str, str]:
    """Files that are no seeds, and what is told of each."""
    save(chorale(1), folder / "good.mid")
    data = (folder / "good.mid").read_bytes()
    (folder / "empty.mid").write_bytes(b"")
    (folder / "truncated.mid").write_bytes(data[:100])
    (folder / "song.txt").write_bytes(data)
    (folder / "words.mid").write_text("These are words.")
    (folder / "folder.mid").mkdir()
    score = chorale(1)
    high = Part.of("soprano", [replace(note, pitch=110) for note in score.parts[0].notes], program=52)
    save(replace(score, parts=(high, *score.parts[1:])), folder / "high.mid")
    return {
        "missing.mid": "no such file",
        "empty.mid": "is empty",
        "truncated.mid": "truncated.mid: ",
        "song.txt": "expected one of .mid",
        "words.mid": "expected MIDI, found text",
        "folder.mid": "expected a file, found a folder",
        "high.mid": "fit the texture satb (soprano 57..84",
    }


def test_seed_files(refused, tiny_run, tmp_path):
    for name, told in damaged_seeds(tmp_path).items():
        assert told in refused("compose", "--model", tiny_run, "--seed-file", name), name
    good = ("compose", "--model", tiny_run, "--seed-file", "good.mid")
    assert "keep-bars: expected 1 to 5, the bars of the seed, got 6" in refused(*good, "--keep-bars", 6)
    assert "keep-bars: expected 1 to 5" in refused(*good, "--keep-bars", 0)
    assert "bars: expected more than the 5 bars that are kept, got 4" in refused(*good, "--bars", 4)


def test_an_out_that_is_a_file(refused, tiny_run, tmp_path):
    (tmp_path / "file").write_text("mine")
    told = refused("compose", "--model", tiny_run, "--bars", 1, "--iterations", 3, "--out", "file")
    assert "file: cannot be written to: " in told


def edited(card: Path, **changes) -> None:
    card.write_text(json.dumps({**json.loads(card.read_text("utf-8")), **changes}), "utf-8")


@pytest.mark.parametrize("command", [("compose", "--bars", 1, "--iterations", 3, "--model"), ("info",)])
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda m: (m / "model.keras").unlink(), "model.keras is missing"),
        (lambda m: (m / "card.json").unlink(), "card.json is missing"),
        (lambda m: (m / "card.json").write_text("{"), "cannot be read as a model card"),
        (lambda m: (m / "card.json").write_text("[]"), "cannot be read as a model card"),
        (lambda m: (m / "card.json").write_text("[" * 100_000), "cannot be read as a model card"),
        (lambda m: (m / "card.json").write_bytes(b"\xff\xfe"), "cannot be read as a model card"),
        (lambda m: edited(m / "card.json", format=2), "expected format 1, got 2 (it was written by a newer Credo"),
        (lambda m: edited(m / "card.json", format="x"), "expected format 1, got 'x'"),
        (lambda m: edited(m / "card.json", texture={"name": 3}), "expected a card of texture, window and keys"),
        (lambda m: edited(m / "card.json", window_steps="many"), "expected a card of texture, window and keys"),
        (lambda m: edited(m / "card.json", window_steps=-4), "expected whole quarters of 4 steps each, got -4"),
        (lambda m: edited(m / "card.json", keys={"X": 1}), "key: expected"),
        (lambda m: edited(m / "card.json", schedule={"closing": 2}), "expected a card with shares from 0 to 1"),
        (lambda m: edited(m / "card.json", schedule={"speed": 1}), "expected a card with a schedule"),
    ],
)
def test_model_folders(refused, model, command, damage, told):
    damage(model)
    assert told in refused(*command, model)


def test_weights_that_are_damaged_or_do_not_fit(refused, model):
    weights = model / "model.keras"
    data = weights.read_bytes()
    compose = ("compose", "--bars", 1, "--iterations", 3, "--model", model)
    for content in (b"", data[:1000], data[: len(data) // 2] + b"x" * 50 + data[len(data) // 2 + 50 :]):
        weights.write_bytes(content)
        assert "model.keras is damaged" in refused(*compose)
    weights.write_bytes(data)
    edited(model / "card.json", room=0)
    assert "visible units by the card, got a network of" in refused(*compose)


def test_info_of_nothing(refused, tmp_path):
    assert "there is no such file" in refused("info", "mine.mid")
    assert "model: expected a folder or one of" in refused("info", "mine")
    (tmp_path / "empty").mkdir()
    assert "card.json is missing" in refused("info", "empty")
    (tmp_path / "notes.txt").write_text("words")
    assert "expected one of .mid" in refused("info", "notes.txt")


def test_corpora_that_cannot_be_trained_on(refused, tmp_path):
    assert "missing: expected a prepared corpus, found no corpus.json" in refused("train", "missing")
    (tmp_path / "empty").mkdir()
    assert "empty: expected a prepared corpus" in refused("train", "empty")
    assert "corpus" in refused("train")
    folder = corpus().save(tmp_path / "damaged")
    (folder / "grids.npz").write_bytes(b"PK")
    assert "damaged: grids.npz is not the one" in refused("train", folder)
    assert "split: expected pieces in 'train', got 2 valid" in refused("train", corpus(("valid",) * 2).save("no-train"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("seed = ", "is not TOML"),
        (
            "speed = 3",
            "expected one of name, seed, temperature, model, data, pretraining, finetuning, sampling at [top]",
        ),
        ("[model]\nsize = 3", "at [model], got 'size'"),
        ("model = 3", "recipe: expected a table at [model], got 3"),
        ("[model]\nhidden = 3", "recipe: expected a list of whole numbers for hidden, got 3"),
        ("[model]\nhidden = [0]", "recipe: expected model.hidden of sizes from 1 to 65536"),
        ("[finetuning]\nsteps = -1", "recipe: expected finetuning.steps >= 0"),
        ("[finetuning]\nrate = nan", "recipe: expected finetuning.rate > 0"),
        ("[model]\nwindow_steps = 18", "recipe: expected model.window_steps in whole quarters of 4 steps, got 18"),
        ("seed = -1", "recipe: expected seed from 0 to 2147483647, got seed -1"),
    ],
)
def test_recipes(refused, tmp_path, text, told):
    folder = corpus().save(tmp_path / "corpus")
    (tmp_path / "recipe.toml").write_text(text)
    assert told in refused("train", folder, "--recipe", "recipe.toml", "--out", "run")


def test_recipes_that_are_no_files(refused, tmp_path):
    folder = corpus().save(tmp_path / "corpus")
    assert "nowhere.toml: cannot be read" in refused("train", folder, "--recipe", "nowhere.toml")
    assert "cannot be read" in refused("train", folder, "--recipe", tmp_path)
    assert "seed from 0 to" in refused("train", folder, "--seed", -1)


def test_runs_that_are_there_or_not(refused, tiny_run, tmp_path):
    folder = corpus().save(tmp_path / "corpus")
    run = shutil.copytree(tiny_run, tmp_path / "run")
    assert "out: run already holds a run (--resume goes on with it" in refused("train", folder, "--out", "run")
    assert "resume: expected a run in other, found none" in refused("train", folder, "--out", "other", "--resume")
    told = refused("train", folder, "--out", run, "--resume")
    assert "has another recipe or other data (name another folder)" in told
    (run / "recipe.json").write_text("{")
    assert "recipe.json: is damaged" in refused("train", folder, "--out", run, "--resume")
    (tmp_path / "file").write_text("mine")
    assert "file: the run's folder cannot be used: " in refused("train", folder, "--out", "file")
