"""Wishes of the page as a request and attributes that are asked for."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from credo.compose.asking import Asking, Wish, ask
from credo.compose.styles import in_known_style, parse_style
from credo.compose.wishes import Request
from credo.conditioning.attributes import Attributes, Reading
from credo.conditioning.moods import mood_named
from credo.conditioning.reading import over
from credo.conditioning.text import read_text
from credo.music.pitch import Key
from credo.music.texture import Texture
from credo.web.messages import PieceMessage, Wishes

#: Of the sampling, where nothing is said: an answer within a second counts for more here than the last bit of quality.
ITERATIONS = 64
#: Seeds that are drawn where none is given are below this.
MOST_DRAWN = 1_000_000


@dataclass(frozen=True)
class Wished:
    """Wishes that were understood.

    Attributes:
        request: what is asked of the sampling, without the attributes.
        wish: the attributes.
        remarks: what the reader of words was unsure of.
    """

    request: Request
    wish: Wish
    remarks: tuple[str, ...]

    @classmethod
    def read(cls, wishes: Wishes, piece: PieceMessage, bars: int, styles: tuple[str, ...], texture: Texture) -> Wished:
        """Understand wishes.

        Args:
            wishes: as they came.
            piece: whose tempo and key stay.
            bars: of the result.
            styles: that the model knows.
            texture: of the model.

        Raises:
            UsageError: a wish makes no sense.
        """
        for name in (*wishes.ranges, *wishes.rhythm):
            texture.voice(name)
        request = Request(
            bars=bars,
            tempo=piece.tempo,
            key=Key.parse(piece.key) if piece.key else None,
            temperature=wishes.temperature,
            seed=secrets.randbelow(MOST_DRAWN) if wishes.seed is None else wishes.seed,
            iterations=ITERATIONS if wishes.iterations is None else wishes.iterations,
            scale=wishes.scale or None,
            ranges=tuple((voice, low, high) for voice, (low, high) in wishes.ranges.items()),
            chords=wishes.chords or None,
            rhythm=tuple(wishes.rhythm.items()),
            polyphony=wishes.polyphony,
            parallels=wishes.parallels,
            cadence=wishes.cadence,
            style=parse_style(wishes.style) if wishes.style else (),
        )
        told = dict(wishes.attributes)
        told |= {name: value for name, value in _attributes(wishes).items() if value is not None}
        reading = read_words(wishes.text, wishes.mood)
        return cls(
            in_known_style(request, styles),
            Wish.of(Attributes.from_dict(told).over(reading.attributes)),
            reading.remarks,
        )

    def asked(self, request: Request, card: dict[str, Any], tonality: Key | None) -> tuple[Request, list[str]]:
        """The request with the attributes in the words of a model, and what cannot be asked of it."""
        if self.wish.empty:
            return request, list(self.remarks)
        asking: Asking = ask(self.wish, request, card, given=True, tonality=tonality)
        return asking.request, [*self.remarks, *asking.remarks]


def read_words(text: str | None, mood: str | None) -> Reading:
    """What words and a mood ask of music; the mood wins.

    Raises:
        UsageError: nothing of them was understood.
    """
    words = read_text(text) if text and text.strip() else Reading(Attributes())
    return over(mood_named(mood), words) if mood and mood.strip() else words


def _attributes(wishes: Wishes) -> dict[str, float | None]:
    names = {"valence": wishes.valence, "arousal": wishes.arousal}
    return {**names, "density": wishes.density, "register": wishes.register_}
