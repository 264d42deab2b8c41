"""The Groove MIDI data set: drummers on an electronic kit, with their loudness and timing."""

from __future__ import annotations

import csv
from pathlib import Path

from credo.corpora.corpus import Card
from credo.corpora.reading.prepare import Rules
from credo.corpora.sets.declaration import Declaration, Labels
from credo.errors import CorpusError
from credo.music.texture import DRUMS

INDEX = "info.csv"
_SPLITS = {"train": "train", "validation": "valid", "test": "test"}
_URL = "https://magenta.tensorflow.org/datasets/groove"


def read_index(folder: Path) -> dict[str, tuple[str, str]]:
    """For each file of the data set, by its path, its split and its style.

    Args:
        folder: the unpacked data set, or a folder that it lies in.

    Raises:
        CorpusError: there is no `info.csv`, or it is another one.
    """
    path = next(iter(sorted(folder.rglob(INDEX), key=lambda found: len(found.parts))), None)
    if path is None:
        raise CorpusError(f"{folder}: expected {INDEX}, which says the splits of the data set, found none")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return {
                row["midi_filename"]: (_SPLITS[row["split"]], row["style"].split("/")[0])
                for row in csv.DictReader(file)
            }
    except (OSError, ValueError, KeyError) as error:
        raise CorpusError(f"{path}: expected the columns midi_filename, split and style: {error!r}") from error


def _labels(folder: Path | None) -> Labels:
    index = read_index(folder) if folder else {}

    def entry(name: str) -> tuple[str | None, str]:
        """What the index says of DRUMMER/SESSION/FILE, wherever that lies."""
        return index.get("/".join(name.split("/")[-3:]), (None, ""))

    return Labels(lambda name: entry(name)[0], lambda name: entry(name)[1])


GROOVE = Declaration(
    Card(
        "groove",
        "Beats and fills by ten drummers, with their loudness and timing. Splits and styles are the data set's own. "
        "Of hits of one instrument on one sixteenth, as in flams and rolls, the loudest is kept.",
        "CC BY 4.0, (c) Google LLC",
        "J. Gillick, A. Roberts, J. Engel, D. Eck and D. Bamman, Learning to Groove with Inverse Sequence "
        "Transformations, ICML 2019",
        _URL,
    ),
    DRUMS,
    url=_URL,
    labels=_labels,
    rules=Rules(shortest_quarters=1.0, most_merged=0.5),
    keep_duplicates=True,  # the same beat played twice is two performances
)
