"""Where models are: those that come along, the user's own, or a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import platformdirs

from credo.errors import ModelError, UsageError
from credo.models.folder import CARD
from credo.music.pitch import Key
from credo.music.texture import Texture
from credo.music.window import Window
from credo.sampling.schedule import Schedule

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


def window_of(card: dict[str, Any]) -> Window:
    """What a model sees, by its card.

    Raises:
        ModelError: the card makes no sense.
    """
    schedule_of(card)
    try:
        texture, styles = Texture.from_dict(card["texture"]), tuple(card.get("styles", ()))
        window = Window(texture, card["window_steps"], styles, card.get("room", 0))
        shares = card.get("keys") or {}
        for name in shares:
            Key.parse(name)
        sensible = isinstance(window.steps, int) and all(share >= 0 for share in shares.values())
        if sensible and (not shares or sum(shares.values())):
            return window
    except (UsageError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"model: expected a card of texture, window and keys: {_in_words(error)}") from error
    raise ModelError(
        "model: expected a card with a window of whole quarters and shares of keys, "
        f"got {card['window_steps']!r} steps and {shares!r}"
    )


def schedule_of(card: dict[str, Any]) -> Schedule:
    """How a model is best sampled, by its card.

    Raises:
        ModelError: the card makes no sense.
    """
    shares = card.get("schedule", {})
    try:
        if all(0 <= float(share) <= 1 for share in shares.values()):
            return Schedule(**shares)
    except (TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"model: expected a card with a schedule: {_in_words(error)}") from error
    raise ModelError(f"model: expected a card with shares from 0 to 1 in its schedule, got {shares!r}")


def _in_words(error: Exception) -> str:
    return str(error) if isinstance(error, UsageError) else f"got {type(error).__name__} {error}"
