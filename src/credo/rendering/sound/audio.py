"""Scores to sound.

Played by a General MIDI soundfont at 48 kHz, with its reverb. Pitched parts are spread over the stereo field from the
first on the left to the last on the right, as a choir stands; drums stay in the middle. The end rings out, and the
loudest sample lies 1 dB below full scale. All this is done to the sound: a saved MIDI file is not changed by it.
"""

from __future__ import annotations

import importlib.util
import math
import os
import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from credo.errors import FileError, FormatError, MissingExtraError, UsageError
from credo.io.atomic import write_bytes
from credo.io.midi import DRUM_CHANNEL, to_midi
from credo.io.midi.messages import CONTROL, END_OF_TRACK, join_chunks, meta
from credo.music.score import DEFAULT_TEMPO_BPM, Part, Score
from credo.rendering.sound.encode import check_sound_suffix, encode_sound
from credo.rendering.sound.synthesis import play

#: Environment variable with the path of the soundfont to use.
SOUNDFONT_VARIABLE = "CREDO_SOUNDFONT"
SAMPLE_RATE = 48_000
PEAK_DBFS = -1.0
#: The longest piece that is rendered; half an hour is about 700 MB of samples.
MAX_SECONDS = 1800

#: How long a piece may ring on.
TAIL_SECONDS = 4.0
#: What lies as far below the loudest sample is heard no more.
SILENCE_DB = -70.0
_FADE_SECONDS = 0.02
_MIDDLE = 64
_PAN_STEP, _PAN_WIDTH = 12, 32  # of the 64 that would put the outer parts wholly into one ear
_CC_VOLUME, _CC_PAN = 7, 10
#: The synthesiser answers in 16 bits: play as loud as can be, and again more softly only if that was too loud.
VOLUMES = (127, 72, 40, 22)


def synthesise(score: Score, soundfont: str | Path | None = None) -> tuple[np.ndarray, int]:
    """Play a score.

    The same score and soundfont give the same samples. The sound lasts as long as the score, and on until what rings
    has fallen 70 dB below the loudest sample, four seconds at most.

    Args:
        score: the piece, of half an hour at most.
        soundfont: an .sf2 file; by default the one that `CREDO_SOUNDFONT` names, or else the one that pretty_midi
            carries.

    Returns:
        Samples, shape (frames, 2), float32, with a peak of -1 dB (all 0 if there are no notes), and the rate, 48 000
        frames a second.

    Raises:
        UsageError: the score is longer than half an hour.
        FileError: the soundfont is missing or cannot be used.
        MissingExtraError: a library is not installed.
    """
    seconds = score.duration_seconds
    if seconds > MAX_SECONDS:
        raise UsageError(f"sound: expected at most {MAX_SECONDS // 60} minutes of music, got {seconds / 60:.0f}")
    font = checked_soundfont(soundfont)
    frames = max(math.ceil(seconds * SAMPLE_RATE), 1)
    if not any(part.notes for part in score.parts):
        return np.zeros((frames, 2), np.float32), SAMPLE_RATE
    for volume in VOLUMES:
        [samples] = play(font, [performance(score, places(score), volume)], workers=1)
        if not is_clipped(samples):
            break
    return _master(samples, frames), SAMPLE_RATE


def save_audio(score: Score, path: str | Path, soundfont: str | Path | None = None) -> None:
    """Play a score into a stereo sound file, 24 bits deep where the format has a depth.

    Args:
        score: the piece.
        path: a name ending in .wav, .flac, .ogg (Vorbis) or .mp3; a file of that name is replaced.
        soundfont: as for `synthesise`.

    Raises:
        UsageError: the name ends in something else.
        FileError: the file cannot be written; nothing is left behind.
    """
    path = Path(path)
    suffix = check_sound_suffix(path.suffix)
    write_bytes(path, encode_sound(*synthesise(score, soundfont), suffix))


def find_soundfont(soundfont: str | Path | None = None) -> Path:
    """The soundfont to play with: the one given, or that `CREDO_SOUNDFONT` names, or the one inside pretty_midi.

    Raises:
        FileError: the file that was named does not exist.
        MissingExtraError: none was named and pretty_midi is not installed.
    """
    named = soundfont or os.environ.get(SOUNDFONT_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            source = "" if soundfont else f" ({SOUNDFONT_VARIABLE} names it)"
            raise FileError(path, f"there is no such soundfont{source}", hint="give the path of an .sf2 file")
        return path
    spec = importlib.util.find_spec("pretty_midi")  # finds the folder, runs nothing
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    raise MissingExtraError("Sound", "audio")


def checked_soundfont(soundfont: str | Path | None = None) -> Path:
    """The soundfont to play with, which is one of version 2.

    Raises:
        FileError: it is missing or cannot be used.
        MissingExtraError: none was named and pretty_midi is not installed.
    """
    path = find_soundfont(soundfont)
    try:
        with path.open("rb") as file:
            font = file.read(256)
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    if font[:4] != b"RIFF" or font[8:12] != b"sfbk":
        raise FormatError(path, "is not a soundfont", hint="give the path of an .sf2 file")
    version = font.find(b"ifil")
    if path.suffix.lower() == ".sf3" or (version > 0 and struct.unpack_from("<H", font, version + 8)[0] > 2):
        raise FormatError(path, "compressed soundfonts (.sf3) cannot be played", hint="give an .sf2 file instead")
    return path


def places(score: Score) -> list[tuple[Part, int]]:
    """Each part and where it stands, 0 (left) to 127 (right): pitched parts in their order, drums in the middle."""
    last = sum(not part.is_drums and bool(part.notes) for part in score.parts) - 1
    width = min(_PAN_WIDTH, _PAN_STEP * last)
    placed, number = [], 0
    for part in score.parts:
        pan = _MIDDLE
        if not part.is_drums and part.notes:
            pan += round(width * (2 * number / last - 1)) if last else 0
            number += 1
        placed.append((part, pan))
    return placed


def performance(
    score: Score, placed: Sequence[tuple[Part, int]], volume: int, tail_seconds: float = TAIL_SECONDS
) -> bytes:
    """Parts of a score as MIDI for the synthesiser, with a track more for pan and volume.

    Where there are more pitched parts than MIDI channels, a part shares the channel of the nearest instrument.

    Args:
        score: the piece, for its timeline.
        placed: what is to be heard of its parts, each with its place of 0..127.
        volume: controller 7 of all channels. It lowers the direct sound by (volume / 127)^2, and the reverb by more:
            the synthesiser sends nothing to the reverb from voices that are softer than a threshold.
        tail_seconds: how long the sound goes on after the end of the score, so that what rings can ring out.
    """
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    taken: list[tuple[int, int, int]] = []  # instrument, channel and pan
    parts = []
    for part, pan in placed:
        if not part.is_drums and part.notes:
            if free:
                taken.append((part.program, free.pop(0), pan))
                program, channel, _ = taken[-1]
            else:
                program, channel, _ = min(taken, key=lambda seat, wanted=part.program: abs(seat[0] - wanted))
            part = replace(part, program=program, channel=channel)
        parts.append(part)
    midi = bytearray(to_midi(replace(score, parts=tuple(parts))))
    channels = [*(channel for _, channel, _ in taken), DRUM_CHANNEL]
    controls = [(CONTROL | channel, _CC_VOLUME, volume) for channel in channels]
    controls += [(CONTROL | channel, _CC_PAN, pan) for _, channel, pan in taken]
    tracks, ticks_a_quarter = struct.unpack_from(">HH", midi, 10)
    bpm = [DEFAULT_TEMPO_BPM, *(tempo.bpm for tempo in score.timeline.tempos if tempo.onset <= score.timeline.length)][
        -1
    ]
    end = math.ceil((float(score.timeline.length) + tail_seconds * bpm / 60) * ticks_a_quarter)
    events = [(0, bytes(control)) for control in controls] + [(end, meta(END_OF_TRACK))]
    struct.pack_into(">H", midi, 10, tracks + 1)
    return bytes(midi) + join_chunks(ticks_a_quarter, [events])[14:]


def is_clipped(samples: np.ndarray) -> bool:
    """Whether int16 samples of any shape touch full scale."""
    return bool(samples.size) and (int(samples.max()) == 32767 or int(samples.min()) == -32768)


def _master(samples: np.ndarray, frames: int) -> np.ndarray:
    """Normalise, cut the silence after the end, and fade the last 20 ms.

    Args:
        samples: shape (rendered frames, 2), int16.
        frames: length of the score, in frames; no less is returned.

    Returns:
        Shape (frames or more, 2), float32.
    """
    loudness = np.abs(samples.astype(np.int32)).max(axis=1)
    peak = int(loudness.max())
    audible = np.flatnonzero(loudness > peak * 10 ** (SILENCE_DB / 20))
    length = max(frames, int(audible[-1]) + 1 if peak else 0)
    gain = 10 ** (PEAK_DBFS / 20) / max(peak, 1)
    sound = np.zeros((length, 2), np.float32)
    sound[: len(samples)] = samples[:length] * np.float32(gain)
    fade = min(length, round(_FADE_SECONDS * SAMPLE_RATE))
    sound[length - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
    return sound
