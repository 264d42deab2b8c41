"""The chorales of the user's own music21, and other declared corpora."""

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from credo.corpora.bach import bach
from credo.corpora.corpus import Corpus
from credo.corpora.sets.catalog import catalog, declared
from credo.corpora.sets.chorales import BACH, chorale_files, splits
from credo.corpora.windows import training_codes
from credo.errors import CorpusError, MissingExtraError, UsageError
from credo.io.files import load
from credo.music.grid import decode, encode
from credo.music.texture import SATB
from credo.music.transform import fit
from credo.music.window import Window

needs_music21 = pytest.mark.skipif(importlib.util.find_spec("music21") is None, reason="music21 is not installed")


def test_the_table_of_splits_leaks_nothing():
    assert Counter(splits().values()) == {"train": 222, "valid": 63, "test": 68, "unused": 11}
    unused = {name for name, split in splits().items() if split == "unused"}
    several = {f"bwv{n}.mxl" for n in ("166.6", "176.6", "245.15", "245.37", "253", "280", "414")}
    weak = {f"bwv{n}.mxl" for n in ("248.64-s", "341", "56.5", "69.6-a")}
    assert unused == several | weak


@needs_music21
def test_all_chorales_become_pieces(tmp_path):
    corpus = bach(tmp_path / "bach")
    assert corpus.split_sizes() == {"train": 222, "valid": 63, "test": 68, "unused": 11}
    assert sum(piece.source.omitted for piece in corpus.pieces) <= 5
    assert Corpus.load(tmp_path / "bach") == corpus
    for piece in corpus.pieces[::37]:
        assert encode(decode(piece.grid), SATB) == piece.grid
        score = load(next(path for path in chorale_files() if path.name == piece.name))
        assert fit(score, SATB).grid == piece.grid
    codes = training_codes(corpus, Window(SATB, 32), "valid", max_windows=1000)[:]
    assert codes.shape == (1000, 8, 4 * 9 + 2)
    inside = np.any(codes[..., 32:36] > 0, axis=-1)  # the places in the metre
    assert np.all((codes[..., 36:] > 0) == inside[..., None])  # a key wherever there is music


def test_without_music21_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[bach\]"):
        bach()


def test_a_music21_without_its_corpus_is_told(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("music21", tmp_path / "__init__.py")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(CorpusError, match="found none"):
        bach()


def test_declarations_are_complete():
    for name, declaration in catalog().items():
        assert declared(name) is declaration
        assert declaration.card.name == name
        assert all((declaration.card.description, declaration.card.licence, declaration.card.origin))
    with pytest.raises(UsageError, match="expected one of bach"):
        declared("brahms")


@needs_music21
def test_declared_files_are_there():
    assert len(chorale_files()) == 364
    for declaration in catalog().values():
        if declaration.find:
            assert all(isinstance(path, Path) for path in declaration.find())
        else:
            assert declaration.url.startswith("https://")


def test_music21_is_not_imported():
    import subprocess
    import sys

    code = (
        "import sys, credo.corpora.bach, credo.corpora.windows, credo.corpora.report, credo.cli.corpus\n"
        "heavy = {'music21', 'keras', 'jax', 'tensorflow', 'torch', 'symusic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert BACH.keep_duplicates
