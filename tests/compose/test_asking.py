"""How attributes are asked of models of different voices, and what comes out."""

from __future__ import annotations

import json

import pytest

from credo.compose.asked import read_record, table, with_record
from credo.compose.asking import Wish, ask, ranges_for, scale_of, third_of
from credo.compose.jobs import Job
from credo.compose.models import SHIPPED, available
from credo.compose.playing import Playing
from credo.compose.wishes import Request
from credo.conditioning.attributes import Attributes
from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.scales import SCALES, notes_of_key, parse_scale
from credo.music.texture import PIANO, QUARTET, SATB, SONG, TEXTURES

G_MINOR = Key.parse("G minor")


def card(texture=SATB, **fields):
    return {"name": "some", "texture": texture.to_dict(), "window_steps": 16, **fields}


def asked(request=None, model=None, *, more=None, **attributes):
    return ask(Wish.of(Attributes(**attributes)), request or Request(), model or card(), **(more or {}))


def test_every_attribute_has_its_way_into_a_piece():
    found = asked(
        key=Key.parse("D minor"), mode="dorian", metre=(3, 4), tempo=132, density=1.5, register=62, polyphony=3,
        articulation=0.5, loudness=60, ensemble="woodwinds",
    )  # fmt: skip
    request = found.request
    assert (request.key, request.scale, request.metre, request.tempo) == (Key.parse("D minor"), "D dorian", (3, 4), 132)
    assert (request.moments, request.polyphony) == (1.5, 3)
    assert [name for name, _, _ in request.ranges] == [voice.name for voice in SATB.voices]
    assert found.playing == Playing(0, 60, 0.5)
    assert list(found.instruments.values()) == ["flute", "oboe", "clarinet", "bassoon"]
    assert found.remarks == ()


def test_what_the_request_says_stays():
    said = Request(
        tempo=70, key=G_MINOR, metre=(4, 4), scale="G blues", ranges=(("bass", 40, 50),), polyphony=2, moments=1.0
    )
    request = asked(
        said, key=Key(0), mode="lydian", metre=(3, 4), tempo=132, density=3, register=62, polyphony=4
    ).request
    assert (request.tempo, request.metre, request.scale) == (70, (4, 4), "G blues")
    assert (request.polyphony, request.moments) == (2, 1.0)
    assert request.ranges[0] == ("bass", 40, 50)
    assert [wish[0] for wish in request.ranges] == ["bass", "soprano", "alto", "tenor"]


def test_instruments_that_were_named_stay():
    found = asked(ensemble="brass", more={"instruments": {"alto": "oboe"}})
    assert found.instruments == {"soprano": "trumpet", "alto": "oboe", "tenor": "trombone", "bass": "tuba"}


def test_nothing_asked_is_nothing_changed():
    found = asked()
    assert (found.request, found.instruments, found.playing, found.remarks) == (Request(), {}, Playing(), ())


@pytest.mark.parametrize("mode", sorted(SCALES))
def test_every_mode_becomes_its_notes(mode):
    found = asked(key=Key.parse("Eb"), mode=mode)
    classes = parse_scale(found.request.scale) or notes_of_key(found.request.key)
    own = {(3 + step) % 12 for step in SCALES[mode]}
    assert classes == own | ({0, 2} if mode == "minor" else set())  # minor has its raised sixth and seventh
    assert found.request.key.tonic == 3
    assert len(found.remarks) == (third_of(mode) == "minor")


def test_a_key_alone_means_its_notes():
    assert asked(key=G_MINOR).request.scale == "key"
    assert scale_of(G_MINOR, "natural minor") == "G natural minor"


def test_a_key_is_drawn_with_the_third_of_the_mode():
    shares = {"keys": {"C major": 5.0, "D minor": 1.0, "E minor": 1.0, "F minor": 0.0}}
    drawn = {asked(Request(seed=seed), card(**shares), mode="phrygian").request.key.name for seed in range(30)}
    assert drawn == {"D minor", "E minor"}
    assert asked(Request(), card(), mode="lydian").request.key == Key(0)


def test_a_feeling_respects_the_key_that_is_given():
    for valence in (-1, 0, 1):
        found = asked(key=G_MINOR, valence=valence)
        assert found.request.key == G_MINOR
        assert found.remarks == ()


@pytest.mark.parametrize("name", sorted(TEXTURES))
@pytest.mark.parametrize("register", [0, 40, 52, 60, 68, 80, 127])
def test_ranges_lie_in_the_compass_and_around_the_register(name, register):
    texture = TEXTURES[name]
    ranges, octaves = ranges_for(register, texture)
    assert len(ranges) == sum(voice.kind != "drums" for voice in texture.voices)
    for voice, low, high in ranges:
        assert texture.voice(voice).low <= low < low + 6 <= high <= texture.voice(voice).high
    if ranges and 30 <= register <= 90:
        weights = [3 if texture.voice(voice).kind == "poly" else 1 for voice, _, _ in ranges]
        middle = sum(w * (low + high) / 2 for w, (_, low, high) in zip(weights, ranges, strict=True)) / sum(weights)
        assert middle + 12 * octaves == pytest.approx(register, abs=6)


def test_only_what_is_far_is_moved_by_octaves():
    assert ranges_for(60, SATB)[1] == 0
    assert ranges_for(40, SATB)[1] == -2
    assert ranges_for(40, SATB, move=False)[1] == 0
    assert ranges_for(84, PIANO)[1] == 0


def test_what_cannot_be_asked_of_drums_is_told():
    found = asked(None, card(TEXTURES["drums"]), key=G_MINOR, mode="dorian", articulation=0.5, tempo=90, loudness=50)
    assert found.request.tempo == 90
    assert found.request.key is None
    assert found.playing == Playing(loudness=50)
    assert found.remarks == ("key, mode, articulation: cannot be asked of this piece, for drums has no pitches",)


def test_music_that_is_given_keeps_its_loudness():
    found = asked(loudness=50, metre=(3, 4), mode="dorian", more={"given": True, "tonality": G_MINOR})
    assert found.playing == Playing()
    assert (found.request.metre, found.request.scale) == (None, "G dorian")
    assert found.remarks == (
        "metre, loudness: cannot be asked of this piece, for the music that is given keeps its own",
    )


@pytest.mark.parametrize(
    ("attributes", "texture", "told"),
    [
        ({"style": "haydn"}, SATB, "style: 'haydn' is none of the model's"),
        ({"polyphony": 6}, SATB, "polyphony: 6 cannot be asked of satb"),
        ({"density": 8}, SATB, "density: 8 cannot be asked of satb"),
        ({"polyphony": 3}, SONG, "polyphony: song writes about"),
        ({"key": G_MINOR, "mode": "lydian"}, QUARTET, "mode: lydian has a major third"),
    ],
)
def test_what_a_model_cannot_do_is_told(attributes, texture, told):
    [remark] = asked(None, card(texture), **attributes).remarks
    assert remark.startswith(told)


def test_a_style_that_the_model_knows_is_a_label():
    found = asked(None, card(QUARTET, styles=["Haydn, Joseph", "Brahms, Johannes"]), style="haydn")
    assert found.request.style == (("Haydn, Joseph", 1.0),)


def test_no_such_ensemble():
    with pytest.raises(UsageError, match="string quartet"):
        asked(ensemble="strng quartet")


@pytest.mark.parametrize("name", [name for name in available() if (SHIPPED / name).is_dir()])
def test_models_that_ship_can_be_asked_for_any_mood(name):
    own = json.loads((SHIPPED / name / "card.json").read_text("utf-8"))
    for valence in (-1, 0, 1):
        for arousal in (-1, 0, 1):
            found = asked(None, own, valence=valence, arousal=arousal)
            assert found.request.tempo == found.wish.realised.tempo


@pytest.mark.machine
@pytest.mark.parametrize(("valence", "arousal"), [(-0.6, 0.7), (0.7, -0.6)])
def test_a_piece_is_as_it_was_asked(tiny_composer, valence, arousal):
    request = Request(bars=6, iterations=6, seed=5)
    found = ask(Wish.of(Attributes(valence=valence, arousal=arousal)), request, tiny_composer.card)
    piece = with_record(tiny_composer.compose(found.request), found)
    record = piece.settings["attributes"]
    realised, measured = record["realised"], record["measured"]
    assert measured["tempo"] == pytest.approx(realised["tempo"])
    assert measured["density"] == pytest.approx(realised["density"], abs=0.1)
    assert measured["articulation"] == pytest.approx(realised["articulation"], abs=0.01)
    assert measured["loudness"] == pytest.approx(realised["loudness"], abs=0.5)
    assert measured["register"] == pytest.approx(realised["register"], abs=6)
    assert measured["arousal"] == pytest.approx(arousal, abs=0.2)
    classes = parse_scale(found.request.scale) or notes_of_key(found.request.key)
    assert {note.pitch % 12 for note in piece.score.notes} <= classes


@pytest.mark.machine
def test_the_record_makes_the_piece_again(tiny_composer):
    found = ask(Wish.of(Attributes(arousal=0.5)), Request(bars=3, iterations=3, seed=5), tiny_composer.card)
    piece = Job("compose", found.request, asking=found).run(tiny_composer, None)
    record = json.loads(json.dumps(piece.settings["attributes"]))
    again = read_record(record, found.request, {})
    assert Job("compose", found.request, asking=again).run(tiny_composer, None).settings == piece.settings
    rows = table(piece.settings)
    assert rows[0].split() == ["asked", "came", "out"]
    assert any(row.startswith("tempo") and row.endswith("by valence and arousal") for row in rows)
    assert any(row.startswith("arousal") and not row.endswith("arousal") for row in rows)
    assert table({}) == []
