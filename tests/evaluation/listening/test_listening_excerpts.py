"""Excerpts: whole bars, equal length, drawn and not picked; what cannot be used is named."""

import random
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from credo.evaluation.listening import excerpts
from credo.evaluation.listening.excerpts import FADE_SECONDS, Cut, Playing, cut_score, draw, files_of
from credo.evaluation.listening.loudness import RATE
from credo.io.files import save
from credo.music.score import Metre, Note, Part, Score, Tempo, Timeline
from tiny import chorale

SHORT = Playing(shortest=5, longest=9)


@pytest.fixture(autouse=True)
def _quick_sound(monkeypatch):
    """Noise as long as the score stands in for the synthesiser."""
    noise = np.random.default_rng(0).normal(0, 0.1, (10 * RATE, 2)).astype(np.float32)
    monkeypatch.setattr(excerpts, "synthesise", lambda score, _: (noise[: int(score.duration_seconds * RATE)], RATE))


@pytest.fixture
def folder(tmp_path):
    for seed in range(5):
        save(chorale(seed, 7, tempo=80 + seed), tmp_path / f"{seed}.mid")
    return tmp_path


def test_excerpts_are_whole_bars_of_the_wanted_length(folder):
    refused = []
    cuts = [cut for cut, _ in draw(folder, SHORT, random.Random(1), refused)]
    assert (len(cuts), refused) == (5, [])
    for cut in cuts:
        assert 5 <= cut.seconds <= 9
        assert cut.music.timeline.length % 4 == 0
        bars = cut.start_seconds * (80 + int(cut.file[0])) / 240
        assert bars == pytest.approx(round(bars))
    assert any(cut.start_seconds for cut in cuts)
    assert all(not cut.start_seconds for cut, _ in draw(folder, Playing(5, 9, from_start=True), random.Random(1), []))


def test_the_seed_draws_the_same_again(folder):
    def drawn(seed):
        return [(cut.file, cut.start_seconds) for cut, _ in draw(folder, SHORT, random.Random(seed), [])]

    assert drawn(1) == drawn(1)
    assert len({tuple(drawn(seed)) for seed in range(4)}) > 2


def test_notes_across_an_end_are_cut():
    notes = [Note(Fraction(0), 60, Fraction(6)), Note(Fraction(5), 62, Fraction(4)), Note(Fraction(8), 64, Fraction(1))]
    timeline = Timeline(metres=(Metre(Fraction(0), 4, 4),), tempos=(Tempo(Fraction(2), 60.0),))
    score = Score((Part.of("a", notes),), timeline, title="secret", composer="secret")
    cut = cut_score(score, Fraction(4), Fraction(8))
    assert [(note.onset, note.pitch, note.duration) for note in cut.parts[0].notes] == [(0, 60, 2), (1, 62, 3)]
    assert (cut.timeline.length, cut.title, cut.composer) == (4, "", "")


def test_sound_has_one_length_and_no_clicks():
    music = chorale(1, 2, tempo=60)
    for seconds in (8.0, 5.0):  # more and fewer samples than are wanted
        sound = Cut("a", 0, seconds, music, ()).sound()
        assert sound.shape == (round((seconds + FADE_SECONDS) * RATE), 2)
        assert np.abs(sound[-10:]).max() < 1e-4
    recording = np.ones((3 * RATE, 2), np.float32)
    assert Cut("a", 0, 2.0, recording, ("sound",)).sound()[0].tolist() == [0, 0]


def test_scrambling_leaves_instruments_lengths_and_loudness():
    score = chorale(3)
    other = Cut("a", 0, 9.0, score, ()).scrambled(random.Random(1)).music
    for before, after in zip(score.parts, other.parts, strict=True):
        assert (after.program, len(after.notes)) == (before.program, len(before.notes))
        assert sorted(n.velocity for n in after.notes) == sorted(n.velocity for n in before.notes)
        low, high = (pick(n.pitch for n in before.notes) for pick in (min, max))
        assert all(low <= note.pitch <= high for note in after.notes)
        kept = {(n.onset, n.pitch) for n in before.notes} & {(n.onset, n.pitch) for n in after.notes}
        assert len(kept) < len(before.notes) / 2
    assert other.timeline == score.timeline
    shreds = np.repeat(np.arange(12.0), RATE // 4)[:, None].repeat(2, axis=1)
    mixed = Cut("a", 0, 2.0, shreds, ("sound",)).scrambled(random.Random(1)).music
    assert mixed[:, 0].tolist() != shreds[:, 0].tolist()
    assert sorted(mixed[:, 0]) == shreds[:, 0].tolist()


def test_instrument_and_tempo_of_all(folder):
    playing = Playing(5, 9, instrument="church organ", tempo=100)
    cuts = [cut for cut, _ in draw(folder, playing, random.Random(1), [])]
    assert {cut.cues for cut in cuts} == {("program 19",)}
    assert {cut.seconds % 2.4 < 1e-6 or 2.4 - cut.seconds % 2.4 < 1e-6 for cut in cuts} == {True}


def test_what_cannot_be_used_is_named(folder):
    (folder / "broken.mid").write_bytes(b"MThd and no more")
    (folder / "notes.txt").write_text("no music")
    (folder / ".hidden.mid").write_bytes(b"")
    save(chorale(1, 1), folder / "short.mid")
    assert {path.name for path in files_of(folder)} == {*(f"{n}.mid" for n in range(5)), "broken.mid", "short.mid"}
    refused = []
    assert len(list(draw(folder, SHORT, random.Random(1), refused))) == 5
    told = {path.name: reason for path, reason in refused}
    assert set(told) == {"broken.mid", "short.mid"}
    assert "expected whole bars that last 5 to 9 seconds, got a piece of 2.9" in told["short.mid"]


def test_recordings(tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="reads sound")
    wave = 0.1 * np.sin(np.arange(44_100 * 10) / 20)
    soundfile.write(tmp_path / "mono.wav", wave, 44_100)
    soundfile.write(tmp_path / "short.flac", wave[:44_100], 44_100)
    (tmp_path / "bad.wav").write_bytes(b"RIFFxxxxWAVE")
    refused = []
    ((cut, sound),) = draw(tmp_path, SHORT, random.Random(1), refused)
    assert (cut.seconds, sound.shape, cut.cues) == (7, (8 * RATE, 2), ("sound",))
    told = {path.name: reason for path, reason in refused}
    assert told == {"short.flac": "expected at least 7 seconds, got 1.0", "bad.wav": "cannot be read as sound"}


def test_importing_loads_nothing_heavy():
    names = ("answers", "build", "pairs", "ratings", "report")
    heavy = ("keras", "jax", "torch", "tensorflow", "scipy", "matplotlib", "jinja2", "soundfile", "midirenderer")
    code = "import sys, " + ", ".join(f"credo.evaluation.listening.{name}" for name in names)
    code += f"; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
