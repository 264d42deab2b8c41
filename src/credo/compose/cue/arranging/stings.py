"""Short music beside a cue: stingers over a loop, transitions to what follows, and closing stings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from credo.compose.cue.arranging.band import Band, arrange
from credo.compose.cue.arranging.compass import compass, fold
from credo.compose.cue.arranging.figures import FILL_KEYS, FILLS
from credo.compose.cue.arranging.harmony import Chord, bar_beats, key_of, read_harmony, scale_of
from credo.compose.cue.arranging.hits import ROLL
from credo.compose.cue.arranging.kit import KICK, SNARE
from credo.compose.cue.arranging.players import voicing
from credo.compose.cue.arranging.shapes import Shape, melody, shape_of
from credo.conditioning.attributes import Attributes
from credo.errors import UsageError
from credo.music.passage import slice_score
from credo.music.pitch import Key
from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Note, Part, Score, Tempo, Timeline

#: Stingers by what they say, two of each to choose from; they last a bar at most.
STINGERS: dict[str, tuple[Shape, ...]] = {
    "discovery": (shape_of("0/1 1/1 2/1 3/1 4/4"), shape_of("0/1 2/1 1/1 3/1 5/4")),
    "danger": (shape_of("1/1 0/1 1/1 0/1 -2/4"), shape_of("2/2 0/2 -1/4")),
    "triumph": (shape_of("0/1 0/1 0/2 2/2 3/4"), shape_of("0/2 1/1 2/1 3/4")),
    "mystery": (shape_of("0/2 3/2 1/4"), shape_of("3/2 1/2 2/4")),
    "hit": (shape_of("0/4"), shape_of("3/1 0/3")),
}


@dataclass(frozen=True, slots=True)
class Stingers:
    """Stingers of one kind for all bars of a piece.

    Attributes:
        scores: each at most two bars long.
        of_bar: for each bar of the piece, the index of its stinger in `scores`.
    """

    scores: tuple[Score, ...]
    of_bar: tuple[int, ...]


def stinger(
    core: Score, band: Band, *, kind: str = "discovery", seed: int = 0, attributes: Attributes | None = None
) -> Score:
    """One stinger that fits every bar: of the tones that rub against none of the chords, as far as there are any.

    Args:
        core: the piece that it sounds over.
        band: its lead plays the stinger, its pad holds two tones.
        kind: a name from `STINGERS`.
        seed: chooses among shapes.
        attributes: mode and loudness are obeyed.

    Raises:
        UsageError: the kind is unknown.
    """
    wish = attributes or Attributes()
    harmony = read_harmony(core, wish.mode)
    return _stinger(core, band, kind, common_tones(harmony.chords, core, wish.mode), seed, wish)


def stingers(
    core: Score, band: Band, *, kind: str = "discovery", seed: int = 0, attributes: Attributes | None = None
) -> Stingers:
    """A stinger for each bar: of the tones that rub against no chord of the bar; bars with the same tones share one.

    Args and errors are those of `stinger`.
    """
    wish = attributes or Attributes()
    harmony, length = read_harmony(core, wish.mode), core.timeline.length
    tones = [
        common_tones([chord for chord in harmony.chords if start <= chord.onset < end], core, wish.mode)
        for start, end, _ in core.timeline.bars()
        if start < length
    ]
    different = list(dict.fromkeys(tones))
    scores = tuple(_stinger(core, band, kind, ladder, seed, wish) for ladder in different)
    return Stingers(scores, tuple(different.index(ladder) for ladder in tones))


def common_tones(chords: Sequence[Chord], core: Score, mode: str | None = None) -> tuple[int, ...]:
    """Pitch classes of the key that are a tone of each chord or a whole step from all its tones, the best first.

    Where there are fewer than three, those follow that rub least.
    """
    key = key_of(core)
    scale = sorted(scale_of(key, mode), key=lambda pc: (pc - key.tonic) % 12)

    def rubs(pc: int) -> float:
        return sum(
            float(chord.end - chord.onset)
            for chord in chords
            if pc not in chord.tones and any((pc - tone) % 12 in (1, 11) for tone in chord.tones)
        )

    def belongs(pc: int) -> float:
        return sum(float(chord.end - chord.onset) for chord in chords if pc in chord.tones)

    ranked = sorted(scale, key=lambda pc: (rubs(pc), -belongs(pc)))
    clear = [pc for pc in ranked if rubs(pc) == 0]
    return tuple(clear[:4] if len(clear) >= 3 else ranked[:3])


def _stinger(core: Score, band: Band, kind: str, tones: tuple[int, ...], seed: int, wish: Attributes) -> Score:
    shapes = STINGERS.get(kind)
    if shapes is None:
        raise UsageError(f"stinger: expected one of {', '.join(STINGERS)}, got {kind!r}")
    shape = shapes[seed % len(shapes)]
    bar = core.timeline.metre_at(Fraction(0)).bar
    played = sum(shape.lengths, Fraction(0))
    length = bar / 2 if played <= bar / 2 else bar if played <= bar else 2 * bar
    program = band.roles["lead" if "lead" in band.roles else next(iter(band.roles))].program
    loud = round(wish.loudness or 96)
    parts = [Part.of("lead", melody(shape, tones, program, length, loud), program=program)]
    if "pad" in band.roles:
        low, high = compass(band.roles["pad"].program)
        held = voicing(tones[:2], 2, max(low, 48), max(min(high, 76), low + 24), 60, ())
        notes = [Note(Fraction(0), pitch, length, max(loud - 24, 1)) for pitch in held]
        parts.append(Part.of("pad", notes, program=band.roles["pad"].program))
    return Score(tuple(parts), _timeline(core, length), title=f"Stinger, {kind}")


def transition(
    core: Score,
    band: Band,
    *,
    to: Key | None = None,
    bars: int = 1,
    seed: int = 0,
    attributes: Attributes | None = None,
) -> Score:
    """Bars that lead from any bar to the downbeat of what follows: the dominant of its key, a rise, and a fill.

    Args:
        core: the piece that is left; its tempo and metre are kept.
        band: who plays.
        to: the key that follows; None for that of the piece.
        bars: how many, 1 to 4.
        seed: chooses the fill.
        attributes: loudness is obeyed.

    Raises:
        UsageError: too few or too many bars.
    """
    if not 1 <= bars <= 4:
        raise UsageError(f"transition: expected 1 to 4 bars, got {bars}")
    key = to or key_of(core)
    metre = core.timeline.metre_at(Fraction(0))
    length = metre.bar * bars
    loud = round((attributes.loudness if attributes else None) or 84)
    dominant = tuple((key.tonic + step) % 12 for step in (7, 11, 2))
    ladder = tuple(
        (key.tonic + step) % 12 for step in (7, 9 if key.mode == "major" else 8, 11, 0, 2, 4 - (key.mode == "minor"), 5)
    )

    def rising(onset: Fraction) -> int:
        return min(max(round(loud - 24 + 36 * float(onset / length)), 1), 127)

    lines: dict[str, list[Note]] = {}
    beats = [beat for n in range(bars) for beat in bar_beats(n * metre.bar, (n + 1) * metre.bar, metre)]
    for name, role in band.roles.items():
        low, high = compass(role.program)
        if name == "pad":
            held = voicing(dominant, 3, max(low, 48), max(min(high, 76), low + 24), 62, ())
            lines[name] = [
                Note(beat.start, p, beat.end - beat.start, rising(beat.start)) for beat in beats for p in held
            ]
        elif name == "bass":
            pitch = fold(36 + (dominant[0] - 36) % 12, low, high)
            lines[name] = [Note(beat.start, pitch, beat.end - beat.start, rising(beat.start)) for beat in beats]
        elif name == "lead" or (name == "arpeggio" and "lead" not in band.roles):
            step = Fraction(1, 4)
            count = min(int(length / step), 8 if metre.bar >= 2 else 4)
            top = _nearest_below(min(high, 86), key.tonic)
            run = [pitch for pitch in range(top - 36, top) if pitch % 12 in ladder and pitch >= low][-count:]
            first = length - step * len(run)
            lines[name] = [Note(first + i * step, pitch, step, rising(first + i * step)) for i, pitch in enumerate(run)]
        elif name == "arpeggio":
            held = voicing(dominant, 3, max(low, 55), max(min(high, 84), low + 24), 67, ())
            onsets = [Fraction(n, 2) for n in range(int(length * 2))]
            lines[name] = [Note(onset, held[n % 3], Fraction(1, 2), rising(onset)) for n, onset in enumerate(onsets)]
        elif name == "drums":
            lines[name] = _fill(length, beats[0].end - beats[0].start, seed, rising)
        elif name == "accents":
            count = int(min(length, Fraction(2)) / ROLL)
            onsets = [length - ROLL * n for n in range(count, 0, -1)]
            pitch = fold(41 + (dominant[0] - 41) % 12, low, high)
            lines[name] = [Note(onset, pitch, ROLL, rising(onset)) for onset in onsets]
    parts = tuple(
        Part.of(name, lines[name], program=role.program, is_drums=name == "drums") for name, role in band.roles.items()
    )
    timeline = replace(_timeline(core, length), keys=(KeyChange(Fraction(0), key),))
    return Score(parts, timeline, title=f"Transition to {key.name}")


def sting(
    core: Score, band: Band, *, seconds: float = 4.0, seed: int = 0, attributes: Attributes | None = None
) -> Score:
    """The closing phrase as a piece of its own, as long as asked for, its last chord ringing to the end.

    Args:
        core: the piece; its last bars are taken, as many as leave a second or more for the last chord.
        band: who plays; all do.
        seconds: exact length, 0.5 to 15.
        seed: chooses among figures.
        attributes: obeyed as by `arrange`.

    Raises:
        UsageError: the length is out of range.
    """
    if not 0.5 <= seconds <= 15:
        raise UsageError(f"sting: expected 0.5 to 15 seconds, got {seconds:g}")
    wish = attributes or Attributes()
    timeline = core.timeline
    bpm = _tempo_at(timeline, timeline.length)
    length = Fraction(seconds * bpm / 60).limit_denominator(1 << 20)
    final = max(read_harmony(core, wish.mode).regions()[-1].onset, Fraction(0))
    room = max(length - min(Fraction(bpm / 60).limit_denominator(1000), length / 2), Fraction(0))
    starts = [start for start, _, _ in timeline.bars() if final - room <= start <= final]
    start = starts[0] if starts else final
    passage = slice_score(core, start, timeline.length)
    tempos = (Tempo(Fraction(0), bpm),)
    parts = tuple(
        Part.of(
            part.name,
            [replace(note, duration=min(note.end, length) - note.onset) for note in part.notes if note.onset < length],
            program=part.program, is_drums=part.is_drums,
        )
        for part in passage.parts
    )  # fmt: skip
    closing = Score(parts, replace(passage.timeline, length=length, tempos=tempos), title="Sting")
    return arrange(
        closing,
        band,
        attributes=wish,
        energy=lambda onset: 0.8,
        final=min(final - start, length - Fraction(1, 4)) if final > start else Fraction(0),
        ending="ring-out",
        layers=True,
        seed=seed,
    )


def _fill(length: Fraction, beat: Fraction, seed: int, rising) -> list[Note]:
    """A fill of the last beats, after a kick on each beat."""
    fill = FILLS[2][seed % len(FILLS[2])]
    fill = fill[-int(length * 4) :]
    start = length - Fraction(len(fill), 4)
    kicks = [Note(beat * n, KICK, ROLL, rising(beat * n)) for n in range(int(start / beat) + 1) if beat * n < length]
    strokes = [
        Note(start + Fraction(n, 4), FILL_KEYS.get(sign, SNARE), ROLL, rising(start + Fraction(n, 4)))
        for n, sign in enumerate(fill)
        if sign != "."
    ]
    return kicks + strokes


def _timeline(core: Score, length: Fraction) -> Timeline:
    """Tempo, metre and key of a piece's start, for a length in quarters."""
    timeline, start = core.timeline, Fraction(0)
    metre = timeline.metre_at(start)
    return Timeline(
        length,
        (Tempo(start, _tempo_at(timeline, start)),),
        (replace(metre, onset=start),),
        (KeyChange(start, key_of(core)),),
    )


def _tempo_at(timeline: Timeline, onset: Fraction) -> float:
    return next((t.bpm for t in reversed(timeline.tempos) if t.onset <= onset), DEFAULT_TEMPO_BPM)


def _nearest_below(pitch: int, pc: int) -> int:
    return pitch - (pitch - pc) % 12
