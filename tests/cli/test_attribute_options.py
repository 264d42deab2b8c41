"""Moods and attributes on the command line: what is asked, what wins, what is told, and that it can be made again."""

import json
from pathlib import Path

import pytest

from credo.conditioning.measure import measure
from credo.io.files import load, save
from tiny import chorale

FAST = ("--iterations", 3, "--formats", "midi", "--seed", 5, "--model")
COMPOSE = ("compose", "--bars", 3, *FAST)


def record_of(folder: Path) -> dict:
    [path] = folder.glob("*.json")
    return json.loads(path.read_text("utf-8"))


@pytest.mark.machine
@pytest.mark.once
def test_a_mood_is_told_as_asked_and_as_it_came_out(credo, tiny_run, tmp_path):
    done = credo(*COMPOSE, tiny_run, "--mood", "tense", "--attribute", "ensemble=brass", "--attribute", "loudness=40")
    assert done.status == 0, done.err
    assert [Path(line).suffix for line in done.out.splitlines()] == [".mid", ".json"]
    rows = {line.split()[0]: line for line in done.err.splitlines() if line.strip()}
    assert rows["asked"].split() == ["asked", "came", "out"]
    assert rows["loudness"].split() == ["loudness", "40", "40"]
    assert rows["tempo"].endswith("by valence and arousal")
    record = record_of(tmp_path / "compositions")["attributes"]
    assert record["asked"] == {"valence": -0.4, "arousal": 0.6, "loudness": 40, "ensemble": "brass"}
    assert record["realised"]["mode"] == "minor"
    saved = measure(load(next((tmp_path / "compositions").glob("*.mid")))).to_dict()
    for name in ("tempo", "density", "register", "articulation", "loudness", "arousal"):
        assert saved[name] == pytest.approx(record["measured"][name], rel=0.01), name


@pytest.mark.machine
@pytest.mark.once
@pytest.mark.parametrize(
    "command",
    [
        ("compose", "--bars", 3),
        ("compose", "--form", "AB", "--section-bars", 2, "--key", "D", "--attribute", "mode=lydian"),
        ("compose", "--seconds", 20, "--metre", "3/4"),
        ("vary", "mine.mid", "--amount", "0.4"),
        ("compose", "--seed-file", "mine.mid", "--bars", 4),
    ],
    ids=["compose", "form", "seconds", "vary", "continue"],
)
def test_each_can_be_made_again(credo, tiny_run, tmp_path, command):
    save(chorale(1, bars=3), tmp_path / "mine.mid")
    done = credo(*command, *FAST, tiny_run, "--arousal", "0.6", "--attribute", "articulation=0.5", "--out", "one")
    assert done.status == 0, done.err
    [path] = (tmp_path / "one").glob("*.json")
    again = credo("compose", "--again", path, "--formats", "midi", "--out", "two")
    assert (again.status, "warning" in again.err) == (0, False), again.err
    first, second = (
        [(tmp_path / name / path.name).with_suffix(ending).read_bytes() for ending in (".mid", ".json")]
        for name in ("one", "two")
    )
    assert first == second


@pytest.mark.machine
@pytest.mark.once
def test_options_of_their_own_win_then_attributes_then_the_mood_then_the_file(credo, tiny_run, tmp_path):
    (tmp_path / "wish.toml").write_text('tempo = 50\nloudness = 30\nregister = 55\nmode = "dorian"\n')
    wish = ("--mood", "calm", "--valence", "0.1", "--attribute", "tempo=60", "--attribute", "loudness=90")
    done = credo(*COMPOSE, tiny_run, *wish, "--attributes", "wish.toml", "--tempo", 70, "--key", "E minor")
    assert done.status == 0, done.err
    record = record_of(tmp_path / "compositions")
    assert record["attributes"]["asked"] == {
        "key": "E minor", "mode": "dorian", "tempo": 70, "register": 55, "loudness": 90, "valence": 0.1,
        "arousal": -0.7,
    }  # fmt: skip
    assert (record["request"]["tempo"], record["request"]["scale"]) == (70, "E dorian")


@pytest.mark.machine
@pytest.mark.once
def test_seconds_go_by_the_tempo_and_metre_that_were_asked_for(credo, tiny_run, tmp_path):
    wish = ("--attribute", "tempo=120", "--attribute", "metre=3/4")
    assert credo("compose", "--seconds", 12, *FAST, tiny_run, *wish).status == 0
    assert record_of(tmp_path / "compositions")["request"]["bars"] == 8


@pytest.mark.machine
@pytest.mark.once
def test_the_json_of_a_piece_tells_another_what_to_be(credo, tiny_run, tmp_path):
    assert credo(*COMPOSE, tiny_run, "--mood", "happy", "--out", "one").status == 0
    [path] = (tmp_path / "one").glob("*.json")
    assert credo(*COMPOSE, tiny_run, "--attributes", path, "--out", "two").status == 0
    asked = [record_of(tmp_path / name)["attributes"]["asked"] for name in ("one", "two")]
    assert asked[0] == asked[1] != {}


@pytest.mark.machine
@pytest.mark.once
def test_what_cannot_be_asked_of_given_music_is_told(credo, tiny_run, tmp_path):
    save(chorale(1, bars=3), tmp_path / "mine.mid")
    done = credo("vary", "mine.mid", "--amount", "0", *FAST, tiny_run, "--attribute", "loudness=30")
    assert done.status == 0
    assert "loudness: cannot be asked of this piece, for the music that is given keeps its own" in done.err
    given, made = load(tmp_path / "mine.mid"), load(next((tmp_path / "compositions").glob("*.mid")))
    assert [part.notes for part in made.parts] == [part.notes for part in given.parts]


@pytest.mark.machine
@pytest.mark.once
def test_without_attributes_nothing_is_said_of_them(credo, tiny_run, tmp_path):
    done = credo(*COMPOSE, tiny_run, "--key", "G", "--tempo", 70)
    assert "came out" not in done.err
    assert "attributes" not in record_of(tmp_path / "compositions")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--mood", "tens"), "did you mean tense"),
        (("--valence", "2"), "valence: expected -1 to 1"),
        (("--arousal", "nan"), "arousal: expected -1 to 1"),
        (("--attribute", "mode"), "attribute: expected each name once, with a value such as mode=dorian, got 'mode'"),
        (("--attribute", "speed=3"), "attributes: expected some of key, mode"),
        (("--attribute", "tempo=90", "--attribute", "tempo=80"), "got 'tempo=80'"),
        (("--attribute", "tempo=fast"), "tempo: expected a number"),
        (("--attribute", "mode=durian"), "mode: expected one of major"),
        (("--attribute", "ensemble=kazoos"), "ensemble: expected one of strings"),
        (("--attributes", "none.toml"), "none.toml: cannot be read"),
        (("--attributes", "wrong.toml"), "wrong.toml: expected attributes such as tempo = 96"),
        (("--attributes", "unknown.toml"), "unknown.toml: attributes: expected some of key, mode"),
        (("--attributes", "list.json"), "list.json: expected attributes"),
    ],
)
def test_what_makes_no_sense_is_refused(refused, tmp_path, options, told):
    (tmp_path / "wrong.toml").write_text("tempo : 3")
    (tmp_path / "unknown.toml").write_text("speed = 3")
    (tmp_path / "list.json").write_text("[1, 2]")
    assert told in refused("compose", "--bars", 2, *options)


def test_info_tells_what_is_measured(credo, tmp_path):
    save(chorale(3, tempo=96), tmp_path / "mine.mid")
    [line] = [line for line in credo("info", "mine.mid").out.splitlines() if line.startswith("measured")]
    for text in ("mode major", "density 0.8", "polyphony 4", "articulation 1", "valence", "arousal", "ensemble choir"):
        assert text in line
    assert "tempo" not in line
