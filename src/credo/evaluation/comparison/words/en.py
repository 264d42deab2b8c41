"""A comparison in English."""

from credo.evaluation.comparison.judge import COPIES, HELD_OUT, MARKOV, RANDOM
from credo.evaluation.comparison.pieces import FEATURES as NAMES
from credo.evaluation.comparison.words import Told
from credo.evaluation.metrics import catalogue

FIGURES = {metric.name: Told(metric.name, metric.unit, metric.meaning) for metric in catalogue.CATALOGUE}
FAMILIES = {family: family for family in catalogue.FAMILIES}
FEATURES = {name: name.replace("_", " ") for name in NAMES}
SETS = {name: name for name in (HELD_OUT, RANDOM, MARKOV, COPIES)}
LIKELIHOODS: dict[str, Told] = {}  # they speak English themselves
NOTES: dict[str, str] = {}

REMARKS = {
    "few": "The Fréchet distance is taken from {count} passages of each set: it is biased upwards, for all alike.",
    "no classifier": 'No classifier was asked: pip install "credo-music[evaluate]".',
    "some remembered": "Copies were looked for in {some} of {of} pieces; ask `credo originality` for all.",
    "misfits": "{name}: {placed} of {of} passages fit the voices of {model}; the likelihood is of those.",
    "no fit": "{name}: {placed} of {of} passages fit the voices of {model}, so it has no likelihood.",
}

TEXT = {
    "comma": ", ",
    "with_unit": "{title}, {unit}",
    "beside": "{names} beside {reference}",
    "beside_it": "Beside {reference}, {what}:",
    "passages": "passages of {bars} bars",
    "whole": "whole pieces",
    "measured": "Measured on {what}; seed {seed}.",
    "pieces": "pieces",
    "likeness": "likeness",
    "likeness_axis": "likeness to the reference",
    "deviations_axis": "standard deviations from the reference",
    "area": "overlapping area",
    "frechet": "Fréchet",
    "told": "told from real",
    "copied": "copied",
    "grade": "grade",
    "likely": "nats a cell",
    "guide_likeness": "Likeness is the area that the densities of a figure share with the reference's, the mean over "
    "all figures of the catalogue. Overlapping area is that of Yang and Lerch (2020): distances between the sets "
    "against distances within the reference, the mean over their features. Both are 1 at best; real music that was "
    "held out shows how near one can come.",
    "guide_told": "Fréchet is the squared distance of two Gaussians over all figures, 0 at best. Told from real is the "
    "area under the curve of a classifier that has to tell the set from the reference: 0.5 is chance, 1 means always. "
    "Far below 0.5 means copies: what it has learnt to be real comes back on the other side.",
    "guide_copied": "Copied is the share of stretches of two bars that stand, transposed or not, in the training "
    "music; for the floors and the held-out music, in the reference. Grade is the median of Bach or Mock (Fang et al. "
    "2020), lower is better.",
    "guide_likely": "Nats a cell is how badly the model {model} tells a hidden cell (what a voice, key or drum "
    "does at a step) from the others, where a random share of the cells is hidden: less is more likely. It is the "
    "model's own opinion and no quality: what it writes itself may be likelier than real music, and if it was trained "
    "on the reference, the held-out half and the copies are music that it knows.",
    "guide_means": "Intervals are of 95 %, over pieces drawn again. No figure is good by being high or low: what "
    "counts is how far it is from real music's, and no figure hears music.",
    "near": "{name}: {near} of {of} figures lie within half a standard deviation of {reference}; likeness {likeness}, "
    "real music {real}.",
    "furthest": "Furthest: {figures}.",
    "against": "{figure} {ours} against {theirs}",
    "classifier": "A classifier tells it from real music with an area of {area} under its curve (real from real: "
    "{real}).",
    "of_bars": "{share} of its stretches of two bars stand in the training music (held-out music: {real}).",
    "copies": "{share} of its stretches of two bars stand in the training music (held-out music: {real}) - it copies.",
    "under": "Under {model} it has {ours} nats a hidden cell, real music {real}.",
    "all_sets": "All sets",
    "all_figures": "All figures",
    "all_figures_text": "With what each one means, at the end.",
    "features": "Features of Yang and Lerch",
    "features_text": "Overlapping area between the sets, and within the generated set, with the distances within the "
    "reference; and the Kullback-Leibler divergence in nats.",
    "meanings": "What the figures mean",
    "figure": "figure",
    "family": "family",
    "meaning": "meaning",
    "difference": "difference, sd",
    "overlap": "overlap",
    "feature": "feature",
    "of_feature": "{name}: between / within / KLD",
    "left_out": "Files that were left out",
    "file": "file",
    "set": "set",
    "why": "why",
    "value": "value",
    "unit": "unit",
    "likelihoods": "Likelihoods",
    "on_corpus": "{model} on {corpus}, split {split}: {rows} passages of {beats} beats",
    "note": "note: {note}",
    "forest": "Differences of the means from the reference's, in its standard deviations, with intervals of 95 %.",
    "words_of_likeness": "Likeness: {all}",
    "left_out_of": "{name}: {count} left out",
    "others": "and others; --json and --out list them all",
}
