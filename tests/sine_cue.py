"""A cue's folder as `credo cue` writes one, made of sines: nothing is composed, and every length is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from credo.rendering.sound.encode import encode_sound

RATE = 48_000


def tone(hertz: float, samples: int, rate: int = RATE) -> np.ndarray:
    """A stereo sine, shape (samples, 2), float32; it ends where it began if whole periods fit."""
    wave = 0.15 * np.sin(2 * np.pi * hertz * np.arange(samples) / rate)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def click(samples: int, rate: int = RATE) -> np.ndarray:
    """A click that rings, shape (samples, 2), float32."""
    seconds = np.arange(samples) / rate
    wave = 0.8 * np.sin(2 * np.pi * 2000 * seconds) * np.exp(-60 * seconds)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def write_sine_cue(
    folder: Path,
    *,
    bars: int = 4,
    bar_samples: int = 24_000,
    codings: tuple[str, ...] = ("wav", "ogg"),
    name: str = "battle",
) -> dict:
    """Write a cue of four beats a bar and its manifest; answers with what the manifest says."""
    loop_samples, total = bars * bar_samples, bars * bar_samples + 36_011
    bpm = 240 * RATE / bar_samples
    hertz = RATE * 40 / bar_samples  # whole periods fit into a bar
    pads = {"pad": (0.0, 1), "bass": (0.3, 2), "lead": (0.7, 3)}

    def save(stem: str, samples: np.ndarray) -> dict:
        for coding in codings:
            path = folder / f"{stem}.{coding}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_sound(samples, RATE, path.suffix))
        return {coding: f"{stem}.{coding}" for coding in codings}

    layers = [
        {"role": role, "threshold": threshold, **save(f"loop/{role}", tone(hertz * times, loop_samples))}
        for role, (threshold, times) in pads.items()
    ]
    mix = np.sum([tone(hertz * times, total) for _, times in pads.values()], axis=0)
    mix[-4800:] *= np.linspace(1, 0, 4800, dtype=np.float32)[:, None]
    manifest = {
        "format": 1, "name": name, "title": f"{name.title()} in sines", "credo": "0", "sample_rate": RATE,
        "bit_depth": 24, "key": "D minor", "metre": "4/4", "bars": bars, "seconds": total / RATE, "samples": total,
        "tempo": [{"seconds": 0.0, "bar": 1, "bpm": bpm}], "lufs": -16.0, "true_peak_dbtp": -1.3,
        "mix": save("mix", mix), "stems": [],
        "loop": {
            "bars": bars, "beats": 4 * bars, "beats_per_bar": 4, "bpm": bpm, "samples": loop_samples, "start": 0,
            "end": loop_samples - 1, "mix": save("loop/mix", mix[:loop_samples]), "layers": layers,
        },
        "stingers": [
            {"name": "hurt", "bars": [2], "sync": "bar", "samples": 12_000, **save("stingers/hurt", click(12_000))},
            {"name": "coin", "bars": [], "sync": "beat", "samples": 6000, **save("stingers/coin", click(6000))},
        ],
        "transitions": [{"name": "out", "sync": "bar", "samples": 30_000, **save("transitions/out", click(30_000))}],
        "effects": [{"name": "success", "samples": 9000, **save("effects/success", click(9000))}],
        "hits": [{"name": "logo", "kind": "accent", "asked": 1.0, "landed": 1.0, "residual_ms": 0.0, "sample": RATE}],
        "sections": [
            {"name": "A", "bar": 1, "seconds": 0.0, "sample": 0},
            {"name": "B", "bar": 3, "seconds": 2 * bar_samples / RATE, "sample": 2 * bar_samples},
        ],
        "versions": [{"name": "15", "seconds": 1.0, **save("versions/15", tone(hertz, RATE))}],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return manifest
