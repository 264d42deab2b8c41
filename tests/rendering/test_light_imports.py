"""Importing the rendering modules loads no optional library."""

import subprocess
import sys

CHECK = """
import sys
from credo.rendering import fonts, labels, notation, plots
from credo.rendering.sound import audio, chunks, encode, loudness, mastering, stems
heavy = {"matplotlib", "verovio", "resvg_py", "midirenderer", "soundfile", "pretty_midi", "fontTools", "keras", "jax"}
{extra}
sys.exit(" ".join(sorted(heavy & set(sys.modules))))
"""


def loaded(extra: str = "") -> str:
    run = subprocess.run([sys.executable, "-c", CHECK.replace("{extra}", extra)], capture_output=True, text=True)
    return run.stderr.strip()


def test_no_optional_library_is_loaded():
    assert loaded() == ""


def test_the_check_can_fail():
    assert loaded("import fontTools") == "fontTools"
