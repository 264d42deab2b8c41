"""What has been read so far: an append-only file, so that a run that was killed goes on where it stopped.

The first line says what the run is, each further line is one file's record as JSON. A line that a kill cut short is
dropped; a journal of another run (other options, other texture, another Credo) is started afresh.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

from credo.errors import FileError


class Journal:
    """Records of files, by name.

    Args:
        path: the file; None keeps the records in memory only.
        header: what the run is, JSON-able. Records of a different header are not taken over.
    """

    def __init__(self, path: Path | None, header: dict[str, Any]) -> None:
        self.path = path
        self._records: dict[str, bytes] = {}
        self._stamps: dict[str, list[int]] = {}
        self._file: BinaryIO | None = None
        if path is not None:
            try:
                self._open(path, _line(header))
            except OSError as error:
                raise FileError(path, f"cannot be written: {error.strerror or error}") from error

    def _open(self, path: Path, header: bytes) -> None:
        self._file = path.open("r+b" if path.exists() else "w+b")
        whole = 0
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n") or (number == 0 and line != header):
                break
            whole += len(line)
            if number:
                self._remember(line)
        self._file.seek(whole)
        self._file.truncate()
        if not whole:
            self._file.write(header)
            self._file.flush()

    def _remember(self, line: bytes) -> None:
        try:
            record = json.loads(line)
            name, stamp = record["name"], record["stamp"]
        except (ValueError, KeyError, TypeError):
            return  # a damaged line: that file is read again
        self._records[name] = line
        self._stamps[name] = stamp

    def has(self, name: str, stamp: list[int]) -> bool:
        """Whether a file was read, and has not changed since."""
        return self._stamps.get(name) == stamp

    def add(self, record: bytes) -> None:
        """Keep a record: one line of JSON with at least a `name` and a `stamp`."""
        line = record.rstrip(b"\n") + b"\n"
        self._remember(line)
        if self._file:
            try:
                self._file.write(line)
                self._file.flush()
            except OSError as error:
                raise FileError(self.path or "", f"cannot be written: {error.strerror or error}") from error

    def record(self, name: str) -> dict[str, Any]:
        """The record of a file.

        Raises:
            KeyError: there is none.
        """
        return json.loads(self._records[name])

    def close(self, *, remove: bool = False) -> None:
        """Close the file, and remove it once its records have become a corpus."""
        if self._file:
            self._file.close()
            self._file = None
            if remove and self.path is not None:
                self.path.unlink(missing_ok=True)


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True).encode() + b"\n"
