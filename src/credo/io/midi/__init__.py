"""Standard MIDI Files: `parse` reads, `to_midi` writes, `read_marks` reads the markers.

Onsets are exact: tick t of a file with d ticks a quarter is the fraction t/d. A part is one channel of one track.
MIDI knows no upbeat. A piece that begins with one is written the usual way, as a first bar in a metre of the upbeat's
length followed by the real metre, and a first bar shorter than the next metre is read as an upbeat; either way the
bars of the score are the same. A MIDI file without a tempo is played at 120 quarters a minute.
"""

from __future__ import annotations

from credo.io.midi.messages import DRUM_CHANNEL
from credo.io.midi.reader import parse, read_marks
from credo.io.midi.writer import to_midi

__all__ = ["DRUM_CHANNEL", "parse", "read_marks", "to_midi"]
