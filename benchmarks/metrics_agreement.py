"""Do our figures agree with those of the programs that they are named after? MusPy's and mgeval's, on the same files.

    pip install -e . muspy==0.5.0 python3-midi pretty_midi
    git clone https://github.com/RichardYang40148/mgeval
    python benchmarks/metrics_agreement.py --files midi/ --mgeval mgeval/

MusPy measures whole files. mgeval looks at one track (the second) and needs Python 2: its source is read from the
clone, its print statements are turned into calls, and it is given the highest part alone. Where definitions differ, the
table says how, and the figure is compared in the way that is common to both. Nothing of either program is part of this
one.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import integrate

from credo.evaluation import features
from credo.evaluation.metrics import statistics
from credo.evaluation.metrics.columns import Beats, Columns
from credo.io.files import load, save
from credo.music.score import Score

#: Where a figure differs, and why.
SAME = "the same"
WHY = {
    "pitch_range": SAME,
    "n_pitches_used": SAME,
    "n_pitch_classes_used": SAME,
    "pitch_entropy": SAME,
    "pitch_class_entropy": SAME,
    "scale_consistency": SAME,
    "polyphony": SAME,
    "polyphony_rate": "MusPy's for two pitches (threshold=1); its pieces end with their last note",
    "empty_beat_rate": "MusPy counts a note that ends where a beat begins, and a beat more than there are",
    "empty_measure_rate": "the same, of bars; pickups make MusPy's bars begin elsewhere",
    "groove_consistency": "MusPy compares at the file's ticks, most of which are silent",
}


def of_muspy(path: Path) -> dict[str, tuple[float, float]]:
    """Our figure and MusPy's of a file, by MusPy's name."""
    import muspy

    music, score = muspy.read_midi(path), load(path)
    notes, beats = Columns.of(score), Beats.of(score)
    bar = round(float(score.timeline.metre_at(score.timeline.pickup).bar) * music.resolution)
    return {
        "pitch_range": (statistics.pitch_range(notes), muspy.pitch_range(music)),
        "n_pitches_used": (statistics.pitches_used(notes), muspy.n_pitches_used(music)),
        "n_pitch_classes_used": (statistics.pitch_classes_used(notes), muspy.n_pitch_classes_used(music)),
        "pitch_entropy": (statistics.pitch_entropy(notes), muspy.pitch_entropy(music)),
        "pitch_class_entropy": (statistics.pitch_class_entropy(notes), muspy.pitch_class_entropy(music)),
        "scale_consistency": (statistics.scale_consistency(notes), muspy.scale_consistency(music)),
        "polyphony": (statistics.polyphony(notes), muspy.polyphony(music)),
        "polyphony_rate": (statistics.polyphony_rate(notes), muspy.polyphony_rate(music, threshold=1)),
        "empty_beat_rate": (statistics.empty_beat_rate(notes, beats), muspy.empty_beat_rate(music)),
        "empty_measure_rate": (statistics.empty_bar_rate(notes, beats), muspy.empty_measure_rate(music, bar)),
        "groove_consistency": (statistics.groove_consistency(notes, beats), muspy.groove_consistency(music, bar)),
    }


def load_mgeval(clone: Path) -> tuple[types.ModuleType, types.ModuleType]:
    """The two modules of mgeval, its Python 2 made Python 3."""
    import python3_midi

    sys.modules["midi"] = python3_midi  # the same library under its new name
    modules = []
    for name in ("core", "utils"):
        source = (clone / "mgeval" / f"{name}.py").read_text("utf-8")
        source = re.sub(r'^(\s*)print (".*")\s*$', r"\1print(\2)", source, flags=re.MULTILINE)
        module = types.ModuleType(f"mgeval_{name}")
        exec(compile(source, f"{name}.py", "exec"), module.__dict__)
        modules.append(module)
    modules[1].integrate = types.SimpleNamespace(  # a density of one place is an array, which newer SciPy refuses
        quad=lambda function, *ends: integrate.quad(lambda place: float(np.squeeze(function(place))), *ends)
    )
    return modules[0], modules[1]


def of_mgeval(core: types.ModuleType, score: Score, folder: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Our features and mgeval's of the highest part, each shape (n,)."""
    voice = next(part for part in score.parts if part.notes and not part.is_drums)
    single = replace(score, parts=(voice,), timeline=replace(score.timeline, tempos=()))
    path = folder / "one.mid"
    save(single, path)
    single = load(path)
    theirs, found = core.metrics(), core.extract_feature(str(path))
    ours, notes = features.features(single), Columns.of(single)
    quarter = 60 / 90  # seconds, at the tempo of a file that gives none
    held = np.bincount(notes.pitch % 12, notes.end - notes.onset, 12)
    return {
        "total_used_pitch": (ours["pitch_count"], np.atleast_1d(theirs.total_used_pitch(found))),
        "pitch_range": (ours["pitch_range"], np.atleast_1d(theirs.pitch_range(found))),
        "total_pitch_class_histogram, by duration": (held / held.sum(), theirs.total_pitch_class_histogram(found)),
        "avg_pitch_shift": (ours["mean_interval"], np.atleast_1d(theirs.avg_pitch_shift(found))),
        "avg_IOI, in quarters": (ours["mean_ioi"], np.atleast_1d(theirs.avg_IOI(found)) / quarter),
        "note_length_hist": (ours["note_length_histogram"], theirs.note_length_hist(found)),
        "total_used_note": (ours["note_count"], np.atleast_1d(theirs.total_used_note(found))),
    }


def overlaps(utils: types.ModuleType, seed: int = 0) -> list[tuple[float, float, float, float]]:
    """Overlapping area and divergence, ours and mgeval's, of samples of distances."""
    dice, rows = np.random.default_rng(seed), []
    for shift in (0.0, 0.5, 1.0, 2.0):
        one, other = dice.gamma(4.0, size=400), dice.gamma(4.0, size=400) + shift
        ours = features.overlap(one, other, one)
        rows.append((ours.inter_oa, utils.overlap_area(other, one), ours.kld, utils.kl_dist(other, one)))
    return rows


def table(rows: dict[str, list[tuple[np.ndarray, np.ndarray]]], why: Callable[[str], str]) -> str:
    """How far the figures are apart, over all files."""
    text = ["| figure | mean, ours | mean, theirs | largest difference | correlation | |", "|---|---|---|---|---|---|"]
    for name, pairs in rows.items():
        ours, theirs = (np.concatenate([np.atleast_1d(pair[side]) for pair in pairs]).astype(float) for side in (0, 1))
        both = np.isfinite(ours) & np.isfinite(theirs)
        ours, theirs = ours[both], theirs[both]
        varied = len(ours) > 1 and ours.std() > 0 and theirs.std() > 0
        alike = f"{np.corrcoef(ours, theirs)[0, 1]:.4f}" if varied else ""
        text.append(
            f"| {name} | {ours.mean():.4f} | {theirs.mean():.4f} | {np.abs(ours - theirs).max():.2g} | {alike} | "
            f"{why(name)} |"
        )
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=Path, required=True, help="a folder of MIDI files")
    parser.add_argument("--mgeval", type=Path, help="a clone of mgeval; without it only MusPy is asked")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    files = sorted(options.files.rglob("*.mid"))
    if not files:
        sys.exit(f"{options.files}: no MIDI files")
    rows: dict[str, list] = {}
    for path in files:
        for name, pair in of_muspy(path).items():
            rows.setdefault(name, []).append(pair)
    print(f"MusPy, {len(files)} files\n\n{table(rows, WHY.__getitem__)}\n")
    if options.mgeval:
        core, utils = load_mgeval(options.mgeval)
        rows = {}
        with tempfile.TemporaryDirectory() as folder:
            for path in files:
                for name, pair in of_mgeval(core, load(path), Path(folder)).items():
                    rows.setdefault(name, []).append(pair)
        print(f"mgeval, the highest part of {len(files)} files\n\n{table(rows, lambda _: '')}\n")
        print(
            "mgeval's area leaves out what lies beyond the smallest and the largest distance. Its divergence compares\n"
            "densities at different places, each sample's own range: it is no divergence of one density from another.\n"
        )
        print("| overlapping area, ours | mgeval | divergence, ours | mgeval |\n|---|---|---|---|")
        for row in overlaps(utils):
            print("| " + " | ".join(f"{value:.3f}" for value in row) + " |")


if __name__ == "__main__":
    main()
