"""Which pitches may sound: scales, ranges, polyphony and the motion of voices."""

from __future__ import annotations

import numpy as np

from credo.compose.constraints.frame import Frame, Part
from credo.compose.constraints.scales import notes_of_key, parse_scale
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.pitch import Key, pitch_name


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
    """Voices stay between a lowest and a highest pitch."""
    if not request.ranges:
        return None
    part = Part.of("ranges", frame)
    for name, low, high in request.ranges:
        lane = frame.lane(name)
        outside = (lane.midi < low) | (lane.midi > high)
        if lane.voice.kind == "drums" or outside.all():
            where = f"{pitch_name(lane.voice.low)}..{pitch_name(lane.voice.high)}"
            raise UsageError(
                f"ranges: expected some of {name}'s own {where}, got {pitch_name(low)}..{pitch_name(high)}"
                if lane.voice.kind != "drums"
                else f"ranges: expected a voice of pitches, got the drums {name}"
            )
        part.forbid(slice(None), lane, outside)
    return part


def polyphony(frame: Frame, request: Request) -> Part | None:
    """At most so many notes at once: of each poly or drums voice, and of all mono voices together."""
    from credo.compose.constraints.rules import FewKeys, FewVoices, Layout

    most = request.polyphony
    if most is None:
        return None
    part, layout = Part.of("polyphony", frame), Layout.of(frame)
    if most < len(frame.mono):
        part.rules.append((FewVoices(layout, most), None))
    if any(lane.voice.kind != "mono" and lane.voice.size > most for lane in frame.lanes):
        part.rules.append((FewKeys(layout, most), None))
    return part


def no_parallels(frame: Frame, request: Request) -> Part | None:
    """No parallel fifths, octaves and unisons between mono voices."""
    from credo.compose.constraints.rules import Layout, NoParallels

    if not forbids_parallels(frame, request):
        return None
    part = Part.of("parallels", frame)
    part.rules.append((NoParallels(Layout.of(frame)), None))
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
