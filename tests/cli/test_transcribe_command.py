"""`credo transcribe`, and `credo corpus` of recordings."""

import sys

import numpy as np
import pytest

from credo.io import load, save
from tiny import chorale

soundfile = pytest.importorskip("soundfile", reason="needs the extra transcribe")
pytest.importorskip("onnxruntime", reason="needs the extra transcribe")


def recording(path, pitches=(60, 64, 67, 72) * 3) -> None:
    """A note each half second, of three partials."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(10_000) / 22_050
    fade = np.exp(-2 * time) * np.minimum(1, (time[-1] - time) / 0.02)
    tones = [
        sum(np.sin(2 * np.pi * k * 440 * 2 ** ((pitch - 69) / 12) * time) / k**2 for k in (1, 2, 3))
        for pitch in pitches
    ]
    soundfile.write(path, 0.3 * np.concatenate([np.pad(tone * fade, (0, 1025)) for tone in tones]), 22_050)


def test_a_recording_becomes_midi_and_a_score(credo, tmp_path):
    recording(tmp_path / "a.wav")
    ended = credo("transcribe", "a.wav", "--grid", 4, "--tempo", 120)
    assert ended.status == 0, ended
    assert ended.out.split() == ["a.mid", "a.musicxml"]
    assert "12 notes heard" in ended.err
    for name in ended.out.split():
        notes = load(tmp_path / name).notes
        assert [(int(note.onset), note.pitch) for note in notes] == list(enumerate((60, 64, 67, 72) * 3)), name
    assert "a.mid: is there already" in credo("transcribe", "a.wav").err
    assert credo("transcribe", "a.wav", "--force").out.split() == ["a.mid"]


def test_a_file_that_fails_costs_only_itself(credo, tmp_path):
    recording(tmp_path / "in" / "one.wav")
    recording(tmp_path / "in" / "deeper" / "two.flac")
    recording(tmp_path / "in" / "deeper" / "two.wav")
    (tmp_path / "in" / "broken.mp3").write_text("words")
    ended = credo("transcribe", "in", "--out", "out")
    assert ended.status == 0
    assert "broken.mp3: cannot be read as sound" in ended.err
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.mid"))
    assert written == ["deeper/two.flac.mid", "deeper/two.wav.mid", "one.mid"]


def test_what_is_refused(refused, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(22_050), 22_050)
    recording(tmp_path / "a.wav")
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "empty").mkdir()
    assert "silent.wav: no notes were heard" in refused("transcribe", "silent.wav")
    assert "missing.wav: no such file" in refused("transcribe", "missing.wav")
    assert "expected one of .wav .flac .ogg .mp3, got .txt" in refused("transcribe", "a.txt")
    assert "holds no files that end in" in refused("transcribe", "empty")
    assert "tempo: expected 10 to 400" in refused("transcribe", "a.wav", "--tempo", 0)
    assert "grid: expected 1 to 48" in refused("transcribe", "a.wav", "--grid", 0)


def test_without_the_library_the_pip_line_is_told(refused, tmp_path, monkeypatch):
    from credo.io.audio import hearing

    recording(tmp_path / "a.wav")
    recording(tmp_path / "b.wav")
    hearing._session.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert 'pip install "credo-music[transcribe]"' in refused("transcribe", ".", "--out", "out")


def test_recordings_become_a_corpus(credo, tmp_path):
    recording(tmp_path / "in" / "tune.wav", (60, 62, 64, 65) * 4)
    save(chorale(3), tmp_path / "in" / "written.mid")
    (tmp_path / "in" / "broken.ogg").write_text("words")
    ended = credo("corpus", "in", "--texture", "piano", "--out", "out", "--report", "--workers", 1)
    assert ended.status == 0, ended
    assert "3, of which 2 are kept" in ended.out
    assert "broken.ogg: could not be read: cannot be read as sound" in ended.out.replace("`", "")
    assert "1 recording was heard" in ended.out


def test_recordings_are_counted_where_they_cannot_be_heard(credo, tmp_path, monkeypatch):
    recording(tmp_path / "in" / "tune.wav")
    save(chorale(3), tmp_path / "in" / "written.mid")
    monkeypatch.setattr("credo.corpora.ingest.can_hear", lambda: False)
    ended = credo("corpus", "in", "--texture", "piano", "--out", "out", "--workers", 1)
    assert "1 recording was not read" in " ".join(ended.out.split())
    report = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert '1 recording was not read: pip install "credo-music[transcribe]"' in report
