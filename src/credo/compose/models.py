"""Where models are: those that come along, the user's own, or a folder."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from credo.errors import ModelError
from credo.models.folder import CARD

#: Models that ship with Credo.
SHIPPED = Path(__file__).parent.parent / "pretrained"


def user_models() -> Path:
    """The user's own folder of models."""
    return Path(platformdirs.user_data_dir("credo")) / "models"


def available() -> dict[str, Path]:
    """Models by name; the user's own come before those that ship."""
    found: dict[str, Path] = {}
    for root in (SHIPPED, user_models()):
        if root.is_dir():
            found |= {folder.name: folder for folder in sorted(root.iterdir()) if (folder / CARD).is_file()}
    return found


def find_model(model: str | Path) -> Path:
    """The folder of a model given by name or path.

    Raises:
        ModelError: there is no such model.
    """
    folder = Path(model)
    if folder.is_dir():
        return folder / "model" if (folder / "model" / CARD).is_file() else folder
    models = available()
    if str(model) in models:
        return models[str(model)]
    raise ModelError(
        f"model: expected a folder or one of {', '.join(models) or 'no models, for none are installed'}, got {model}",
        hint="credo train makes a model from your own files",
    )
