"""The benchmark's table, beside published figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frames.rolls import SETS

#: Test log-likelihoods as the papers print them, in the order of the sets, nats a frame.
PUBLISHED = {
    "RBM (Boulanger-Lewandowski et al. 2012)": (-10.17, -5.25, -9.56, -7.43),
    "RNN-RBM (the same)": (-7.09, -2.39, -6.01, -6.27),
    "RNN-NADE, HF (the same)": (-7.05, -2.31, -5.60, -5.56),
    "LSTM-RTRBM (Lyu et al. 2015)": (None, None, -5.54, -4.72),
    "DMM-Aug-NADE, IS (Krishnan et al. 2017)": (-7.05, -2.31, -6.05, -5.12),
}
NAMES = {
    "notes": "each key alone",
    "counts": "frames as often as in training",
    "ar": "logistic autoregression, 4 frames",
    "rbm": "RBM",
    "dbn": "DBN (bound)",
    "rnn-rbm": "RNN-RBM",
    "rnn-dbn": "RNN-DBN (bound)",
    "rnn-nade": "RNN-NADE",
}


def render(folder: Path, split: str, models: Sequence[str]) -> str:
    """A Markdown table of what was measured on a split: nats a frame, its standard error, and the annealing's spread.

    Args:
        folder: of the runs.
        split: `valid` or `test`.
        models: the rows.
    """
    lines = ["| model | " + " | ".join(SETS) + " | CPU hours |", "|---|" + "---|" * (len(SETS) + 1)]
    for model in models:
        found = {name: _read(folder / f"{name}-{model}" / f"{split}.json") for name in SETS}
        hours = sum(each.get("cpu hours", 0.0) for each in found.values())
        for depth in ("2 layers", "3 layers") if model == "dbn" else ("",):
            cells = [_cell(each.get(depth, {}) if depth else each) for each in found.values()]
            if any(cells):
                title = f"{NAMES[model]}, {depth}" if depth else NAMES[model]
                lines.append(f"| {title} | " + " | ".join(cells) + f" | {hours:.1f} |")
    if split == "test":
        for title, figures in PUBLISHED.items():
            cells = ["" if figure is None else f"{figure:.2f}" for figure in figures]
            lines.append(f"| *{title}* | " + " | ".join(cells) + " | |")
    return "\n".join(lines)


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}


def _cell(found: dict[str, Any]) -> str:
    """Nats, standard error, both directions of annealing, spread, and how many frames were measured if not all."""
    if not found:
        return ""
    parts = [f"{found['nats']:.2f} ± {found['error']:.2f}"]
    if "high" in found:
        parts.append(f"[{found['low']:.2f}, {found['high']:.2f}]")
    if "bracket" in found:
        parts.append(f"bracket {found['bracket']:.3f}")
    if found["spread"]:
        parts.append(f"spread {found['spread']:.2f}")
    if found.get("rejected"):
        parts.append(f"{found['rejected']:.0%} above 1")
    if found.get("most_frames"):
        parts.append(f"{found['frames']} frames")
    return "; ".join(parts)
