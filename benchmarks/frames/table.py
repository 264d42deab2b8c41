"""The benchmark's table, beside published figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

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
        cells, hours = [], 0.0
        for name in SETS:
            path = folder / f"{name}-{model}" / f"{split}.json"
            if not path.exists():
                cells.append("")
                continue
            found = json.loads(path.read_text())
            hours += found["cpu hours"]
            spread = f", spread {found['spread']:.2f}" if found["spread"] else ""
            frames = f", {found['frames']} frames" if found.get("most_frames") else ""
            cells.append(f"{found['nats']:.2f} ± {found['error']:.2f}{spread}{frames}")
        if any(cells):
            lines.append(f"| {NAMES[model]} | " + " | ".join(cells) + f" | {hours:.1f} |")
    if split == "test":
        for title, figures in PUBLISHED.items():
            cells = ["" if figure is None else f"{figure:.2f}" for figure in figures]
            lines.append(f"| *{title}* | " + " | ".join(cells) + " | |")
    return "\n".join(lines)
