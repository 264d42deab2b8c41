"""What is known of a listener, and why a piece is recommended, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from credo.library.entry import split
from credo.library.features import ASPECTS
from credo.library.taste.model import Taste
from credo.library.taste.ratings import Rating
from credo.library.taste.shelf import TRAITS, Shelf, aspects_of

#: What is expected to be liked of a library: this share of it, whose traits tell the taste.
_BEST = 0.05
#: How far the liked traits lie from the library's, in deviations, before that is told; how many traits are told.
_CLEAR, _MOST_TOLD = 0.5, 4
#: An idea is told once it is believed so many times as much as before there were ratings.
_CONVINCED = 2.0
#: What liked pieces have in common is told if the library has it that much less often.
_MORE = 0.15
#: Fewer ratings than this tell little.
FEW = 5
_IDEAS = {
    "codes": "what the network hears",
    "composer": "the composer",
    "near": "likeness to single pieces",
    "traits": "traits such as tempo, key and register",
    "mood": "the mood",
}


def likes_of(taste: Taste, shelf: Shelf) -> dict[str, float]:
    """The traits that a listener is thought to like, by how far they lie from what is usual, the clearest first.

    Args:
        taste: the listener's.
        shelf: the library, and the rated pieces that are in it no more.

    Returns:
        For some of `TRAITS` deviations from the library's mean; above 0 for much, below for little of it.
    """
    if not len(taste.rated) or not len(shelf) or not (taste.liking > 0).any():
        return {}
    mean = taste.liking_of(shelf).mean
    best = np.argsort(-mean, kind="stable")[: max(int(_BEST * len(shelf)), 5)]
    z, rated = taste.scale.standardised(shelf), taste.scale.standardised(taste.rated)
    far = z[best].mean(0) - z.mean(0)
    liked = rated[taste.liking > 0].mean(0)
    others = rated[taste.liking <= 0]
    apart = liked - (others.mean(0) if len(others) else z.mean(0))
    told = {
        name: float(far[k])
        for k, name in enumerate(TRAITS)
        if abs(far[k]) >= _CLEAR and far[k] * apart[k] > 0 and far[k] * liked[k] > 0
    }
    return dict(sorted(told.items(), key=lambda pair: -abs(pair[1]))[:_MOST_TOLD])


def about(
    taste: Taste, shelf: Shelf, ratings: Sequence[Rating], library: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """What is known of a listener, a line each.

    Args:
        taste: the listener's.
        shelf: the library, or the rated pieces if it is empty.
        ratings: all of them.
        library: attributes of the library's pieces: what they all have in common says nothing of the listener.
    """
    if not ratings:
        return [
            "no ratings yet: credo recommend begins with pieces that are typical of your library and unlike each other"
        ]
    liked = [each for each in ratings if each.stars > 3]
    disliked = sum(each.stars < 3 for each in ratings)
    lines = [f"pieces rated: {len(ratings)}, of which {len(liked)} liked and {disliked} not liked"]
    traits = likes_of(taste, shelf)
    if traits:
        lines.append(f"you seem to like {_list([TRAITS[name][value > 0] for name, value in traits.items()])}")
    lines += _counted(liked, library)
    names = convinced(taste)
    if names:
        lines.append(
            f"what you seem to go by: {_list([_IDEAS.get(name, name.removeprefix('region ')) for name in names])}"
        )
    if len(ratings) < FEW:
        lines.append("that is little to go by; rate more pieces, best some that you do not know whether you like")
    return lines


def convinced(taste: Taste) -> list[str]:
    """The ideas of what a listener goes by that the ratings speak for, the surest first."""
    total = sum(weight for weight, _ in taste.ideas.values())
    gain = {name: taste.shares[name] * total / weight for name, (weight, _) in taste.ideas.items()}
    sure = [name for name, value in gain.items() if value >= _CONVINCED and taste.shares[name] > 0.05 and name != "all"]
    return sorted(sure, key=lambda name: -taste.shares[name])[:3]


def _counted(liked: Sequence[Rating], library: Sequence[Mapping[str, Any]]) -> list[str]:
    """What most of the liked pieces have in common by name."""
    if len(liked) < 2:
        return []
    told = []
    for name, what in (("metre", "are in {}"), ("key", "are in {}"), ("ensemble", "are for {}")):
        found = Counter(str(each.attributes[name]) for each in liked if name in each.attributes).most_common(1)
        usual = sum(str(each.get(name)) == found[0][0] for each in library) / max(len(library), 1) if found else 0.0
        if found and found[0][1] >= max(2, len(liked) / 2) and found[0][1] / len(liked) > usual + _MORE:
            told.append(f"{found[0][1]} of your {len(liked)} likes {what.format(found[0][0])}")
    composer = Counter(each.composer for each in liked if each.composer).most_common(1)
    if composer and composer[0][1] >= max(2, len(liked) / 3):
        told.append(f"{composer[0][1]} of your {len(liked)} likes are by {composer[0][0]}")
    return told


def reasons(
    taste: Taste, piece: Shelf, titles: Sequence[str], likes: Mapping[str, float], *, unsure: bool = False
) -> str:
    """Why a piece is recommended.

    Args:
        taste: the listener's.
        piece: one.
        titles: of the rated pieces, as many as the taste counts.
        likes: from `likes_of`.
        unsure: whether it is recommended to learn more of the listener.
    """
    said = []
    traits = traits_in(taste, piece)
    if unsure:
        clear = [TRAITS[name][value > 0] for name, value in traits.items() if name not in likes]
        said.append(f"to find out whether you like {_list(clear[:2])}" if clear else "to find out more of your taste")
    same = [TRAITS[name][value > 0] for name, value in likes.items() if traits.get(name, 0) * value > 0]
    if same:
        said.append(f"{_list(same)}, as you like")
    near = taste.likeness_to_rated(piece)[0]
    share = taste.because_of(piece)
    order = np.argsort(-np.where(taste.liking > 0, share, -np.inf), kind="stable")
    near_ones = [k for k in order[:2] if taste.liking[k] > 0 and share[k] > 0 and near[k] > 0.1]
    told = [(k, _most_alike(taste, piece, k)) for k in near_ones]
    said += [f"like {titles[k]}, which you like{more}" for k, more in told if more or not said]
    known = piece.composers[0] and piece.composers[0] in set(taste.rated.composers[taste.liking > 0].tolist())
    if known:
        said.append("by a composer whom you like")
    return "; ".join(said) or "nearest to what you like of what is left"


def traits_in(taste: Taste, piece: Shelf) -> dict[str, float]:
    """The traits in which a piece stands out in its library, the clearest first."""
    z = taste.scale.standardised(piece)[0]
    found = {name: float(z[k]) for k, name in enumerate(TRAITS) if abs(z[k]) >= _CLEAR}
    return dict(sorted(found.items(), key=lambda pair: -abs(pair[1])))


def in_words(attributes: Mapping[str, Any]) -> str:
    """Key, metre and tempo of a piece, as far as they are known."""
    tempo = attributes.get("tempo")
    told = [attributes.get("key"), attributes.get("metre"), f"{tempo:.0f} quarters a minute" if tempo else None]
    return ", ".join(str(each) for each in told if each)


def _most_alike(taste: Taste, piece: Shelf, rated: int) -> str:
    """The aspects in which a piece is more like a rated one than most of the library is."""
    mine, theirs = aspects_of(piece), aspects_of(taste.rated.rows(np.array([rated])))
    usual = split(taste.scale.centre)
    alike = {name: float(mine[name][0] @ theirs[name][0]) for name in ASPECTS}
    more = {name: alike[name] - float(usual[name] @ theirs[name][0]) for name in ASPECTS}
    best = [name for name in sorted(more, key=lambda name: -more[name]) if more[name] > 0.1][:2]
    told = ", ".join(f"{name} {alike[name]:.2f}" for name in best)
    return f" ({told})" if told else ""


def _list(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
