"""A model on disk: whole or not at all, without pickle, the same network when it is read again."""

import json
import os
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from credo.errors import FileError, ModelError
from credo.models import folder as folders
from credo.models.dbn import DBN
from credo.models.folder import load_model, read_card, save_model, weights_checksum
from credo.models.units import Joint, Softmax

pytestmark = pytest.mark.machine

CARD = {"name": "five", "scores": {"a": 1.5}, "licence": "CC0, Übung"}


@pytest.fixture
def dbn() -> DBN:
    dbn = DBN(Joint([Softmax(3, 5), Softmax(2, 2)]), (7, 11), spans=(3, 5), chains=13, blocks=2, seed=1)
    dice = np.random.default_rng(1)
    for variable in dbn.variables:
        if "float" in str(variable.dtype):
            variable.assign(dice.normal(size=variable.shape))
    return dbn


def numbers(dbn: DBN) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(getattr(rbm, name)) for rbm in dbn.rbms for name in "Wabml"]


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_comes_back(dbn, tmp_path):
    save_model(dbn, CARD, tmp_path / "some" / "where")
    assert sorted(tree(tmp_path)) == ["some/where/card.json", "some/where/model.keras"]
    loaded, card = load_model(tmp_path / "some" / "where")
    assert card == {"format": 1, **CARD}
    assert all(np.array_equal(a, b) for a, b in zip(numbers(loaded), numbers(dbn), strict=True))
    assert np.array_equal(np.asarray(loaded.key), np.asarray(dbn.key))
    assert loaded.get_config() == {**dbn.get_config(), "chains": 0}
    states = np.random.default_rng(2).random((3, 2, 19)).astype(np.float32)
    ours, theirs = (keras.ops.convert_to_numpy(network(states)) for network in (loaded, dbn))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_chains_and_optimizer_are_not_stored(dbn, tmp_path):
    dbn.compile(optimizer="adam")
    save_model(dbn, CARD, tmp_path / "model")
    loaded, _ = load_model(tmp_path / "model")
    assert not any(hasattr(rbm, "chain") for rbm in loaded.rbms)
    with zipfile.ZipFile(tmp_path / "model" / "model.keras") as archive:
        stored = h5py.File(archive.open("model.weights.h5"))
        shapes = []
        stored.visititems(lambda _, item: shapes.append(item.shape) if isinstance(item, h5py.Dataset) else None)
        assert not any("optimizer" in name for name in stored)
        stored.close()
    assert not any(13 in shape for shape in shapes)


@pytest.mark.parametrize("half", [False, True])
def test_half_of_the_memory_is_right_to_within_rounding(dbn, tmp_path, half):
    save_model(dbn, CARD, tmp_path / "model", half=half)
    loaded, _ = load_model(tmp_path / "model")
    for ours, theirs in zip(numbers(loaded), numbers(dbn), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, theirs, rtol=2**-11 if half else 0, atol=2**-24 if half else 0)
    assert any((a != b).any() for a, b in zip(numbers(loaded), numbers(dbn), strict=True)) == half


@pytest.mark.once
def test_half_takes_less_room(tmp_path):
    dbn = DBN(100, (101,))
    for half in (False, True):
        save_model(dbn, CARD, tmp_path / str(half), half=half)
    sizes = [(tmp_path / str(half) / "model.keras").stat().st_size for half in (True, False)]
    assert sizes[0] < 0.7 * sizes[1]


@pytest.mark.once
def test_there_is_no_pickle(dbn, tmp_path):
    save_model(dbn, CARD, tmp_path / "model")
    with zipfile.ZipFile(tmp_path / "model" / "model.keras") as archive:
        assert sorted(archive.namelist()) == ["config.json", "metadata.json", "model.weights.h5"]
        json.loads(archive.read("config.json"))
        assert archive.read("model.weights.h5").startswith(b"\x89HDF")
        assert b"lambda" not in archive.read("config.json").lower()


@pytest.mark.once
def test_a_model_takes_the_place_of_an_older_one_and_of_nothing_else(dbn, tmp_path):
    save_model(dbn, CARD, tmp_path / "model")
    old = weights_checksum(tmp_path / "model")
    (tmp_path / "model" / "notes.txt").write_text("of the old one")
    save_model(DBN(3, (5,)), {"name": "new"}, tmp_path / "model")
    assert sorted(tree(tmp_path)) == ["model/card.json", "model/model.keras"]
    assert read_card(tmp_path / "model")["name"] == "new"
    assert weights_checksum(tmp_path / "model") != old
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("dear")
    for path in ("mine", "file"):
        with pytest.raises(FileError, match="expected a new folder or a model to replace, found something else"):
            save_model(dbn, CARD, tmp_path / path)
    (tmp_path / "empty").mkdir()
    save_model(dbn, CARD, tmp_path / "empty")
    assert (tmp_path / "mine" / "letter.txt").read_text() == (tmp_path / "file").read_text() == "dear"


def full(*_, **__):
    raise OSError(28, os.strerror(28))


@pytest.mark.once
@pytest.mark.parametrize("where", ["json", "replace", "keras"])
@pytest.mark.parametrize("is_there", [False, True])
def test_saving_is_all_or_nothing(dbn, tmp_path, monkeypatch, where, is_there):
    if is_there:
        save_model(DBN(3, (5,)), {"name": "old"}, tmp_path / "model")
    before = tree(tmp_path)
    if where == "keras":
        monkeypatch.setattr(DBN, "save", full)
    elif where == "json":
        monkeypatch.setattr(Path, "write_text", full)
    else:
        replace, calls = os.replace, []

        def once(source, target):
            calls.append(target)
            (full if len(calls) == 1 + is_there else replace)(source, target)

        monkeypatch.setattr(folders.os, "replace", once)
    with pytest.raises(FileError, match=r"model: the model cannot be written: no space left on device"):
        save_model(dbn, CARD, tmp_path / "model")
    assert tree(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == (["model"] if is_there else [])


@pytest.mark.once
def test_damage_anywhere_is_told_or_harmless(dbn, tmp_path):
    save_model(dbn, CARD, tmp_path / "model")
    weights = tmp_path / "model" / "model.keras"
    data = weights.read_bytes()
    told = 0
    for place in np.linspace(0, len(data) - 1, 41).astype(int):
        weights.write_bytes(data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :])
        try:
            loaded, _ = load_model(tmp_path / "model")
        except ModelError:  # anything else would be a traceback
            told += 1
        else:
            assert all(np.array_equal(a, b) for a, b in zip(numbers(loaded), numbers(dbn), strict=True))
    assert told > 30


@pytest.mark.once
def test_what_is_no_network(dbn, tmp_path):
    save_model(dbn, CARD, tmp_path / "model")
    keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "model" / "model.keras")
    with pytest.raises(ModelError, match=r"expected a DBN in model.keras, got Sequential"):
        load_model(tmp_path / "model")
    with pytest.raises(ModelError, match=r"expected a folder, got .*nowhere \(credo info lists"):
        load_model(tmp_path / "nowhere")
