"""What is asked of a model over HTTP: each task, what is held, cancelling, heat, and errors."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("httpx2", reason="the client of these tests is not installed")

import tiny
from credo.web.answers import HeatAnswer, JobAnswer
from credo.web.pieces import in_whole_bars, message_of

pytestmark = [pytest.mark.machine, pytest.mark.once]

QUICK = {"iterations": 2, "seed": 5}
FIELDS = ("id", "voice", "onset", "duration", "pitch", "velocity", "locked")


def essence(notes):
    return sorted(tuple(note[field] for field in FIELDS) for note in notes)


def piece_of(texture, seed, bars=2):
    grid = tiny.random_grid(texture, 16 * bars, np.random.default_rng(seed))
    return message_of(in_whole_bars(grid)[0], "tiny")


@pytest.fixture
def written(server):
    return piece_of(server.studio.desk.model("tiny").texture, 3)


TASKS = {
    "compose": {"options": {"bars": 3}},
    "complete": {},
    "vary": {"options": {"amount": 0.5}},
    "continue": {"options": {"bars": 1}},
    "harmonize": {"options": {"voice": "alto"}},
    "accompany": {"options": {"add": ["bass"]}},
    "revoice": {"options": {"keep": ["soprano"]}},
    "blend": {"options": {"share": 0.4}},
    "form": {"options": {"pattern": "A A' B", "section_bars": 1}},
}


@pytest.mark.parametrize("task", TASKS)
def test_each_task_answers_as_it_says(ask, server, written, task):
    texture = server.studio.desk.model("tiny").texture
    other = {"other": piece_of(texture, 4)} if task == "blend" else {}
    job = ask.job(task, written, **TASKS[task], **other, wishes=QUICK, alternatives=3)
    JobAnswer.model_validate(job)
    assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, None)
    assert [result["rank"] for result in job["results"]] == [1, 2, 3]
    assert sorted(result["seed"] for result in job["results"]) == [5, 6, 7]
    energies = [result["energy"] for result in job["results"]]
    assert energies == sorted(energies)
    bars = {"continue": 3, "compose": 3, "form": 3}.get(task, 2)
    for result in job["results"]:
        assert result["piece"]["bars"] == bars == len(result["heat"])
        assert len({note["id"] for note in result["piece"]["notes"]}) == len(result["piece"]["notes"])


def test_an_alternative_can_be_had_again_by_its_seed(ask, melody):
    three = ask.job("complete", melody, wishes=QUICK, alternatives=3)["results"]
    for result in three:
        [again] = ask.job("complete", melody, wishes={**QUICK, "seed": result["seed"]})["results"]
        assert again["piece"] == result["piece"]
    assert len({json.dumps(result["piece"]["notes"]) for result in three}) == 3


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from((0.1, 0.5, 1.0)),
    task=st.sampled_from(("complete", "vary", "continue", "revoice", "harmonize", "accompany", "blend", "compose")),
    bars=st.lists(st.integers(1, 2), max_size=2),
    voices=st.lists(st.sampled_from(("soprano", "alto", "tenor", "bass")), max_size=3),
    selected=st.booleans(),
)
def test_what_is_locked_comes_back_as_it_was(ask, server, seed, share, task, bars, voices, selected):
    dice = np.random.default_rng(seed)
    texture = server.studio.desk.model("tiny").texture
    piece = piece_of(texture, seed)
    for note in piece["notes"]:
        note["locked"] = bool(dice.random() < share)
    piece |= {"locked_bars": bars, "locked_voices": voices}
    more = {"options": {"amount": 0.6, "voice": "soprano", "add": ["tenor"], "bars": 1 if task == "continue" else 2}}
    if task == "blend":
        more["other"] = piece_of(texture, seed + 1)
    if selected and task != "compose":
        more["selection"] = {"from_step": 8, "to_step": 24, "voices": ["alto", "bass"]}
    answer = ask.post("jobs", {"task": task, "piece": piece, "wishes": {"iterations": 1, "seed": seed % 97}, **more})
    if answer.status_code == 422:  # such as a revoicing in which all voices are locked
        assert answer.json()["error"]["message"]
        return
    job = ask.over(answer.json()["id"])
    assert job["state"] == "done", job
    after = job["results"][0]["piece"]
    kept = {row[0]: row for row in essence(after["notes"])}
    for note in piece["notes"]:
        begin, end = note["onset"], note["onset"] + note["duration"]
        in_bar = any(begin < 16 * bar and end > 16 * (bar - 1) for bar in bars)
        if note["locked"] or note["voice"] in voices or in_bar:
            assert kept.get(note["id"]) == essence([note])[0]
    if "selection" in more and task in ("complete", "vary"):
        outside = [n for n in piece["notes"] if n["voice"] in ("soprano", "tenor") or n["onset"] >= 24]
        assert {note["id"] for note in outside} <= set(kept)
    for voice in voices:  # their rests stay too
        names = [{note["id"] for note in p["notes"] if note["voice"] == voice} for p in (piece, after)]
        assert names[0] == names[1] or task in ("continue", "blend")


def test_cancelling_stops_between_iterations(ask, server, melody):
    begun = time.monotonic()
    long = {"task": "complete", "piece": melody, "wishes": {"iterations": 2000}, "alternatives": 8}
    identity = ask.post("jobs", long)
    path = f"/api/v1/jobs/{identity.json()['id']}"
    while server.get(path).json()["progress"] == 0:
        assert time.monotonic() - begun < 60
    assert server.delete(path).status_code == 200
    job = ask.over(identity.json()["id"], seconds=10)
    assert job["state"] == "cancelled"
    assert 0 < job["progress"] < 1
    assert ask.job("complete", melody, wishes=QUICK)["state"] == "done"


def test_events_tell_of_progress_and_of_the_end(ask, server, melody):
    identity = ask.post("jobs", {"task": "complete", "piece": melody, "wishes": QUICK, "alternatives": 3}).json()["id"]
    with server.stream("GET", f"/api/v1/jobs/{identity}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = list(stream.iter_lines())
    names = [line[7:] for line in lines if line.startswith("event: ")]
    told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert names[-1] == "done"
    assert set(names[:-1]) <= {"progress"}
    assert (told[-1]["ready"], told[-1]["progress"]) == (3, 1.0)
    assert [each["ready"] for each in told] == sorted(each["ready"] for each in told)


def test_heat_is_that_of_the_job(ask, written):
    answer = ask.post("heat", {"piece": written})
    HeatAnswer.model_validate(answer.json())
    job = ask.job("vary", written, options={"amount": 0}, wishes=QUICK)["results"][0]
    assert (answer.json()["energy"], answer.json()["bars"]) == (job["energy"], job["heat"])


def test_heat_is_not_waited_for_for_ever(ask, written, monkeypatch):
    monkeypatch.setattr("credo.web.routes.jobs.PATIENCE", 0.0)
    answer = ask.post("heat", {"piece": written})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def wrong(piece, **changes):
    return {"task": "complete", "piece": {**piece, **changes}}


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"model": "nobody"}, 404, "expected one of tiny"),
        ({"model": "../../etc"}, 404, "expected one of tiny"),
        ({"key": "H dur"}, 422, "key"),
        ({"metre": [4, 5]}, 422, "metre"),
        ({"bars": 0}, 422, "piece.bars"),
        ({"bars": 100_000}, 422, "piece.bars"),
        ({"tempo": "fast"}, 422, "piece.tempo"),
        ({"locked_bars": [3]}, 422, "locked bars: expected 1 to 2, got 3"),
        ({"locked_voices": ["kazoo"]}, 422, "kazoo"),
        ({"more": 1}, 422, "piece.more"),
        ({"bars": 1}, 422, "end within 16 steps"),
    ],
)
def test_what_makes_no_sense_is_told(ask, melody, change, status, says):
    answer = ask.post("jobs", wrong(melody, **change))
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "hint"}
    assert says in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"pitch": 20}, "expected a pitch of soprano"),
        ({"pitch": 60.5}, "notes[1].pitch"),
        ({"id": "m0"}, "'m0' twice"),
        ({"onset": 2}, "do not overlap"),
        ({"voice": "kazoo"}, "kazoo"),
        ({"offset": 1}, "offset of 0"),
    ],
)
def test_a_wrong_note_is_told_by_its_name(ask, melody, change, says):
    notes = [melody["notes"][0], {**melody["notes"][1], **change}]
    answer = ask.post("jobs", wrong(melody, notes=notes))
    assert answer.status_code == 422
    assert says in answer.json()["error"]["message"]


def test_a_form_repeats_its_sections_and_keeps_nothing_that_is_locked(ask, melody):
    empty = {**melody, "notes": []}
    job = ask.job("form", empty, options={"pattern": "ABA", "section_bars": 1}, wishes=QUICK)
    [result] = job["results"]
    first, last = ([n for n in result["piece"]["notes"] if n["onset"] // 16 == bar] for bar in (0, 2))
    assert result["piece"]["bars"] == 3
    assert [(n["voice"], n["onset"] + 32, n["pitch"]) for n in first] == [
        (n["voice"], n["onset"], n["pitch"]) for n in last
    ]
    for body in (
        {"piece": melody, "options": {"pattern": "ABA"}},
        {"piece": empty},
        {"piece": empty, "options": {"pattern": "?"}},
    ):
        answer = ask.post("jobs", {"task": "form", **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "usage")


def test_humanize_needs_a_model_that_has_learnt_it(ask, melody):
    answer = ask.post("jobs", {"task": "humanize", "piece": melody})
    assert answer.status_code == 422
    assert "loudness and timing" in answer.json()["error"]["message"]


class Suspicious:
    """Finds the training data in whatever is new."""

    def check(self, piece, work=None):
        held = work is not None and bool(work.mask.all())
        found = {"new_notes": 0 if held else 9, "longest_run": {"notes": 9, "part": "alto", "bars": [1, 2]}}
        found |= {"shared_chords": 0.5, "own_pieces_below": {"run": 4.0}, "above": not held}
        return replace(piece, settings={**piece.settings, "originality": found})


def test_what_is_too_near_to_the_training_data_is_told(server, ask, melody, monkeypatch):
    monkeypatch.setitem(server.studio.desk._checkers, "tiny", Suspicious())
    for task, options in (("complete", {}), ("form", {"pattern": "AB", "section_bars": 1})):
        piece = {**melody, "notes": [{**note, "locked": task == "complete"} for note in melody["notes"]]}
        job = ask.job(task, piece, options=options, wishes={"iterations": 2})
        assert job["state"] == "done", job
        assert "9 new notes in a row (alto, bars 1-2)" in job["results"][0]["remarks"][0]
