"""A sound file as one channel at the rate that the network hears.

The file is read and resampled in blocks, so that a long recording at a high rate takes no more memory than its answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from credo.errors import FileError, FormatError, MissingExtraError
from credo.io.files import check_there

#: The rate that the network hears, in Hz.
RATE = 22_050
#: The longest recording that is read; the largest file, in bytes.
MAX_SECONDS = 1800
MAX_BYTES = 1_500_000_000
MIN_RATE, MAX_RATE, MAX_CHANNELS = 4_000, 768_000, 32
#: Fractions of rates are rounded to such denominators; `Sound.rate` tells what came of it.
MAX_DENOMINATOR = 2000
_BLOCK = 1 << 16
_HALF_FILTER = 10  # of the larger of both rates, as in `scipy.signal.resample_poly`


@dataclass(frozen=True, slots=True)
class Sound:
    """What a file sounds like.

    Attributes:
        samples: one channel, shape (samples,), float32.
        rate: samples a second; `RATE`, but for a few millionths where the file's rate is an odd one.
        remarks: a line for each thing that was mended.
    """

    samples: np.ndarray
    rate: float
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


def read_sound(path: Path) -> Sound:
    """Read a WAV, FLAC, Ogg or MP3 file, its channels mixed to one.

    Samples that are no numbers are silenced and told in a remark.

    Raises:
        FileError: there is no such file, or it may not be read.
        FormatError: it is no sound, damaged, empty, or out of bounds.
        MissingExtraError: soundfile is not installed.
    """
    _check_size(path)
    try:
        import soundfile
    except (ImportError, OSError) as error:  # an OSError where its C library is missing
        raise MissingExtraError("Reading sound", "transcribe") from error
    try:
        with soundfile.SoundFile(path) as file:
            _check_shape(path, file.frames, file.samplerate, file.channels)
            return _resampled(path, file)
    except soundfile.LibsndfileError as error:
        raise FormatError(path, f"cannot be read as sound: {str(error.error_string).rstrip('.').lower()}") from error


def _check_size(path: Path) -> None:
    check_there(path)
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    if not size:
        raise FormatError(path, "is empty")
    if size > MAX_BYTES:
        raise FormatError(path, f"expected at most {MAX_BYTES / 1e6:g} MB, got {size / 1e6:.0f}")


def _check_shape(path: Path, frames: int, rate: int, channels: int) -> None:
    """Raise unless a header is sane."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise FormatError(path, f"expected {MIN_RATE} to {MAX_RATE} samples a second, got {rate}")
    if not 1 <= channels <= MAX_CHANNELS:
        raise FormatError(path, f"expected 1 to {MAX_CHANNELS} channels, got {channels}")
    if not 0 <= frames < 1 << 62:
        return  # some headers do not tell; the length is then checked while reading
    if frames > MAX_SECONDS * rate:
        raise FormatError(
            path,
            f"expected at most {MAX_SECONDS // 60} minutes of sound, got {frames / rate / 60:.0f}",
            hint="cut it into shorter files",
        )


def _resampled(path: Path, file) -> Sound:
    """One channel of an open file at about `RATE`."""
    from scipy.signal import firwin

    ratio = Fraction(RATE, file.samplerate).limit_denominator(MAX_DENOMINATOR)
    up, down = ratio.numerator, ratio.denominator
    widest = max(up, down)
    taps = np.ones(1, np.float32)
    if widest > 1:
        taps = firwin(2 * _HALF_FILTER * widest + 1, 1 / widest, window=("kaiser", 5.0)).astype(np.float32)
    mended = [0]
    pieces = list(_pieces(path, file, up, down, taps, mended))
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    if not len(samples):
        raise FormatError(path, "holds no sound")
    remarks = (f"{mended[0]} samples that are no numbers are read as silence",) if mended[0] else ()
    return Sound(samples, file.samplerate * up / down, remarks)


def _pieces(path: Path, file, up: int, down: int, taps: np.ndarray, mended: list[int]) -> Iterator[np.ndarray]:
    """Stretches of the resampled sound. Each block is resampled with a margin that the filter's ends fall on."""
    from scipy.signal import resample_poly

    margin = down * -(-_HALF_FILTER * max(up, down) // (up * down) + 1)
    size = down * max(1, _BLOCK // down)
    cut, most = margin * up // down, MAX_SECONDS * file.samplerate
    before, read = np.zeros(margin, np.float32), 0
    waiting = np.zeros(0, np.float32)
    while True:
        block = _mono(file.read(size, dtype="float32", always_2d=True), mended)
        read += len(block)
        if read > most:
            raise FormatError(path, f"expected at most {MAX_SECONDS // 60} minutes of sound, got more")
        ended = len(block) < size
        waiting = np.concatenate((waiting, block, np.zeros(margin if ended else 0, np.float32)))
        body = len(waiting) - margin
        if body > 0:
            made = resample_poly(np.concatenate((before, waiting)), up, down, window=taps)
            yield made[cut : cut + -(-body * up // down)].astype(np.float32)
            before, waiting = np.concatenate((before, waiting))[body : body + margin], waiting[body:]
        if ended:
            return


def _mono(block: np.ndarray, mended: list[int]) -> np.ndarray:
    """The mean of the channels of a block, shape (frames, channels), numbers alone."""
    wrong = ~np.isfinite(block)
    if wrong.any():
        mended[0] += int(wrong.sum())
        block = np.where(wrong, 0, block)
    return np.clip(block, -8, 8).mean(axis=1, dtype=np.float32)
