"""`credo originality` finds planted copies in files, and compositions are compared with the training data."""

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import tiny
from credo.compose.copying import FINGERPRINTS, Checker, line_about, new_notes, write_fingerprints
from credo.compose.tasks import harmonize, infill
from credo.evaluation.originality.notes import Music
from credo.io.files import save
from credo.music.grid import decode
from credo.music.score import Part
from credo.music.texture import SATB
from tiny import composer_of


def piece(seed: int, bars: int = 8):
    return decode(tiny.random_grid(SATB, bars * 16, np.random.default_rng(seed)))


@pytest.fixture
def files(tmp_path):
    """A folder of pieces, and one of music to examine: a copy in another key and slower, and a new piece."""
    for number in range(13):
        (tmp_path / "corpus").mkdir(exist_ok=True)
        save(piece(number), tmp_path / "corpus" / f"piece-{number}.mid")
    (tmp_path / "mine").mkdir()
    copy = piece(5).transpose(2)
    slow = [
        Part.of(p.name, (replace(n, onset=2 * n.onset, duration=2 * n.duration, velocity=33) for n in p.notes))
        for p in copy.parts
    ]
    save(
        replace(copy, parts=tuple(slow), timeline=replace(copy.timeline, length=Fraction(64))), tmp_path / "mine/a.mid"
    )
    save(piece(77), tmp_path / "mine/b.mid")
    return tmp_path


def test_a_copy_in_a_folder_is_found(credo, files):
    (files / "mine" / "broken.mid").write_bytes(b"MThd nothing")
    done = credo("originality", "mine", "--against", "corpus", "--json", "figures.json")
    assert done.status == 0, done.err
    assert "left out broken.mid" in done.err
    text = " ".join(done.out.split())
    assert "a.mid: longest passage" in text
    assert "2 semitones higher, twice as slow" in text
    assert "1 of 2 share more with the corpus (13 pieces" in text
    record = json.loads((files / "figures.json").read_text("utf-8"))
    copied, new = record["pieces"]
    assert [copied["piece"], copied["flagged"], new["piece"], new["flagged"]] == ["a.mid", True, "b.mid", False]
    assert copied["neighbours"][0]["piece"] == copied["longest_passage"]["corpus_piece"] == "piece-5.mid"
    assert copied["longest_passage"]["corpus_note_values"] == "1/2"
    assert copied["longest_passage"]["corpus_bars"][0] == 1
    assert new["distance_ratio"] is None
    assert record["baseline"]["own_pieces"] == 13
    low, high = record["baseline"]["figures"]["run"]["interval_95"]
    assert low <= record["baseline"]["figures"]["run"]["mean"] <= high


def test_an_index_is_kept_and_used_again(credo, files):
    first = credo("originality", "mine/a.mid", "--against", "corpus", "--save-index", "corpus.npz")
    again = credo("originality", "mine/a.mid", "--against", "corpus.npz")
    assert (first.status, again.status) == (0, 0)
    assert first.out == again.out
    assert "piece-5.mid" in again.out


def test_a_page_shows_the_bars_side_by_side(credo, files):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    done = credo("originality", "mine", "--against", "corpus", "--held-out", "corpus", "--out", "report.html")
    assert (done.status, done.out.strip()) == (0, "report.html"), done.err
    page = (files / "report.html").read_text("utf-8")
    assert page.count("<svg") >= 3
    assert "The longest passage of a.mid above the one of piece-5.mid" in page
    assert "1 of 2 share more" in page


def test_a_prepared_corpus_has_its_splits(credo, tmp_path):
    tiny.corpus(("train",) * 11 + ("valid",) * 2).save(tmp_path / "prepared")
    done = credo("originality", "prepared", "--against", "prepared", "--held-out", "prepared", "--json", "f.json")
    assert done.status == 0, done.err
    record = json.loads((tmp_path / "f.json").read_text("utf-8"))
    assert [each["piece"] for each in record["pieces"]] == ["11", "12"]
    assert record["baseline"]["pieces_of_corpus"] == 11
    assert all(each["distance_ratio"] > 0 for each in record["pieces"])


def test_wrong_use(refused, files):
    assert "no such file or folder" in refused("originality", "nowhere", "--against", "corpus")
    assert "no such file or folder" in refused("originality", "mine", "--against", "nowhere")
    assert "got the file" in refused("originality", "mine", "--against", "mine/a.mid")
    assert "ends in .html" in refused("originality", "mine", "--against", "corpus", "--out", "report.pdf")
    assert "ends in .npz" in refused("originality", "mine", "--against", "corpus", "--save-index", "index")
    assert "workers: expected 1 to 64" in refused("originality", "mine", "--against", "corpus", "-w", 0)
    (files / "empty").mkdir()
    assert "expected files of music" in refused("originality", "empty", "--against", "corpus")
    (files / "bad.npz").write_bytes(b"PK\x03\x04")
    assert "expected an index of a corpus" in refused("originality", "mine", "--against", "bad.npz")
    tiny.corpus(("train",)).save(files / "prepared")
    assert "split: expected one of" in refused("originality", "mine", "--against", "prepared", "--split", "x")
    assert "expected pieces in 'test'" in refused("originality", "mine", "--against", "prepared", "--split", "test")


def test_held_notes_are_not_new():
    grid = tiny.random_grid(SATB, 128, np.random.default_rng(1))
    music = Music.of(grid)
    assert new_notes(music, grid).all()
    assert (new_notes(music, grid, harmonize(grid, voice="tenor")) == (music.part != 2)).all()
    assert (new_notes(music, grid, kept=Fraction(8)) == (music.onset >= 8 * 240)).all()
    inside = new_notes(music, grid, infill(grid, bars=(3, 4), voices=["alto"]))
    assert inside.any()
    where = music.onset[inside] / 960
    assert (music.part[inside] == 1).all()
    assert (where >= 2).all()
    assert (where < 4).all()


@pytest.mark.machine
@pytest.mark.once
class TestComposing:
    def test_a_piece_is_compared_with_the_training_data(self, credo, tiny_run, tmp_path):
        """The JSON says what was found, and so does a line on stderr; without fingerprints nothing is said."""
        import shutil

        model = shutil.copytree(tiny_run / "model", tmp_path / "model")
        options = ("--model", model, "--bars", 2, "--seed", 3, "--iterations", 2, "--formats", "midi")
        before = credo("compose", *options, "--out", "before")
        assert (before.status, "originality" in before.err) == (0, False)
        write_fingerprints(tiny.corpus(), model)
        after = credo("compose", *options, "--out", "after")
        assert after.status == 0
        assert "in the training data" in after.err
        [old], [new] = (list((tmp_path / folder).glob("*.json")) for folder in ("before", "after"))
        old, new = (json.loads(path.read_text("utf-8")) for path in (old, new))
        found = new.pop("originality")
        assert found["new_notes"] > 0
        assert new == {**old, "model_folder": new["model_folder"]}
        (model / FINGERPRINTS).write_bytes(b"broken")
        broken = credo("compose", *options, "--out", "broken")
        assert broken.status == 0
        assert "expected the fingerprints of a model" in broken.err

    def test_a_copy_is_warned_of_where_it_is_new(self, tiny_run, tmp_path):
        """A model that gives back a training piece, and the same piece as a melody that the user held."""
        import shutil

        from credo.compose.generate import Composition
        from credo.music.transform import fit

        grids = [tiny.random_grid(SATB, 16 * 16, np.random.default_rng(seed)) for seed in range(17)]
        model = shutil.copytree(tiny_run / "model", tmp_path / "model")
        from credo.corpora.corpus import Card, Corpus
        from credo.corpora.piece import Piece

        pieces = tuple(Piece.of(f"{number:02}", grid) for number, grid in enumerate(grids))
        write_fingerprints(Corpus(SATB, pieces, Card("dice")), model)
        checker = Checker.of(model)
        settings = composer_of(tiny_run / "model").card
        copied = checker.check(Composition(grids[4], Fraction(0), {"title": settings["name"]}))
        assert copied.settings["originality"]["above"]
        assert line_about(copied.settings).startswith("warning: more like the training data")
        own = checker.check(Composition(fit(piece(99, 16), SATB).grid, Fraction(0), {}))
        assert not own.settings["originality"]["above"]
        assert line_about(own.settings).startswith("originality: at most")
        kept = checker.check(Composition(grids[4], Fraction(64), {}))
        assert (kept.settings["originality"]["new_notes"], line_about(kept.settings)) == (0, "")
        held = checker.check(Composition(grids[4], Fraction(0), {}), harmonize(grids[4], voice="alto"))
        assert held.settings["originality"]["new_notes"] == (Music.of(grids[4]).part != 1).sum()

    def test_training_leaves_fingerprints_in_the_model(self, credo, tmp_path):
        tiny.corpus().save(tmp_path / "corpus")
        recipe = 'name = "t"\n[model]\nwindow_steps = 16\nhidden = [5]\nspans = [3]\n'
        recipe += "[pretraining]\nsteps = 2\nbatch = 3\n[finetuning]\nsteps = 2\nbatch = 3\nwarmup = 1\n"
        (tmp_path / "r.toml").write_text(recipe)
        done = credo("train", "corpus", "--recipe", "r.toml", "--out", "run")
        assert done.status == 0, done.err
        from credo.evaluation.originality.sieve import Sieve
        from credo.models.folder import read_card

        sieve = Sieve.load(tmp_path / "run" / "model" / FINGERPRINTS)
        assert sieve.pieces == 5
        assert sieve.data == read_card(tmp_path / "run" / "model")["data"]["sha256"]
