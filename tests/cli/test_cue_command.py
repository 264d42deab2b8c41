"""`credo cue`: briefs from options and files, what is told, and what is refused before a model is loaded."""

import json

import pytest

from credo.cli.main import run
from credo.compose.cue.sheets.brief import Brief

QUICK = ["--formats", "midi", "--seconds", "4", "--seed", "1"]


def written(tmp_path, *options: str) -> Brief:
    path = tmp_path / "brief.toml"
    assert run(["cue", *options, "--write-brief", str(path)]) == 0
    return Brief.read(path)


def test_options_become_a_brief(tmp_path):
    brief = written(
        tmp_path,
        *("--name", "boss fight", "--seconds", "0:30.5", "--tempo", "96-132", "--metre", "6/8", "--key", "D minor"),
        *("--mood", "tense", "--ensemble", "rock band", "--role", "lead:oboe", "--role", "drums:none"),
        *("--hit", "12.5", "--hit", "0:20.2:stop:door: slams", "--section", "A@0:0.4", "--section", "B@0:15"),
        *("--versions", "15, loop", "--loudness", "-20", "--attribute", "density=2", "--text", "night", "--seed", "7"),
    )
    assert (brief.name, brief.seconds, brief.tempo, brief.metre) == ("boss fight", 30.5, (96, 132), (6, 8))
    assert (brief.attributes.key.name, brief.attributes.ensemble, brief.attributes.density) == (
        "D minor",
        "rock band",
        2,
    )
    assert (brief.attributes.valence, brief.attributes.arousal) == (-0.4, 0.6)
    assert [(hit.seconds, hit.kind, hit.name) for hit in brief.hits] == [
        (12.5, "accent", ""),
        (20.2, "stop", "door: slams"),
    ]
    assert [(mark.name, mark.seconds, mark.energy) for mark in brief.sections] == [("A", 0, 0.4), ("B", 15, None)]
    assert (brief.versions, brief.loudness, brief.text, brief.seed) == (("15", "loop"), -20, "night", 7)
    assert dict(brief.roles) == {"lead": "oboe", "drums": "none"}


def test_options_win_over_the_file(tmp_path):
    first = tmp_path / "advert.toml"
    first.write_text('seconds = 30\nseed = 3\n[attributes]\nkey = "C major"\nvalence = 0.5\n[roles]\nlead = "flute"\n')
    brief = written(tmp_path, str(first), "--seconds", "15", "--key", "A minor", "--role", "bass:tuba")
    assert (brief.name, brief.seconds, brief.seed) == ("advert", 15, 3)
    assert (brief.attributes.key.name, brief.attributes.valence) == ("A minor", 0.5)
    assert dict(brief.roles) == {"lead": "flute", "bass": "tuba"}


def test_timecode_goes_by_its_rate(tmp_path):
    brief = written(tmp_path, "--seconds", "00:00:20:12", "--frame-rate", "24", "--hit", "00:00:10:06:change")
    assert (brief.seconds, brief.hits[0].seconds, brief.hits[0].kind) == (20.5, 10.25, "change")


def test_bars_at_a_tempo_need_no_length(tmp_path):
    assert written(tmp_path, "--bars", "8", "--tempo", "120", "--loop").seconds == 16


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--hit", "soon"], "time: expected seconds"),
        (["--versions", "soon"], "versions"),
        (["--section", "A"], "section: expected NAME@TIME"),
        (["--energy", "0.5"], "energy: expected points"),
        (["--role", "lead"], "role: expected each role once"),
        (["--role", "lead:kazoo"], "instrument"),
        (["--ensemble", "nobody"], "ensemble"),
        (["--formats", "aiff"], "formats: expected some of wav"),
        (["--player", "unity"], "player: expected some of web"),
        (["--loop", "--ending", "button"], "loop: expected no other ending"),
        (["--mood", "xyzzy"], "mood: expected one of"),
        (["--model", "nobody"], "nobody"),
        (["--metre", "4/3"], "metre"),
        (["--bars", "400"], "bars: expected as many as fit"),
        (["--seconds", "-3"], "seconds"),
        (["nowhere.toml"], "nowhere.toml"),
    ],
)
def test_wrong_wishes_are_told_in_one_line(tmp_path, capsys, monkeypatch, options, told):
    monkeypatch.chdir(tmp_path)
    assert run(["cue", *options]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.machine
@pytest.mark.once
def test_a_cue_is_made_and_told(tmp_path, capsys, tiny_run):
    options = ["--name", "logo", "--hit", "2:accent:flash", "--mood", "happy", "--model", str(tiny_run), *QUICK]
    assert run(["cue", *options, "--out", str(tmp_path)]) == 0
    told = capsys.readouterr()
    manifest = json.loads((tmp_path / "logo" / "manifest.json").read_text())
    assert manifest["seconds"] == 4
    assert "logo: 4 s" in told.err.replace("\x1b", "")
    assert "flash (2.000 s): at " in told.err
    assert "asked" in told.err
    assert str(tmp_path / "logo" / "brief.toml") in told.out.splitlines()
    assert (
        run(["cue", str(tmp_path / "logo" / "brief.toml"), "--formats", "midi", "--out", str(tmp_path / "again")]) == 0
    )
    [first], [second] = (list(folder.glob("logo/*.mid")) for folder in (tmp_path, tmp_path / "again"))
    assert first.read_bytes() == second.read_bytes()
