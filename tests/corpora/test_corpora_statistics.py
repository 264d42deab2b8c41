"""Statistics and the report."""

from dataclasses import replace
from fractions import Fraction

import pytest

from credo.corpora.corpus import Card, Corpus, Piece
from credo.corpora.report import LeftOut, Report
from credo.corpora.statistics import Statistics, statistics
from credo.errors import CorpusError
from credo.music.grid import encode
from credo.music.score import Metre, Note, Part, Score, Tempo, Timeline
from credo.music.texture import DRUMS, PIANO, SATB
from credo.music.transform import fit


def part(name, *notes, **fields):
    """A part of (pitch, quarters) one after the other; pitch None is a rest."""
    placed, onset = [], Fraction(0)
    for pitch, length in notes:
        if pitch is not None:
            placed.append(Note(onset, pitch, Fraction(length)))
        onset += Fraction(length)
    return Part.of(name, placed, **fields)


TWO_CHORDS = Score(
    (
        part("soprano", (72, 2), (72, 1), (None, 1)),
        part("alto", (67, 3), (None, 1)),
        part("tenor", (64, 2), (65, 1), (None, 1)),
        part("bass", (48, 2), (50, 1), (None, 1)),
    ),
    Timeline(
        length=Fraction(4), tempos=(Tempo(Fraction(0), 120.0),), metres=(Metre(Fraction(0), 3, 4),), pickup=Fraction(1)
    ),
)


def corpus_of(score, texture):
    grid = encode(score, texture) if texture is SATB else fit(score, texture).grid
    return Corpus(texture, (Piece.of("one", grid),), Card("one"))


def test_the_numbers_are_right():
    found = statistics(corpus_of(TWO_CHORDS, SATB))
    assert (found.pieces, found.bars, found.quarters, found.minutes) == (1, 2, 4.0, 0.03)
    assert found.notes == 7
    assert found.metres == {"3/4": 2}
    assert found.lengths == {"2": 3, "1": 3, "3": 1}
    soprano = found.voices[0]
    assert (soprano.notes, soprano.low, soprano.high, soprano.mean, soprano.resting) == (2, 72, 72, 72.0, 0.25)
    assert found.triads == pytest.approx(2 / 3, abs=1e-4)  # C major for two quarters, D F G C for one
    # the second chord's pairs from the soprano down: C-G 5, C-F 7, C-D 10, G-F 2, G-D 5, F-D 3
    assert found.dissonance == pytest.approx(2 * 4 / (18 * 4), abs=1e-4)
    assert (found.parallel_fifths, found.parallel_octaves, found.crossings) == (0.0, 0.0, 0.0)
    assert Statistics.from_dict(found.to_dict()) == found


def test_parallels_and_crossings_are_reported():
    score = Score(
        (
            part("soprano", (72, 1), (74, 1), (74, 2)),
            part("alto", (65, 1), (67, 1), (67, 2)),
            part("tenor", (60, 1), (62, 1), (69, 2)),
            part("bass", (48, 1), (50, 1), (50, 2)),
        )
    )
    report = Report.of(corpus_of(score, SATB), 1)
    # four voices move together once, in six pairs: three of them octaves, one a fifth
    assert report.statistics.parallel_octaves == 0.5
    assert report.statistics.parallel_fifths == pytest.approx(1 / 6, abs=1e-5)
    assert report.statistics.crossings == 0.5
    rows = dict(report.rows())
    assert rows["Parallels"] == "166.7 fifths and 500.0 octaves a thousand pairs that move"
    assert rows["Crossings"] == "50.0 % of sounding steps"


def test_poly_voices_count_every_key():
    chord = Part.of("piano", [Note(Fraction(0), pitch, Fraction(2)) for pitch in (60, 64, 67)])
    again = Part.of("piano", [*chord.notes, Note(Fraction(2), 60, Fraction(1, 2)), Note(Fraction(3), 24, Fraction(1))])
    found = statistics(corpus_of(Score((again,)), PIANO))
    assert found.notes == 5
    assert found.lengths == {"2": 3, "1": 1, "1/2": 1}
    assert found.voices[0].pitches == {24: 1, 60: 2, 64: 1, 67: 1}
    assert found.voices[0].resting == 0.125
    assert found.triads is None


def test_drums_are_told_by_instrument():
    drums = part("drums", (36, 1), (42, 1), (36, 1), (None, 1), is_drums=True)
    report = Report.of(corpus_of(replace(Score((drums,))), DRUMS), 1)
    assert report.statistics.voices[0].pitches == {36: 2, 42: 1}
    assert report.statistics.lengths == {}
    assert "3 hits" in dict(report.rows())["Drums"]
    assert "Hits by drum" in report.to_markdown()


def test_reports_come_back_and_damaged_ones_are_told(tmp_path):
    report = Report.of(corpus_of(TWO_CHORDS, SATB), 3, (LeftOut("a\udcff.mid", "too short", "1 | 2"),), 2)
    report.save(tmp_path)
    assert Report.load(tmp_path).statistics == report.statistics
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(CorpusError, match="expected the report"):
        Report.load(tmp_path)


def test_an_empty_corpus_has_statistics():
    found = statistics(Corpus(SATB, (), Card("none")))
    assert (found.pieces, found.notes, found.triads) == (0, 0, None)
