"""The song and string quartet collections of OpenScore, which lie in folders COMPOSER/SET/SONG and COMPOSER/WORK."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from credo.corpora.corpus import Card
from credo.corpora.reading.prepare import Rules
from credo.corpora.sets.declaration import Declaration, Labels
from credo.music.texture import QUARTET, SONG

_CITATION = (
    "M. R. H. Gotham and P. Jonas, The OpenScore Lieder Corpus, Music Encoding Conference 2021",
    "M. R. H. Gotham, M. Redbond, B. Bower and P. Jonas, The OpenScore String Quartet Corpus, DLfM 2023",
)
_LICENCE = "CC0 1.0: the compositions are in the public domain, and so are OpenScore's encodings"

#: Shares of the works in valid and in test.
_HELD_OUT = 0.06

#: Beyond these the triplets of a piece would be heard as dotted rhythms (see `credo.music.texture`).
_RULES = Rules(most_off_grid=0.2)


def composer_of(name: str, depth: int) -> str:
    """The composer by the folder of a file, such as `Haydn, Joseph`.

    Args:
        name: path of the file, with forward slashes.
        depth: folders below the composer's.
    """
    path = name.split("/")
    return path[-2 - depth].replace("_", " ") if len(path) > depth + 1 else ""


def work_of(name: str, depth: int) -> str:
    """The work that a file belongs to, pieces of one opus together: what must not straddle splits.

    Args:
        name: path of the file, with forward slashes.
        depth: folders below the composer's.
    """
    folders = name.split("/")[-2 - depth : -1]
    opus = re.search(r"\bop\.? ?(\d+)", " ".join(folders[1:]).replace("_", " ").lower())
    if opus:
        return f"{folders[0]}/op. {opus[1]}"
    return "/".join(folders if "_" in folders else folders[:2])  # songs of their own lie in a folder called _


def split_of_work(work: str) -> str:
    """The split of a work, drawn by its name alone."""
    place = int(hashlib.sha256(work.encode()).hexdigest()[:15], 16) / 16**15
    return "test" if place >= 1 - _HELD_OUT else "valid" if place >= 1 - 2 * _HELD_OUT else "train"


def _labels(depth: int) -> Labels:
    return Labels(
        lambda name: split_of_work(work_of(name, depth)) if composer_of(name, depth) else None,
        lambda name: composer_of(name, depth),
    )


def _lieder_labels(folder: Path | None) -> Labels:
    return _labels(2)


def _quartet_labels(folder: Path | None) -> Labels:
    return _labels(1)


LIEDER = Declaration(
    Card(
        "lieder",
        "Songs of the nineteenth century for voice and piano. Songs of one opus or set are in one split. Songs in "
        "which more than a fifth of the notes lie between sixteenths, by triplets most of all, are left out.",
        _LICENCE,
        _CITATION[0],
        "https://github.com/OpenScore/Lieder",
    ),
    SONG,
    url="https://github.com/OpenScore/Lieder",
    labels=_lieder_labels,
    rules=_RULES,
    parts={"piano": ("piano",), "melody": ("voice",)},
)

QUARTETS = Declaration(
    Card(
        "quartets",
        "String quartets of the long nineteenth century. Quartets of one opus are in one split. Works in which more "
        "than a fifth of the notes lie between sixteenths are left out.",
        _LICENCE,
        _CITATION[1],
        "https://github.com/OpenScore/StringQuartets",
    ),
    QUARTET,
    url="https://github.com/OpenScore/StringQuartets",
    labels=_quartet_labels,
    rules=_RULES,
)
