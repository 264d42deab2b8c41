"""What is settled of a cue before anything is sampled: key and mode, versions and their bars, sections that return."""

from dataclasses import replace

import pytest

from credo.compose.cue.outline import FULL, bars_before, outline
from credo.compose.cue.sheets.brief import Brief, Hit, SectionMark
from credo.conditioning.attributes import Attributes, Reading, Reason
from credo.errors import ModelError, UsageError
from credo.music.pitch import Key

BRIEF = Brief("test", 30.0, seed=1, tempo=(118, 122))


def test_the_first_version_is_the_cue_itself_and_the_rest_have_bars_of_one_layout():
    plan = outline(replace(BRIEF, versions=("15", "6", "60", "loop", "no-melody")))
    assert [take.name for take in plan.takes] == [FULL, "loop", "15", "6", "60"]
    assert plan.mixes == {"no-melody": ("lead",)}
    for take in plan.takes:
        assert len(take.order) == bars_before(take.fit)
        assert take.fit.seconds == pytest.approx(take.brief.seconds, abs=1e-3)
        if not take.brief.loops:
            assert take.order[-1] == plan.layout.closing
        assert set(take.order) <= {*range(1, plan.layout.body + 1), plan.layout.closing}


def test_a_version_as_long_as_the_cue_is_the_cue():
    assert [take.name for take in outline(replace(BRIEF, versions=("30", "15"))).takes] == [FULL, "15"]


def test_versions_keep_near_the_tempo_of_the_cue():
    plan = outline(replace(BRIEF, tempo=None, versions=("15", "6", "60"), attributes=Attributes(arousal=0.5)))
    tempos = [take.fit.timeline.tempos[0].bpm for take in plan.takes]
    assert all(abs(tempo / tempos[0] - 1) < 0.15 for tempo in tempos)


def test_a_cue_that_only_ends_needs_no_copies():
    plan = outline(BRIEF)
    assert plan.layout.copies == ()
    assert plan.loop is None


def test_a_loop_that_is_asked_for_has_all_bars_and_is_played_in_layers():
    plan = outline(replace(BRIEF, ending="loop", versions=("15",)))
    assert plan.loop is plan.takes[0]
    assert plan.loop.layers
    assert plan.loop.order == tuple(range(1, plan.layout.body + 1))
    assert not plan.takes[1].brief.loops
    curve = outline(replace(BRIEF, ending="loop", energy=((0, 0.2), (30, 0.9))))
    assert not curve.takes[0].layers  # who plays when is told


def test_sections_of_one_name_return():
    marks = (SectionMark("A", 0), SectionMark("B", 8), SectionMark("A", 16))
    plan = outline(replace(BRIEF, sections=marks))
    starts = [section.bar for section in plan.sections]
    assert (starts[2], starts[0]) in plan.layout.copies
    assert not any(copy in range(starts[1], starts[2]) for copy, _ in plan.layout.copies)


def test_long_cues_without_sections_have_phrases_that_return():
    plan = outline(replace(BRIEF, seconds=120))
    assert (9, 1) in plan.layout.copies
    assert (25, 1) in plan.layout.copies
    assert 17 not in dict(plan.layout.copies)  # the third phrase is new
    assert dict(plan.layout.copies)[49] == 17  # and returns


def test_sections_may_have_keys_of_their_own():
    marks = (SectionMark("A", 0), SectionMark("B", 16, attributes=Attributes(key=Key.parse("A minor"))))
    plan = outline(replace(BRIEF, sections=marks, attributes=Attributes(key=Key.parse("C major"))))
    assert {key.name for key in plan.keys} == {"C major", "A minor"}
    assert plan.keys.index(Key.parse("A minor")) + 1 == plan.sections[1].bar


def test_what_sections_cannot_have_is_told():
    marks = (SectionMark("A", 0, attributes=Attributes(density=3)),)
    assert any("section A" in line for line in outline(replace(BRIEF, sections=marks)).remarks)


@pytest.mark.parametrize(("mode", "written"), [("dorian", "minor"), ("lydian", "major"), ("minor", "minor")])
def test_a_mode_has_a_key_with_its_third(mode, written):
    asked = Attributes(key=Key.parse("D major"), mode=mode)
    plan = outline(replace(BRIEF, attributes=asked))
    assert (plan.key.tonic, plan.key.mode) == (2, written)
    assert plan.attributes.mode == mode


def test_a_key_is_drawn_by_the_seed():
    assert outline(BRIEF).key == outline(BRIEF).key
    assert len({outline(replace(BRIEF, seed=seed)).key for seed in range(20)}) > 3


def test_what_was_read_fills_what_was_not_given():
    read = Reading(
        Attributes(valence=0.8, arousal=-0.5, key=Key.parse("G major"), metre=(3, 4)), (Reason("key", "G", "x"),)
    )
    plan = outline(replace(BRIEF, attributes=Attributes(key=Key.parse("F major"))), read)
    assert plan.key == Key.parse("F major")
    assert plan.brief.metre == (3, 4)
    assert plan.attributes.valence == 0.8


def test_a_drawn_seed_is_written_down():
    plan = outline(replace(BRIEF, seed=None))
    assert plan.brief.seed is not None
    assert outline(plan.brief).takes == plan.takes


@pytest.mark.parametrize("seconds", [1, 3, 5, 240])
@pytest.mark.parametrize("metre", [(2, 4), (7, 8), (12, 8), (5, 4)])
def test_any_length_and_metre_has_an_outline(seconds, metre):
    brief = replace(BRIEF, seconds=seconds, metre=metre, tempo=None, versions=("6", "60", "loop"))
    plan = outline(brief)
    for take in plan.takes:
        assert len(take.order) == bars_before(take.fit)


def test_hits_count_for_the_cue_alone():
    plan = outline(replace(BRIEF, hits=(Hit(12.5),), versions=("15",)))
    assert [len(take.fit.landings) for take in plan.takes] == [1, 0]


def test_wrong_wishes_are_refused():
    with pytest.raises(ModelError):
        outline(replace(BRIEF, model="nobody"))
    with pytest.raises(UsageError, match="ensemble"):
        outline(replace(BRIEF, attributes=Attributes(ensemble="xyzzy")))


def test_mixes_without_sense_are_told():
    plan = outline(replace(BRIEF, versions=("no-drums",), roles={"drums": "none"}))
    assert plan.mixes == {}
    assert any(line.startswith("no-drums") for line in plan.remarks)


@pytest.mark.parametrize("ending", ["button", "cadence", "ring-out", "loop"])
@pytest.mark.parametrize(("bars", "metre", "seconds"), [(16, (4, 4), 30), (9, (3, 4), 16), (12, (7, 8), 20.5)])
def test_there_are_as_many_bars_as_are_asked_for(ending, bars, metre, seconds):
    plan = outline(replace(BRIEF, tempo=None, seconds=seconds, metre=metre, bars=bars, ending=ending))
    assert plan.fit.bars == bars
    assert plan.fit.seconds == pytest.approx(seconds, abs=1e-3)


def test_bars_that_no_tempo_gives_are_refused():
    with pytest.raises(UsageError, match="bars: expected as many as fit 30 s"):
        outline(replace(BRIEF, bars=200))


def test_bars_at_one_tempo_have_a_length():
    brief = Brief.from_dict({"name": "loop", "bars": 8, "tempo": 120, "ending": "loop"})
    assert brief.seconds == 16
    plan = outline(brief)
    assert (plan.fit.bars, plan.fit.timeline.tempos[0].bpm) == (8, 120)
    waltz = {"name": "waltz", "bars": 8, "tempo": 120, "attributes": {"metre": "3/4"}}
    assert Brief.from_dict(waltz).seconds == 12


def test_bars_at_another_tempo_than_asked_for_are_told():
    plan = outline(replace(BRIEF, tempo=(60, 60), bars=16))
    assert plan.fit.bars == 16
    assert any(line.startswith("tempo: 16 bars") for line in plan.remarks)
