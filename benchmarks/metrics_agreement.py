"""Do our figures agree with those of the programs that they are named after? MusPy, mgeval, MusDr, on the same files.

    pip install -e . muspy==0.5.0 python3-midi pretty_midi pandas
    git clone https://github.com/RichardYang40148/mgeval
    git clone https://github.com/slSeanWU/MusDr
    python benchmarks/metrics_agreement.py --files midi/ --mgeval mgeval/ --musdr MusDr/

MusPy measures whole files. mgeval looks at one track (the second) and needs Python 2: its source is read from the
clone, its print statements are turned into calls, and it is given the highest part alone. MusDr reads the events of
the Jazz Transformer, which are made here from the same notes, bars and chords; its structureness is that of sound, and
its fitness of segments is asked about our matrices of likeness. Where definitions differ, the table says how, and the
figure is compared in the way that is common to both. Nothing of these programs is part of this one.
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
from credo.evaluation.metrics import repetition, sounding, statistics, structure
from credo.evaluation.metrics.columns import TICKS, Beats, Columns
from credo.evaluation.metrics.tension import sounding_classes
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


#: Where a figure of MusDr differs, and why.
WHY_MUSDR = {
    "H, 1 bar": SAME,
    "H, 4 bars": SAME,
    "GS": "ours compares whole bars at the 64ths they have; MusDr all bars, and always 64 places",
    "GS, whole bars of 4/4": "the same; of more than a thousand pairs both draw a thousand",
    "CPI": "of n chords MusDr counts n - 3 threes, one less than there are, and gives 1 for three chords",
    "CPI, a chord more": "the same, once MusDr is given one chord more at the end",
    "fitness": "MusDr lets a path begin at a segment's second frame, and traces back other ways there",
    "fitness, paths from the first frame": "the same, once MusDr's paths begin where the segment does, but for ties",
    "fitness, and no ties": "the same, with a millionth of noise on the matrix, so that no two families score the same",
    "SI, 2 bars": "MusDr's matrix from our pitch classes: smoothed over 16 frames, in all keys and seven tempi",
    "SI, 4 bars": "likewise",
    "SI, 8 bars": "likewise",
}
_BAR, _POSITION, _TONE, _SLASH, _TYPE = 192, 193, 322, 334, 346
_PLACES, _SCALES, _SMOOTHED, _TEMPI, _KEPT = 64, (2, 4, 8), 16, (0.5, 2, 7), 0.25


class MusDr:
    """The functions of MusDr, read from a clone; librosa, which only its reading of sound needs, is not asked for."""

    def __init__(self, clone: Path) -> None:
        sys.modules.setdefault("librosa", types.ModuleType("librosa"))
        folders = {"side_utils": "musdr", "eval_metrics": "musdr"} | dict.fromkeys(
            ("scapeplot", "ssm_features"), "mueller_audio_tools"
        )
        sources = {name: (clone / folder / f"{name}.py").read_text("utf-8") for name, folder in folders.items()}
        _, self.metrics, self.scape, self.matrix = (_module(name, source) for name, source in sources.items())
        # a path may not skip the first frame of its segment, and is traced back by the steps that it was found by
        early = "D[n-1, m-1], D[n-1, m-2], D[n-2, m-1]"
        patched = sources["scapeplot"].replace(early, "D[n-1, m-1], D[n-1, m-2] if m > 2 else -inf, D[n-2, m-1]")
        patched = patched.replace("n<=2", "n<2").replace("n>2", "n>=2")
        if early not in sources["scapeplot"] or patched.count("n<2") < 2:
            sys.exit("MusDr: another version of scapeplot.py than this script knows")
        self.repaired = _module("scapeplot_repaired", patched)

    def fitness(self, scape: types.ModuleType, score: np.ndarray, start: int, length: int) -> float:
        """The fitness of one segment."""
        found, best = scape.compute_accumulated_score_matrix(score[:, start : start + length])
        return scape.compute_fitness(scape.compute_optimal_path_family(found), best, len(score))[0]

    def alikeness(self, weights: np.ndarray) -> np.ndarray:
        """Its matrix of the likeness of frames, from pitch classes (T, 12), as `run_python_scapeplot.py` has it."""
        rows = self.matrix.normalize_feature_sequence(weights.T.astype(float), norm="2", threshold=0.001)
        tempi = self.matrix.compute_tempo_rel_set(*_TEMPI)
        alike, _ = self.matrix.compute_SM_TI(
            rows, rows, L=_SMOOTHED, tempo_rel_set=tempi, shift_set=np.arange(12), direction=2
        )
        scaled = self.matrix.threshold_matrix(alike, thresh=_KEPT, strategy="relative", scale=True, penalty=-2)
        return self.scape.normalization_properties_SSM(scaled)


def _module(name: str, source: str) -> types.ModuleType:
    sys.modules[name] = module = types.ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)
    return module


def events(notes: Columns, bars: np.ndarray) -> list[int]:
    """Notes as events of the Jazz Transformer: bars, then places in 64ths and pitches."""
    found = []
    for start, end in bars:
        found.append(_BAR)
        inside = notes.where((notes.onset >= start) & (notes.onset < end))
        for onset, pitch in zip(inside.onset, inside.pitch, strict=True):
            place = round((onset - start) * 16 / TICKS)
            found += [_POSITION + min(place, _PLACES - 1), int(pitch)]
    return found


def of_musdr(musdr: MusDr, path: Path) -> dict[str, tuple[np.ndarray | float, np.ndarray | float]]:
    """Our figures and MusDr's of a file."""
    score = load(path)
    notes, beats, metrics = Columns.of(score), Beats.of(score), musdr.metrics
    pitched, everything = events(notes.pitched, beats.bars), events(notes, beats.bars)
    common = beats.bars[beats.whole & (beats.bars[:, 1] - beats.bars[:, 0] == 4 * TICKS)]
    chords = sounding.beat_chords(notes, beats)
    chords = chords[chords >= 0]
    chords = [int(chord) for chord in chords[np.append(True, np.diff(chords) != 0)]]
    told = [token for c in chords for token in (_TONE + c % 12, _TYPE + c // 12, _SLASH + c % 12)]
    irregular = sounding.progression_irregularity(notes, beats)
    found = {
        "H, 1 bar": (structure.bar_entropy(notes, beats, 1), metrics.compute_piece_pitch_entropy(pitched, 1)),
        "H, 4 bars": (structure.bar_entropy(notes, beats, 4), metrics.compute_piece_pitch_entropy(pitched, 4)),
        "GS": (structure.groove_similarity(notes, beats), metrics.compute_piece_groove_similarity(everything)),
        "CPI": (irregular, metrics.compute_piece_chord_progression_irregularity(told)),
        "CPI, a chord more": (
            irregular,
            metrics.compute_piece_chord_progression_irregularity([*told, _TONE, _TYPE, _SLASH]),
        ),
    }
    if len(common) > 1:
        only = beats._replace(bars=common, whole=np.ones(len(common), bool))
        found["GS, whole bars of 4/4"] = (
            structure.groove_similarity(notes, only),
            metrics.compute_piece_groove_similarity(events(notes, common)),
        )
    return found | _structureness(musdr, notes, beats)


def _structureness(musdr: MusDr, notes: Columns, beats: Beats) -> dict[str, tuple[np.ndarray | float, ...]]:
    weights = sounding_classes(notes, repetition.half_bars(beats))
    scales = [bars for bars in _SCALES if 4 * bars <= len(weights)]
    if not scales:
        return {}
    segments = np.array([(start, 2 * b) for b in scales for start in range(len(weights) - 2 * b + 1)])
    score, other = repetition.alikeness(weights), musdr.alikeness(weights)
    noisy = score + 1e-6 * np.random.default_rng(0).random(score.shape)
    ours, untied = (repetition.fitness(matrix, segments) for matrix in (score, noisy))
    plain, repaired, also, own = (
        np.array([musdr.fitness(scape, matrix, *segment) for segment in segments])
        for scape, matrix in (
            (musdr.scape, score),
            (musdr.repaired, score),
            (musdr.repaired, noisy),
            (musdr.scape, other),
        )
    )
    found = {
        "fitness": (ours, plain),
        "fitness, paths from the first frame": (ours, repaired),
        "fitness, and no ties": (untied, also),
    }
    for bars in scales:
        there = segments[:, 1] == 2 * bars
        found[f"SI, {bars} bars"] = (float(ours[there].max()), float(own[there].max()))
    return found


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
    parser.add_argument("--mgeval", type=Path, help="a clone of mgeval")
    parser.add_argument("--musdr", type=Path, help="a clone of MusDr")
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
    if options.musdr:
        musdr, rows = MusDr(options.musdr), {}
        for path in files:
            for name, pair in of_musdr(musdr, path).items():
                rows.setdefault(name, []).append(pair)
        rows = {name: rows[name] for name in WHY_MUSDR if name in rows}
        print(f"\nMusDr, {len(files)} files\n\n{table(rows, WHY_MUSDR.__getitem__)}")


if __name__ == "__main__":
    main()
