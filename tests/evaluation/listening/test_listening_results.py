"""From listeners of known taste to results: the truth comes out, and what is unsure is said to be."""

import json
import random

import pytest
from simulated import attentive, key_of, saved, write

from credo.evaluation.listening.answers import collect
from credo.evaluation.listening.pairs import analyse_pairs
from credo.evaluation.listening.ratings import analyse_ratings
from credo.evaluation.listening.report import conclusions, write_results

WORTH = {"bach": 1.2, "credo": 0.3, "markov": -1.0}


def judge(key, seed, worth=WORTH):
    """Prefers by the odds of Bradley and Terry; rates around 4 plus the worth."""
    dice = random.Random(seed)

    def choose(trial):
        names = [key.excerpts[name].system for name in (trial.first, trial.second) if name]
        if len(names) == 1:
            return min(7, max(1, round(dice.gauss(4 + worth[names[0]], 1))))
        return 1 + (dice.random() > 1 / (1 + 10 ** ((worth[names[1]] - worth[names[0]]) / 2.3)))

    return choose


def collected(folder, key, listeners=24, worth=WORTH):
    folder.mkdir(exist_ok=True)
    levels = ("none", "amateur")
    for listener in range(1, listeners + 1):
        choose = attentive(key, judge(key, listener, worth))
        write(folder, saved(key, listener, choose, expertise=levels[listener % 2]))
    return collect([folder], key)


def test_pairs(tmp_path):
    key = key_of(scales=("overall", "human"), trials=24)
    found = collected(tmp_path / "answers", key)
    results = analyse_pairs(key, found.kept)
    by_pair = {(each.system, each.other): each for each in results.comparisons}
    assert set(by_pair) == {("bach", "credo"), ("bach", "markov"), ("credo", "markov")}
    for (one, other), each in by_pair.items():
        truth = 1 / (1 + 10 ** ((WORTH[other] - WORTH[one]) / 2.3))
        assert each.share.interval[0] < truth < each.share.interval[1]
        assert each.share.judgements == 24 * 8
        assert {level: part.judgements for level, part in each.by_expertise.items()} == {"none": 96, "amateur": 96}
    assert by_pair["bach", "markov"].p_holm < 0.05
    assert results.strengths["overall"].values.argsort().tolist() == [2, 1, 0]
    assert [(each.system, each.other) for each in results.told] == [("bach", "credo"), ("bach", "markov")]
    assert results.first["overall"].interval[0] < 0.5 < results.first["overall"].interval[1]
    lines = " ".join(conclusions(key, found, results))
    assert "bach was preferred to markov" in lines


def test_no_preference_is_told_as_what_was_not_seen(tmp_path):
    key = key_of(systems=("bach", "credo"), trials=4)
    found = collected(tmp_path / "answers", key, worth={"bach": 0.0, "credo": 0.0})
    lines = " ".join(conclusions(key, found, analyse_pairs(key, found.kept)))
    assert "bach and credo cannot be told apart by this test" in lines
    assert "8 times of 10, and smaller ones less often" in lines


def test_ratings(tmp_path):
    key = key_of("ratings", scales=("overall", "melody"))
    found = collected(tmp_path / "answers", key)
    results = analyse_ratings(key, found.kept)
    for each in results.rated:
        assert each.mean_interval[0] < each.mean < each.mean_interval[1]
        assert each.mean == pytest.approx(4 + WORTH[each.system], abs=0.4)
        assert each.median_interval[0] <= each.median <= each.median_interval[1]
        assert {level: count for level, (_, count) in each.mean_by_expertise.items()} == {"none": 12, "amateur": 12}
    differences = {(each.system, each.other): each for each in results.differences if each.scale == "overall"}
    apart = differences["bach", "markov"]
    assert apart.interval[0] < 2.2 < apart.interval[1]
    assert apart.p <= apart.p_holm < 1e-3
    assert apart.listeners == 24


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_what_is_written(tmp_path, kind):
    pytest.importorskip("jinja2", reason="pages need Jinja")
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    bad = "<script>alert(1)</script>"
    key = key_of(kind, systems=("bach", bad, "$a_b$"), scales=("overall", "human"))
    found = collected(tmp_path / "answers", key, 6, worth=dict.fromkeys(key.systems, 0.0))
    results = (analyse_pairs if kind == "pairs" else analyse_ratings)(key, found.kept)
    files = {path.name: path for path in write_results(tmp_path / "out", key, found, results)}
    plots = {"preferences.svg", "strengths.svg"} if kind == "pairs" else {"ratings.svg"}
    assert set(files) == {"results.json", "report.html", *plots}
    page = files["report.html"].read_text("utf-8")
    assert "<script" not in page
    assert "What cannot be concluded" in page
    assert "It is no Turing test" in page
    record = json.loads(files["results.json"].read_text("utf-8"))
    assert record["rule"]["passes"] == 4
    assert len(record["listeners"]["counted"]) == 6


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_one_listener_or_none(tmp_path, kind):
    pytest.importorskip("jinja2", reason="pages need Jinja")
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    key = key_of(kind, scales=("overall", "human"))
    analyse = analyse_pairs if kind == "pairs" else analyse_ratings
    one = collected(tmp_path / "answers", key, 1)
    record, *_ = write_results(tmp_path / "one", key, one, analyse(key, one.kept))
    json.loads(record.read_text("utf-8"))
    none = collect([write(tmp_path, saved(key, 1, lambda _: 1))], key)
    assert none.kept == ()
    record, *_ = write_results(tmp_path / "none", key, none, analyse(key, none.kept))
    assert json.loads(record.read_text("utf-8"))["conclusions"] == ["No answers count: nothing can be said."]
