"""Many small MIDI files: a folder that is made again byte for byte from its seed, and that is as mixed as found ones.

Each file has one to four voices, four to sixteen bars, a key, a metre and a tempo of its own. Of a hundred, some six
repeat an earlier one note for note, six in another key, and three are broken: cut short, empty, or no MIDI at all. The
files lie in folders of a thousand. A file depends on the seed and on its own number only.

    python benchmarks/many_files.py --count 20000 --out /tmp/many
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

TICKS = 480
FOLDER = 1000
SCALE = (0, 2, 4, 5, 7, 9, 11)
METRES = ((4, 4), (3, 4), (6, 8), (2, 4))
LOWEST = (60, 53, 48, 40)  # of each voice, in C
SAME, TRANSPOSED, BROKEN = 0.06, 0.06, 0.03


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    begin = time.perf_counter()
    size = make(arguments.out, arguments.count, arguments.seed)
    print(f"{arguments.count} files, {size / 1e6:.1f} MB, in {time.perf_counter() - begin:.1f} s")


def make(folder: Path, count: int, seed: int = 0) -> int:
    """Write files 0 to `count - 1`; gives the bytes written."""
    written = 0
    for number in range(count):
        if number % FOLDER == 0:
            here = folder / f"{number // FOLDER:05d}"
            here.mkdir(parents=True, exist_ok=True)
        content = file_bytes(number, seed)
        (here / f"{number:08d}.mid").write_bytes(content)
        written += len(content)
    return written


def file_bytes(number: int, seed: int = 0) -> bytes:
    """The content of a file, whatever others there are."""
    dice = random.Random(f"{seed} fate {number}")
    fate = dice.random()
    origin = dice.randrange(number) if number and fate < SAME + TRANSPOSED else number
    semitones = dice.choice((-3, -2, -1, 1, 2, 3)) if SAME <= fate < SAME + TRANSPOSED else 0
    content = _piece(random.Random(f"{seed} piece {origin}"), semitones)
    if fate > 1 - BROKEN:
        return dice.choice((b"", b"no music here\n", content[: len(content) // 3], content[:20]))
    return content


def _piece(dice: random.Random, semitones: int) -> bytes:
    """A format 1 file: one track of tempo and metre, and one a voice."""
    above, below = dice.choice(METRES)
    bar = TICKS * 4 * above // below
    length = bar * dice.randint(4, 16)
    key = dice.randrange(-5, 7) + semitones
    tempo = 60_000_000 // dice.randint(60, 180)
    metre = bytes((0, 0xFF, 0x58, 4, above, below.bit_length() - 1, 24, 8))
    head = metre + b"\0\xff\x51\x03" + tempo.to_bytes(3, "big") + b"\0\xff\x2f\0"
    tracks = [head] + [_voice(dice, voice, key, length) for voice in range(dice.randint(1, 4))]
    chunks = b"".join(b"MTrk" + len(track).to_bytes(4, "big") + track for track in tracks)
    return b"MThd\0\0\0\6\0\1" + len(tracks).to_bytes(2, "big") + TICKS.to_bytes(2, "big") + chunks


def _voice(dice: random.Random, voice: int, key: int, length: int) -> bytes:
    """A walk on the scale in notes from sixteenths to halves, with rests."""
    track, onset, waited, degree = bytearray((0, 0xC0 | voice, 0)), 0, 0, dice.randrange(7)
    while onset < length:
        duration = min(dice.choice((1, 2, 2, 2, 4, 4, 8)) * TICKS // 4, length - onset)
        if dice.random() < 0.1:
            waited += duration
        else:
            degree = min(max(degree + dice.choice((-2, -1, -1, 0, 1, 1, 2)), 0), 13)
            pitch = LOWEST[voice] + key + SCALE[degree % 7] + 12 * (degree // 7)
            velocity = dice.randrange(50, 110)
            track += _delta(waited) + bytes((0x90 | voice, pitch, velocity))
            track += _delta(duration) + bytes((0x80 | voice, pitch, 0))
            waited = 0
        onset += duration
    return bytes(track + _delta(waited) + b"\xff\x2f\0")


def _delta(ticks: int) -> bytes:
    """A variable-length quantity."""
    groups = [ticks & 0x7F]
    while ticks := ticks >> 7:
        groups.append(0x80 | (ticks & 0x7F))
    return bytes(reversed(groups))


if __name__ == "__main__":
    main()
