"""Making a piece again from the JSON beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credo.compose.asked import read_record
from credo.compose.given import checksum
from credo.compose.jobs import Input, Job
from credo.compose.models import find_model
from credo.compose.wishes import Request
from credo.errors import FileError, FormatError, UsageError
from credo.io.books import is_there

if TYPE_CHECKING:
    from credo.compose.generate import Composition

#: The largest JSON that is read, in bytes.
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """How a piece came about, read from its JSON.

    Attributes:
        path: the JSON.
        job: what was done, with which files, which are as they were.
        model: name or folder of the model.
    """

    path: Path
    job: Job
    model: str | Path
    _record: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> Memory:
        """Read the JSON beside a composition, and find the model and the files that it was made from.

        Raises:
            FileError: the JSON or a file is not there or cannot be read, or is not what it was.
            ModelError: the model is not there.
        """
        path = Path(path)
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_BYTES)
        except OSError as error:
            raise FileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
        try:
            record = json.loads(content)
            given, folder = record["model_given"], record["model_folder"]
            inputs = [
                (
                    Input(path.parent / one["file"], tuple(one.get("voices", ())), bool(one["lenient"])),
                    one["sha256"],
                )
                for one in record["inputs"]
            ]
            request, instruments = Request.from_dict(record["request"]), dict(record["instruments"])
            attributes = record.get("attributes")
            job = Job(
                str(record["task"]["name"]),
                request,
                tuple(one for one, _ in inputs),
                dict(record["task"]["options"]),
                instruments,
                tuple(map(str, record.get("with", ()))),
                read_record(attributes, request, instruments) if attributes else None,
            )
            settings = {key: record[key] for key in ("model_sha256", "backend", "credo")}
            settings |= {key: record[key] for key in ("energy", "rank") if key in record}
            model = path.parent / folder if folder else str(given)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            reason = str(error) if isinstance(error, UsageError) else "expected the JSON that Credo writes"
            raise FormatError(path, reason) from error
        find_model(model)
        for one, sum_then in inputs:
            what = "seed file" if job.task == "continue" else "file"
            if not is_there(one.path):
                raise FileError(one.path, f"the {what} of the piece is not there", hint="put it back where it was")
            if checksum(one.path) != sum_then:
                raise FileError(one.path, f"the {what} of the piece has changed", hint="put the old one back")
        return cls(path, job, model, settings)

    def remembered(self, piece: Composition) -> Composition:
        """The piece that was made again, with its old place among alternatives."""
        place = {key: self._record[key] for key in ("energy", "rank") if key in self._record}
        return replace(piece, settings={**piece.settings, **place})

    def differences(self, settings: dict[str, Any]) -> list[str]:
        """What is not as it was, a line each; the piece may come out another.

        Args:
            settings: of the piece that was made again.
        """
        names = {"model_sha256": "model", "backend": "backend of Keras", "credo": "version of Credo"}
        return [
            f"the {name} is not the one that made the piece: expected {_short(self._record[key])}, "
            f"got {_short(settings[key])}"
            for key, name in names.items()
            if self._record[key] != settings[key]
        ]


def _short(value: Any) -> str:
    return f"{value:.12}" if isinstance(value, str) else repr(value)
