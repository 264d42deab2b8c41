"""New pieces for a listener: asked for by the likes, judged, original, explained, and to be had again."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
import some_pieces

import tiny
from credo.compose.wishes import MOST_SEED, Request
from credo.errors import UsageError
from credo.io.files import load, save
from credo.library.adding import add
from credo.library.places import open_library
from credo.library.taste import composing, plans
from credo.library.taste.composing import Commission, compose_for
from credo.library.taste.ratings import Ratings
from credo.library.taste.recommend import Listener, piece_named

pytestmark = [pytest.mark.machine, pytest.mark.once]
REQUEST = Request(bars=4, iterations=3, seed=5)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A library, and somebody who likes slow pieces in common time and no quick ones in three."""
    folder = tmp_path_factory.mktemp("taste")
    slow = some_pieces.write(folder / "slow", 6, tempo=60)
    quick = some_pieces.write(folder / "quick", 6, 50, metre=(3, 4), tempo=150)
    with closing(open_library(folder / "own.sqlite", new=True)) as store:
        add(store, [folder], workers=1)
        with closing(Ratings(folder / "own.taste.sqlite")) as ratings:
            ratings.rate("me", [piece_named(store, str(path)) for path in slow[:3]], 5)
            ratings.rate("me", [piece_named(store, str(path)) for path in quick[:3]], 1)
            yield store, Listener.of(store, ratings.of("me")), folder


@pytest.fixture(autouse=True)
def _shared(monkeypatch, tiny_run):
    """What is compiled is shared, and no sampling is long enough for dice not to come near other dice."""
    monkeypatch.setattr("credo.compose.generate.Composer.load", tiny.composer_of)


def made(known, tiny_run, **wanted):
    store, listener, _ = known
    return compose_for(
        store, listener, Commission(**{"count": 2, "model": str(tiny_run), "request": REQUEST, **wanted})
    )


def test_pieces_go_by_the_likes_and_say_so(known, tiny_run):
    found = made(known, tiny_run)
    assert len(found.candidates) == composing.LEAST
    assert len(found.pieces) == 2
    for piece in found.pieces:
        record = piece.settings["taste"]
        assert 1 <= record["expected_stars"] <= 5
        assert "you like" in record["reasons"] or "expected to like" in record["reasons"]
        assert len(record["candidates"]["expected_stars"]) == record["candidates"]["drawn"] == composing.LEAST
    asked = [each.plan.wish.asked for each in found.candidates if each.plan.job.task == "compose"]
    assert {(each.metre, each.tempo) for each in asked[::2]} == {((4, 4), 60)}
    assert {each.plan.job.task for each in found.candidates} == {"compose", "blend"}
    assert found.pieces[0].settings["taste"]["expected_stars"] == max(round(each.stars, 2) for each in found.candidates)


def test_the_same_comes_again_and_another_seed_brings_others(known, tiny_run):
    one, two = made(known, tiny_run), made(known, tiny_run)
    assert [piece.score for piece in one.pieces] == [piece.score for piece in two.pieces]
    assert [piece.settings for piece in one.pieces] == [piece.settings for piece in two.pieces]
    other = made(known, tiny_run, request=Request(bars=4, iterations=3, seed=99))
    assert other.pieces[0].score != one.pieces[0].score


def test_copies_are_left_out_and_told(known, tiny_run, monkeypatch):
    """A candidate that is a liked piece note for note is none."""
    _, listener, folder = known
    liked = plans.liked_files(listener)[0]
    judged = composing._judged
    calls = []

    def judge(piece, plan, who, sieve, code):
        calls.append(piece)
        if len(calls) > 1:
            return judged(piece, plan, who, sieve, code)
        copy = type("Copy", (), {"score": liked.score, "settings": piece.settings})()
        return judged(copy, plan, who, sieve, code)

    monkeypatch.setattr(composing, "_judged", judge)
    found = made(known, tiny_run)
    assert found.candidates[0].copied == "the pieces that you like"
    assert any("too near to music that there is" in line for line in found.lines)
    assert folder.is_dir()


def test_nothing_known_and_nothing_there(known, tiny_run, tmp_path):
    store, _, _ = known
    cold = compose_for(store, Listener.of(store, []), Commission(1, 1, REQUEST, str(tiny_run)))
    assert cold.pieces[0].settings["taste"]["expected_stars"] is None
    assert "as of" in cold.pieces[0].settings["taste"]["reasons"]
    with closing(open_library(tmp_path / "empty.sqlite", new=True)) as empty:
        free = compose_for(empty, Listener.of(empty, []), Commission(1, 1, REQUEST, str(tiny_run)))
    assert "freely, for nothing is known" in free.pieces[0].settings["taste"]["reasons"]


def test_a_liked_file_that_is_gone_counts_on(known, tiny_run, tmp_path):
    store, _, _ = known
    path = tmp_path / "gone.mid"
    save(some_pieces.song(61), path)
    with closing(Ratings(tmp_path / "t.sqlite")) as ratings:
        ratings.rate("me", [piece_named(store, str(path))], 5)
        path.unlink()
        listener = Listener.of(store, ratings.of("me"))
    assert plans.liked_files(listener) == []
    assert compose_for(store, listener, Commission(1, 1, REQUEST, str(tiny_run))).pieces


def test_the_model_that_suits_what_is_liked(known):
    _, listener, _ = known
    assert plans.model_for(plans.liked_files(listener)) in ("chorale", "quartet")  # four voices each
    assert plans.model_for([]) == "chorale"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"count": 51}, "compose: expected 1 to 50 pieces, got 51"),
        ({"candidates": 0}, "candidates: expected 1 to 100 a piece, got 0"),
        ({"request": Request(seed=MOST_SEED)}, "seed: expected at most"),
    ],
)
def test_commissions_that_cannot_be(wanted, message):
    with pytest.raises(UsageError, match=message):
        Commission(**wanted)


def test_the_command_writes_what_can_be_made_again(known, tiny_run, tmp_path, capsys):
    from credo.cli.main import run

    _, _, folder = known
    out = tmp_path / "out"
    wish = ["--bars", "4", "--iterations", "3", "--seed", "5", "--formats", "midi", "--out", str(out)]
    wish += ["--model", str(tiny_run), "--library", str(folder / "own.sqlite")]
    assert run(["recommend", "--compose", "2", *wish]) == 0
    told = capsys.readouterr()
    records = [path for path in out.iterdir() if path.suffix == ".json"]
    assert len(records) == 2
    assert "stars expected; " in told.err
    for path in records:
        assert json.loads(path.read_text())["taste"]["ratings"] == 6
        assert run(["compose", "--again", str(path), "--formats", "midi", "--out", str(tmp_path / "again")]) == 0
        assert load(tmp_path / "again" / f"{path.stem}.mid") == load(out / f"{path.stem}.mid")
