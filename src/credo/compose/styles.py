"""Styles that a model knows, by name: one, or a mixture by weight."""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.window import Window

#: Names with weights that sum to 1; the form in which a wish holds its style.
Style = tuple[tuple[str, float], ...]


def parse_style(text: str) -> Style:
    """A style as people type it: a name such as `haydn`, or several with weights, `haydn:0.7,mendelssohn:0.3`.

    A comma may also stand inside a name; only one with a weight before it divides.

    Raises:
        UsageError: it is empty, or a weight is no number above 0.
    """
    pieces = text.split(",")
    names: list[tuple[str, float]] = []
    name = ""
    for number, piece in enumerate(pieces):
        name = f"{name},{piece}" if name else piece
        before, colon, weight = name.rpartition(":")
        if not colon and number + 1 < len(pieces):
            continue
        if not colon:
            before, weight = name, "1"
        names.append((before.strip(), _weight(weight, text)))
        name = ""
    return normalised(names)


def _weight(text: str, whole: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise UsageError(f"style: expected weights above 0, such as haydn:0.7,mendelssohn:0.3, got {whole!r}")
    return weight


def normalised(styles: Sequence[tuple[str, float]] | Mapping[str, float]) -> Style:
    """Names with weights that sum to 1; of names that come twice the weights are added.

    Raises:
        UsageError: a name is empty, or a weight is no number above 0.
    """
    weights: dict[str, float] = {}
    for name, weight in dict(styles).items() if isinstance(styles, Mapping) else styles:
        if not name.strip() or not 0 < weight < math.inf:
            raise UsageError(f"style: expected names with weights above 0, got {name!r} with {weight:g}")
        weights[name] = weights.get(name, 0.0) + weight
    total = sum(weights.values())
    return tuple((name, weight / total) for name, weight in weights.items())


def check_style(style: Style, known: Sequence[str]) -> Style:
    """A style in the model's own names, which match without case and accents and by any part that is unambiguous.

    Args:
        style: what is wished for.
        known: the styles of the model.

    Raises:
        UsageError: the model has no such style, or several.
    """
    return normalised([(find_style(name, known), weight) for name, weight in style])


def in_known_style(request: Request, known: Sequence[str]) -> Request:
    """The request with the style in the model's own names.

    Raises:
        UsageError: the model has no such style, or several.
    """
    return replace(request, style=check_style(request.style, known))


def mix(window: Window, style: Style, codes: np.ndarray, context: np.ndarray | None) -> np.ndarray | None:
    """Tell the network of a style: a label for one, and a mixture of labels for several.

    Args:
        window: the layout.
        style: in the model's own names.
        codes: of a passage, shape (L, G); its labels of style are set.
        context: states that stand in the place of codes, shape (L, N), NaN elsewhere; None for none.

    Returns:
        The context with the mixture, if there is one.
    """
    if not style:
        return context
    share = np.zeros(1 + len(window.styles), np.float32)
    for name, weight in normalised(style):
        share[1 + window.styles.index(name)] = weight
    codes[:, -1] = share.argmax()  # the style is the last label
    if len(style) == 1:
        return context
    units = sum(block.groups * (block.categories if block.kind == "softmax" else 1) for block in window.blocks)
    mixed = np.full((len(codes), units), np.nan, np.float32) if context is None else np.array(context, np.float32)
    mixed[:, -len(share) :] = share
    return mixed


def find_style(name: str, known: Sequence[str]) -> str:
    """The style that a name means.

    Raises:
        UsageError: there is none, or there are several.
    """
    if not known:
        raise UsageError(f"style: expected a model with styles, got {name!r}", hint="credo info MODEL lists them")
    plain = {style: _plain(style) for style in known}
    wanted = _plain(name)
    exact = [style for style in known if plain[style] == wanted]
    words = [style for style in known if wanted.split() and set(wanted.split()) <= set(plain[style].split())]
    parts = [style for style in known if wanted and wanted in plain[style]]
    for found in (exact, words, parts):
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"style: expected one style, got {name!r}, which may be {' or '.join(found)}")
    spoken = {word: style for style in known for word in (plain[style], *plain[style].split())}
    near = list(dict.fromkeys(spoken[word] for word in difflib.get_close_matches(wanted, spoken, 3, 0.6)))
    raise UsageError(
        f"style: expected one of {'; '.join(known)}, got {name!r}",
        hint=f"did you mean {' or '.join(near)}?" if near else "credo info MODEL lists them",
    )


def _plain(name: str) -> str:
    """In small letters, without accents and punctuation."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    spaced = "".join(c if c.isalnum() else " " for c in letters if not unicodedata.combining(c))
    return " ".join(spaced.split())
