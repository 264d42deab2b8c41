"""Every lesson of the course runs and finds what it says; smaller than as a script where that would take long."""

import runpy
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.machine, pytest.mark.once]
COURSE = Path(__file__).parent.parent / "examples" / "course"


def lesson(number: int, **options: Any) -> dict[str, Any]:
    """What the `main` of a lesson returns."""
    (path,) = COURSE.glob(f"{number:02}_*.py")
    return runpy.run_path(str(path))["main"](**options)


def test_a_machine_learns_its_pictures() -> None:
    found = lesson(1, steps=1200)
    assert found["error"] < 1e-3
    assert found["before"] < -6
    assert -3 < found["after"] <= found["best"]
    assert found["good"] > 0.7


def test_chains_that_keep_up_learn_more() -> None:
    found = lesson(2, steps=1200)
    assert found["pcd"] < found["falling"] < found["raised"] <= found["best"]
    assert found["raised"] > found["cd"]
    assert found["stopped"] > found["long"]
    assert 0 < found["stopped gap"] < found["long gap"]


def test_centring_makes_two_problems_one() -> None:
    found = lesson(3, seeds=1)
    assert found["plain negative"] < found["plain bar"] - 0.2
    assert found["centred negative"] > found["plain negative"] + 0.4
    assert found["moved"] < 1e-4


def test_real_units_want_their_deviation() -> None:
    found = lesson(4, steps=1500)
    assert found["0.4"] == pytest.approx(found["truth"], abs=0.05)
    assert max(found["0.2"], found["0.8"], found["one cloud"]) < found["0.4"] - 0.2
    assert found["distance"] == pytest.approx(0.5, abs=0.05)


def test_tempering_finds_both_modes() -> None:
    found = lesson(5)
    assert found["gibbs rhat"] > 2
    assert found["tempered rhat"] < 1.02
    assert found["tempered"] == pytest.approx(found["truth"], abs=0.05)  # five standard errors: one in a million
    assert abs(found["gibbs"] - found["truth"]) > 0.1


def test_what_is_trusted_is_near_the_truth() -> None:
    found = lesson(6)
    assert found["trusted"] == [0, 0, 1]
    assert found["off"][0] > 2 * found["claimed"][0]
    assert found["off"][-1] < 0.1
    assert abs(found["gap"][-1]) < 0.3 < found["gap"][0]


def test_a_second_layer_raises_the_bound() -> None:
    found = lesson(7, steps=800)
    for samples in (1, 10, 100):
        assert found[f"start {samples}"] == pytest.approx(found["one layer"], abs=1e-3)
    assert found["trained"] > found["one layer"] + 0.01
    assert found["trained 1"] < found["trained"]
    assert found["trained 100"] == pytest.approx(found["trained"], abs=0.02)


def test_labels_are_told_and_dreamt() -> None:
    found = lesson(8, steps=900, epochs=12)
    assert found["greedy told"] > 0.85
    assert found["greedy clean"] > 0.2
    assert found["up-down told"] > 0.85
    assert found["up-down clean"] > found["greedy clean"] - 0.05  # the order of the rows in `fit` is not seeded


def test_held_units_stay_and_the_rest_follows() -> None:
    found = lesson(9, steps=700)
    for name in ("compose", "harmonise C", "fill in C _ G"):
        assert found[f"{name} kept"]
        assert found[f"{name} triads"] > 0.8
        assert found[f"{name} off"] < found[f"{name} perfect"] + 0.05


def test_memory_pays() -> None:
    found = lesson(10, epochs=6)
    assert found["rbm"] > found["no memory"] + 1
    assert found["nade"] > found["no memory"] + 2
    assert found["nade lawful"] > 0.8
