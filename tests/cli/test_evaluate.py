"""`credo evaluate --likelihood`: the figures are those of the functions it calls, and what is undefined is told."""

import json
from dataclasses import replace

import numpy as np
import pytest

from credo.compose.models import window_of
from credo.corpora.windows import training_codes
from credo.models.folder import load_model, save_model
from tiny import corpus

pytestmark = [pytest.mark.machine, pytest.mark.once]
FAST = ("--likelihood", "--rows", 7, "--temperatures", 20)


@pytest.fixture
def data(tmp_path):
    return corpus().save(tmp_path / "corpus")


@pytest.fixture
def uncoupled(tiny_run):
    """The tiny model without the couplings of its visible units, and its card."""
    from credo.models.dbn import DBN

    dbn, card = load_model(tiny_run / "model")
    bare = DBN.from_config({**dbn.get_config(), "lateral": False})
    for ours, theirs in zip(bare.rbms, dbn.rbms, strict=True):
        ours.set_weights(theirs.get_weights())
    return bare, card


def figures(path):
    return {figure["name"]: figure for figure in json.loads(path.read_text("utf-8"))["figures"]}


def test_the_figures_of_a_stack(credo, uncoupled, tmp_path, data):
    from credo.evaluation.likelihood import ais, bound, pseudo
    from credo.evaluation.likelihood.monitor import MaskedLikelihood, free_energy_gap

    dbn, card = uncoupled
    save_model(dbn, card, tmp_path / "mine")
    done = credo("evaluate", "mine", data, *FAST, "--seed", 3, "--json", "figures.json")
    assert (done.status, done.err) == (0, "")
    found = figures(tmp_path / "figures.json")
    options = {"transpose": False, "max_windows": 7, "seed": 3, "style_of": lambda piece: piece.style}
    codes, train = (training_codes(corpus(), window_of(card), split, **options)[:] for split in ("valid", "train"))
    cells = 4 * 16 * 2  # beats, voices times sixteenths, pitches and attacks
    z = ais.log_z(dbn.rbms[-1], steps=20, runs=32, blocks=4, seed=3)
    rows = bound.lower_bound(dbn, codes, z.log_z, samples=20, seed=3)
    expected = {
        "nats a hidden cell": MaskedLikelihood(dbn, codes, 3)(),
        "pseudo-log-likelihood": pseudo.log_likelihood(dbn.rbms[0], codes).log_likelihood.mean() / cells,
        "free-energy gap": free_energy_gap(dbn.rbms[0], train, codes),
        "log Z": z.log_z,
        "log-weight deviation": z.deviation,
        "effective runs": z.effective,
        "lower bound on log P": rows.mean,
        "lower bound on log P, a cell": rows.mean / cells,
    }
    assert {name: figure["value"] for name, figure in found.items()} == pytest.approx(expected, abs=1e-3)
    assert found["lower bound on log P"]["error"] == pytest.approx(rows.error, abs=1e-3)
    assert all(figure["meaning"] and figure["unit"] for figure in found.values())
    text = " ".join(done.out.split())
    assert "7 passages of 4 beats" in text
    assert f"{z.log_z:.3f}" in text
    assert "not to be had for the whole stack" in text


def test_couplings_leave_the_bound_undefined(credo, tiny_run, tmp_path, data):
    """The note names what is defined instead; on the split train there is no gap either."""
    done = credo("evaluate", tiny_run, data, *FAST, "--split", "train", "--json", "figures.json")
    assert done.status == 0, done.err
    found = figures(tmp_path / "figures.json")
    assert set(found) == {"nats a hidden cell", "pseudo-log-likelihood"}
    assert np.isfinite([figure["value"] for figure in found.values()]).all()
    assert "lower bound on log P: not defined, for this model's visible units are coupled" in done.out
    assert "free-energy gap: not defined here" in done.out


def test_a_hasty_log_z_is_not_trusted(credo, uncoupled, tmp_path, data):
    dbn, card = uncoupled
    top = dbn.rbms[-1]
    top.W.assign(np.random.default_rng(1).normal(0, 5, top.W.shape).astype(np.float32))
    save_model(dbn, card, tmp_path / "wild")
    done = credo("evaluate", "wild", data, "--likelihood", "--rows", 7, "--temperatures", 2)
    assert "log Z: not trusted" in done.out
    assert "ask for more temperatures" in done.out


def test_wrong_use(refused, tiny_run, tmp_path, data):
    assert "model: expected a folder or one of" in refused("evaluate", "nowhere", data, *FAST)
    assert "expected a prepared corpus" in refused("evaluate", tiny_run, "nowhere", *FAST)
    assert "split: expected one of" in refused("evaluate", tiny_run, data, *FAST, "--split", "x")
    assert "rows >= 2" in refused("evaluate", tiny_run, data, "--likelihood", "--rows", 1)
    small = corpus(("train",) * 2).save(tmp_path / "small")
    assert "expected pieces in 'valid', got 2 train" in refused("evaluate", tiny_run, small, *FAST)
    whole = corpus()
    finer = replace(whole.texture, name="other")
    pieces = tuple(replace(piece, packed=replace(piece.packed, texture=finer)) for piece in whole.pieces)
    other = replace(whole, texture=finer, pieces=pieces).save(tmp_path / "other")
    assert "window: expected the corpus' texture" in refused("evaluate", tiny_run, other, *FAST)
