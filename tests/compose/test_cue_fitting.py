"""Times are computed anew from the bytes of MIDI files."""

import time
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.compose.cue.sheets.brief import ENDINGS, Brief, Hit, SectionMark
from credo.compose.cue.timing.fitting import fit, section_bars
from credo.errors import UsageError
from credo.io.midi import to_midi
from credo.music.score import Note, Part, Score

METRES = (
    (2, 4),
    (3, 4),
    (4, 4),
    (5, 4),
    (6, 8),
    (9, 8),
    (12, 8),
    (5, 8),
    (7, 8),
    (11, 8),
    (3, 2),
    (2, 2),
    (7, 16),
    (4, 1),
)
STEP = Fraction(1, 4)


def midi_seconds(found, onsets):
    """Seconds of onsets, and of the end of the first track, from the bytes of the MIDI file."""
    notes = [Note(onset, 60, Fraction(1, 960)) for onset in onsets if onset < found.timeline.length]
    data = to_midi(Score((Part.of("hits", notes),), found.timeline))
    tpq, tempos, tick, position = int.from_bytes(data[12:14], "big"), [], 0, 22
    while position < 22 + int.from_bytes(data[18:22], "big"):  # meta events only: delta, ff, kind, size, payload
        delta, more = 0, True
        while more:
            delta, more = delta << 7 | data[position] & 127, data[position] > 127
            position += 1
        tick += delta
        kind, size = data[position + 1], data[position + 2]
        if kind == 0x51:
            tempos.append((tick, int.from_bytes(data[position + 3 : position + 6], "big")))
        position += 3 + size

    def seconds(quarters):
        at, total = quarters * tpq, 0
        for index, (start, length) in enumerate(tempos):
            stop = tempos[index + 1][0] if index + 1 < len(tempos) else at
            total += max(min(stop, at) - start, 0) * length
        return float(total / tpq) / 1e6

    return [seconds(Fraction(round(onset * tpq), tpq)) for onset in onsets] + [seconds(Fraction(tick, tpq))]


@st.composite
def briefs(draw):
    seconds = draw(st.floats(3, 240).map(lambda x: round(x, 3)) | st.sampled_from([3.0, 6.0, 15.0, 30.0, 29.97, 240.0]))
    hits = draw(
        st.lists(st.builds(Hit, st.floats(0, seconds).map(lambda x: round(x, 3)), st.floats(0.1, 3)), max_size=5)
    )
    middle = draw(st.floats(30, 250))
    tempo = draw(st.sampled_from([None, (middle, middle), (middle, min(middle * 1.3, 300))]))
    ring = draw(st.sampled_from([0.0, 0.5, 1.5, 3.0]))
    return Brief(
        "x",
        seconds,
        tempo,
        draw(st.sampled_from(METRES)),
        tuple(hits),
        ending=draw(st.sampled_from(ENDINGS)),
        ring=ring,
    )


def beats_after(line: Fraction, metre) -> list[Fraction]:
    """The beats of the bar that begins at a line."""
    return [line + number * metre.beat for number in range(int(metre.bar / metre.beat) + 1)]


@settings(max_examples=120, deadline=None)
@given(briefs(), st.none() | st.floats(40, 200))
def test_the_contract(brief, wish):
    found = fit(brief, tempo=wish)
    timeline = found.timeline
    *heard, end = midi_seconds(found, [landing.onset for landing in found.landings])
    assert abs(end - brief.seconds) < 0.0005, "the length"
    assert abs(found.seconds - brief.seconds) < 0.0003
    assert found.residual_ms == pytest.approx(1000 * (found.seconds - brief.seconds), abs=1e-6)
    assert [landing.hit for landing in found.landings] == list(brief.hits)
    for landing, seconds in zip(found.landings, heard, strict=True):
        assert abs(seconds - landing.seconds) < 0.0002
        assert landing.residual_ms == pytest.approx(1000 * (landing.seconds - landing.hit.seconds), abs=1e-6)
        if landing.reached:
            assert abs(landing.residual_ms) <= 5.5
            assert 0 <= landing.onset < timeline.length
            assert (landing.onset % STEP == 0) == (landing.place != "between")
            assert bool(landing.reason) == (landing.place == "between")
            if landing.place == "bar":
                assert landing.onset in [start for start, _, _ in timeline.bars()]
        else:
            close = [hit for hit in brief.hits if 0 < abs(hit.seconds - landing.hit.seconds) < 1]
            assert landing.reason
            assert close or landing.hit.seconds >= brief.seconds - 0.006
    lines = [start for start, _, _ in timeline.bars()]
    odd = [metre for metre in timeline.metres if (metre.numerator, metre.denominator) != brief.metre]
    assert not odd or (brief.ending == "loop" and 300 * brief.seconds / 60 < 4 * Fraction(*brief.metre)), "the metre"
    assert 30 * 0.9 <= min(tempo.bpm for tempo in timeline.tempos) <= max(tempo.bpm for tempo in timeline.tempos) <= 330
    if brief.ending == "loop":
        assert found.final is None
        assert found.end == timeline.length
        assert found.bars == len(lines)
        assert timeline.length % STEP == 0
    else:
        assert lines[found.bars - 1] <= found.final
        assert found.bars == len(lines) or found.final < lines[found.bars]
        assert found.final in [beat for line in lines for beat in beats_after(line, timeline.metres[0])]
        bar = 60 * float(Fraction(4 * brief.metre[0], brief.metre[1])) / timeline.tempos[-1].bpm
        lasts = brief.seconds - found.seconds_at(found.final)
        assert 0 < lasts <= brief.ring + bar * 1.01 + (0.21 if brief.ring < 0.2 else 0.001)
        assert found.final < found.end <= timeline.length
    if brief.tempo and brief.ending != "loop":
        main = [tempo.bpm for tempo in timeline.tempos if tempo.onset < (found.final or 1)]
        assert all(brief.tempo[0] * 0.999 <= bpm <= brief.tempo[1] * 1.001 for bpm in main), "the range"
    if found.steady and found.final:
        main = [tempo.bpm for tempo in timeline.tempos if tempo.onset < found.final]
        assert max(main) <= min(main) * 1.001


def test_thirty_seconds_at_120_are_fifteen_bars():
    found = fit(Brief("x", 30, ending="cadence"), tempo=120)
    assert (found.bars, found.final, found.end, found.timeline.length) == (15, 56, 60, 60)
    assert [tempo.bpm for tempo in found.timeline.tempos] == [120]
    assert found.steady
    assert not found.remarks


def test_a_loop_has_whole_bars_in_its_range():
    found = fit(Brief("x", 31.7, (110, 130), (3, 4), ending="loop"))
    assert found.timeline.length % 3 == 0
    assert len(found.timeline.metres) == 1
    assert all(110 <= tempo.bpm <= 130 for tempo in found.timeline.tempos)


def test_a_loop_of_an_awkward_length_bends_its_tempo_and_says_so():
    found = fit(Brief("x", 7, (120, 120), ending="loop"))
    assert len(found.timeline.metres) == 1
    assert found.bars == 4
    assert "not 120" in found.remarks[0]


def test_a_loop_shorter_than_any_bar_has_a_short_one_and_says_so():
    found = fit(Brief("x", 1, (120, 120), (12, 4), ending="loop"))
    assert found.bars == 1
    assert any("the last bar is" in line for line in found.remarks)


def test_a_fixed_tempo_of_an_awkward_length_says_what_gives():
    found = fit(Brief("x", 31.5, (60, 60)))
    assert found.remarks
    assert all(tempo.bpm == pytest.approx(60, rel=0.001) for tempo in found.timeline.tempos)


def test_one_hit_needs_one_tempo():
    found = fit(Brief("x", 30, (100, 140), hits=(Hit(7.3),)))
    assert found.steady
    assert found.landings[0].place in ("bar", "beat")
    assert abs(found.landings[0].residual_ms) < 1


def test_many_hits_change_the_tempo_a_little():
    brief = Brief("x", 60, (100, 140), hits=tuple(Hit(seconds) for seconds in (7.3, 22.71, 23.4, 40.03, 58.8)))
    found = fit(brief)
    assert not found.steady
    assert all(landing.place != "between" for landing in found.landings)
    bpms = [tempo.bpm for tempo in found.timeline.tempos]
    assert max(bpms) / min(bpms) < 1.1
    assert all(tempo.onset in {0, found.final, *(landing.onset for landing in found.landings)}
               for tempo in found.timeline.tempos), "tempos change at hits"  # fmt: skip


def test_a_fixed_tempo_leaves_hits_between_steps_at_their_time():
    (landing,) = fit(Brief("x", 30, (120, 120), hits=(Hit(7.31),))).landings
    assert landing.place == "between"
    assert landing.reached
    assert "tempo" in landing.reason
    assert landing.seconds == pytest.approx(7.31, abs=0.0006)


def test_hits_that_cannot_be():
    found = fit(Brief("x", 30, (100, 140), hits=(Hit(7.3, 2), Hit(7.35), Hit(30), Hit(31))))
    assert [landing.reached for landing in found.landings] == [True, False, False, False]
    assert "50 ms" in found.landings[1].reason
    assert "ends at 30 s" in found.landings[2].reason


def test_hits_at_one_time_land_together():
    first, second = fit(Brief("x", 30, (100, 140), hits=(Hit(7.3), Hit(7.3, kind="stop")))).landings
    assert first.onset == second.onset
    assert first.reached
    assert second.reached


def test_a_hit_near_the_end_takes_the_last_chord():
    found = fit(Brief("x", 30, (100, 140), hits=(Hit(28.7, name="logo"),)))
    assert found.final == found.landings[0].onset


@pytest.mark.parametrize("seconds", [3, 3.3, 4])
def test_a_very_short_cue_has_music_before_its_last_chord(seconds):
    found = fit(Brief("x", seconds, metre=(3, 2)), tempo=80)
    assert found.final
    assert len(found.timeline.metres) == 1


def test_the_mood_chooses_the_tempo():
    tempos = [fit(Brief("x", 20, metre=(5, 4)), tempo=wish).timeline.tempos[0].bpm for wish in (50, 80, 120, 160)]
    assert tempos == sorted(tempos)
    assert tempos == pytest.approx([50, 80, 120, 160], rel=0.16)


def test_bars_and_sections():
    brief = Brief(
        "x",
        30,
        (120, 120),
        ending="cadence",
        sections=(SectionMark("A", 0), SectionMark("B", 9), SectionMark("A", 9.1)),
    )
    found = fit(brief)
    assert [found.bar_at(seconds) for seconds in (0, 1.99, 2.01, 29.9, 99)] == [1, 1, 2, 15, 15]
    assert [(section.bar, round(section.residual_ms)) for section in section_bars(brief, found)] == [
        (1, 0),
        (5, -1000),
        (6, 900),
    ]


def test_bars_of_whole_steps():
    assert fit(Brief("x", 30, metre=(7, 8)), steps_per_quarter=12).timeline.length > 0
    with pytest.raises(UsageError, match="whole steps"):
        fit(Brief("x", 30, metre=(7, 16)), steps_per_quarter=2)


def test_long_cues_are_fitted_fast():
    brief = Brief("x", 240, (60, 200), hits=tuple(Hit(seconds) for seconds in (7.3, 22.71, 123.4, 200.03, 238.8)))
    fit(brief)
    began = time.process_time()
    fit(replace(brief, seconds=239.5))
    assert time.process_time() - began < 0.5
