"""The second pass: what a model hears in a library's pieces."""

from __future__ import annotations

import numpy as np
import pytest
import some_pieces

from credo.errors import UsageError
from credo.library.adding import add
from credo.library.coding import Basis
from credo.library.lookup import neighbours

pytestmark = [pytest.mark.machine, pytest.mark.once]


def test_a_basis_keeps_what_differs_most():
    dice = np.random.default_rng(2)
    codes = dice.normal(size=(53, 2)) @ dice.normal(size=(2, 11)) + 5
    basis = Basis.of(codes, 7, 0.0)
    assert basis.components.shape == (11, 2)
    told = (codes - basis.mean) @ basis.components
    np.testing.assert_allclose(told @ basis.components.T + basis.mean, codes, atol=1e-6)
    again = Basis.from_bytes(basis.to_bytes())
    np.testing.assert_allclose(again.codes(codes), basis.codes(codes), atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(basis.codes(codes), axis=1), 1)


def test_whitened_components_are_of_one_size():
    codes = np.random.default_rng(2).normal(size=(301, 3)) * (1, 10, 100)
    basis = Basis.of(codes, 3, 1.0)
    np.testing.assert_allclose(((codes - basis.mean) @ basis.components).std(0), 1, atol=1e-3)


def test_pieces_are_heard_once_and_compared(store, tmp_path):
    from credo.library.coder import code

    some_pieces.write(tmp_path / "music", 20)
    some_pieces.write(tmp_path / "music" / "triple", 5, 50, metre=(3, 4))
    add(store, [tmp_path / "music"], workers=2)
    done = code(store, "chorale")
    assert (done.coded, done.known, done.problems) == (25, 0, ())
    numbers, codes = store.codes(next(iter(store.models())))
    assert len(numbers) == 25
    np.testing.assert_allclose(np.linalg.norm(codes.astype(float), axis=1), 1, atol=1e-2)
    assert (code(store, "chorale").coded, code(store, "chorale").known) == (0, 25)
    found, _ = neighbours(store, str(int(numbers[0])), count=3)
    assert all(-1 <= each.aspects["model"] <= 1 for each in found)
    assert "model" in found[0].reasons
    some_pieces.write(tmp_path / "music" / "new", 1, 99)
    add(store, [tmp_path / "music"], workers=1)
    assert (code(store, "chorale").coded, len(store.codes(next(iter(store.models())))[0])) == (1, 26)


def test_the_code_of_a_piece_is_its_own_whatever_stands_beside_it():
    from credo.compose.coding import Coder

    coder = Coder.load("chorale")
    grids = [coder.grid_of(some_pieces.song(number)) for number in range(3)]
    together = np.array(list(coder.codes(grids)))
    assert together.shape == (3, coder.size)
    alone = np.array([next(iter(coder.codes([grid]))) for grid in grids])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 0.05


def test_too_few_pieces_are_told(store, tmp_path):
    from credo.library.coder import code

    some_pieces.write(tmp_path, 3)
    add(store, [tmp_path], workers=1)
    with pytest.raises(UsageError, match="at least 20 pieces that fit"):
        code(store, "chorale")
