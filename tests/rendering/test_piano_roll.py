"""Scores to piano rolls."""

import errno
import struct
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from credo.errors import FileError, MissingExtraError, UsageError
from credo.music.score import Note, Part, Score, Timeline
from credo.rendering.labels import percussion_name
from credo.rendering.plots import draw_piano_roll, piano_roll

pytest.importorskip("matplotlib")


def rectangles(axes):
    """Left, right, bottom, top of each note of each collection of notes."""
    from matplotlib.collections import PolyCollection

    collections = [c for c in axes.collections if type(c) is PolyCollection]
    return [[(*path.vertices[[0, 2], 0], *path.vertices[[0, 1], 1]) for path in c.get_paths()] for c in collections]


def test_one_rectangle_a_note_at_its_place(chorale):
    (axes,) = draw_piano_roll(chorale).axes
    drawn = rectangles(axes)
    assert [len(part) for part in drawn] == [len(part.notes) for part in chorale.parts]
    for part, boxes in zip(chorale.parts, drawn, strict=True):
        for note, (left, right, bottom, top) in zip(part.notes, boxes, strict=True):
            assert left == note.onset
            assert note.onset < right <= note.end
            assert (bottom + top) / 2 == pytest.approx(note.pitch)


def test_parts_have_different_colours_and_soft_notes_are_paler(band):
    flute, drums = (axes.collections[0] for axes in draw_piano_roll(band).axes)
    soft, *_, loud = flute.get_facecolor()
    assert soft.sum() > loud.sum()
    assert not (drums.get_facecolor()[0] == loud).all()


def test_a_unison_shows_both_parts():
    note = Note(Fraction(1), 60, Fraction(1))
    (axes,) = draw_piano_roll(Score((Part("a", (note,)), Part("b", (note,))))).axes
    ((_, _, low, high),), ((_, _, inner_low, inner_high),) = rectangles(axes)
    assert low < inner_low < inner_high < high


def test_drums_have_a_lane_with_names(band):
    roll, lane = draw_piano_roll(band).axes
    assert [label.get_text() for label in lane.get_yticklabels()] == ["Kick", "Closed hi-hat"]
    assert "C5" in [label.get_text() for label in roll.get_yticklabels()]
    assert len(rectangles(lane)[0]) == 14


def test_drums_alone(band, tmp_path):
    assert len(draw_piano_roll(Score(band.parts[1:])).axes) == 1
    assert (percussion_name(35), percussion_name(81), percussion_name(20)) == (
        "Acoustic bass drum",
        "Open triangle",
        "Key 20",
    )


def test_bars_are_numbered_after_the_upbeat(band):
    _, lane = draw_piano_roll(band).axes
    ticks = zip(lane.get_xticks(), (label.get_text() for label in lane.get_xticklabels()), strict=True)
    assert list(ticks) == [(1, "1"), (4, "2")]


def test_given_music_is_marked(chorale):
    figure = draw_piano_roll(chorale, kept_quarters=Fraction(4), kept_parts=[0])
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["soprano (given)", "alto", "tenor", "bass", "given"]
    assert 4 in [line.get_xdata()[0] for line in figure.axes[0].lines]


@pytest.mark.parametrize(
    "score",
    [
        Score(()),
        Score((Part("silent", ()),), Timeline(length=Fraction(4))),
        Score(
            (Part.of("_$\\frac$", [Note(Fraction(i), i % 128, Fraction(1)) for i in range(1000)]),),
            title="月光 $x^$" * 20,
        ),
    ],
    ids=["no parts", "no notes", "long, all pitches, names that are no formulas, Chinese"],
)
def test_odd_scores_are_drawn(score, tmp_path):
    piano_roll(score, tmp_path / "roll.png")
    width, height = png_size(tmp_path / "roll.png")
    assert 1000 < width < 6500
    assert 300 < height < 1600


def test_png_has_content_and_is_the_same_again(chorale, tmp_path):
    from matplotlib.image import imread

    piano_roll(chorale, tmp_path / "a.png")
    piano_roll(chorale, tmp_path / "b.PNG")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.PNG").read_bytes()
    picture = imread(tmp_path / "a.png")
    assert picture.shape[1] == 1350
    assert (picture[0, 0, :3] == 1).all()
    assert 0.3 < (picture[..., :3].min(axis=2) == 1).mean() < 0.95


def test_pyplot_is_not_used(chorale, tmp_path):
    before = set(sys.modules)
    piano_roll(chorale, tmp_path / "a.png")
    assert "matplotlib.pyplot" not in set(sys.modules) - before


def test_bad_names_and_full_disks(chorale, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"\.png"):
        piano_roll(chorale, tmp_path / "a.jpg")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match="no space left"):
        piano_roll(chorale, tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_library_names_its_extra(chorale, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    with pytest.raises(MissingExtraError, match=r"credo-music\[plots\]"):
        piano_roll(chorale, tmp_path / "a.png")


def png_size(path: Path) -> tuple[int, int]:
    return struct.unpack(">II", path.read_bytes()[16:24])
