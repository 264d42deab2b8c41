"""The same piece is known again, and other pieces are not taken for it."""

import random
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from planted import changed, moved, piece, with_parts

from credo.corpora.reading.clean import duplicates
from credo.evaluation.data.likeness import KEPT, Sketch, alike, content_of
from credo.evaluation.metrics.columns import Columns
from credo.music.score import Part


def sketch(score) -> Sketch:
    return Sketch.of(Columns.of(score))


def edited(score, share):
    dice = random.Random(3)
    return changed(score, lambda n: replace(n, pitch=n.pitch + 1) if dice.random() < share else n)


def slower(score):
    return changed(score, lambda n: replace(n, onset=2 * n.onset, duration=2 * n.duration))


PIECE = piece(1, bars=40)
SAME = {
    "transposed": PIECE.transpose(-3),
    "in values twice as long": slower(PIECE),
    "cut": changed(PIECE, lambda n: n if 30 <= n.onset < 100 else None),
    "without a part": with_parts(PIECE, PIECE.parts[1:]),
    "one part of it": with_parts(PIECE, PIECE.parts[:1]),
    "slightly edited": edited(PIECE, 0.04),
    "performed": moved(PIECE, 0.03),
    "after a rest": changed(PIECE, lambda n: replace(n, onset=n.onset + Fraction(7, 3))),
}


@pytest.mark.parametrize("how", SAME)
def test_the_same_piece_is_known_again(how):
    found = alike({"a": sketch(PIECE), "b": sketch(SAME[how]), "c": sketch(piece(2, bars=40))}, 0.5)
    assert [(entry.name, entry.of) for entry in found] == [("b", "a")]
    assert found[0].part == (how in ("cut", "one part of it", "without a part"))


def test_pieces_made_alike_are_not_the_same():
    sketches = {str(seed): sketch(piece(seed, bars=40)) for seed in range(13)}
    assert alike(sketches, 0.5) == []


def test_scales_and_repeated_notes_are_everybodys():
    scale = Part.of("Scale", [replace(PIECE.parts[0].notes[0], onset=Fraction(i), pitch=40 + i) for i in range(60)])
    drone = Part.of("Drone", [replace(PIECE.parts[0].notes[0], onset=Fraction(i)) for i in range(60)])
    assert sketch(with_parts(PIECE, [scale])).turns == 0
    assert sketch(with_parts(PIECE, [drone])).turns == 0


def test_a_chain_of_small_steps_does_not_join_what_differs():
    """Each is half of the one before and half new: the last has nothing of the first."""
    dice = random.Random(9)
    notes = [dice.sample(range(2**31), 100) for _ in range(6)]
    links = []
    for one, other in pairwise(notes):
        hashes = np.unique(np.array(one + other, np.uint32))
        links.append(Sketch(hashes, len(hashes)))
    found = alike({str(number): link for number, link in enumerate(links)}, 0.5)
    assert [(entry.name, entry.of) for entry in found] == [("1", "0"), ("3", "2")]


def test_a_small_sketch_tells_the_share_of_a_long_piece():
    whole = piece(4, bars=400)
    part = changed(whole, lambda n: n if n.onset < 200 else None)
    assert sketch(whole).turns > 3 * KEPT
    assert len(sketch(whole).hashes) == KEPT
    assert sketch(whole).shared(sketch(part)) > 0.9
    assert sketch(whole).shared(sketch(piece(5, bars=400))) < 0.1


def test_a_sketch_goes_through_text_and_back():
    one = sketch(PIECE)
    again = Sketch.from_text(one.to_text(), one.turns)
    assert one.shared(again) == 1


def test_the_same_notes_are_the_same_whoever_plays_them_how_loud():
    one = Part.of("All", [replace(n, velocity=9) for part in PIECE.parts for n in part.notes], program=4)
    contents = [("a", PIECE), ("b", with_parts(PIECE, [one])), ("c", PIECE.transpose(2)), ("d", piece(2, bars=40))]
    found = duplicates((name, content_of(Columns.of(score))) for name, score in contents)
    assert [(double.name, double.of, double.semitones) for double in found] == [("b", "a", 0), ("c", "a", 2)]


def test_drums_have_no_key():
    kit = Part.of("Kit", PIECE.parts[0].notes, is_drums=True)
    higher = Part.of("Kit", [replace(n, pitch=n.pitch + 2) for n in kit.notes], is_drums=True)
    one, other = (content_of(Columns.of(with_parts(PIECE, [part]))) for part in (kit, higher))
    assert one.shape != other.shape
