"""Which part sings which voice: by its name, its range and its place in the score."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from credo.music.texture import Voice

#: For each voice, what people write on its part; a number counts only where the voice has one.
_SYNONYMS = {
    "soprano": "s sop soprano sopran soprani cantus canto discant diskant superius treble dessus",
    "alto": "a alto alt alti altus contralto contratenor haute",
    "tenor": "t ten tenor tenore tenori taille",
    "bass": "b bas bass basso bassi bassus basse baritone bariton",
    "violin": "violin violins violine violinen violino violini violon vln vl vn fiddle",
    "viola": "viola violas bratsche vla alto va",
    "cello": "cello celli violoncello violoncelle violoncelli vc vcl vlc",
    "voice": "voice vocal vocals vox voix voce singstimme stimme gesang singer chant canto melody soprano sopran alto "
    "contralto tenor tenore baritone bariton bass basso mezzosoprano mezzo lyrics",
    "melody": "melody melodie melodia lead tune theme solo voice vocal vocals vox singstimme gesang",
    "piano": "piano pianoforte klavier clavier fortepiano keyboard pno pf organ orgel harp guitar accompaniment right "
    "left rh lh",
}
_ROMAN = {"i": "1", "ii": "2", "iii": "3", "iv": "4", "1st": "1", "2nd": "2", "first": "1", "second": "2"}
_ACCOMPANIMENT = frozenset(_SYNONYMS["piano"].split())


@lru_cache(maxsize=4096)
def affinity(part_name: str, voice_name: str) -> int:
    """How well the name of a part suits the name of a voice.

    Returns:
        2 for the same voice with the same number, 1 for the same voice without a number, -1 for another number or an
        accompanying instrument on a voice that is none, 0 where the name says nothing.
    """
    words, number = _words(part_name)
    role, role_number = _words(voice_name)
    wanted = set(role)
    for word in role:
        wanted.update(_SYNONYMS.get(word, "").split())
    if wanted.isdisjoint(words):
        accompanies = not _ACCOMPANIMENT.isdisjoint(words) and _ACCOMPANIMENT.isdisjoint(wanted)
        return -1 if accompanies else 0
    if number is None or role_number is None:
        return 1 if role_number else 2
    return 2 if number == role_number else -1


def _words(name: str) -> tuple[frozenset[str], str | None]:
    """The words of a name without accents, and its number if there is one."""
    plain = unicodedata.normalize("NFKD", name.lower())
    tokens = re.findall(r"1st|2nd|[^\W\d_]+|\d+", "".join(c for c in plain if not unicodedata.combining(c)))
    tokens = [_ROMAN.get(token, token) for token in tokens]
    numbers = [token for token in tokens if token.isdigit()]
    words = {token for token in tokens if not token.isdigit()}
    if len(words) > 1:  # "S" is a soprano, but the B of "Clarinet in B" is no bass
        words = {word for word in words if len(word) > 1}
    return frozenset(words), numbers[0] if numbers else None


def costs_of_casting(name: str, pitches: Sequence[int], order: float, voices: Sequence[Voice]) -> list[float]:
    """What it costs to give a line to each voice.

    A note out of range weighs most, then a name that says otherwise, then the distance of the mean pitch from the
    middle of the voice (squared, so that over all lines the order of pitch is cheapest), then the order in the score.

    Args:
        name: the name of the part.
        pitches: the pitches of its notes.
        order: where it stands in the score, 0 (first) to 1 (last).
        voices: the voices, highest first.
    """
    mean = sum(pitches) / len(pitches)
    names = [affinity(name, voice.name) for voice in voices]
    costs = []
    for v, voice in enumerate(voices):
        outside = sum(not voice.low <= pitch <= voice.high for pitch in pitches) / len(pitches)
        said = names[v] if names[v] or max(names) < 1 else -1  # named as another of these voices
        distance = mean - (voice.low + voice.high) / 2
        displaced = abs(order - v / max(1, len(voices) - 1))
        costs.append(400 * outside - (30 if said > 0 else 60) * said + distance**2 / 10 + displaced)
    return costs


def assign(costs: Sequence[Sequence[float]], left_out: Sequence[float]) -> dict[int, int]:
    """The cheapest way to give each voice at most one line, over all sets of voices.

    Args:
        costs: of each line, what each voice costs.
        left_out: of each line, what it costs to give it to none.

    Returns:
        For each voice that has one, its line.
    """
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}  # voices taken, as bits: cost, voice of each line
    for prices, price_left_out in zip(costs, left_out, strict=True):
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        for taken, (cost, chosen) in best.items():
            options = [(taken, cost + price_left_out, -1)]
            options += [(taken | 1 << v, cost + price, v) for v, price in enumerate(prices) if not taken >> v & 1]
            for bits, total, v in options:
                if bits not in following or total < following[bits][0]:
                    following[bits] = (total, (*chosen, v))
        best = following
    _, chosen = min(best.values())
    return {v: line for line, v in enumerate(chosen) if v >= 0}
