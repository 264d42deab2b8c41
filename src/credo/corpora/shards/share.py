"""Which files are whose: shares dealt out by a hash of each file's name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from credo.errors import UsageError

#: A merge has one file open for each part.
MOST_SHARES = 512


@dataclass(frozen=True)
class Share:
    """One of so many shares of the files.

    Attributes:
        number: which one, from 0.
        of: how many there are.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.of <= MOST_SHARES:
            raise UsageError(
                f"shard: expected I/N with I from 0 to N - 1 and N of at most {MOST_SHARES}, "
                f"got {self.number}/{self.of}"
            )

    @classmethod
    def parse(cls, text: str) -> Share:
        """The share that is written as `3/64`; the first is `0/64`, the last `63/64`.

        Raises:
            UsageError: it makes no sense.
        """
        number, slash, of = text.partition("/")
        if not slash or not (number.strip().isdecimal() and of.strip().isdecimal()):
            raise UsageError(
                f"shard: expected I/N such as 0/64, got {text!r}", hint="the first is 0/64, the last 63/64"
            )
        return cls(int(number), int(of))

    def holds(self, name: str) -> bool:
        """Whether a file is in this share; a file is in exactly one of `of`, wherever and whenever it is asked."""
        digest = hashlib.blake2b(name.encode("utf-8", "backslashreplace"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.of == self.number

    @property
    def file_name(self) -> str:
        """What the part is called; parts sort by it."""
        return f"part-{self.number:03d}-of-{self.of:03d}.sqlite"
