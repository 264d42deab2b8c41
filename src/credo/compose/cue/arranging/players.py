"""Players of a band: from the voices of a core and its chords to the notes of lead, pad, arpeggio and bass.

Each player returns notes whose velocity is a touch: `NEUTRAL`, more where stressed and less where light.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import combinations, pairwise

from credo.compose.cue.arranging.compass import DYING, compass, fold
from credo.compose.cue.arranging.figures import ARPEGGIOS, BASSES, PHRASE_BARS
from credo.compose.cue.arranging.harmony import Chord
from credo.compose.cue.arranging.stage import NEUTRAL, Stage, line
from credo.music.score import Note

#: Where the middle of a player's notes lies when nothing else is asked, MIDI pitch.
CENTRES = {"lead": 72, "pad": 58, "arpeggio": 67, "bass": 41}
#: Share of the time to the next note that a note is held when nothing else is asked.
HOLDS = {"lead": 0.96, "pad": 1.0, "arpeggio": 0.95, "bass": 0.92}
#: A shorter note than this is not made, quarters; and the breath at the end of a phrase.
SHORTEST, BREATH = Fraction(1, 16), Fraction(1, 4)


def lead(stage: Stage, program: int) -> list[Note]:
    """The melody, in a comfortable octave; phrases of four bars breathe and swell a little."""
    notes = line(stage.core, top=True)
    if stage.knobs.thin:
        notes = _thinned(notes, stage.onsets, stage.length)
    if not notes:
        return []
    low, high = compass(program)
    target = min(max(CENTRES["lead"] + stage.knobs.offset, low), high)
    octave = min(range(-60, 72, 12), key=lambda step: _unease([note.pitch + step for note in notes], low, high, target))
    ends = {stage.bars[number - 1].end for number in range(PHRASE_BARS, len(stage.bars) + 1, PHRASE_BARS)}
    found = []
    for number, note in enumerate(notes):
        following = notes[number + 1].onset if number + 1 < len(notes) else stage.length
        duration = _held(stage, "lead", note.onset, note.duration, following)
        closes = any(note.onset < end <= following for end in ends) or following - note.end >= 1
        if closes and duration > 2 * BREATH:
            duration -= BREATH
        bar = stage.bar_at(note.onset)
        within = (bar.number % PHRASE_BARS + float((note.onset - bar.start) / bar.quarters)) / PHRASE_BARS
        arch = round(10 * (1 - (2 * within - 1.1) ** 2))
        found.append(Note(note.onset, fold(note.pitch + octave, low, high), duration, NEUTRAL + 6 + arch))
    return found


def pad(stage: Stage, program: int) -> list[Note]:
    """Chords, led smoothly: tones that stay are held, and struck again only where a phrase begins."""
    low, high = _window(program, CENTRES["pad"] + stage.knobs.offset, 10)
    centre = round(min(max(CENTRES["pad"] + stage.knobs.offset, low), high))
    starts = {bar.start for bar in stage.bars if program in DYING or bar.number % PHRASE_BARS == 0}
    held: dict[int, Note] = {}
    found: list[Note] = []
    voices: tuple[int, ...] = ()
    for start, end, chord in _stretches(stage, starts):
        voices = voicing(chord.tones, stage.knobs.voices, low, high, centre, voices)
        goes_on = {} if start in starts or program in DYING else held
        found += [note for pitch, note in held.items() if pitch not in goes_on or pitch not in voices]
        held = {
            pitch: Note(goes_on[pitch].onset, pitch, end - goes_on[pitch].onset, NEUTRAL - 10)
            if pitch in goes_on
            else Note(start, pitch, end - start, NEUTRAL - 10)
            for pitch in voices
        }
    found += held.values()
    if stage.knobs.hold is None:
        return sorted(found)
    return sorted(
        Note(note.onset, note.pitch, max(_share(note.duration, stage.knobs.hold), SHORTEST), note.velocity)
        for note in found
    )


def arpeggio(stage: Stage, program: int) -> list[Note]:
    """Broken chords in one figure, which turns at the end of each phrase."""
    low, high = _window(program, CENTRES["arpeggio"] + stage.knobs.offset, 12)
    centre = round(min(max(CENTRES["arpeggio"] + stage.knobs.offset - 3, low), high))
    figure, turn = ARPEGGIOS[stage.seed % len(ARPEGGIOS)]
    voices: tuple[int, ...] = ()
    found: list[Note] = []
    for bar in stage.bars:
        chosen = turn if bar.turns else figure
        onsets = bar.pulse(1.25 * bar.count) if stage.knobs.even else bar.rhythm(bar.count, stage.seed)
        for number, onset in enumerate(onsets):
            voices = voicing(stage.harmony.at(onset).tones, 3, low, high, centre, voices)
            octaves, index = divmod(int(chosen[number % len(chosen)]), len(voices))
            pitch = voices[index] + 12 * octaves
            pitch = pitch if pitch <= compass(program)[1] else voices[index]
            found.append(Note(onset, pitch, bar.end - onset, NEUTRAL - 6))
    return _up_to_next(stage, "arpeggio", found)


def bass(stage: Stage, program: int, *, alone: bool = False) -> list[Note]:
    """The core's own bass where it is calm; where it is not, the basses of the chords in a figure that drives.

    Args:
        stage: what to play.
        program: General MIDI program.
        alone: whether no arpeggio carries the rhythm.
    """
    low, high = compass(program)
    target = min(max(CENTRES["bass"] + stage.knobs.offset / 2, low + 5), high - 5)
    own = line(stage.core, top=False)
    if stage.knobs.thin:
        own = _thinned(own, stage.onsets, stage.length)
    octave = min(
        range(-60, 72, 12), key=lambda step: _unease([note.pitch + step for note in own] or [43], low, high, target)
    )
    found: list[Note] = []
    melody, before = {note.onset: note.pitch % 12 for note in line(stage.core, top=True)}, (-1, -2)
    for bar in stage.bars:
        if bar.drive == 0 and own and not alone:
            inside = [note for note in own if bar.start <= note.onset < bar.end]
            found += [
                Note(n.onset, fold(n.pitch + octave, low, high), min(n.duration, stage.length - n.onset), NEUTRAL)
                for n in inside
            ]
            continue
        figures = BASSES[bar.drive]
        figure = figures[stage.seed % len(figures)]
        count = bar.count if alone else min(bar.count, (0.5, 1, 2)[bar.drive] * float(bar.quarters))
        chord, place = None, 0
        for onset in bar.rhythm(count, stage.seed):
            here = stage.harmony.at(onset)
            place = 0 if chord is None or here.tones != chord.tones else place + 1
            chord = here
            pitch = _bass_tone(here, figure[place % len(figure)], target, low, high)
            if onset in melody:
                now = melody[onset], pitch % 12
                if before[0] == before[1] != now[0] == now[1]:  # both would go in octaves
                    pitch = fold(pitch + next(((t - pitch) % 12 for t in here.tones if t != now[0]), 0), low, high)
                before = melody[onset], pitch % 12
            found.append(Note(onset, pitch, bar.end - onset))
    return _up_to_next(stage, "bass", [Note(n.onset, n.pitch, n.duration, NEUTRAL) for n in found])


@lru_cache(maxsize=4096)
def voicing(
    tones: tuple[int, ...], count: int, low: int, high: int, centre: int, before: tuple[int, ...]
) -> tuple[int, ...]:
    """The chord of `count` notes in a window that is nearest to the one before, clear below and complete.

    Args:
        tones: pitch classes, the root first.
        count: how many notes; fewer where the window has no more.
        low: lowest MIDI pitch of the window.
        high: highest one.
        centre: pitch about which it lies, if nothing came before.
        before: the chord before, from the lowest up; empty for none.

    Returns:
        Pitches from the lowest up.
    """
    inside = [pitch for pitch in range(low, high + 1) if pitch % 12 in tones]
    inside = sorted(sorted(inside, key=lambda pitch: abs(pitch - centre))[:10])
    count = min(count, len(inside))
    needed = {tones[0], *tones[1:2], *tones[3:4]} if count < len(tones) else set(tones)

    def unease(chord: tuple[int, ...]) -> float:
        gaps = [(below, above - below) for below, above in pairwise(chord)]
        mud = sum(4 * (gap < 3 and below < 60) + 8 * (gap < 7 and below < 48) + 3 * (gap < 2) for below, gap in gaps)
        wide = sum(max(gap - 9, 0) for _, gap in gaps)
        missing = 8 * len(needed - {pitch % 12 for pitch in chord})
        moved = sum(abs(one - other) for one, other in zip(chord, before, strict=False)) if before else 0
        return mud + wide + missing + moved + 0.5 * abs(sum(chord) / len(chord) - centre)

    return min(combinations(inside, count), key=unease) if inside else before


def _stretches(stage: Stage, starts: set[Fraction]) -> list[tuple[Fraction, Fraction, Chord]]:
    """The regions of the harmony, divided where the pad is struck anew."""
    found = []
    for chord in stage.harmony.regions():
        cuts = [chord.onset, *sorted(start for start in starts if chord.onset < start < chord.end), chord.end]
        found += [(start, end, chord) for start, end in pairwise(cuts)]
    return found


def _thinned(notes: list[Note], onsets: frozenset[Fraction], length: Fraction) -> list[Note]:
    """The notes that begin at some onsets; each goes on where others were left out, up to the next."""
    kept: list[Note] = []
    for note in notes:
        if note.onset in onsets:
            kept.append(note)
        elif kept:
            kept[-1] = Note(kept[-1].onset, kept[-1].pitch, min(note.end, length) - kept[-1].onset, kept[-1].velocity)
    return kept


def _held(stage: Stage, role: str, onset: Fraction, duration: Fraction, following: Fraction) -> Fraction:
    """How long to hold a note that the next one follows."""
    room = following - onset
    if stage.knobs.hold is not None:
        # a rest that is written stays one: only what the note fills by nature is filled more or less
        full = room if room - duration < 1 else duration
        return max(min(_share(full, stage.knobs.hold), room), SHORTEST)
    held = _share(room, HOLDS[role]) if duration >= room else duration
    return max(min(held, room), min(SHORTEST, room))


def _up_to_next(stage: Stage, role: str, notes: list[Note]) -> list[Note]:
    """One note after another, each held as the part does."""
    ends = [*(note.onset for note in notes[1:]), stage.length]
    return [
        Note(
            note.onset,
            note.pitch,
            _held(stage, role, note.onset, min(note.duration, end - note.onset), end),
            note.velocity,
        )
        for note, end in zip(notes, ends, strict=True)
    ]


def _share(duration: Fraction, share: float) -> Fraction:
    return duration * round(share * 64) / 64


def _window(program: int, centre: float, reach: int) -> tuple[int, int]:
    """Pitches about a centre that the program plays, an octave and a fifth at least."""
    low, high = compass(program)
    below = max(low, min(round(centre) - reach, high - 19))
    return below, min(high, max(round(centre) + reach, below + 19))


def _bass_tone(chord: Chord, sign: str, target: float, low: int, high: int) -> int:
    """The pitch of a sign of `BASSES`."""
    root = fold(chord.bass + 12 * round((target - chord.bass) / 12), low, high)
    if sign == "8":
        return root + 12 if root + 12 <= high else root
    if sign == "5" and chord.bass == chord.root:
        return fold(root + (chord.fifth - chord.root) % 12 - (12 if root - 5 >= low else 0), low, high)
    return root


def _unease(pitches: list[int], low: int, high: int, target: float) -> float:
    """How badly pitches lie on an instrument: first those outside its compass, then the way to the target."""
    outside = sum(not low <= pitch <= high for pitch in pitches)
    return 400 * outside / len(pitches) + abs(sum(pitches) / len(pitches) - target)
