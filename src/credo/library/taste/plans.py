"""What to ask of a model for a listener: a taste as wishes, in several ways.

A target is a piece that the listener likes, or is expected to like most. Asking for the measured attributes of single
targets, and not for their mean, serves those who like two far-apart things. Where two liked pieces have files, one
metre and a fitting length, the model's top layer is also asked for what lies between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from credo.compose.asking import Wish
from credo.compose.jobs import Input, Job
from credo.compose.models import available, window_of
from credo.compose.styles import find_style
from credo.compose.wishes import MOST_SEED, Request
from credo.conditioning.attributes import Attributes
from credo.errors import CredoError, UsageError
from credo.io.files import load
from credo.library.taste.choosing import choose
from credo.library.taste.recommend import Listener
from credo.models.folder import read_card
from credo.music.score import Score
from credo.music.transform import fit

#: What is asked of a target; the rest follows from it, or is the model's own choice, such as the key.
ASKED = ("mode", "metre", "tempo", "density", "register", "polyphony", "articulation", "loudness")
#: The longest pieces that the top layer is asked of, in bars; liked pieces that are read.
MOST_BARS, MOST_READ = 48, 12
#: One candidate in so many goes by the top layer, where that can be.
EVERY = 3


@dataclass(frozen=True, slots=True)
class Target:
    """What a candidate is to be like.

    Attributes:
        title: of the piece that is the model for it.
        liked: whether the listener said so, or it is expected.
        attributes: to ask for.
        names: where the name of a style may stand.
    """

    title: str
    liked: bool
    attributes: Attributes
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A candidate before it is drawn.

    Attributes:
        job: what is to be made.
        wish: attributes that are asked for.
        because: how that follows from the taste, for people.
    """

    job: Job
    wish: Wish
    because: str


@dataclass(frozen=True, eq=False)
class Liked:
    """A liked piece whose file is there.

    Attributes:
        title: of the piece.
        path: the file.
        score: read from it.
        bars: how many.
    """

    title: str
    path: Path
    score: Score
    bars: int


def liked_files(listener: Listener) -> list[Liked]:
    """Liked pieces that can still be read, the best liked and the latest first; at most `MOST_READ`."""
    found = []
    latest = listener.ratings[::-1]
    for each in sorted(latest, key=lambda each: -each.stars):
        if each.stars <= 3 or not each.path or len(found) == MOST_READ:
            continue
        try:
            score = load(each.path)
        except CredoError:
            continue
        found.append(Liked(each.title, Path(each.path), score, sum(1 for _ in score.timeline.bars())))
    return found


def model_for(liked: Sequence[Liked]) -> str:
    """The model whose voices hold most of what is liked; `chorale` where nothing is known.

    Of models that lose as few notes, the one with the fewest voices that would have nothing to play.
    """
    best, least = "chorale", float("inf")
    for name, folder in available().items():
        texture = window_of(read_card(folder)).natural
        loss = 0.0
        for each in liked[:5]:
            fitted = fit(each.score, texture)
            notes = sum(len(part.notes) for part in each.score.parts)
            lost = sum(omission.notes for omission in fitted.omissions)
            silent = sum(not cells.attack.any() for cells in fitted.grid.voices) / len(texture.voices)
            loss += min(lost / max(notes, 1), 1) + 0.5 * silent
        if liked and loss < least:
            best, least = name, loss
    return best


def targets(listener: Listener, count: int, seed: int) -> list[Target]:
    """Pieces to go by: those that are liked, and those of the library that are expected to be, in turn.

    Args:
        listener: what is known of the listener.
        count: how many; fewer are repeated in turn.
        seed: of their order.
    """
    dice = np.random.default_rng(seed)
    liked = [
        Target(each.title, True, asked_of(each.attributes), (each.composer, *Path(each.path).parts[-2:]))
        for each in sorted(listener.ratings, key=lambda each: -each.stars)
        if each.stars > 3
    ]
    places = choose(listener.shelf, listener.taste, count=max(count // 2, 4), explore=0.0).places
    expected = []
    known = {number for sha256, number in listener.rated.items()}
    for number in listener.shelf.numbers[places].tolist():
        brief = listener.briefs[number]
        if number not in known:
            names = (brief.composer, *Path(brief.path).parts[-2:])
            expected.append(Target(brief.title, False, asked_of(brief.attributes), names))
    dice.shuffle(liked)  # type: ignore[arg-type]
    found: list[Target] = []
    while (liked or expected) and len(found) < count:
        for some in (liked, expected):
            if some:
                found.append(some[(len(found) // 2) % len(some)])
    return found[:count]


def plans(listener: Listener, liked: Sequence[Liked], request: Request, card: dict[str, Any], count: int) -> list[Plan]:
    """As many candidates as are wanted.

    Args:
        listener: what is known of the listener.
        liked: from `liked_files`.
        request: length, iterations and seed of the first; the others' seeds follow.
        card: of the model.
        count: how many.
    """
    pairs = _pairs(liked)
    window = window_of(card)
    aims = targets(listener, count, request.seed)
    found = []
    for k in range(count):
        wanted = replace(request, seed=(request.seed + k) % MOST_SEED)
        if pairs and k % EVERY == EVERY - 1:
            one, two = pairs[(k // EVERY) % len(pairs)]
            job = Job("blend", wanted, (Input(one.path, (), True), Input(two.path, (), True)), {"share": 0.5})
            because = f"between {one.title} and {two.title}, which you like, by what the network's top layer hears"
            found.append(Plan(job, Wish.of(Attributes()), because))
            continue
        if not aims:
            found.append(Plan(Job("compose", wanted), Wish.of(Attributes()), "freely, for nothing is known of you"))
            continue
        aim = aims[k % len(aims)]
        style = _style(aim.names, window.styles)
        attributes = aim.attributes if style is None else replace(aim.attributes, style=style)
        told = ", ".join(f"{name} {_text(value)}" for name, value in attributes.to_dict().items())
        why = "which you like" if aim.liked else "which you are expected to like"
        found.append(Plan(Job("compose", wanted), Wish.of(attributes), f"asked for {told}, as of {aim.title}, {why}"))
    return found


def asked_of(attributes: dict[str, Any]) -> Attributes:
    """The attributes of a target that are asked for; scales that are only for colour count as major or minor."""
    named = {name: attributes[name] for name in ASKED if name in attributes}
    if "key" in attributes and "mode" not in named:
        named["mode"] = str(attributes["key"]).split()[-1]
    return Attributes.from_dict(named)


def _pairs(liked: Sequence[Liked]) -> list[tuple[Liked, Liked]]:
    """Pairs of liked pieces of one metre and no great length."""
    short = [each for each in liked if each.bars <= MOST_BARS]
    found = []
    for k, one in enumerate(short):
        for two in short[k + 1 :]:
            metres = [{(m.numerator, m.denominator) for m in each.score.timeline.metres} for each in (one, two)]
            if metres[0] == metres[1] and len(metres[0]) == 1:
                found.append((one, two))
    return found


def _style(names: Sequence[str], known: Sequence[str]) -> str | None:
    """A style of the model that a piece's composer, or its file or folder, names."""
    for name in names:
        for text in (name, *(word for word in name.replace("_", " ").replace("-", " ").split() if len(word) > 2)):
            try:
                if known and text.strip():
                    return find_style(text, known)
            except UsageError:
                continue
    return None


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
