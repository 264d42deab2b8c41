"""Neighbours and their reasons; searching with words."""

from __future__ import annotations

import json

import numpy as np
import pytest
import some_pieces

from credo.cli.main import run
from credo.errors import UsageError
from credo.io.files import save
from credo.library.adding import add
from credo.library.features import ASPECTS, SIZES
from credo.library.lookup import neighbours
from credo.library.reading import entry_of
from credo.library.search import Condition, parse, search
from credo.library.similar import similar
from credo.library.vectors import Vectors


@pytest.fixture
def music(tmp_path):
    """Chorales in two metres, one of them also three semitones lower."""
    some_pieces.write(tmp_path / "music" / "common time", 6)
    some_pieces.write(tmp_path / "music" / "triple", 5, 50, metre=(3, 4))
    save(some_pieces.song(31), tmp_path / "music" / "original.mid")
    save(some_pieces.song(31, -3), tmp_path / "music" / "lower.mid")
    return tmp_path / "music"


@pytest.fixture
def filled(store, music):
    add(store, [music], workers=2)
    return store


def test_the_same_music_in_another_key_comes_first(filled, music):
    found, lines = neighbours(filled, str(music / "original.mid"))
    assert lines == []
    assert found[0].brief.path.endswith("lower.mid")
    assert (found[0].is_same_music, found[0].shift) == (True, -3)
    assert found[0].reasons.startswith("the same music, 3 semitones lower (100 % of its passages); same ")
    assert not any(each.is_same_music for each in found[1:])
    assert not any(each.brief.path.endswith("original.mid") for each in found)


def test_reasons_name_what_is_alike(filled, music):
    found, _ = neighbours(filled, str(music / "triple" / "chorale 2.mid"), by="rhythm", count=4)
    assert {each.brief.attributes["metre"] for each in found} == {"3/4"}
    assert "metre" in found[0].reasons
    assert all(name in found[0].reasons for name in ASPECTS)


def test_a_piece_from_outside(filled):
    outside = entry_of(some_pieces.song(31, 2))
    found = similar(filled, outside, count=2)
    assert {each.shift for each in found} == {-2, -5}


def test_a_passage_is_found_in_its_piece(filled, music, tmp_path):
    save(some_pieces.song(31, tempo=100), tmp_path / "query.mid")
    found, lines = neighbours(filled, str(tmp_path / "query.mid"), bar=4, by="melody", count=2)
    assert lines == []
    assert {each.brief.path.rpartition("/")[2] for each in found} == {"original.mid", "lower.mid"}
    assert {each.bar for each in found} == {4}
    assert found[0].likeness == pytest.approx(1, abs=1e-3)


def test_files_that_are_gone_are_told(filled, music):
    (music / "lower.mid").unlink()
    _, lines = neighbours(filled, str(music / "original.mid"), bar=1)
    assert len(lines) == 1
    assert "lower.mid: no such file" in lines[0]


@pytest.mark.parametrize("wish", [{"by": "colour"}, {"count": 0}, {"bar": 1000}])
def test_wrong_wishes(filled, music, wish):
    with pytest.raises(UsageError, match="expected"):
        neighbours(filled, str(music / "original.mid"), **wish)


def test_the_nearest_are_those_that_an_exact_search_finds(filled):
    vectors = Vectors(filled)
    query = filled.entry(int(filled.vectors()[0][3])).features
    for weights in (dict.fromkeys(ASPECTS, 1.0), {"melody": 1.0}, {"harmony": 2.0, "texture": 1.0}):
        numbers, scores = vectors.nearest(query, weights, 5)
        first, slow = 0, np.zeros(len(filled))
        for name in ASPECTS:
            table = filled.vectors()[1][:, first : first + SIZES[name]].astype(float)
            slow += weights.get(name, 0) / sum(weights.values()) * (table @ query[name])
            first += SIZES[name]
        np.testing.assert_allclose(scores, np.sort(slow)[::-1][:5], atol=1e-3)
        assert numbers[0] == filled.vectors()[0][3]


def test_the_vectors_follow_the_store(filled):
    vectors = Vectors(filled)
    query = filled.entry(int(filled.vectors()[0][0])).features
    number = vectors.nearest(query, {"melody": 1.0}, 1)[0][0]
    filled.forget([int(number)])
    assert vectors.nearest(query, {"melody": 1.0}, 1)[0][0] != number


def test_words_are_understood():
    assert parse("calm minor 3/4") == (
        Condition("metre", "is", "3/4"),
        Condition("key", "ends", "minor"),
        Condition("valence", "near", 0.55),
        Condition("arousal", "near", -0.7),
    )
    assert parse("Dvořák tempo<100 bars>=8") == (
        Condition("tempo", "<", 100.0),
        Condition("bars", ">=", 8.0),
        Condition("words", "has", "dvorak"),
    )
    assert parse("key=Bb") == (Condition("key", "is", "Bb major"),)
    assert Condition("words", "has", "月光") in parse("月光")


@pytest.mark.parametrize("text", ["loudnes>3", "tempo<fast", "mode=lidian", "key=H"])
def test_words_that_make_no_sense(text):
    with pytest.raises(UsageError, match="expected"):
        parse(text)


def test_words_find_pieces(filled):
    assert len(search(filled, "3/4")[0]) == 5
    assert len(search(filled, "4/4 lower")[0]) == 1
    assert len(search(filled, "")[0]) == 13
    nearest = search(filled, "arousal<1 excited")[0]
    distance = [(b.attributes["valence"] - 0.6) ** 2 + (b.attributes["arousal"] - 0.9) ** 2 for b in nearest]
    assert distance == sorted(distance)


def test_commands(music, tmp_path, capsys):
    library = str(tmp_path / "mine.sqlite")
    assert run(["library", "add", str(music), "--library", library, "-w", "1"]) == 0
    assert "13 pieces read" in capsys.readouterr().out
    assert run(["library", "list", "--library", library, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 13
    assert run(["similar", str(music / "original.mid"), "--library", library, "-n", "1"]) == 0
    assert "3 semitones lower" in " ".join(capsys.readouterr().out.split())
    assert run(["library", "search", "3/4", "no. 2", "--library", library, "--json"]) == 0
    assert [piece["title"] for piece in json.loads(capsys.readouterr().out)] == ["No. 52"]
    shown = str(tmp_path / "shown.mid")
    assert run(["library", "show", str(music / "lower.mid"), "--library", library, "--preview", shown]) == 0
    assert "No. 31" in capsys.readouterr().out
    assert entry_of_file(shown).facts.bars == 4
    assert run(["library", "remove", str(listed[0]["number"]), "--library", library]) == 0
    assert "has 12" in capsys.readouterr().out
    assert run(["library", "show", "999", "--library", library]) == 2
    assert "expected a number or a file of the library" in capsys.readouterr().err
    assert run(["similar", "1", "--library", str(tmp_path / "none.sqlite")]) == 2


def entry_of_file(path):
    from credo.io.files import load

    return entry_of(load(path))
