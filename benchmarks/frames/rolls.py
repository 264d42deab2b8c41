"""The four piano-roll sets of Boulanger-Lewandowski, Bengio & Vincent (2012), and the keys that a model is given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from credo.evaluation.likelihood.estimate import error_over_groups

SETS = {"piano": "piano_midi", "nottingham": "nottingham", "muse": "musedata", "jsb": "jsb_quarter"}
KEYS = 88


@dataclass(frozen=True)
class Rolls:
    """A set, cut to the keys from the lowest to the highest that is ever played in its training split.

    Attributes:
        name: of the set.
        train, valid, test: sequences of shape (T, N), 0 or 1.
        beyond: for each split, the log-likelihood a frame of the keys that were cut away, nats.
    """

    name: str
    train: list[np.ndarray]
    valid: list[np.ndarray]
    test: list[np.ndarray]
    beyond: dict[str, float]

    @classmethod
    def load(cls, path: Path, name: str) -> Rolls:
        """Read a set from the file with all four.

        A key that is never played in training sounds with the probability 1 / (n + 2) after n frames of silence
        (Laplace), whatever else sounds.
        """
        with np.load(path, allow_pickle=False) as file:
            splits = {}
            for split in ("train", "valid", "test"):
                packed, lengths = file[f"{SETS[name]}/{split}/data"], file[f"{SETS[name]}/{split}/lengths"]
                frames = np.unpackbits(packed, axis=1)[:, :KEYS]
                splits[split] = np.split(frames, np.cumsum(lengths)[:-1])
        train = np.concatenate(splits["train"])
        played = np.flatnonzero(train.any(axis=0))
        kept = slice(played[0], played[-1] + 1)
        p = 1 / (len(train) + 2)
        beyond = {}
        for split, sequences in splits.items():
            frames = np.concatenate(sequences)
            notes = frames.sum() - frames[:, kept].sum()
            silent = len(frames) * (KEYS - (kept.stop - kept.start)) - notes
            beyond[split] = float((notes * np.log(p) + silent * np.log1p(-p)) / len(frames))
        return cls(name, *([x[:, kept] for x in splits[split]] for split in splits), beyond)

    def split(self, name: str) -> list[np.ndarray]:
        """The sequences of a split."""
        return {"train": self.train, "valid": self.valid, "test": self.test}[name]

    def summary(self, nats: np.ndarray, split: str) -> dict[str, Any]:
        """What a log-likelihood of all frames of a split comes to: its mean, and the standard error over pieces.

        Args:
            nats: of each frame, without the keys that were cut away, shape (n,).
            split: its name.
        """
        piece = np.repeat(np.arange(len(self.split(split))), [len(x) for x in self.split(split)])
        error = error_over_groups(nats, piece)
        return {"nats": float(nats.mean()) + self.beyond[split], "error": error, "frames": len(nats)}
