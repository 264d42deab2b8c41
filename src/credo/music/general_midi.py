"""The 128 instruments of General MIDI, by name (General MIDI System Level 1)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from credo.errors import UsageError
from credo.music.texture import Texture

#: Names of the programs 0..127.
INSTRUMENTS: tuple[str, ...] = tuple(
    name
    for family in (
        # pianos, chromatic percussion, organs, guitars
        "acoustic grand piano,bright acoustic piano,electric grand piano,honky-tonk piano,electric piano 1,"
        "electric piano 2,harpsichord,clavi",
        "celesta,glockenspiel,music box,vibraphone,marimba,xylophone,tubular bells,dulcimer",
        "drawbar organ,percussive organ,rock organ,church organ,reed organ,accordion,harmonica,tango accordion",
        "acoustic guitar (nylon),acoustic guitar (steel),electric guitar (jazz),electric guitar (clean),"
        "electric guitar (muted),overdriven guitar,distortion guitar,guitar harmonics",
        # basses, strings, ensembles, brass
        "acoustic bass,electric bass (finger),electric bass (pick),fretless bass,slap bass 1,slap bass 2,"
        "synth bass 1,synth bass 2",
        "violin,viola,cello,contrabass,tremolo strings,pizzicato strings,orchestral harp,timpani",
        "string ensemble 1,string ensemble 2,synth strings 1,synth strings 2,choir aahs,voice oohs,synth voice,"
        "orchestra hit",
        "trumpet,trombone,tuba,muted trumpet,french horn,brass section,synth brass 1,synth brass 2",
        # reeds, pipes, synthesisers
        "soprano sax,alto sax,tenor sax,baritone sax,oboe,english horn,bassoon,clarinet",
        "piccolo,flute,recorder,pan flute,blown bottle,shakuhachi,whistle,ocarina",
        "lead 1 (square),lead 2 (sawtooth),lead 3 (calliope),lead 4 (chiff),lead 5 (charang),lead 6 (voice),"
        "lead 7 (fifths),lead 8 (bass + lead)",
        "pad 1 (new age),pad 2 (warm),pad 3 (polysynth),pad 4 (choir),pad 5 (bowed),pad 6 (metallic),pad 7 (halo),"
        "pad 8 (sweep)",
        "fx 1 (rain),fx 2 (soundtrack),fx 3 (crystal),fx 4 (atmosphere),fx 5 (brightness),fx 6 (goblins),"
        "fx 7 (echoes),fx 8 (sci-fi)",
        # instruments of the world, percussion, sounds
        "sitar,banjo,shamisen,koto,kalimba,bag pipe,fiddle,shanai",
        "tinkle bell,agogo,steel drums,woodblock,taiko drum,melodic tom,synth drum,reverse cymbal",
        "guitar fret noise,breath noise,seashore,bird tweet,telephone ring,helicopter,applause,gunshot",
    )
    for name in family.split(",")
)


def program_named(text: str) -> int:
    """The program of an instrument, by its name, or a part of the name that no other has.

    Args:
        text: such as `church organ`, `oboe` or `harpsi`; capitals do not count. Or the number of a program, 0..127.

    Raises:
        UsageError: there is no such instrument, or there are several.
    """
    if text.strip().isdecimal() and int(text) < len(INSTRUMENTS):
        return int(text)
    words = _words(text)
    names = [_words(name) for name in INSTRUMENTS]
    if words in names:
        return names.index(words)
    found = [number for number, name in enumerate(names) if words and f" {words} " in f" {name} "]
    found = found or [number for number, name in enumerate(names) if words and words in name]
    if len(found) == 1:
        return found[0]
    if found:
        likely = [INSTRUMENTS[number] for number in found]
        raise UsageError(f"instrument: expected one name, got {text!r} for {len(found)}: {', '.join(likely[:8])}")
    close = [INSTRUMENTS[names.index(name)] for name in difflib.get_close_matches(words, names, 3)]
    raise UsageError(
        f"instrument: expected a General MIDI name such as church organ or oboe, got {text!r}",
        hint=f"did you mean {' or '.join(close)}?" if close else "credo info instruments lists all 128",
    )


def programs_of(texture: Texture, instruments: Mapping[str, str]) -> dict[str, int]:
    """The programs of voices, by name.

    Raises:
        UsageError: there is no such voice or instrument, or a voice is a drum kit.
    """
    drums = [name for name in instruments if texture.voice(name).kind == "drums"]
    if drums:
        raise UsageError(f"instrument: expected voices with pitches, got {', '.join(drums)}")
    return {name: program_named(text) for name, text in instruments.items()}


def _words(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9+]+", text.lower()))
