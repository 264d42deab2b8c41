"""`credo like`, `dislike`, `rate`, `recommend` and `taste` on a small library of both kinds."""

from __future__ import annotations

import json

import pytest
import some_pieces

from credo.cli.main import run
from credo.errors import UsageError
from credo.library.adding import add
from credo.library.places import open_library
from credo.library.taste.ratings import Ratings, place_of
from credo.library.taste.recommend import Listener, piece_named, recommend


@pytest.fixture
def music(tmp_path):
    """Chorales in two metres and two tempi."""
    some_pieces.write(tmp_path / "music" / "common", 12, tempo=60)
    some_pieces.write(tmp_path / "music" / "triple", 12, 50, metre=(3, 4), tempo=150)
    return tmp_path / "music"


@pytest.fixture
def library(music, tmp_path):
    path = tmp_path / "own.sqlite"
    store = open_library(path, new=True)
    add(store, [music], workers=2)
    store.close()
    return str(path)


def credo(library, *arguments) -> int:
    return run([*map(str, arguments), "--library", library])


def listed(capsys, library, *arguments):
    capsys.readouterr()
    assert credo(library, *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_liked_is_recommended_and_told(library, music, capsys):
    assert credo(library, "like", *(music / "triple" / f"chorale {k}.mid" for k in range(4))) == 0
    assert credo(library, "dislike", *(music / "common" / f"chorale {k}.mid" for k in range(4))) == 0
    found = listed(capsys, library, "recommend", 6, "--explore", 0)
    assert all("triple" in each["path"] for each in found)
    assert not any(f"chorale {k}.mid" in each["path"] for each in found for k in range(4))
    assert all(each["expected_stars"] > 3 and not each["to_find_out"] for each in found)
    assert all("which you like" in each["reasons"] or "as you like" in each["reasons"] for each in found)
    told = listed(capsys, library, "taste", "show")["told"]
    assert told[0] == "pieces rated: 8, of which 4 liked and 4 not liked"
    assert "fast tempi" in told[1] or "metres in three" in told[1]
    assert "4 of your 4 likes are in 3/4" in told


def test_a_cold_start_says_so(library, capsys):
    assert credo(library, "recommend", 4) == 0
    heard = capsys.readouterr()
    assert "no ratings yet" in heard.err
    assert heard.out.count("typical of") == 4
    found = listed(capsys, library, "recommend", 2)
    assert {"triple" in each["path"] for each in found} == {True, False}
    assert {each["expected_stars"] for each in found} == {None}


def test_exploring_says_what_it_wants_to_find_out(library, capsys):
    assert credo(library, "like", 1, 2) == 0
    found = listed(capsys, library, "recommend", 4, "--explore", 1)
    assert any(each["to_find_out"] and each["reasons"].startswith("to find out") for each in found)


def test_the_last_of_several_ratings_counts_and_is_told(library, capsys):
    assert credo(library, "like", 3) == 0
    assert credo(library, "rate", 3, 2) == 0
    assert "2 stars (was 5; the last one counts)" in capsys.readouterr().out
    assert [each["stars"] for each in listed(capsys, library, "taste", "show")["ratings"]] == [2]


def test_ratings_outlive_the_piece_and_the_library(library, music, capsys):
    assert credo(library, "like", *range(1, 4)) == 0
    assert run(["library", "remove", "1", "2", "--library", library]) == 0
    shown = listed(capsys, library, "taste", "show")
    assert [each["in_library"] for each in shown["ratings"]].count(False) == 2
    assert len(listed(capsys, library, "recommend", 5)) == 5
    outside = music.parent / "another.mid"
    some_pieces.write(music.parent / "more", 1, 77)[0].rename(outside)
    assert credo(library, "like", outside) == 0  # never was in the library
    assert len(listed(capsys, library, "taste", "show")["ratings"]) == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rate", 1, 7), "stars: expected 1 to 5, got 7"),
        (("rate", 1, "good"), "stars: expected 1 to 5, got 'good'"),
        (("like", 999), "piece: expected a number or a file of the library, got 999"),
        (("like", 1, "nowhere.mid"), "piece: expected a number or a file of the library, got nowhere.mid"),
        (("like", 1, "--profile", ""), "profile: expected a name"),
        (("recommend", 0), "count: expected 1 to 100, got 0"),
        (("recommend", "--explore", 1.5), "explore: expected 0 to 1, got 1.5"),
        (("recommend", "--diversity", "nan"), "diversity: expected 0 to 1, got nan"),
        (("recommend", "--compose", 0), "compose: expected 1 to 50 pieces, got 0"),
        (("recommend", "--compose", 1, "--model", "nothing"), "model: expected"),
        (("recommend", "--compose", 1, "--formats", "smell"), "formats: expected"),
        (("taste", "forget"), "forget: expected pieces, or --all"),
        (("taste", "export", "x.json"), "profile: expected one with ratings, got 'me'"),
        (("taste", "import", "nowhere.json"), "nowhere.json: cannot be read: no such file or directory"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(library, capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert credo(library, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    ratings = Ratings(place_of(library))
    assert ratings.profiles() == {}
    ratings.close()


def test_an_empty_library_and_none(tmp_path, capsys):
    path = tmp_path / "empty.sqlite"
    open_library(path, new=True).close()
    assert run(["recommend", "--library", str(path)]) == 2
    assert "expected a library with pieces, got an empty one" in capsys.readouterr().err
    assert run(["recommend", "--library", str(tmp_path / "none.sqlite")]) == 2
    assert "no such library" in capsys.readouterr().err
    piece = some_pieces.write(tmp_path / "music", 1)[0]
    assert run(["like", str(piece), "--library", str(path)]) == 0
    assert run(["taste", "show", "--library", str(path)]) == 0
    assert "pieces rated: 1" in capsys.readouterr().out


def test_everything_was_rated(library, capsys):
    assert credo(library, "like", *range(1, 25)) == 0
    assert credo(library, "recommend") == 0
    assert "you have rated all pieces" in capsys.readouterr().err


def test_export_import_forget(library, tmp_path, capsys):
    assert credo(library, "like", 1, 2) == 0
    file = tmp_path / "me.json"
    assert credo(library, "taste", "export", file) == 0
    assert credo(library, "taste", "import", file, "--profile", "two") == 0
    title = listed(capsys, library, "taste", "show")["ratings"][0]["path"]
    assert credo(library, "taste", "forget", title) == 0
    assert "forgotten: 1 of the 2 ratings of me" in capsys.readouterr().out
    assert credo(library, "taste", "forget", "--all") == 0
    assert listed(capsys, library, "taste", "show")["ratings"] == []
    assert len(listed(capsys, library, "taste", "show", "--profile", "two")["ratings"]) == 2
    file.write_text("{]")
    assert credo(library, "taste", "import", file) == 2


def test_the_same_music_under_another_name_is_not_recommended(music, store):
    add(store, [music], workers=2)
    from credo.io.files import save

    lower = music / "lower.mid"
    save(some_pieces.song(7, -3), lower)
    save(some_pieces.song(7), music / "original.mid")
    add(store, [music], workers=2)
    ratings = Ratings(music.parent / "taste.sqlite")
    ratings.rate("me", [piece_named(store, str(lower))], 5)
    found = recommend(store, Listener.of(store, ratings.of("me")), count=100, explore=0)
    ratings.close()
    paths = [each.brief.path for each in found]
    assert len(paths) >= 20
    assert not any(path.endswith("original.mid") for path in paths)


def test_a_store_of_either_kind_can_be_learnt_from(store, music, tmp_path):
    add(store, [music], workers=2)
    ratings = Ratings(tmp_path / "t.sqlite")
    ratings.rate("me", [piece_named(store, str(music / "triple" / "chorale 1.mid"))], 5)
    listener = Listener.of(store, ratings.of("me"))
    ratings.close()
    assert len(listener.shelf) == 24
    assert recommend(store, listener, count=3, explore=0)[0].brief.attributes["metre"] == "3/4"
    with pytest.raises(UsageError, match="explore"):
        recommend(store, listener, explore=-1)
