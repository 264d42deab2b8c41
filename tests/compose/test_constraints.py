"""Constraints are obeyed in every piece: random sets of wishes, checked by plain code that knows nothing of masks."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import checker
from credo.compose import masks
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.models import backend
from credo.music.grid import REST
from credo.music.harmony import sounding_pitches
from credo.music.pitch import Key
from credo.music.texture import SATB
from tiny import random_grid

pytestmark = pytest.mark.machine
BAR, BARS = 16, 4
C_MAJOR, A_MINOR = {0, 2, 4, 5, 7, 9, 11}, {9, 11, 0, 2, 4, 5, 7, 6, 8}
SCALES = {"key": C_MAJOR, "C major": C_MAJOR, "D dorian": C_MAJOR}
PLAN = "C | G7 | Am | C"
CHORDS = [({0, 4, 7}, 0, 4), ({7, 11, 2, 5}, 7, 11), ({9, 0, 4}, 9, 0), ({0, 4, 7}, 0, 4)]
PATTERNS = ("x-x-", "xxxx", "x--x", "x.x.", "x-xxx-xx")


def wishes(dice: np.random.Generator) -> Request:
    """A random set of constraints that do not exclude one another, in C major and 4/4."""
    fields = {"key": Key(0), "bars": BARS, "metre": (4, 4), "iterations": 8, "seed": int(dice.integers(1000))}
    if dice.random() < 0.5:
        fields["scale"] = str(dice.choice(["key", "C major", "D dorian"]))
    if dice.random() < 0.3:
        fields["ranges"] = (("soprano", 60, 76), ("bass", 40, 60))
    kind = dice.integers(4)
    if kind == 1:
        fields["chords"] = PLAN
    elif kind == 2:
        fields["repeats"] = ((3, 1, 1),) if dice.random() < 0.5 else ((2, 1, 1), (3, 1, 2))
    elif kind == 3:
        fields["cadence"] = True
    if dice.random() < 0.3:
        fields["rhythm"] = ((str(dice.choice(["soprano", "tenor"])), str(dice.choice(PATTERNS))),)
    elif dice.random() < 0.4:
        fields["density"] = (("all", float(dice.choice([0.5, 1, 2]))),)
    if dice.random() < 0.15:
        fields["polyphony"] = int(dice.integers(2, 4))
    if dice.random() < 0.3:
        fields["parallels"] = bool(dice.random() < 0.5)
    return Request(**fields)


def violations(grid, request) -> dict[str, object]:
    """What is wrong with a grid, by the name of the wish; steps and voices where the check has them."""
    wrong: dict[str, object] = {}
    if request.scale:
        wrong["scale"] = checker.outside_scale(grid, SCALES[request.scale])
    names = [voice.name for voice in grid.texture.voices]
    for name, low, high in request.ranges:
        wrong[f"range {name}"] = checker.outside_range(grid, names.index(name), low, high)
    if request.parallels is not True:
        wrong["parallels"] = checker.parallel(grid)
    end = (len(grid.voices[0]) - BAR // 2) if request.cadence else len(grid.voices[0])
    for name, pattern in request.rhythm:
        wrong["rhythm"] = {c for c in checker.off_pattern(grid, names.index(name), pattern, BAR) if c[0] < end}
    for _, notes in request.density:
        wrong["density"] = set().union(*(checker.too_dense(grid, v, int(4 * notes), BAR) for v in range(4)))
    if request.polyphony:
        wrong["polyphony"] = checker.too_many(grid, request.polyphony)
    for first, _, original in request.repeats:
        wrong[f"repeats {first}"] = checker.differing(grid, first - 1, original - 1, BAR)
    if request.chords and not request.polyphony:
        wrong["chords"] = checker.off_chords(grid, CHORDS, C_MAJOR, 4)
    if request.cadence and not request.polyphony:
        wrong["cadence"] = checker.no_cadence(grid, 0, 4, 4)
    return {name: found for name, found in wrong.items() if found}


@pytest.mark.parametrize("part", range(10))
def test_random_sets_of_wishes_are_obeyed(tiny_composer, part):
    dice = np.random.default_rng(part)
    for _ in range(30 if backend.name() == "jax" else 1):
        request = wishes(dice)
        piece = tiny_composer.compose(request)
        assert violations(piece.grid, request) == {}, request
        assert piece.settings["remarks"] == []


@pytest.mark.parametrize("part", range(4))
def test_they_are_obeyed_even_if_nothing_was_learnt(tiny_composer, part, monkeypatch):
    """Draws that look at masks and ties alone break every rule; what comes after mends them all."""
    monkeypatch.setattr(tiny_composer.rewriter, "rewrite", partial(draw_at_random, tiny_composer.window))
    dice = np.random.default_rng(100 + part)
    for _ in range(50):
        request = wishes(dice)
        piece = tiny_composer.compose(request)
        assert violations(piece.grid, request) == {}, request
        assert piece.settings["remarks"] == []


@pytest.mark.parametrize(("metre", "steps"), [((3, 4), 12), ((6, 8), 12), ((4, 4), 16)])
def test_minor_keys_and_other_metres(tiny_composer, metre, steps, monkeypatch):
    monkeypatch.setattr(tiny_composer.rewriter, "rewrite", partial(draw_at_random, tiny_composer.window))
    for seed in range(10):
        request = Request(bars=4, key=Key(0, "minor"), metre=metre, scale="key", cadence=True, seed=seed)
        grid = tiny_composer.compose(request).grid
        assert not checker.outside_scale(grid, A_MINOR)
        assert not checker.parallel(grid)
        last = checker.pitches(grid)[-steps if metre != (4, 4) else -steps // 2 :]
        assert (last == last[0]).all()
        assert {int(pitch - 9) % 12 for pitch in last[0]} in ({0, 3}, {0, 3, 7})
        assert last[0, 3] % 12 == 9
        dominant = checker.pitches(grid)[-len(last) - (6 if metre == (6, 8) else 4)]
        assert dominant[3] % 12 == 4
        assert 8 in dominant % 12


def draw_at_random(window, tapes, _schedule, *, constraints, seed, **_):
    """Any values that no bias forbids, one for all places of a tie; rules do not count."""
    dice, codes = np.random.default_rng(seed), tapes.codes.copy()
    _, L, G = codes.shape
    unit = code = 0
    for block in window.blocks:
        size = block.categories if block.kind == "softmax" else 1
        for _ in range(block.groups):
            bias = np.zeros((L, size)) if constraints.bias is None else constraints.bias[:, unit : unit + size]
            if size > 1:
                value = np.where(bias > -1e5, dice.random((L, size)) + 0.5 * (np.arange(size) > 0), -1).argmax(1)
            else:
                value = (bias[:, 0] > 1e5) | ((bias[:, 0] > -1e5) & (dice.random(L) < 0.2))
            free = ~tapes.known[0, :, code]
            codes[0, free, code] = value[free]
            unit, code = unit + size, code + 1
    ties = np.arange(L * G) if constraints.ties is None else constraints.ties.reshape(-1)
    return np.where(tapes.known, tapes.codes, codes.reshape(-1)[ties].reshape(codes.shape))


def test_free_notes_beside_held_ones_obey_and_held_ones_are_told(tiny_composer):
    """Where something is wrong, a held cell is part of it, and a remark says so."""
    dice = np.random.default_rng(6)
    for number in range(100 if backend.name() == "jax" else 6):
        grid = tiny_composer.blank(Request(bars=BARS, key=Key(0), metre=(4, 4)))
        grid = grid.with_voices(random_grid(SATB, grid.steps, dice).voices)
        start = int(dice.integers(0, grid.steps))
        mask = masks.whole_notes(grid, masks.steps(grid, start, start + int(dice.integers(1, 24))))
        request = Request(
            bars=BARS, key=Key(0), iterations=8, seed=number, scale="key", ranges=(("bass", 40, 60),), parallels=False
        )
        remarks: list[str] = []
        result = tiny_composer.complete(grid, mask, request, remarks=remarks)
        held = mask[:, :8:2]
        wrong = violations(result, request)
        for name in ("scale", "range bass"):
            assert all(held[cell] for cell in wrong.get(name, ()))
            assert (name in wrong) == any(line.startswith(name.split()[0]) for line in remarks)
        for t, v, w in wrong.get("parallels", ()):
            assert held[t, [v, w]].any() or held[t + 1, [v, w]].any()
            assert any(line.startswith("parallels") for line in remarks)


def test_one_free_cell_nearly_always_mends_a_parallel():
    """Of all single changes of one of the four cells of a parallel, some leave fewer parallels than there were."""
    dice, mended, total = np.random.default_rng(7), 0, 0
    for _ in range(40):
        x = np.cumsum(dice.integers(-2, 3, (6, 4)), axis=0) + np.array([72, 65, 60, 48])
        before = _count(x)
        if not before:
            continue
        total += 1
        cells = [(t, v) for t in range(6) for v in range(4)]
        mended += any(_count(_with(x, cell, x[cell] + step)) < before for cell in cells for step in (-2, -1, 1, 2))
        assert any(_count(_with(x, cell, -1)) < before for cell in cells)  # a rest always does
    assert total > 20
    assert mended == total


def _with(x, cell, value):
    x = x.copy()
    x[cell] = value
    return x


def _count(x):
    class Some:
        voices = tuple(type("Cells", (), {"sounding": x[:, v]}) for v in range(x.shape[1]))

    return len(checker.parallel(Some))


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"chords": "C | E7", "scale": "key"}, "chords and scale: expected chords of the scale key"),
        ({"chords": "C | G", "ranges": (("soprano", 65, 65),)}, "ranges and chords: expected notes of soprano"),
        ({"scale": "key", "ranges": (("alto", 61, 61),)}, "scale and ranges: expected notes of alto"),
        ({"chords": "C | G", "repeats": ((2, 1, 1),)}, "chords and repeats: expected notes of bass"),
        ({"rhythm": (("bass", "x---"),), "chords": "C G | C G"}, "chords and rhythm: expected notes of bass"),
        ({"rhythm": (("alto", "xxxxxxxx"),), "density": (("all", 1.0),)}, "density and rhythm: expected at most 4"),
        ({"chords": "C | F", "cadence": True}, "cadence and chords: expected a plan that ends on the tonic of C major"),
        ({"chords": "C | F | C", "bars": 3, "cadence": True}, "cadence and chords: expected the dominant of C major"),
        ({"rhythm": (("bass", "x-x"),)}, "rhythm: expected a pattern for bass that divides the 16 steps"),
        ({"ranges": (("soprano", 20, 30),)}, "ranges: expected some of soprano's own"),
        ({"ranges": (("piccolo", 60, 70),)}, "voice: expected one of soprano, alto, tenor, bass, got 'piccolo'"),
        ({"chords": "C F G Am F | G"}, "chords: expected at most 4 chords in a bar of 4/4"),
    ],
)
def test_wishes_that_exclude_one_another_are_refused_before_sampling(tiny_composer, wish, told):
    with pytest.raises(UsageError) as caught:
        tiny_composer.compose(Request(**{"bars": 2, "key": Key(0), "metre": (4, 4), "iterations": 1, **wish}))
    assert told in str(caught.value)


def test_bars_left_to_the_model_have_any_chord_and_the_others_theirs(tiny_composer):
    wish = Request(bars=4, key=Key(0), metre=(4, 4), iterations=8, seed=2, chords="F# | * | F#m * | * G", scale=None)
    pitches = sounding_pitches(tiny_composer.compose(wish).grid)  # 4 steps a quarter
    tones = {0: {6, 10, 1}, 2: {6, 9, 1}}
    for bar, classes in tones.items():
        assert {int(p) % 12 for p in pitches[16 * bar] if p != REST} <= classes
        assert int(pitches[16 * bar, 3]) % 12 == 6
    assert int(pitches[56, 3]) % 12 == 7
    free = [int(p) % 12 for step in (*range(16, 32, 4), *range(40, 48, 4)) for p in pitches[step] if p != REST]
    assert not set(free) <= {6, 10, 1, 9}  # C major's own music


def test_a_cadence_needs_nothing_of_a_plan_that_leaves_the_end_open(tiny_composer):
    wish = Request(bars=3, key=Key(0), metre=(4, 4), iterations=8, seed=2, chords="F | * | *", cadence=True)
    pitches = sounding_pitches(tiny_composer.compose(wish).grid)
    assert {int(p) % 12 for p in pitches[-1] if p != REST} <= {0, 4, 7}
