"""A model on disk: a folder with `model.keras` and `card.json`."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credo.errors import FileError, ModelError

if TYPE_CHECKING:  # cards are read where no tensor library is loaded
    from credo.models.dbn import DBN

FORMAT = 1
WEIGHTS, CARD = "model.keras", "card.json"
_AGAIN = "name another folder, or train or copy the model again"


def save_model(dbn: DBN, card: dict[str, Any], folder: str | Path, *, half: bool = False) -> None:
    """Write a model folder, all of it or nothing.

    Args:
        dbn: the network. Its optimizer and persistent chains are left out.
        card: what is known of the model: texture, window, training data with licence and checksum, recipe, scores.
        folder: the folder to write; an older model there is replaced.
        half: whether to store the weights as float16.

    Raises:
        FileError: the folder cannot be written.
    """
    from credo.models.backend import workers
    from credo.models.dbn import DBN

    folder = Path(folder)
    if folder.exists() and not (folder / CARD).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FileError(folder, "expected a new folder or a model to replace, found something else")
    bare = DBN.from_config({**dbn.get_config(), "chains": 0})
    for ours, theirs in zip([bare, *bare.parts], [dbn, *dbn.parts], strict=True):
        for variable in theirs.weights if ours is not bare else [dbn.key]:
            if variable.name != "chain":
                getattr(ours, variable.name).assign(workers.whole(variable))
    for part in bare.parts:
        part.storage = "float16" if half else "float32"
    record = {"format": FORMAT, **card}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            bare.save(fresh / WEIGHTS)
            (fresh / CARD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
            fresh.chmod(0o755)
            _take_place(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        raise FileError(folder, f"the model cannot be written: {(error.strerror or str(error)).lower()}") from error


def _take_place(fresh: Path, folder: Path) -> None:
    """Rename a folder to another name; what had that name is there until the new one is, and gone afterwards."""
    if not folder.exists():
        os.replace(fresh, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent)) / folder.name
    try:
        os.replace(folder, old)
        try:
            os.replace(fresh, folder)
        except OSError:
            os.replace(old, folder)
            raise
    finally:
        shutil.rmtree(old.parent, ignore_errors=True)


def read_card(folder: str | Path) -> dict[str, Any]:
    """The card of a model folder, checked.

    Raises:
        ModelError: the folder is no model, or one of a newer format.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ModelError(f"model: expected a folder, got {folder}", hint="credo info lists the models that come along")
    for name in (CARD, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelError(f"model {folder}: expected the files {CARD} and {WEIGHTS}, {name} is missing", hint=_AGAIN)
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
        version = card["format"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"model {folder}: {CARD} cannot be read as a model card", hint=_AGAIN) from error
    if version != FORMAT:
        newer = isinstance(version, int) and version > FORMAT
        raise ModelError(
            f"model {folder}: expected format {FORMAT}, got {version!r}",
            hint="it was written by a newer Credo: pip install -U credo-music" if newer else _AGAIN,
        )
    return card


def load_model(folder: str | Path) -> tuple[DBN, dict[str, Any]]:
    """Read a model folder.

    Returns:
        The network and the card.

    Raises:
        ModelError: the folder is no model, is damaged, or is of a newer format.
    """
    card = read_card(folder)
    import keras

    from credo.models.dbn import DBN
    from credo.models.initial import weights_to_come

    try:
        with weights_to_come():
            dbn = keras.saving.load_model(Path(folder) / WEIGHTS, compile=False, safe_mode=True)
    except Exception as error:  # what Keras, h5py, zipfile and zlib raise on damaged bytes is no closed list
        raise ModelError(f"model {folder}: {WEIGHTS} is damaged", hint=_AGAIN) from error
    if not isinstance(dbn, DBN):
        raise ModelError(f"model {folder}: expected a DBN in {WEIGHTS}, got {type(dbn).__name__}")
    return dbn, card


def weights_checksum(folder: str | Path) -> str:
    """SHA-256 of a model's weights file, in hexadecimal."""
    return hashlib.sha256((Path(folder) / WEIGHTS).read_bytes()).hexdigest()
