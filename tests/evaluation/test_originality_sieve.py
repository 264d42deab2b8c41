"""The fingerprints of a model: what stands in the training data is found, and new notes alone count."""

import numpy as np
import pytest

import tiny
from credo.errors import FileError, FormatError
from credo.evaluation.originality.notes import TICKS, Music
from credo.evaluation.originality.sieve import PASSAGE_BARS, Sieve
from credo.music.texture import DRUMS, PIANO, SATB


def by_dice(seed: int, texture=SATB) -> Music:
    return Music.of(tiny.random_grid(texture, 32 * texture.steps_per_quarter, np.random.default_rng(seed)))


@pytest.fixture(scope="module")
def sieve():
    return Sieve.of([by_dice(seed) for seed in range(19)], data="abc")


@pytest.mark.parametrize("semitones", [0, 5])
@pytest.mark.parametrize("times", [1, 2])
def test_copies_are_found_at_once(sieve, times, semitones):
    copy = by_dice(3)
    copy = Music(copy.onset * times, copy.end * times, copy.pitch + semitones, copy.part, copy.drums, copy.bars * times)
    found = sieve.overlap(copy)
    longest = max(int((copy.part == part).sum()) for part in range(4))
    assert longest - 2 <= found.run <= longest  # the length of the last note is nobody's
    assert found.shared > 0.9
    assert sieve.is_above(found, 8)


@pytest.mark.parametrize("texture", [SATB, PIANO, DRUMS], ids=lambda texture: texture.name)
def test_other_music_is_not_flagged(texture):
    sieve = Sieve.of([by_dice(seed, texture) for seed in range(19)])
    found = [sieve.overlap(by_dice(seed, texture)) for seed in range(100, 140)]
    assert sum(sieve.is_above(each, 8) for each in found) <= 2
    assert np.mean([each.shared for each in found]) < 0.2
    assert sieve.is_above(sieve.overlap(by_dice(5, texture)), 8)


def test_only_new_notes_count(sieve):
    copy = by_dice(6)
    nothing = sieve.overlap(copy, np.zeros(len(copy), bool))
    assert (nothing.new, nothing.run, nothing.shared) == (0, 0, 0)
    assert not sieve.is_above(nothing, 8)
    late = copy.onset >= 6 * 4 * TICKS
    found = sieve.overlap(copy, late)
    assert found.new == late.sum()
    longest = max(int((late & (copy.part == part)).sum()) for part in range(4))
    assert longest - 2 <= found.run <= longest
    alto = copy.part == 1
    assert sieve.overlap(copy, alto).run_part == 1


def test_longer_music_may_have_longer_runs(sieve):
    for figure in ("run", "shared"):
        assert sieve.line(figure, PASSAGE_BARS) <= sieve.line(figure, 20 * PASSAGE_BARS)
    assert Sieve.of([]).line("run", 8) == np.inf
    assert not Sieve.of([]).is_above(Sieve.of([]).overlap(by_dice(1)), 8)


@pytest.mark.parametrize("count", [0, 1, 6, 8])
def test_hardly_any_notes(sieve, count):
    music = by_dice(2).only(np.arange(len(by_dice(2))) < count)
    assert sieve.overlap(music).new == count
    assert Sieve.of([music]).overlap(music).new == count


def test_fingerprints_are_saved_small_and_read(tmp_path, sieve):
    again = Sieve.load(sieve.save(tmp_path / "prints.npz"))
    assert (again.own, again.pieces, again.data) == (sieve.own, 19, "abc")
    for seed in (3, 50):
        assert again.overlap(by_dice(seed)) == sieve.overlap(by_dice(seed))
    for kind, bits in (("rows", 5), ("chords", 8)):
        span, hashes = again.kept[kind]
        assert (np.diff(hashes.astype(np.int64)) > 0).all()
        assert span >> bits >= len(hashes) > 0.9 * (span >> bits)
    rows = sum(len(hashes) for _, hashes in sieve.kept.values())
    assert (tmp_path / "prints.npz").stat().st_size < 2 * rows + 4000  # hardly more than a byte each


def test_another_file_is_told(tmp_path, sieve):
    path = tmp_path / "prints.npz"
    with pytest.raises(FileError, match="cannot be read"):
        Sieve.load(path)
    whole = sieve.save(path).read_bytes()
    for content in (b"", b"nothing", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="expected the fingerprints of a model"):
            Sieve.load(path)
    np.savez(path, meta=np.frombuffer(b'{"format_version": 2}', np.uint8))
    with pytest.raises(FormatError, match="format 2, expected 1"):
        Sieve.load(path)
