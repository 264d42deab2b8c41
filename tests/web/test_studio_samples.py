"""Sounds for the page, and the instruments that were chosen there in files."""

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("httpx2", reason="the client of these tests is not installed")

from credo.errors import MissingExtraError
from credo.io.midi.reader import parse
from credo.web.answers import SamplesAnswer
from credo.web.sampling import Instruments


@pytest.fixture
def samples(server, tmp_path, monkeypatch):
    for module in ("midirenderer", "soundfile", "pretty_midi"):
        pytest.importorskip(module, reason="the extra audio is not installed")
    monkeypatch.setattr(server.studio, "instruments", Instruments(tmp_path))
    return lambda path, **headers: server.get(f"/api/v1/samples/{path}", headers=headers)


def test_notes_of_an_instrument_are_rendered_once(samples, monkeypatch, tmp_path):
    first = samples("33")
    assert (first.status_code, first.headers["content-type"], first.content[:4]) == (200, "audio/flac", b"fLaC")
    assert "no-store" not in first.headers["cache-control"]
    monkeypatch.setattr("credo.web.sampling.sprite", None)
    assert samples("33").content == first.content
    again = samples("33", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert [path.suffix for path in tmp_path.iterdir()] == [".flac"]


def test_places_are_told(samples):
    answer = samples("drums/places")
    SamplesAnswer.model_validate_json(answer.text)
    places = answer.json()["notes"]
    assert len(places) == 47
    assert samples("0/places").json()["version"] != answer.json()["version"]


@pytest.mark.parametrize("wrong", ["128", "-1", "horn", "٣", "1.5", "9999999999"])
def test_no_such_program(server, wrong):
    answer = server.get(f"/api/v1/samples/{wrong}")
    assert answer.status_code == 404, answer.text
    assert answer.json()["error"]["code"] == "program"


def test_a_missing_extra_is_told(server, monkeypatch):
    def missing(program):
        raise MissingExtraError("Sound", "audio")

    monkeypatch.setattr("credo.web.sampling.version_of", missing)
    for path in ("5", "5/places"):
        answer = server.get(f"/api/v1/samples/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (501, "missing-extra")
        assert "credo" in answer.json()["error"]["hint"]


def test_files_have_the_instruments_that_were_chosen(server, melody):
    asked = {"piece": melody, "format": "midi", "programs": {"soprano": 68}}
    answer = server.post("/api/v1/export", json=asked)
    assert answer.status_code == 200, answer.text
    assert parse(answer.content, "a.mid")[0].parts[0].program == 68
    score = server.post("/api/v1/export", json={**asked, "format": "musicxml"})
    assert "<midi-program>69</midi-program>" in score.text
    plain = server.post("/api/v1/export", json={"piece": melody, "format": "midi"})
    assert parse(plain.content, "a.mid")[0].parts[0].program == 52
    for programs in ({"horn": 1}, {"soprano": 128}, {"soprano": "oboe"}):
        assert server.post("/api/v1/export", json={**asked, "programs": programs}).status_code == 422
