"""Sets of music whose relation is known: real against real, random notes, copies, and figures worked out by hand."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy import linalg, stats

from credo.errors import CorpusError, UsageError
from credo.evaluation.comparison import floors, report
from credo.evaluation.comparison.differences import auc, frechet, interval, mean, means, realness, shared_area
from credo.evaluation.comparison.judge import CEILING, FLOOR, GENERATED, Under, judge
from credo.evaluation.comparison.notes import in_four_voices, likelihood
from credo.evaluation.comparison.pieces import FEATURES, Music, figures_of, figures_of_files, passages
from credo.evaluation.metrics.catalogue import CATALOGUE, measure
from credo.io.files import save
from credo.music.score import Note, Part, Score, Timeline

VOICES = (72, 67, 60, 48)


def hymn(seed, bars=4):
    """A piece in four voices: triads of C major on the beats, some passing notes in the highest voice."""
    dice = np.random.default_rng(seed)
    roots = dice.choice([0, 2, 5, 7, 9], 4 * bars)
    parts = []
    for number, low in enumerate(VOICES):
        notes = []
        for beat, root in enumerate(roots):
            third = 3 if root in (2, 9) else 4
            pitch = low + int(root + (0, 7, third, 0)[number]) % 12
            if number == 0 and dice.random() < 0.3:
                notes += [
                    Note(Fraction(beat), pitch, Fraction(1, 2)),
                    Note(Fraction(2 * beat + 1, 2), pitch + 2, Fraction(1, 2)),
                ]
            else:
                notes.append(Note(Fraction(beat), pitch, Fraction(1)))
        parts.append(Part.of(f"voice {number}", notes))
    return Score(tuple(parts), Timeline(Fraction(4 * bars)))


def hymns(count, first=0, bars=4, name="hymns"):
    return Music(name, scores=tuple((f"{seed:03}", hymn(seed, bars)) for seed in range(first, first + count)))


@pytest.fixture(scope="module")
def judgement():
    pytest.importorskip("sklearn", reason="the classifier needs scikit-learn")
    noise = floors.random_notes([hymn(seed) for seed in range(30)], 30, seed=5)
    bad = Music("noise", scores=tuple((str(number), score) for number, score in enumerate(noise)))
    copied = Music("copied", scores=tuple((str(seed), hymn(seed)) for seed in range(20)))
    return judge([hymns(30, first=500, name="new"), bad, copied], hymns(60), bars=0, seed=1)


def verdict(judgement, name):
    return next(of for of in judgement.verdicts if of.name == name)


def test_music_like_the_reference_is_near_the_ceiling_and_noise_on_the_floor(judgement):
    new, noise, real, floor = (verdict(judgement, name) for name in ("new", "noise", "real, held out", "random notes"))
    assert new.likeness > real.likeness - 0.1
    assert noise.likeness < real.likeness / 2
    assert abs(noise.likeness - floor.likeness) < 0.1
    assert new.inter_oa > noise.inter_oa
    assert new.frechet.value < noise.frechet.value / 5
    assert new.realness.low < 0.6
    assert noise.realness.low > 0.95
    assert new.grade.value < noise.grade.value


def test_copies_are_told(judgement):
    copied, new, real = (verdict(judgement, name) for name in ("copied", "new", "real, held out"))
    assert copied.copied == (1, 1, 1)
    assert verdict(judgement, "copies").copied.value == 1
    assert report.copies(copied, real)
    assert not report.copies(new, real)
    assert any("it copies" in line for line in report.summary(judgement))


def test_a_chain_that_remembers_more_is_nearer(judgement):
    one, three = (verdict(judgement, f"Markov chain, order {order}") for order in (1, 3))
    assert three.copied.value > one.copied.value
    assert three.frechet.value < one.frechet.value


def test_a_model_is_asked_about_every_set_and_what_does_not_fit_it_is_told():
    def nats(passages):
        """Half a nat a note of the highest part; music that leaves its range does not fit."""
        top = [passage.parts[0].notes for passage in passages]
        fits = [max(note.pitch for note in notes) < 88 for notes in top]
        return np.array([[len(n) / 2, len(n)] if ok else [math.nan] * 2 for n, ok in zip(top, fits, strict=True)])

    def high(count):
        return tuple((f"high {seed}", hymn(seed).transpose(20)) for seed in range(count))

    some = Music("some", scores=(*hymns(6, first=500).scores, *high(2)))
    most = Music("most", scores=(*hymns(2, first=500).scores, *high(6)))
    found = judge([some, most], hymns(8), bars=0, under=Under("halves", nats))
    assert found.under == "halves"
    assert verdict(found, "some").likelihood == (0.5, 0.5, 0.5)
    assert verdict(found, "most").likelihood is None
    assert verdict(found, "real, held out").likelihood.value == 0.5
    assert "some: 6 of 8 passages fit the voices of halves; the likelihood is of those." in report.remarks(found)
    assert "most: 2 of 8 passages fit the voices of halves, so it has no likelihood." in report.remarks(found)
    assert report.head(found)[-1] == "nats a cell"
    assert [row[-1] for row in report.rows(found)][:2] == ["0.5 [0.5, 0.5]", ""]

    strange = judge(
        [some], hymns(8), bars=0, under=Under("none", lambda passages: np.full((len(passages), 2), math.nan))
    )
    assert strange.under == ""
    assert "nats a cell" not in report.head(strange)


def test_nats_a_cell_weigh_cells_and_their_interval_is_over_pieces():
    dice = np.random.default_rng(0)
    table = np.stack([dice.gamma(2.0, size=60), dice.integers(1, 9, 60)], axis=1)
    passages = [[hymn(0)] * 2] * 30
    found, placed, of = likelihood(passages, lambda _: table, seed=0)
    assert (placed, of) == (60, 60)
    assert found.value == pytest.approx(table[:, 0].sum() / table[:, 1].sum())
    assert found.low < found.value < found.high
    table[5] = math.nan
    fewer, placed, _ = likelihood(passages, lambda _: table, seed=0)
    rest = np.delete(table, 5, axis=0)
    assert (fewer.value, placed) == (pytest.approx(rest[:, 0].sum() / rest[:, 1].sum()), 59)


def test_floors_and_the_ceiling_are_always_there(judgement):
    roles = [of.role for of in judgement.verdicts]
    assert roles == [GENERATED] * 3 + [CEILING] + [FLOOR] * 4
    assert verdict(judgement, "real, held out").pieces == 30  # half of the reference


def test_the_same_seed_finds_the_same():
    once, again, other = (judge([hymns(8, first=500)], hymns(12), bars=0, seed=seed) for seed in (1, 1, 2))
    assert report.to_dict(once) == report.to_dict(again)
    assert report.to_dict(once) != report.to_dict(other)


def test_what_is_found_fits_in_json(judgement):
    found = json.loads(json.dumps(report.to_dict(judgement), allow_nan=False))
    assert (
        found["verdicts"][0]["means"]["triads"]["ours"]["value"] == verdict(judgement, "new").means["triads"].ours.value
    )


def test_the_page_says_what_was_found_and_escapes_names(judgement, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    pytest.importorskip("jinja2", reason="pages need Jinja")
    first, *others = judgement.verdicts
    strange = replace(
        judgement, verdicts=(replace(first, name="<b>$x^"), *others), left_out={"new": (("<i>.mid", "no & notes"),)}
    )
    page = report.write_report(tmp_path / "page.html", strange).read_text("utf-8")
    assert "<b>$x" not in page
    assert "<i>.mid" not in page
    assert "no &amp; notes" in page
    assert all(metric.name in page for metric in CATALOGUE if metric.name in first.means)


def test_pieces_are_cut_alike_and_a_pickup_is_left_out():
    score = hymn(0, bars=10)
    found = passages(score, 4)
    assert [piece.timeline.length for piece in found] == [16, 16]
    assert [note.pitch for note in found[0].parts[0].notes] == [n.pitch for n in score.parts[0].notes if n.onset < 16]
    assert passages(score, 40) == passages(score, 0) == [score]
    assert passages(Score(()), 4) == []
    upbeat = replace(score, timeline=replace(score.timeline, pickup=Fraction(1)))
    assert min(note.pitch for note in passages(upbeat, 4)[0].parts[0].notes if note.onset == 0) == next(
        note.pitch for note in score.parts[0].notes if note.onset == 1
    )


def test_files_and_scores_are_measured_alike_and_a_broken_file_costs_only_itself(tmp_path):
    for seed in range(3):
        save(hymn(seed), tmp_path / f"{seed}.mid")
    (tmp_path / "broken.mid").write_bytes(b"MThd nonsense")
    (tmp_path / "words.txt").write_text("no music")
    music = Music.open(tmp_path)
    told = []
    found = music.figures(2, workers=2, progress=lambda done, of: told.append((done, of)))
    assert found.names == ("0.mid", "1.mid", "2.mid")
    assert [name for name, _ in found.left_out] == ["broken.mid"]
    assert told[-1] == (4, 4)
    here = figures_of([(name, score) for name, score in music.some(9, 0)], 2)
    assert np.array_equal(found.metrics, here.metrics, equal_nan=True)
    assert np.array_equal(found.features, here.features)
    assert found.piece.tolist() == [0, 0, 1, 1, 2, 2]
    again = figures_of_files(music.files[::-1], 2, workers=1)
    assert np.array_equal(found.metrics, again.metrics, equal_nan=True)


def test_a_folder_without_music_and_sets_that_are_too_small(tmp_path):
    (tmp_path / "words.txt").write_text("no music")
    with pytest.raises(CorpusError, match="found none"):
        Music.open(tmp_path)
    with pytest.raises(UsageError, match="expected 2 or more pieces"):
        judge([hymns(1)], hymns(8), bars=0)
    with pytest.raises(UsageError, match="expected 4 or more pieces"):
        judge([hymns(2)], hymns(3), bars=0)


def test_means_and_effects_by_hand():
    ours, theirs = figures_of([("a", hymn(1)), ("b", hymn(2))], 2), figures_of([("c", hymn(3)), ("d", hymn(4))], 2)
    found = means(ours, theirs, "onsets")
    one, other = ours.column("onsets"), theirs.column("onsets")
    assert found.ours.value == pytest.approx(one.mean())
    assert found.effect.value == pytest.approx((one.mean() - other.mean()) / other.std())
    assert means(ours, ours, "onsets").effect.value == 0


def test_the_interval_of_a_mean_covers_it_at_the_stated_rate():
    dice = np.random.default_rng(3)
    piece = np.repeat(np.arange(40), 2)
    inside = 0
    for trial in range(200):
        values = dice.normal(size=40)[piece] + 0.2 * dice.normal(size=80)  # passages of a piece are alike
        found = mean(values, piece, seed=trial)
        inside += found.low <= 0 <= found.high
    assert stats.binomtest(inside, 200, 0.95).pvalue > 1e-4


def test_missing_figures_are_left_out_of_means():
    found = mean(np.array([1.0, math.nan, 3.0]), np.array([0, 0, 1]))
    assert found.value == 2
    assert math.isnan(mean(np.array([math.nan]), np.array([0])).value)


def test_the_frechet_distance_against_matrix_roots():
    dice = np.random.default_rng(0)
    one, other = dice.normal(size=(50, 4)), dice.normal(size=(60, 4)) @ dice.normal(size=(4, 4)) + 1
    left, right = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    shift = one.mean(axis=0) - other.mean(axis=0)
    expected = shift @ shift + np.trace(left + right - 2 * linalg.sqrtm(left @ right).real)
    assert frechet(one, other) == pytest.approx(expected)
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)


def test_the_area_under_the_curve_against_all_pairs():
    dice = np.random.default_rng(0)
    score, label, weight = dice.integers(0, 8, 40) / 8, dice.integers(0, 2, 40), dice.integers(0, 3, 40)
    pairs = [
        (weight[i] * weight[j], (score[i] > score[j]) + 0.5 * (score[i] == score[j]))
        for i in np.flatnonzero(label == 1)
        for j in np.flatnonzero(label == 0)
    ]
    assert auc(score, label, weight) == pytest.approx(sum(w * won for w, won in pairs) / sum(w for w, _ in pairs))
    assert math.isnan(auc(score, np.ones(40)))


def test_shared_areas():
    dice = np.random.default_rng(0)
    one = dice.normal(size=4000)
    assert shared_area(one, dice.normal(size=4000)) > 0.95
    assert shared_area(one, one + 2) == pytest.approx(2 * stats.norm.cdf(-1), abs=0.03)
    assert shared_area(one, one + 100) < 1e-6
    assert shared_area(np.ones(3), np.ones(4)) == 1
    assert math.isnan(shared_area(np.ones(1), one))


def test_a_classifier_that_is_told_nothing_guesses():
    pytest.importorskip("sklearn", reason="the classifier needs scikit-learn")
    found = realness(hymns(25).figures(0), hymns(25, first=100).figures(0))
    assert found.low < 0.5 < found.high or abs(found.value - 0.5) < 0.15
    few = realness(hymns(3).figures(0), hymns(25).figures(0))
    assert math.isnan(few.value)


def test_random_notes_keep_their_number_and_their_parts_one_at_a_time():
    made = floors.random_notes([hymn(0)], 2, seed=0)
    assert made[0] != made[1]
    assert all(in_four_voices(score) for score in made)
    for part, like in zip(made[0].parts, hymn(0).parts, strict=True):
        assert {note.pitch for note in part.notes} <= set(
            range(min(n.pitch for n in like.notes), max(n.pitch for n in like.notes) + 1)
        )


def test_a_chain_of_a_long_memory_repeats_its_only_piece():
    score = hymn(0)
    assert floors.markov([score], 1, 100, seed=0)[0].parts == score.parts
    first = floors.markov([hymn(seed) for seed in range(5)], 3, 1, seed=0)
    assert len({piece.parts for piece in first}) == 3
    assert all(piece.timeline == score.timeline for piece in first)


def test_figures_without_anything_to_measure_are_absent_and_not_zero():
    found = measure(Score((), Timeline(Fraction(8))))
    assert math.isnan(found["pitch range"])
    assert math.isnan(found["triads"])
    assert found["empty bars"] == 1
    assert len(found) == len(CATALOGUE)
    assert sum(FEATURES.values()) == figures_of([("a", hymn(0))], 0).features.shape[1]


def test_intervals_of_nothing():
    assert math.isnan(interval(math.nan, np.zeros(3)).low)
