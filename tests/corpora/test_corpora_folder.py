"""A corpus on disk."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.corpora.corpus import GRIDS_NAME, INDEX_NAME, Card, Corpus, Piece, Source
from credo.corpora.packed import PackedGrid, timeline_from_dict, timeline_to_dict
from credo.corpora.stored import STORED_VERSION
from credo.errors import CorpusError, FileError, UsageError
from credo.music.pitch import Key
from credo.music.score import KeyChange
from credo.music.texture import SATB
from credo.music.transform import fit
from strategies import TEXTURES, grids, quarters, timelines

textures = st.sampled_from(TEXTURES)


def small_corpus(chorale, count=3) -> Corpus:
    pieces = []
    for seed in range(count):
        key = (KeyChange(0, Key(seed - 1, "minor")),)
        source = Source(f"{seed}.mid", "0" * 64, 41, seed, 0.25, key, "notes", ("a remark",))
        pieces.append(
            Piece.of(f"{seed}.mid", fit(chorale(seed), SATB).grid, ("train", "valid", "unused")[seed], source)
        )
    return Corpus(SATB, tuple(pieces), Card("small", "Three.", "CC0", "nobody", "here", {"steps": 4}))


@given(textures.flatmap(lambda texture: grids(texture)))
@settings(max_examples=150, deadline=None)
def test_every_grid_comes_out_of_its_packing(grid):
    assert PackedGrid.of(grid).unpack() == grid


@given(timelines(quarters(0, 13)))
@settings(max_examples=100, deadline=None)
def test_timelines_come_back_from_json(timeline):
    assert timeline_from_dict(json.loads(json.dumps(timeline_to_dict(timeline)))) == timeline


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_saved_corpus_comes_back(data, tmp_path_factory):
    texture = data.draw(textures)
    drawn = data.draw(st.lists(grids(texture), min_size=1, max_size=3))
    corpus = Corpus(texture, tuple(Piece.of(f"{i}", grid) for i, grid in enumerate(drawn)), Card("drawn"))
    folder = tmp_path_factory.mktemp("corpus")
    loaded = Corpus.load(corpus.save(folder))
    assert loaded == corpus
    assert [piece.grid for piece in loaded.pieces] == drawn
    assert loaded.fingerprint == corpus.fingerprint


def test_sources_cards_and_splits_come_back(chorale, tmp_path):
    corpus = small_corpus(chorale)
    loaded = Corpus.load(corpus.save(tmp_path / "new" / "folder"))
    assert loaded == corpus
    assert loaded.split_sizes() == {"train": 1, "valid": 1, "unused": 1}
    assert [piece.name for piece in loaded.in_split("valid")] == ["1.mid"]


def test_other_music_is_another_corpus(chorale):
    corpus = small_corpus(chorale)
    assert corpus != small_corpus(lambda seed: chorale(seed + 7))
    assert corpus.fingerprint != small_corpus(lambda seed: chorale(seed + 7)).fingerprint


def test_arrays_are_read_without_pickle(chorale, tmp_path):
    small_corpus(chorale).save(tmp_path)
    with np.load(tmp_path / GRIDS_NAME, allow_pickle=False) as arrays:
        assert arrays["lengths"].shape == (3, 12)
        assert len(arrays["sounding_0"]) == 3 * 13 * 4


def test_unknown_splits_and_textures_are_refused(chorale):
    piece = small_corpus(chorale).pieces[0]
    with pytest.raises(UsageError, match="expected one of train, valid"):
        small_corpus(chorale).in_split("training")
    with pytest.raises(UsageError, match="'study'"):
        Corpus(SATB, (Piece("x", piece.packed, "study", piece.source),), Card("x"))


def change_index(folder, **fields):
    index = json.loads((folder / INDEX_NAME).read_text("utf-8"))
    (folder / INDEX_NAME).write_text(json.dumps({**index, **fields}), "utf-8")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / INDEX_NAME).unlink(), "found no corpus.json"),
        (lambda folder: (folder / GRIDS_NAME).unlink(), "found no grids.npz"),
        (lambda folder: (folder / INDEX_NAME).write_text("{"), "damaged"),
        (lambda folder: (folder / INDEX_NAME).write_text("[]"), "damaged"),
        (lambda folder: (folder / INDEX_NAME).write_bytes(b"\xff\xfe\x00"), "damaged"),
        (lambda folder: (folder / GRIDS_NAME).write_bytes(b"PK\x03\x04"), "not the one"),
        (lambda folder: change_index(folder, format_version=STORED_VERSION + 1), "a newer Credo wrote it"),
        (lambda folder: change_index(folder, pieces=[]), "damaged"),
        (lambda folder: change_index(folder, texture={"name": "satb"}), "damaged"),
        (lambda folder: change_index(folder, card={"nick": "x"}), "damaged"),
    ],
)
def test_a_damaged_folder_is_told(chorale, tmp_path, damage, said):
    small_corpus(chorale).save(tmp_path)
    damage(tmp_path)
    with pytest.raises(CorpusError, match=said):
        Corpus.load(tmp_path)


def test_a_file_is_no_corpus_folder(chorale, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CorpusError, match="cannot be read"):
        Corpus.load(tmp_path / "file")
    with pytest.raises(FileError, match="cannot be made"):
        small_corpus(chorale).save(tmp_path / "file" / "below")


def test_grids_that_disagree_with_their_steps_are_told(chorale, tmp_path):
    corpus = small_corpus(chorale)
    corpus.save(tmp_path)
    index = json.loads((tmp_path / INDEX_NAME).read_text("utf-8"))
    index["pieces"][1]["steps"] += 1
    (tmp_path / INDEX_NAME).write_text(json.dumps(index), "utf-8")
    with pytest.raises(CorpusError, match="damaged"):
        Corpus.load(tmp_path)
