"""Making a piece again from the JSON beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credo.compose.models import find_model
from credo.compose.seeds import Seed, checksum
from credo.compose.wishes import Request
from credo.errors import FileError, FormatError, UsageError
from credo.music.texture import Texture

#: The largest JSON that is read, in bytes.
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Memory:
    """How a piece came about, read from its JSON.

    Attributes:
        path: the JSON.
        request: what was wished for.
        model: name or folder of the model.
        seed_file: the file whose beginning was kept, checked; None where there was none.
    """

    path: Path
    request: Request
    model: str | Path
    seed_file: Path | None
    _record: dict[str, Any]

    @classmethod
    def read(cls, path: str | Path) -> Memory:
        """Read the JSON beside a composition, and find the model and the seed file.

        Raises:
            FileError: the JSON or the seed file is not there or cannot be read, or is not what it was.
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
            request = Request.from_dict(record["request"])
            model, folder, seed = record["model_given"], record["model_folder"], record["seed_file"]
            name, sum_then = (seed["file"], seed["sha256"]) if seed else ("", "")
            settings = {key: record[key] for key in ("model_sha256", "backend", "credo")}
            if seed:
                settings |= {"keep_bars": int(seed["keep_bars"]), "lenient": bool(seed["lenient"])}
            seed_file = path.parent / name if seed else None
            model = path.parent / folder if folder else str(model)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, UsageError) else "expected the JSON that credo compose writes"
            raise FormatError(path, reason) from error
        find_model(model)
        if seed_file and not seed_file.is_file():
            raise FileError(seed_file, "the seed file of the piece is not there", hint="put it back where it was")
        if seed_file and checksum(seed_file) != sum_then:
            raise FileError(seed_file, "the seed file of the piece has changed", hint="put the old one back")
        return cls(path, request, model, seed_file, settings)

    def seed(self, texture: Texture) -> Seed | None:
        """The beginning that was kept, on the model's texture."""
        if self.seed_file is None:
            return None
        keep_bars, lenient = self._record["keep_bars"], self._record["lenient"]
        return Seed.read(self.seed_file, texture, keep_bars=keep_bars, lenient=lenient)

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
