"""Which pitches may sound: scales, ranges, polyphony and the motion of voices."""

from __future__ import annotations

import numpy as np

from credo.compose.constraints.frame import Frame, Part
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.pitch import Key, pitch_name
from credo.music.scales import notes_of_key, parse_scale


def scale(frame: Frame, request: Request) -> Part | None:
    """Only notes of a scale, in all voices but drums."""
    if request.scale is None:
        return None
    part = Part.of("scale", frame)
    for steps, classes in scale_spans(frame, request):
        for lane in frame.lanes:
            if lane.voice.kind != "drums":
                part.only(steps, lane, classes)
    return part


def scale_spans(frame: Frame, request: Request) -> list[tuple[slice, frozenset[int]]]:
    """The pitch classes of the scale that was wished for, else of the key, else all, stretch by stretch.

    Raises:
        UsageError: the notes of the key are asked for, and the piece has none.
    """
    classes = parse_scale(request.scale) if request.scale else None
    if classes is not None:
        return [(slice(0, frame.steps), classes)]
    changes = frame.grid.timeline.keys
    if not changes:
        if request.scale:
            raise UsageError(f"scale: expected a scale by name, for the piece has no key, got {request.scale!r}")
        return [(slice(0, frame.steps), frozenset(range(12)))]
    starts = [0, *(int(change.onset * frame.window.beat) for change in changes[1:]), frame.steps]
    keys = (notes_of_key(change.key) for change in changes)
    return [(slice(start, stop), key) for start, stop, key in zip(starts, starts[1:], keys, strict=False)]


def ranges(frame: Frame, request: Request) -> Part | None:
    """Voices stay between a lowest and a highest pitch, and inside those of the texture in any case."""
    window = frame.window
    if not request.ranges and not window.room:
        return None
    part = Part.of("ranges", frame)
    for lane, voice in zip(frame.lanes, window.natural.voices, strict=True):
        if window.room and lane.voice.kind != "drums":
            part.forbid(slice(None), lane, (lane.midi < voice.low) | (lane.midi > voice.high))
    for name, low, high in request.ranges:
        lane, natural = frame.lane(name), window.natural.voice(name)
        outside = (lane.midi < low) | (lane.midi > high)
        if lane.voice.kind == "drums" or max(low, natural.low) > min(high, natural.high):
            where = f"{pitch_name(natural.low)}..{pitch_name(natural.high)}"
            raise UsageError(
                f"ranges: expected some of {name}'s own {where}, got {pitch_name(low)}..{pitch_name(high)}"
                if lane.voice.kind != "drums"
                else f"ranges: expected a voice of pitches, got the drums {name}"
            )
        part.forbid(slice(None), lane, outside)
    return part


def polyphony(frame: Frame, request: Request, silent: np.ndarray) -> Part | None:
    """At most so many notes at once: of each poly or drums voice, and of all mono voices together.

    Args:
        frame: the grid.
        request: the wish.
        silent: where mono voices rest for it, from `silenced`.
    """
    from credo.compose.constraints.rules import FewKeys, Layout

    most = request.polyphony
    if most is None:
        return None
    part = Part.of("polyphony", frame)
    for lane in frame.lanes:
        if lane.voice.kind == "mono":
            part.forbidden[silent[:, lane.index], lane.pitches] = True
            continue
        held = frame.held[:, lane.codes] & (frame.codes[:, lane.codes] > 0)
        part.forbidden[:, lane.pitches] = held & (held.sum(1, keepdims=True) > most)  # which a remark tells
    if any(lane.voice.kind != "mono" and lane.voice.size > most for lane in frame.lanes):
        part.rules.append((FewKeys(Layout.of(frame, frame.window.shift), most), None))
    return part


def silenced(frame: Frame, request: Request, rests: np.ndarray) -> np.ndarray:
    """Which mono voices rest so that no more sound at once than may; shape (T, V), bool.

    Held notes sound, then voices that have a pattern, then the outer voices, the highest first.

    Args:
        frame: the grid.
        request: the wish.
        rests: where patterns have rests, shape (T, V), bool.
    """
    silent = np.zeros((frame.steps, len(frame.lanes)), bool)
    if request.polyphony is None:
        return silent
    patterns, count = dict(request.rhythm), len(frame.mono)
    outer = sorted(
        range(count), key=lambda i: (frame.mono[i].voice.name not in patterns, min(2 * i, 2 * (count - i) - 1))
    )
    held = frame.held[:, [lane.code for lane in frame.mono]]
    sounds = held & (frame.codes[:, [lane.code for lane in frame.mono]] > 0)
    left = np.full(frame.steps, request.polyphony)
    for number in outer:  # what is held first
        index = frame.mono[number].index
        silent[:, index] = sounds[:, number] & (left <= 0)
        left -= sounds[:, number]
    for number in outer:
        index = frame.mono[number].index
        silent[:, index] |= ~sounds[:, number] & (left <= 0)  # a held rest is one of those that have to be
        left -= ~held[:, number] & ~rests[:, index] & ~silent[:, index]
    return silent


def no_parallels(frame: Frame, request: Request) -> Part | None:
    """No parallel fifths, octaves and unisons between mono voices."""
    from credo.compose.constraints.rules import Layout, NoParallels

    if not forbids_parallels(frame, request):
        return None
    part = Part.of("parallels", frame)
    part.rules.append((NoParallels(Layout.of(frame, frame.window.shift)), None))
    return part


def forbids_parallels(frame: Frame, request: Request) -> bool:
    """Whether parallels are forbidden: where that is asked for, and in four-part chorales if nothing is said."""
    chorale = frame.window.texture.name == "satb" and len(frame.mono) == len(frame.lanes) == 4
    return len(frame.mono) > 1 and (chorale if request.parallels is None else not request.parallels)


def names_of(classes: frozenset[int] | set[int], key: Key | None) -> str:
    """Pitch classes for people."""
    return " ".join(pitch_name(60 + pitch, key)[:-1] for pitch in sorted(classes))


def mono_pitches(frame: Frame, codes: np.ndarray) -> np.ndarray:
    """MIDI pitches of the mono voices in codes (T, K), -1 for rests; shape (T, V)."""
    columns = [
        np.where(codes[:, lane.code] > 0, codes[:, lane.code].astype(int) + lane.voice.low - 1, -1)
        for lane in frame.mono
    ]
    return np.stack(columns, axis=1)
