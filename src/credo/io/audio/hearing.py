"""What the network hears: for every frame and key, whether a note begins and whether one sounds.

The network answers for windows of two seconds. What it says of a window's ends is guesswork, so the windows overlap
and the ends are thrown away. Their distance is a whole number of frames, which puts all frames on one lattice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from credo.errors import MissingExtraError

#: Samples of a window, samples of a frame, and frames of an answer: fixed by the network.
WINDOW, HOP, FRAMES = 43_844, 256, 172
#: Frames that are thrown away at either end of a window.
MARGIN = 15
KEPT = FRAMES - 2 * MARGIN
#: The keys of a piano, from A0 up.
KEYS, LOWEST = 88, 21
_BATCH = 4
_ONSETS, _NOTES = "StatefulPartitionedCall:2", "StatefulPartitionedCall:1"

#: Told after each stretch: frames heard, and how many there are.
Progress = Callable[[int, int], None]


class Heard(NamedTuple):
    """The answer of the network.

    Attributes:
        onset: how likely a note begins, shape (frames, 88), float32 in 0..1.
        note: how likely a note sounds, the same shape.
    """

    onset: np.ndarray
    note: np.ndarray


def hear(samples: np.ndarray, *, threads: int = 0, progress: Progress | None = None) -> Heard:
    """Listen to a sound.

    Args:
        samples: one channel at 22 050 Hz, shape (samples,), float32.
        threads: threads to use; 0 for one a core.
        progress: told after each stretch.

    Returns:
        A frame for each 256 samples begun.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """
    session = _session(threads)
    [given] = session.get_inputs()
    frames = -(-len(samples) // HOP)
    windows = -(-frames // KEPT)
    onset, note = (np.zeros((windows * KEPT, KEYS), np.float32) for _ in range(2))
    for first in range(0, windows, _BATCH):
        batch = np.stack([_window(samples, number) for number in range(first, min(first + _BATCH, windows))])
        answers = session.run([_ONSETS, _NOTES], {given.name: batch[:, :, None]})
        for target, answer in zip((onset, note), answers, strict=True):
            kept = answer[:, MARGIN : MARGIN + KEPT].reshape(-1, KEYS)
            target[first * KEPT : first * KEPT + len(kept)] = kept
        if progress:
            progress(min((first + len(batch)) * KEPT, frames), frames)
    return Heard(onset[:frames], note[:frames])


def _window(samples: np.ndarray, number: int) -> np.ndarray:
    """The samples of a window, silence where the sound has not begun or has ended; shape (WINDOW,)."""
    start = (number * KEPT - MARGIN) * HOP
    window = np.zeros(WINDOW, np.float32)
    piece = samples[max(start, 0) : start + WINDOW]
    offset = max(-start, 0)
    window[offset : offset + len(piece)] = piece
    return window


@functools.lru_cache(maxsize=2)
def _session(threads: int) -> Any:
    """The network, ready to run."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("Transcribing sound", "transcribe") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    network = resources.files("credo.io.audio").joinpath("network", "nmp.onnx").read_bytes()
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
