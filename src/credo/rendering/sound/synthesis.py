"""Several MIDI files played at a time, each by a process of its own.

The synthesiser keeps Python's lock while it plays, so that threads bring nothing. Its processes are plain
interpreters that load it alone and speak through their pipes: a script that calls Credo needs no
`if __name__ == "__main__"`, and what JAX has started is not copied. They are started when they are first needed, kept
for the next call, and end with the program.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credo.errors import CredoError, MissingExtraError
from credo.io.cores import cores

if TYPE_CHECKING:
    import numpy as np

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from credo.rendering.sound.synthesis import serve; serve()"
)
_ASKED, _ANSWERED = struct.Struct("<QQ"), struct.Struct("<?Q")


def play(font: Path, midis: Sequence[bytes], *, workers: int = 0) -> list[np.ndarray]:
    """Play MIDI files at 48 kHz.

    Args:
        font: a soundfont of version 2.
        midis: the files.
        workers: how many processes play; 0 is one a core, 1 is this one.

    Returns:
        Samples of each file, shape (frames, 2), int16, in the order of the files.

    Raises:
        MissingExtraError: the synthesiser is not installed.
        CredoError: it failed.
    """
    try:
        import midirenderer
    except ImportError as error:
        raise MissingExtraError("Sound", "audio") from error
    workers = min(workers or cores(), len(midis))
    if workers > 1:
        return [samples_of(sound) for sound in _crew().play(font, midis, workers)]
    content = font.read_bytes() if midis else b""
    return [samples_of(render(midirenderer, content, midi)) for midi in midis]


def render(midirenderer: Any, font: bytes, midi: bytes) -> bytes:
    """A MIDI file as the bytes of a 16-bit WAV file.

    Raises:
        CredoError: the synthesiser failed.
    """
    try:
        return midirenderer.render_wave_from(font, midi)
    except BaseException as error:  # a panic of the Rust library is no Exception
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _failure(error) from error


def samples_of(sound: bytes) -> np.ndarray:
    """The samples of a 16-bit stereo WAV file, shape (frames, 2), int16."""
    import numpy as np

    with wave.open(io.BytesIO(sound)) as reader:
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2").reshape(-1, 2)


def _failure(reason: object) -> CredoError:
    return CredoError(f"sound: the synthesiser failed: {reason}", hint="try another soundfont")


class _Crew:
    """Processes that wait for work, and what keeps two callers from speaking to one of them at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.players: list[subprocess.Popen] = []

    def play(self, font: Path, midis: Sequence[bytes], workers: int) -> list[bytes]:
        with self.lock:
            while len(self.players) < workers:
                self.players.append(_start())
            jobs: queue.SimpleQueue = queue.SimpleQueue()
            for number in sorted(range(len(midis)), key=lambda number: -len(midis[number])):  # the longest first
                jobs.put(number)
            answers: list[bytes | Exception | None] = [None] * len(midis)

            def work(player: subprocess.Popen) -> None:
                with contextlib.suppress(queue.Empty):
                    while True:
                        number = jobs.get_nowait()
                        answers[number] = _ask(player, font, midis[number])

            threads = [threading.Thread(target=work, args=(player,), daemon=True) for player in self.players[:workers]]
            done = False
            try:
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                done = not any(answer is None or isinstance(answer, Exception) for answer in answers)
            finally:
                if not done:
                    self.end()  # what they were doing is of no use any more
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer for answer in answers if isinstance(answer, bytes)]

    def end(self) -> None:
        for player in self.players:
            player.kill()
            player.wait()
            for pipe in (player.stdin, player.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()
        self.players.clear()


_crews: dict[int, _Crew] = {}  # by the process that started them: after a fork the pipes belong to the parent


def _crew() -> _Crew:
    """The processes of this process."""
    crew = _crews.get(os.getpid())
    if crew is None:
        crew = _crews[os.getpid()] = _Crew()
        atexit.register(crew.end)
    return crew


def _start() -> subprocess.Popen:
    folders = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
    return subprocess.Popen([sys.executable, "-c", _BOOT, folders], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _ask(player: subprocess.Popen, font: Path, midi: bytes) -> bytes | Exception:
    """What a process answers, or the reason why it does not."""
    path = os.fsencode(font.absolute())
    try:
        player.stdin.write(_ASKED.pack(len(path), len(midi)) + path + midi)
        player.stdin.flush()
        well, size = _ANSWERED.unpack(player.stdout.read(_ANSWERED.size))
        answer = player.stdout.read(size)
    except (OSError, ValueError, struct.error):
        return _failure("its process stopped")
    if len(answer) < size:
        return _failure("its process stopped")
    return answer if well else _failure(answer.decode(errors="replace"))


def serve() -> None:
    """The side of the process: play what is asked for until the pipe is closed."""
    import midirenderer

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a panic prints where it happened
    fonts: dict[tuple[bytes, int], bytes] = {}
    while len(asked := questions.read(_ASKED.size)) == _ASKED.size:
        path_size, midi_size = _ASKED.unpack(asked)
        path, midi = questions.read(path_size), questions.read(midi_size)
        try:
            version = (path, os.stat(path).st_mtime_ns)
            if version not in fonts:
                fonts = {version: Path(os.fsdecode(path)).read_bytes()}
            well, answer = True, render(midirenderer, fonts[version], midi)
        except (CredoError, OSError) as error:
            reason = str(error.__cause__ or error)
            well, answer = False, reason.encode()
        answers.write(_ANSWERED.pack(well, len(answer)) + answer)
        answers.flush()
