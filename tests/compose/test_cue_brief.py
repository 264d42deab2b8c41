import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credo.compose.cue.sheets.brief import ENDINGS, KINDS, VERSIONS, Brief, Hit, SectionMark, Version
from credo.conditioning.attributes import Attributes
from credo.errors import FileError, UsageError
from credo.music.pitch import Key

SHEET = """
name = "boss fight"
frame_rate = 25
start = "01:00:00:00"
end = "01:00:30:00"
tempo = "96-132"
metre = "6/8"
energy = [[0, 0.3], ["0:20", 0.9]]
ending = "cadence"
versions = [15, "6s", "No melody"]

[attributes]
key = "D minor"
valence = -0.4

[roles]
lead = "oboe"
drums = "none"

[[hits]]
seconds = "01:00:12:10"
weight = 2
kind = "stop"
name = "door"

[[hits]]
seconds = 3.2

[[sections]]
name = "A"
seconds = 0
energy = 0.3
attributes = { density = 1.5 }
"""
words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=9).filter(str.strip)
times = st.floats(0, 29, allow_subnormal=False)
briefs = st.builds(
    Brief,
    words,
    st.floats(29.5, 300),
    st.none() | st.tuples(st.floats(30, 90), st.floats(90, 300)),
    st.sampled_from([(4, 4), (3, 4), (7, 8), (3, 2)]),
    st.lists(st.builds(Hit, times, st.floats(0.1, 9), st.sampled_from(KINDS), words), max_size=3).map(tuple),
    st.lists(st.tuples(times, st.floats(0, 1)), max_size=3).map(tuple),
    st.lists(st.builds(SectionMark, words, times, energy=st.none() | st.floats(0, 1)), max_size=3).map(tuple),
    st.sampled_from(ENDINGS),
    versions=st.lists(st.sampled_from([*VERSIONS, "30", "6.5"])).map(tuple),
    attributes=st.builds(
        Attributes, key=st.none() | st.just(Key.parse("F# minor")), valence=st.none() | st.floats(-1, 1)
    ),
    roles=st.dictionaries(st.sampled_from(["lead", "bass"]), st.sampled_from(["oboe", "none"])),
    seed=st.none() | st.integers(0, 2**62),
    frame_rate=st.none() | st.sampled_from(["25", "29.97df"]),
    text=words,
)


@given(briefs)
def test_a_brief_survives_writing(brief):
    assert Brief.from_dict(brief.to_dict()) == brief
    assert Brief.from_dict(tomllib.loads(brief.to_toml())) == brief


def test_a_sheet_as_people_write_it(tmp_path):
    (tmp_path / "sheet.toml").write_text(SHEET)
    brief = Brief.read(tmp_path / "sheet.toml")
    assert (brief.seconds, brief.tempo, brief.metre, brief.ending) == (30, (96, 132), (6, 8), "cadence")
    assert brief.hits == (Hit(3.2), Hit(12.4, 2, "stop", "door"))
    assert brief.versions == ("15", "6", "no-melody")
    assert brief.attributes == Attributes(key=Key.parse("D minor"), valence=-0.4, metre=(6, 8))
    assert brief.sections == (SectionMark("A", 0, Attributes(density=1.5), 0.3),)
    assert (brief.frame_rate, brief.roles) == ("25", {"lead": "oboe", "drums": "none"})


def test_the_sheet_of_the_manual():
    text = (Path(__file__).parents[2] / "docs" / "cues.md").read_text("utf-8")
    brief = Brief.from_dict(tomllib.loads(text.split("```toml")[1].split("```")[0]))
    assert (brief.seconds, len(brief.hits), len(brief.sections)) == (30, 2, 2)


def test_a_sheet_without_a_name_is_called_as_its_file(tmp_path):
    (tmp_path / "Chase 1.toml").write_text("seconds = 30")
    assert Brief.read(tmp_path / "Chase 1.toml") == Brief("Chase 1", 30)


def test_the_comments_of_a_plain_sheet_are_examples_that_can_be_read():
    text = Brief("plain", 30).to_toml()
    lines = [line.removeprefix("# ") if " = " in line or "# [" in line else line for line in text.splitlines()[2:]]
    brief = Brief.from_dict(tomllib.loads("\n".join(lines)))
    assert brief.hits
    assert brief.sections
    assert brief.roles
    assert brief.versions
    assert brief.tempo == (96, 132)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"tempoo": 120}, "did you mean tempo"),
        ({"key": "C major"}, r"key stands under \[attributes\]"),
        ({"hits": [{"second": 3}]}, "did you mean seconds"),
        ({"hits": [{"name": "door"}]}, "hits: expected seconds"),
        ({"hits": [{"seconds": 3, "kind": "acent"}]}, "did you mean accent"),
        ({"hits": 3}, "hits: expected a list"),
        ({"hits": [{"seconds": "00:00:03:00"}]}, "frame_rate"),
        ({"attributes": []}, "attributes: expected a table"),
        ({"ending": "fade"}, "expected one of button"),
        ({"tempo": "fast"}, "tempo: expected"),
        ({"tempo": [140, 120]}, "slower one first"),
        ({"tempo": 500}, "from 30 to 300"),
        ({"tempo": []}, "tempo: expected"),
        ({"metre": "4/32"}, "such as 2/16"),
        ({"metre": "three"}, "metre: expected"),
        ({"metre": "1/16"}, "an eighth"),
        ({"metre": "3/4", "attributes": {"metre": "4/4"}}, "expected one"),
        ({"seconds": 0.1}, "from 1 to 1200"),
        ({"end": 30}, "got both"),
        ({"versions": ["no-melodie"]}, "did you mean no-melody"),
        ({"versions": ["0"]}, "a length of 1"),
        ({"roles": {"leed": "oboe"}}, "did you mean lead"),
        ({"roles": {"lead": "kazoo"}}, "General MIDI"),
        ({"energy": [[0, 2]]}, "from 0 to 1"),
        ({"energy": [3, 4]}, "points"),
        ({"sections": [{"name": "A", "seconds": 31}]}, "before the end"),
        ({"seed": -1}, "seed"),
        ({"name": " "}, "name: expected"),
    ],
)
def test_what_makes_no_sense_is_said(data, message):
    with pytest.raises(UsageError, match=message):
        Brief.from_dict({"name": "x", "seconds": 30, **data})


def test_files_that_are_no_briefs(tmp_path):
    path = tmp_path / "sheet.toml"
    with pytest.raises(FileError, match="cannot be read"):
        Brief.read(path)
    path.write_bytes(b"name = \xff")
    with pytest.raises(FileError, match="not TOML"):
        Brief.read(path)
    path.write_text("# long\n" * 50_000)
    with pytest.raises(FileError, match="at most"):
        Brief.read(path)


def test_the_metre_is_one():
    assert Brief("x", 30, attributes=Attributes(metre=(3, 4))).metre == (3, 4)
    assert Brief("x", 30, metre=(3, 4)).attributes.metre == (3, 4)
    assert Brief("x", 30).attributes.metre is None, "nobody asked: words may still say"
    assert Brief.from_dict({"name": "x", "seconds": 30, "metre": "4/4"}).attributes.metre == (4, 4)


def test_energy_is_straight_between_its_points():
    brief = Brief("x", 30, energy=((10, 0.2), (20, 0.6)))
    assert [brief.energy_at(time) for time in (0, 10, 15, 20, 30)] == pytest.approx([0.2, 0.2, 0.4, 0.6, 0.6])


def test_energy_of_sections_is_a_step():
    brief = Brief("x", 30, sections=(SectionMark("A", 0, energy=0.3), SectionMark("B", 10, energy=0.9)))
    assert [brief.energy_at(time) for time in (0, 9.999, 10, 29)] == pytest.approx([0.3, 0.3, 0.9, 0.9])


@pytest.mark.parametrize("ending", ENDINGS)
def test_energy_where_nobody_asked(ending):
    brief = Brief("x", 30, ending=ending)
    energies = [brief.energy_at(time) for time in range(31)]
    assert all(0.3 <= energy <= 0.85 for energy in energies)
    assert (len(set(energies)) == 1) == (ending == "loop")


@pytest.mark.parametrize(("text", "seconds"), [("60", 60), (6, 6), ("15 s", 15), ("sting", None), ("No_Drums", None)])
def test_versions(text, seconds):
    assert Version.parse(text).seconds == seconds
