"""The library in the Studio: hearts, what is like a piece, recommendations, and music for the listener."""

import copy
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from credo.web.collection import Collection

pytestmark = [pytest.mark.machine, pytest.mark.once]


@pytest.fixture
def get(server):
    return lambda path, **query: server.get(f"/api/v1/library{path}", params=query)


@pytest.fixture
def collection(server, tmp_path):
    """A library of this test's own."""
    studio, usual = server.studio, server.studio.collection
    studio.collection = studio.for_me.collection = Collection(tmp_path / "own" / "library.sqlite")
    yield studio.collection
    studio.collection.close()
    studio.collection = studio.for_me.collection = usual


def higher(piece, semitones, title=None):
    """The same piece at another pitch."""
    other = copy.deepcopy(piece)
    for note in other["notes"]:
        note["pitch"] += semitones
    return {**other, "title": title or f"{piece['title']} {semitones:+d}"}


def test_an_empty_library_is_told(get, ask, collection, melody):
    assert get("").json() == {"profile": "me", "pieces": 0, "ratings": 0, "told": []}
    assert get("/pieces").json() == []
    assert get("/ratings").json() == []
    for answer in (get("/recommended"), ask.post("library/similar", {"piece": melody})):
        assert answer.status_code == 422
        assert "credo library add" in answer.json()["error"]["hint"]


def test_a_heart_keeps_a_piece(get, ask, server, collection, melody):
    assert ask.post("library/look", {"piece": melody}).json()["stars"] is None
    rated = ask.post("library/ratings", {"piece": melody, "stars": 5}).json()
    assert (rated["number"], rated["stars"]) == (1, 5)
    kept = list(collection.folder.iterdir())
    assert [path.name for path in kept] == [f"Melody-{rated['sha256'][:8]}.mid"]
    [row] = get("/pieces", text="melody metre=4/4").json()
    assert (row["title"], row["bars"], row["stars"], row["file"]) == ("Melody", 2, 5, kept[0].name)
    unlocked = {**melody, "title": "Another", "notes": [{**note, "locked": False} for note in melody["notes"]]}
    assert ask.post("library/look", {"piece": unlocked}).json() == rated
    [rating] = get("/ratings").json()
    assert (rating["title"], rating["stars"], rating["number"]) == ("Melody", 5, 1)
    assert get("").json()["ratings"] == 1
    assert get("").json()["told"]

    assert server.delete(f"/api/v1/library/ratings/{rated['sha256']}").status_code == 204
    assert server.delete(f"/api/v1/library/ratings/{rated['sha256']}").status_code == 404
    assert ask.post("library/look", {"piece": melody}).json() == {**rated, "stars": None}
    assert kept[0].exists()
    assert ask.post("library/ratings", {"piece": melody, "stars": 4}).json() == {**rated, "stars": 4}
    assert ask.post("library/ratings", {"number": 1, "stars": None}).json() == {**rated, "stars": None}
    assert get("/ratings").json() == []


def test_what_is_not_liked_is_not_kept(get, ask, collection, melody):
    rated = ask.post("library/ratings", {"piece": melody, "stars": 1}).json()
    assert (rated["number"], rated["stars"]) == (None, 1)
    assert get("/pieces").json() == []
    assert not collection.folder.exists()
    assert ask.post("library/ratings", {"piece": melody, "stars": 4}).json()["number"] == 1
    assert [each["stars"] for each in get("/ratings").json()] == [4]


def test_a_kept_piece_comes_back_as_it_was(get, ask, collection, melody):
    number = ask.post("library/pieces", {"piece": melody}).json()["number"]
    assert ask.post("library/pieces", {"piece": melody}).json()["number"] == number
    answer = get(f"/pieces/{number}/notes", model="tiny").json()
    told = [{name: note[name] for name in ("onset", "duration", "pitch")} for note in melody["notes"]]
    got = [{name: note[name] for name in ("onset", "duration", "pitch")} for note in answer["piece"]["notes"]]
    assert got == told
    assert answer["remarks"] == []
    details = get(f"/pieces/{number}").json()
    assert (details["title"], details["notes"], details["stars"]) == ("Melody", 8, None)
    assert all("/" not in name for name in details["files"])

    for path in collection.folder.iterdir():
        path.unlink()
    answer = get(f"/pieces/{number}/notes", model="tiny").json()
    assert "no longer where it was" in answer["remarks"][0]
    assert len(answer["piece"]["notes"]) == 8


def test_a_piece_can_be_left_out(get, ask, server, collection, melody):
    number = ask.post("library/ratings", {"piece": melody, "stars": 5}).json()["number"]
    assert server.delete(f"/api/v1/library/pieces/{number}").status_code == 204
    assert get(f"/pieces/{number}").status_code == 404
    assert server.delete(f"/api/v1/library/pieces/{number}").status_code == 404
    [path] = collection.folder.iterdir()
    assert path.exists()
    assert [each["number"] for each in get("/ratings").json()] == [None]


def test_what_is_like_a_piece(get, ask, collection, melody):
    for semitones in (0, 2, -3):
        ask.post("library/pieces", {"piece": higher(melody, semitones)})
    drawn = higher(melody, 1)
    found = ask.post("library/similar", {"piece": drawn, "count": 3}).json()["pieces"]
    assert {each["title"] for each in found} == {"Melody +0", "Melody +2", "Melody -3"}
    assert all(each["same_music"] for each in found)
    assert "the same music" in found[0]["reasons"]
    by_number = ask.post("library/similar", {"number": 1, "by": "melody"}).json()["pieces"]
    assert [each["number"] for each in by_number] == [2, 3]
    passages = ask.post("library/similar", {"piece": drawn, "bar": 1}).json()["pieces"]
    assert {each["bar"] for each in passages} == {1}


def test_what_makes_no_sense_is_told(get, ask, collection, melody):
    for body in ({}, {"piece": melody, "number": 1}, {"piece": melody, "by": "taste"}, {"number": 0}):
        assert ask.post("library/similar", body).status_code == 422, body
    assert ask.post("library/ratings", {"number": 99, "stars": 5}).status_code == 404
    assert ask.post("library/ratings", {"piece": melody, "stars": 6}).status_code == 422
    assert ask.post("library/ratings", {"piece": {**melody, "notes": []}, "stars": 5}).status_code == 422
    assert ask.post("library/compose", {"model": "tiny", "number": 99}).status_code == 404
    assert ask.post("library/compose", {"model": "nobody"}).status_code == 404
    assert get("/pieces", text="tempo<").status_code == 200  # words, which no piece has
    assert get("/pieces", text="speed<3").status_code == 422
    assert get("/recommended", explore=2).status_code == 422


def test_pieces_for_the_listener(get, ask, collection, melody):
    for semitones in range(-6, 6):
        ask.post("library/pieces", {"piece": higher(melody, semitones)})
    slow = {**melody, "tempo": 40.0, "notes": melody["notes"][::3], "title": "Slow"}
    number = ask.post("library/pieces", {"piece": slow}).json()["number"]
    ask.post("library/ratings", {"number": 3, "stars": 5})
    found = get("/recommended", count=5).json()
    assert [each["number"] for each in found] == [number]  # the rest is the same music at other pitches
    assert found[0]["reasons"]
    assert 1 <= found[0]["expected_stars"] <= 5


def test_music_for_the_listener(get, ask, collection, melody):
    ask.post("library/ratings", {"piece": melody, "stars": 5})
    body = {"model": "tiny", "bars": 2, "alternatives": 2, "candidates": 2, "iterations": 4, "seed": 5}
    job, again = (ask.over(ask.post("library/compose", body).json()["id"]) for _ in range(2))
    assert job["state"] == "done", job
    assert [each["piece"]["notes"] for each in job["results"]] == [each["piece"]["notes"] for each in again["results"]]
    for result in job["results"]:
        assert result["piece"]["model"] == "tiny"
        assert result["piece"]["bars"] == 2
        assert "Melody" in result["taste"]["reasons"]
        assert 1 <= result["taste"]["expected_stars"] <= 5
    assert [each["taste"]["rank"] for each in job["results"]] == [*range(1, len(job["results"]) + 1)]


def test_more_like_this(get, ask, collection, melody):
    disliked = higher(melody, -2, "Disliked")
    ask.post("library/ratings", {"piece": disliked, "stars": 1})
    body = {"model": "tiny", "bars": 2, "alternatives": 1, "candidates": 1, "iterations": 4, "piece": melody}
    job = ask.over(ask.post("library/compose", body).json()["id"])
    assert job["state"] == "done", job
    assert "as of Melody, which you like" in job["results"][0]["taste"]["reasons"]
    assert get("").json()["ratings"] == 1  # what stands for all that is liked is not rated


def test_the_collection_is_made_only_when_it_is_asked_for(tmp_path):
    unasked = Collection(tmp_path / "library.sqlite")
    unasked.close()
    assert list(tmp_path.iterdir()) == []
    asked = Collection(Path(tmp_path, "fleet.lance"))
    assert asked.folder == tmp_path / "fleet-pieces"
