"""The attributes of a score, read off its notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credo.conditioning.affect import brightness, felt
from credo.conditioning.attributes import LIMITS, Attributes
from credo.conditioning.ensembles import ENSEMBLES
from credo.music.general_midi import INSTRUMENTS
from credo.music.keys import estimate_key, estimate_metre, keys_of
from credo.music.pitch import Key
from credo.music.scales import SCALES
from credo.music.score import DEFAULT_TEMPO_BPM, Part, Score, Timeline

#: Notes that begin nearer to each other than this (quarters) begin at one moment: less than a thirty-second, and more
#: than players are apart.
MOMENT = 0.12
#: The share of the sounding time that a scale has to hold to be the mode; else the plain scale of the key is.
IN_SCALE = 0.97
#: A scale that holds this much more of the sounding time than one before it is the better one: a single short note of
#: a piece is as much, and of modes that differ in one note the better holds the one that is there.
_BETTER = 0.0005
#: A key beside the written one has to hold this much more than that one does to be believed instead.
_BELIEVED = 0.005
#: A written key whose scales lack this much more of the sounding time than another's is a mistake.
_FAR = 0.1
#: Where several scales hold as much, the first one is meant: the key's own, then the commonest.
_MINOR = ("minor", "dorian", "phrygian", "harmonic minor", "melodic minor", "locrian")
_MAJOR = ("major", "mixolydian", "lydian")
_OTHERS = ("whole tone", "octatonic", "half-whole octatonic")


def measure(score: Score) -> Attributes:
    """Every attribute that a score has; what there are no notes for is None, and so is the style.

    `docs/attributes.md` gives the formulas. Valence and arousal are proxies; see `credo.conditioning.affect`.

    Args:
        score: any score, of drums alone and empty ones included.

    Returns:
        Its attributes. Key and mode are None without pitched notes, articulation also where no part has two notes.
    """
    timeline = score.timeline
    parts = [(part, _notes(part)) for part in score.parts if part.notes]
    if not parts:
        metre = timeline.metres[0] if timeline.metres else None
        return Attributes(
            key=timeline.key,
            metre=(metre.numerator, metre.denominator) if metre else None,
            tempo=_within("tempo", timeline.tempos[0].bpm) if timeline.tempos else None,
        )
    pitched = [notes for part, notes in parts if not part.is_drums]
    key = _key(score, pitched) if pitched else None
    mode = mode_in(_classes(pitched), key) if key else None
    every = np.concatenate([notes for _, notes in parts])
    tempo = _tempo(timeline)
    numbers = {
        "tempo": None if tempo is None else _within("tempo", tempo),
        "density": _within("density", _density(every)),
        "register": _register(pitched) if pitched else None,
        "polyphony": _within("polyphony", _polyphony(pitched)) if pitched else None,
        "articulation": _articulation(pitched),
        "loudness": _within("loudness", float(every[:, 3].mean())),
    }
    known = {name: value for name, value in numbers.items() if value is not None}
    valence, arousal = felt(known, brightness(mode) if mode else None)
    return Attributes(
        key=key,
        mode=mode,
        metre=_metre(score),
        valence=valence,
        arousal=arousal,
        ensemble=_ensemble([part for part, _ in parts]),
        **numbers,
    )


def mode_in(classes: np.ndarray, key: Key) -> str:
    """The scale on a key's tonic that holds the most of the music: the key's own where several hold as much.

    Args:
        classes: sounding time of each pitch class, shape (12,).
        key: its tonic and its third are taken as they are.

    Returns:
        A name from `SCALES`. Where no scale holds 97 % of the time, the key's own.
    """
    shares = np.roll(classes, -key.tonic) / max(float(classes.sum()), 1e-9)
    own = (*(_MINOR if key.mode == "minor" else _MAJOR), *_OTHERS)
    best, most = key.mode, 0.0
    for name in own:
        share = float(shares[list(SCALES[name])].sum())
        if share > most + _BETTER:
            best, most = name, share
    return best if most >= IN_SCALE else key.mode


def _notes(part: Part) -> np.ndarray:
    """Onset and end in quarters, pitch and velocity of a part's notes, by onset; shape (n, 4)."""
    rows = []
    for note in part.notes:
        onset = note.onset.numerator / note.onset.denominator
        length = note.duration.numerator / note.duration.denominator
        rows.append((onset, onset + length, note.pitch, note.velocity))
    return np.array(rows)


def _key(score: Score, pitched: Sequence[np.ndarray]) -> Key:
    """The written key if the last bass note is its tonic, for relative keys share their notes; else by all notes."""
    written, notes = score.timeline.key, np.concatenate(pitched)
    last = notes[notes[:, 1] > notes[:, 1].max() - 0.25]
    if written is not None and int(last[:, 2].min()) % 12 == written.tonic:
        return written
    found, free = keys_of(score)[0].key, estimate_key(score).key
    if _fits(notes, free) > _fits(notes, found) + _FAR:
        return free
    if written is None or _fits(notes, found) > _fits(notes, written) + _BELIEVED:
        return found
    return written


def _fits(notes: np.ndarray, key: Key) -> float:
    """The largest share of the sounding time that a seven-note scale on a key's tonic holds."""
    classes = np.roll(_classes([notes]), -key.tonic)
    names = _MINOR if key.mode == "minor" else _MAJOR
    return max(float(classes[list(SCALES[name])].sum()) for name in names) / float(classes.sum())


def _classes(pitched: Sequence[np.ndarray]) -> np.ndarray:
    """Sounding time of each pitch class in quarters, shape (12,)."""
    notes = np.concatenate(pitched)
    return np.bincount(notes[:, 2].astype(int) % 12, notes[:, 1] - notes[:, 0], 12)


def _metre(score: Score) -> tuple[int, int]:
    """The metre that is in force longest; where none is written, three or four quarters as the accents say."""
    metres, length = score.timeline.metres, score.timeline.length
    if not metres:
        found = estimate_metre(score)
        return found.numerator, found.denominator
    ends = [*(metre.onset for metre in metres[1:]), max(length, metres[-1].onset)]
    lengths: dict[tuple[int, int], float] = {}
    for metre, end in zip(metres, ends, strict=True):
        name = (metre.numerator, metre.denominator)
        lengths[name] = lengths.get(name, 0.0) + float(end - metre.onset)
    return max(lengths, key=lambda name: lengths[name])


def _tempo(timeline: Timeline) -> float | None:
    """Quarters of the piece over its minutes."""
    seconds = timeline.seconds_at(timeline.length)
    return 60 * float(timeline.length) / seconds if seconds > 0 else DEFAULT_TEMPO_BPM


def _density(notes: np.ndarray) -> float:
    """Moments at which notes begin, over the quarters from the first onset to the last end."""
    moments, before = 0, -np.inf
    for onset in np.unique(notes[:, 0]).tolist():
        if onset - before >= MOMENT - 1e-9:
            moments, before = moments + 1, onset
    return moments / max(float(notes[:, 1].max() - notes[:, 0].min()), MOMENT)


def _register(pitched: Sequence[np.ndarray]) -> float:
    """Mean pitch, each note as often as it is long."""
    notes = np.concatenate(pitched)
    return float(np.average(notes[:, 2], weights=notes[:, 1] - notes[:, 0]))


def _polyphony(pitched: Sequence[np.ndarray]) -> float:
    """Sounding time of all notes over the time in which anything sounds."""
    notes = np.concatenate(pitched)
    notes = notes[np.argsort(notes[:, 0], kind="stable")]
    reach = np.maximum.accumulate(notes[:, 1])
    before = np.concatenate([notes[:1, 0], reach[:-1]])
    sounding = np.maximum(reach - np.maximum(before, notes[:, 0]), 0).sum()
    return float((notes[:, 1] - notes[:, 0]).sum() / sounding)


def _articulation(pitched: Sequence[np.ndarray]) -> float | None:
    """The mean, over all notes that others of their part follow, of the share of the time to them that is sounded."""
    shares = [sounding_shares(notes[:, 0], notes[:, 1]) for notes in pitched]
    every = np.concatenate([np.zeros(0), *shares])
    return _within("articulation", float(every.mean())) if len(every) else None


def sounding_shares(onsets: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """For the notes of a part that others follow, the share of the time to the next one for which they sound, 0..1.

    Args:
        onsets: of the notes in quarters, in order, shape (n,).
        ends: of the notes in quarters, shape (n,).

    Returns:
        Shares, shape (m,), m <= n: notes of the last chord have none.
    """
    gaps = gaps_of(onsets)
    followed = np.isfinite(gaps)
    return np.minimum((ends - onsets)[followed] / gaps[followed], 1.0)


def gaps_of(onsets: np.ndarray) -> np.ndarray:
    """The time from each note of a part to the next one that begins later, shape (n,); infinite for the last chord."""
    moments = np.unique(onsets)
    following = np.append(moments[1:], np.inf)
    return following[np.searchsorted(moments, onsets)] - onsets


def _ensemble(parts: Sequence[Part]) -> str | None:
    """The ensemble of the parts' instruments, by its name if it has one, else the instruments in order of the parts."""
    programs = tuple(dict.fromkeys(part.program for part in parts if not part.is_drums))
    drums = any(part.is_drums for part in parts)
    for ensemble in ENSEMBLES.values():
        if set(programs) == set(ensemble.voices) and ensemble.drums >= drums:
            return ensemble.name
    if not programs:
        return None
    return ", ".join([*(INSTRUMENTS[program] for program in programs), *(["drums"] if drums else [])])


def _within(name: str, value: float) -> float:
    low, high = LIMITS[name]
    return min(max(value, low), high)
