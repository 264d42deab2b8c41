"""`credo evaluate GENERATED REFERENCE`: what it prints and writes, and what it refuses."""

import json
from fractions import Fraction

import pytest
from rich.cells import cell_len

from credo.io.files import save
from credo.music.score import Note, Part, Score
from tiny import chorale, corpus


def tune(seed):
    pitches = [(seed * k * k + 5 * k) % 19 + 60 for k in range(32)]
    return Score((Part.of("Tune", [Note(Fraction(k), pitch, Fraction(1)) for k, pitch in enumerate(pitches)]),))


def folder(path, seeds):
    path.mkdir()
    for seed in seeds:
        save(tune(seed), path / f"{seed}.mid")
    return path


@pytest.fixture
def mine(tmp_path):
    found = folder(tmp_path / "mine", range(14, 18))
    (found / "bad.mid").write_bytes(b"MThd")
    return found


@pytest.fixture
def real(tmp_path):
    return folder(tmp_path / "real", range(1, 13))


def test_two_folders(credo, mine, real, tmp_path):
    done = credo("evaluate", mine, real, "--json", "a.json")
    assert done.status == 0
    for name in ("mine", "real, held out", "random notes", "Markov chain, order 1", "Markov chain, order 3", "copies"):
        assert f"\n{name} " in done.out
    assert "Beside real, whole pieces" in done.out
    assert "mine: 1 left out\n  bad.mid: " in done.out
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))["judgement"]
    assert [of["name"] for of in found["verdicts"]][:2] == ["mine", "real, held out"]
    assert found["verdicts"][0]["pieces"] == 4
    assert found["left_out"]["mine"][0][0] == "bad.mid"


def test_the_training_music_is_what_must_not_be_copied(credo, mine, real, tmp_path):
    credo("evaluate", mine, real, "--training", mine, "--json", "a.json")
    credo("evaluate", mine, real, "--json", "b.json")
    copied, free = (
        json.loads((tmp_path / name).read_text("utf-8"))["judgement"]["verdicts"][0]["copied"]["value"]
        for name in ("a.json", "b.json")
    )
    assert copied == 1
    assert free < 1


def test_other_sets_stand_beside_it_under_their_names(credo, mine, real):
    done = credo("evaluate", mine, real, "--also", f"same={mine}", "--bars", 2, "--most", 6)
    assert "\nsame " in done.out
    assert "passages of 2 bars" in done.out


def test_a_page(credo, mine, real, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    pytest.importorskip("jinja2", reason="pages need Jinja")
    assert credo("evaluate", mine, real, "--out", "a.html").out.endswith("\na.html\n")
    assert "<title>mine beside real</title>" in (tmp_path / "a.html").read_text("utf-8")


@pytest.mark.machine
@pytest.mark.once
def test_a_model_is_judged_by_what_it_writes_and_by_its_likelihoods(credo, tiny_run, tmp_path):
    data = corpus(("train",) * 6 + ("valid",) * 2).save(tmp_path / "corpus")
    done = credo(
        "evaluate", tiny_run, data, "--count", 3, "--bars", 2, "--rows", 7, "--temperatures", 20,
        "--json", "a.json",
    )  # fmt: skip
    assert done.status == 0, done.err
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert found["figures"]
    assert found["judgement"]["verdicts"][0]["pieces"] == 3
    assert found["judgement"]["verdicts"][0]["likelihood"]["value"] > 0
    assert found["judgement"]["under"] == tiny_run.name
    assert "nats a cell\n" in done.out


@pytest.mark.machine
@pytest.mark.once
def test_the_likelihood_of_folders_under_a_model_and_in_chinese(credo, tiny_run, tmp_path):
    for name, seeds in (("mine", range(3)), ("real", range(10, 18))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            save(chorale(seed, bars=2), tmp_path / name / f"{seed}.mid")
    done = credo("evaluate", "mine", "real", "--under", tiny_run, "--language", "zh", "--json", "a.json")
    assert done.status == 0, done.err
    head, *rows = done.out.splitlines()[2:9]
    assert head.split() == ["首数", "相似度", "重叠面积", "弗雷歇距离", "与真实音乐可分", "抄袭", "评分", "奈特/格"]
    assert {cell_len(row.rstrip()) for row in (head, *rows)} == {cell_len(head)}  # columns end together
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))["judgement"]
    of = {verdict["name"]: verdict["likelihood"]["value"] for verdict in found["verdicts"]}
    assert len(of) == 6
    assert of["random notes"] > max(of["mine"], of["real, held out"], of["copies"])


def test_a_page_in_chinese(credo, mine, real, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    pytest.importorskip("jinja2", reason="pages need Jinja")
    done = credo("evaluate", mine, real, "--out", "a.html", "--lang", "zh")
    assert "与 real 比较，整首乐曲：" in done.out
    assert "<title>mine 与 real 的比较</title>" in (tmp_path / "a.html").read_text("utf-8")


def test_wrong_use(refused, mine, real, tmp_path):
    assert "--likelihood: expected a model, got the music in" in refused("evaluate", mine, real, "--likelihood")
    assert "--out: expected a name ending in .html" in refused("evaluate", mine, real, "--out", "a.pdf")
    assert "lang: expected one of en, zh, got 'fr'" in refused("evaluate", mine, real, "--lang", "fr")
    assert "model: expected a folder or one of" in refused("evaluate", mine, real, "--under", "nowhere")
    assert "no such file or folder" in refused("evaluate", mine, tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "expected music, found none" in refused("evaluate", mine, empty)
    assert "expected a folder or one of" in refused("evaluate", "nowhere", real)
    few = folder(tmp_path / "few", [1])
    assert "expected 2 or more pieces to measure, got 1" in refused("evaluate", few, real)
