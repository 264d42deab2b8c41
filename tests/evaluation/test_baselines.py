"""The plain generators that models are compared with, and the table that compares them."""

from pathlib import Path

import numpy as np
import pytest

import tiny
from credo.evaluation.originality import Fingerprints
from credo.music.grid import Grid
from credo.music.harmony import sounding_pitches
from credo.music.pitch import Key
from credo.music.texture import SATB
from credo.music.transform import fit, transpose

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
BARS, COUNT = 3, 29


@pytest.fixture(autouse=True)
def _benchmarks_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


@pytest.fixture(scope="module")
def train() -> list[Grid]:
    modes = ("major", "minor")
    return [fit(tiny.chorale(n, 7, key=Key(n % 5 - 2, modes[n % 2]), pickup=n % 2), SATB).grid for n in range(11)]


def generators() -> dict:
    from baselines import marginals, markov

    return {
        "marginals": marginals.generate,
        "steps": markov.generate,
        "beats": lambda *args: markov.generate(*args, unit="beat"),
    }


@pytest.mark.parametrize("name", ["marginals", "steps", "beats"])
def test_baselines_write_pieces_in_all_keys(train, name):
    generate = generators()[name]
    grids = generate(train, COUNT, BARS, 3)
    assert len(grids) == COUNT
    assert [grid.timeline.key for grid in grids[:2]] == [Key(0), Key(1)]
    assert {grid.timeline.key.mode for grid in grids} == {"major", "minor"}
    for grid in grids:
        assert (grid.texture, grid.steps, grid.timeline.length) == (SATB, BARS * 16, BARS * 4)
        for voice, cells in zip(SATB.voices, grid.voices, strict=True):
            assert voice.low <= cells.sounding.min() <= cells.sounding.max() <= voice.high
    assert generate(train, COUNT, BARS, 3) == grids
    assert generate(train, COUNT, BARS, 4) != grids


def test_a_chain_of_beats_copies_and_marginals_do_not(train):
    prints = Fingerprints.of(train)
    found = {
        name: np.mean([prints.copied_cells(grid, 1).value for grid in generate(train, COUNT, BARS, 3)])
        for name, generate in generators().items()
    }
    assert found["beats"] > 0.3
    assert found["marginals"] < 0.05


def test_lines_are_moved_to_one_tonic_and_back(train):
    from baselines.shared import grid_in, lines_of

    one = lines_of(train[2])
    other = lines_of(transpose(train[2], 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    key = Key.parse("D minor") if one.mode == "minor" else Key.parse("D major")
    again = grid_in(key, one.pitches, one.attacks, SATB)
    apart = (sounding_pitches(again) - sounding_pitches(train[2])) % 12
    assert len(np.unique(apart)) == 1
    assert lines_of(train[1]).places[:6].tolist() == [12, 13, 14, 15, 0, 1]  # a pickup of a quarter


@pytest.mark.machine
@pytest.mark.slow
def test_the_network_learns_and_is_sampled_as_it_was_trained(train, capsys):
    from baselines import lstm

    grids = lstm.generate(train, 5, BARS, 3, seconds=20)
    assert [grid.steps for grid in grids] == [BARS * 16] * 5
    assert float(capsys.readouterr().out.split()[3]) < 15  # four draws of some sixty categories are 16 nats


@pytest.mark.machine
@pytest.mark.once
def test_the_network_in_numpy_is_the_one_that_keras_trains(train):
    from baselines import lstm

    sizes = [5, 3]
    model = lstm.build(sizes, 3)
    dice = np.random.default_rng(1)
    context = dice.random((2, 7, lstm.CONTEXT))

    class Dice:
        """Draws that are not random."""

        def gumbel(self, size):
            return np.zeros(size)

    drawn = lstm.sample(model, sizes, context, Dice())
    now = np.concatenate([np.eye(size)[drawn[..., voice]] for voice, size in enumerate(sizes)], axis=-1)
    past = np.concatenate([np.zeros_like(now[:, :1]), now[:, :-1]], axis=1)
    logits = model.predict_on_batch([np.concatenate([past, context], axis=-1), now])
    for voice, each in enumerate(logits):
        assert np.array_equal(np.asarray(each).argmax(axis=-1), drawn[..., voice])


@pytest.mark.machine
@pytest.mark.once
def test_the_table_has_a_column_for_each_set(train):
    import chorale_table

    from credo.evaluation.grade import Grader

    grader, prints = Grader.of(train), Fingerprints.of(train)
    columns = {
        name: chorale_table.column(grids, grader, prints)
        for name, grids in (("Bach", train), ("others", generators()["steps"](train, 5, BARS, 1)))
    }
    rows = chorale_table.markdown(columns).splitlines()
    assert rows[0] == "|  | Bach | others |"
    assert len({row.count("|") for row in rows}) == 1
    assert columns["Bach"]["copied passages of two bars, %"] == "100.00 [100.00, 100.00]"
    assert len(rows) == 2 + 12
