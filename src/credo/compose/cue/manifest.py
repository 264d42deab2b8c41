"""What a cue's manifest says, and how its files are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

import credo
from credo.compose.cue.making import Cue
from credo.compose.cue.outline import Take
from credo.conditioning.measure import measure
from credo.music.general_midi import INSTRUMENTS
from credo.music.pitch import Key
from credo.music.score import Part
from credo.rendering.sound.audio import SAMPLE_RATE
from credo.rendering.sound.mastering import Master

#: The version of the format.
FORMAT = 1
BIT_DEPTH = 24


def slug(name: str) -> str:
    """A name for a folder, such as `rainy-street`."""
    return re.sub(r"[^\w]+", "-", name.lower()).strip("-_")[:60] or "cue"


def head_of(cue: Cue) -> dict[str, Any]:
    """What the manifest says of the cue as a whole."""
    plan, timing = cue.outline, cue.outline.fit
    brief, main = plan.brief, cue.versions[0].score
    lines = timing.bar_lines
    found = measure(main).to_dict()
    return {
        "format": FORMAT,
        "name": slug(brief.name),
        "title": brief.name,
        "credo": credo.__version__,
        "sample_rate": SAMPLE_RATE,
        "bit_depth": BIT_DEPTH,
        "key": plan.key.name,
        "metre": f"{brief.metre[0]}/{brief.metre[1]}",
        "bars": timing.bars,
        "seconds": brief.seconds,
        "samples": round(brief.seconds * SAMPLE_RATE),
        "residual_ms": round(timing.residual_ms, 4),
        "tempo": [
            {"seconds": round(timing.seconds_at(tempo.onset), 6), "bar": _bar(lines, tempo.onset), "bpm": tempo.bpm}
            for tempo in timing.timeline.tempos
        ],
        "bar_seconds": [round(timing.seconds_at(line), 6) for line in lines],
        "hits": [
            {
                "name": landing.hit.name or f"hit {number}",
                "kind": landing.hit.kind,
                "weight": landing.hit.weight,
                "asked": landing.hit.seconds,
                "landed": round(landing.seconds, 6),
                "residual_ms": round(landing.residual_ms, 3),
                "place": landing.place,
                "reached": landing.reached,
                "reason": landing.reason,
                "sample": round(landing.seconds * SAMPLE_RATE),
            }
            for number, landing in enumerate(timing.landings, 1)
        ],
        "sections": [
            {
                "name": section.mark.name,
                "bar": section.bar,
                "seconds": round(timing.seconds_at(lines[section.bar - 1]), 6),
                "residual_ms": round(section.residual_ms, 3),
                "sample": round(timing.seconds_at(lines[section.bar - 1]) * SAMPLE_RATE),
            }
            for section in plan.sections
        ],
        "attributes": {
            "asked": plan.asked.attributes.to_dict(),
            "realised": plan.attributes.to_dict(),
            "measured": found,
            "reasons": [[r.attribute, r.value, r.because] for r in (*plan.asked.reasons, *plan.reasons.reasons)],
        },
        "band": {part.name: instrument_of(part) for part in main.parts if part.notes},
        "model": {"core": brief.model, "drums": brief.drums if plan.band.drums else None, "seed": brief.seed},
        "originality": cue.originality,
        "remarks": list(cue.remarks),
        "mix": {},
        "stems": [],
        "loop": None,
        "stingers": [],
        "transitions": [],
        "effects": [],
        "versions": [],
    }


def loop_of(take: Take, files: Mapping[str, str], layers: list[dict[str, Any]]) -> dict[str, Any]:
    """What is said of a loop, its files and its layers; beats are those of the metre's denominator."""
    metre, bars = take.fit.timeline.metres[0], take.fit.bars
    samples = round(take.brief.seconds * SAMPLE_RATE)
    return {
        "bars": bars,
        "beats": bars * metre.numerator,
        "beats_per_bar": metre.numerator,
        "bpm": bpm_of(take) * metre.denominator / 4,
        "seconds": take.brief.seconds,
        "samples": samples,
        "start": 0,
        "end": samples - 1,
        "mix": dict(files),
        "layers": layers,
    }


def events_of(cue: Cue) -> list[tuple[Fraction, str]]:
    """Markers for a MIDI file: sections and hits, at their onsets."""
    timing = cue.outline.fit
    sections = [(timing.bar_lines[section.bar - 1], section.mark.name) for section in cue.outline.sections]
    hits = [
        (landing.onset, landing.hit.name or f"hit {number}")
        for number, landing in enumerate(timing.landings, 1)
        if landing.reached
    ]
    return sorted([*sections, *hits], key=lambda event: event[0])


def level_of(made: Master | None) -> dict[str, Any]:
    """How loud something was mastered."""
    if made is None:
        return {}
    lufs = None if made.lufs is None or not np.isfinite(made.lufs) else round(made.lufs, 2)
    peak = round(made.true_peak, 2) if np.isfinite(made.true_peak) else None
    return {
        "lufs": lufs,
        "true_peak_dbtp": peak,
        "gain_db": round(made.gain_db, 3),
        "limited_db": round(made.limited_db, 2),
        "short_db": round(made.short_db, 2),
    }


def bpm_of(take: Take) -> float:
    """Quarters a minute on average, of the music before the final chord."""
    end = take.fit.final or take.fit.end
    return round(60 * float(end) / take.fit.seconds_at(end), 3)


def _bar(lines: Sequence[Fraction], onset: Fraction) -> int:
    return max(sum(line <= onset for line in lines), 1)


def instrument_of(part: Part) -> str:
    """The General MIDI name of who plays a part."""
    return "drum kit" if part.is_drums else INSTRUMENTS[part.program]


def file_name(cue: Cue, version: str, bpm: float, suffix: str) -> str:
    """A file's name: title, version, tempo and key, such as `RainyStreet_Full_118bpm_Am.wav`."""
    return f"{_title(cue.outline.brief.name)}_{version}_{round(bpm)}bpm_{_key(cue.outline.key)}{suffix}"


def _title(name: str) -> str:
    """A title for file names: words run together, such as `RainyStreet`."""
    words = re.findall(r"\w+", name)
    return "".join(word[:1].upper() + word[1:] for word in words)[:60] or "Cue"


def _key(key: Key) -> str:
    """A key for file names, such as `Dm` and `Fsharp`."""
    tonic = key.name.split()[0].replace("#", "sharp")
    return tonic + ("m" if key.mode == "minor" else "")
