"""Recipes: read from TOML, checked, and told of in one line where they make no sense."""

from dataclasses import asdict, replace

import pytest

from credo.errors import FileError, UsageError
from credo.sampling.schedule import Schedule
from credo.training.recipe import DataRecipe, FinetuningRecipe, ModelRecipe, PretrainingRecipe, Recipe


def read(tmp_path, text: str) -> Recipe:
    (tmp_path / "recipe.toml").write_text(text, "utf-8")
    return Recipe.from_toml(tmp_path / "recipe.toml")


def test_what_is_missing_keeps_its_default(tmp_path):
    assert read(tmp_path, "") == Recipe()
    assert read(tmp_path, "[model]\nhidden = [7]\nspans = [3]") == Recipe(model=ModelRecipe(hidden=(7,), spans=(3,)))


def test_everything_can_be_said(tmp_path):
    recipe = read(
        tmp_path,
        """
        name = "mine"
        seed = 7
        temperature = 0.9
        [model]
        window_steps = 24
        hidden = [31, 17, 5]
        spans = [5, 1, 3]
        home = false
        lateral = false
        passes = 2
        dropout = 0.25
        half = true
        [data]
        hop = 2
        transpose = false
        most_beats = 1000
        hide_labels = 1
        [pretraining]
        steps = 11
        batch = 13
        rate = 0.5
        k = 3
        chains = 19
        decay = 2e-4
        sparsity = 1
        target = 0.05
        centring = 0.5
        [finetuning]
        steps = 23
        batch = 29
        rate = 1
        warmup = 0
        clip = inf
        decay = 0
        """,
    )
    assert recipe == Recipe(
        "mine",
        7,
        0.9,
        ModelRecipe(24, (31, 17, 5), (5, 1, 3), home=False, lateral=False, passes=2, dropout=0.25, half=True),
        DataRecipe(hop=2, transpose=False, most_beats=1000, hide_labels=1.0),
        PretrainingRecipe(11, 13, 0.5, 3, 19, 2e-4, 1.0, 0.05, 0.5),
        FinetuningRecipe(23, 29, 1.0, 0, float("inf"), 0.0),
    )
    assert isinstance(recipe.finetuning.rate, float)
    assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "size = 3",
            "expected one of name, seed, temperature, model, data, pretraining, finetuning, sampling at [top]",
        ),
        (
            "[pretraining]\nspeed = 3",
            "expected one of steps, batch, rate, k, chains, decay, sparsity, target, centring at [pretraining], got",
        ),
        ("[model]\nhidden = 3", "expected a list of whole numbers for hidden, got 3"),
        ("[model]\nhidden = [true]", "expected a list of whole numbers for hidden, got [True]"),
        ("[model]\nhidden = []", "expected model.hidden of sizes from 1 to 65536"),
        ("[model]\nhidden = [1000000000]", "expected model.hidden of sizes from 1 to 65536"),
        ("[model]\nspans = [2, 3]", "expected model.spans of one odd number a layer"),
        ("[model]\nspans = [3, -1]", "expected model.spans of one odd number a layer"),
        ("[model]\nhidden = [7]\nspans = [3, 5]", "expected model.spans of one odd number a layer"),
        ("temperature = 0", "expected temperature from 0.05 to 10"),
        ("[data]\nspread = 7", "expected data.spread from 0 to 6"),
        ("[model]\nhalf = 1", "expected bool for half, got 1"),
        ("[model]\nwindow_steps = -4", "expected model.window_steps from 0 to 4096"),
        ("[model]\nwindow_steps = 16.0", "expected int for window_steps, got 16.0"),
        ("[model]\npasses = 0", "expected model.passes >= 1"),
        ("[model]\ndropout = 1.0", "expected 0 <= model.dropout < 1"),
        ("[data]\ntranspose = 1", "expected bool for transpose, got 1"),
        ("[data]\nhop = -1", "expected data.hop >= 1"),
        ("[data]\nmost_beats = 0", "expected data.most_beats >= 1"),
        ("[data]\nhide_labels = 1.1", "expected 0 <= data.hide_labels <= 1"),
        ("[pretraining]\nsteps = true", "expected int for steps, got True"),
        ("[pretraining]\nrate = '1'", "expected float for rate, got '1'"),
        ("[pretraining]\nrate = 0", "expected pretraining.rate > 0"),
        ("[pretraining]\nrate = inf", "expected pretraining.rate > 0"),
        ("[pretraining]\nsparsity = -1", "expected pretraining.rate > 0, decay >= 0, sparsity >= 0"),
        ("[pretraining]\ntarget = 0", "expected pretraining.target between 0 and 1, centring from 0 to 1"),
        ("[pretraining]\ncentring = 2", "expected pretraining.target between 0 and 1, centring from 0 to 1"),
        ("[pretraining]\nk = 0", "expected pretraining.steps >= 0, batch >= 1, k >= 1, chains >= 0"),
        ("[finetuning]\nbatch = 0", "expected finetuning.steps >= 0, batch >= 1, warmup >= 0"),
        ("[finetuning]\nrate = nan", "expected finetuning.rate > 0, clip > 0, decay >= 0"),
        ("[finetuning]\ndecay = -1", "expected finetuning.rate > 0, clip > 0, decay >= 0"),
        ("seed = -1", "expected seed from 0 to 2147483647, got seed -1"),
        ("seed = 0.5", "expected int for seed, got 0.5"),
        ("name = ' '", "expected name of at least one letter, got name ' '"),
        ("[sampling]\nclosing = 1.5", "expected sampling shares from 0 to 1"),
        ("[sampling]\nleast = 0", "expected sampling.least > 0, opening > 0"),
        ("finetuning = 3", "expected a table at [finetuning], got 3"),
    ],
)
def test_nonsense_is_told(tmp_path, text, told):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"recipe: {told}")
    assert "\n" not in str(caught.value)


def test_what_is_no_toml(tmp_path):
    with pytest.raises(FileError, match=r"recipe.toml: is not TOML: "):
        read(tmp_path, "a = = 3")
    (tmp_path / "recipe.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(FileError, match="is not TOML"):
        Recipe.from_toml(tmp_path / "recipe.toml")
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(FileError, match="cannot be read"):
            Recipe.from_toml(path)


def test_recipes_are_checked_however_they_are_made():
    with pytest.raises(UsageError):
        replace(Recipe(), seed=-1)


def test_the_usual_sampling_is_the_samplers_own():
    usual = Schedule()._asdict()
    assert asdict(Recipe().sampling) == {key: usual[key] for key in asdict(Recipe().sampling)}
