"""Words to attributes: what a text in English or Chinese says of music, and what it feels like.

Musical words, such as "in D minor", "圆舞曲" or "120 bpm", are read by rule (`credo.conditioning.terms`). What is left
is a mood (`credo.conditioning.feeling`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from credo.conditioning import feeling
from credo.conditioning.attributes import LIMITS, NAMES, Attributes, Reading, Reason
from credo.conditioning.ensembles import ensemble_named
from credo.conditioning.terms import Term, find
from credo.errors import MissingExtraError, UsageError

_LETTER = re.compile(r"[^\W\d_]")
#: Letters and digits as wide as Chinese characters are the plain ones; what has no width is nothing.
_PLAIN = {
    wide: wide - 0xFEE0 for wide in (0xFF0F, *range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_PLAIN |= dict.fromkeys((0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F)))
#: Stands in a remark where the encoder is missing.
_PIP = str(MissingExtraError("", "text").hint)


def read_text(text: str) -> Reading:
    """Read a text as attributes.

    Args:
        text: in English, Chinese or both. The first `feeling.MOST_CHARACTERS` characters are read.

    Returns:
        The attributes, a reason for each, and remarks on what could not be used.

    Raises:
        UsageError: nothing of it was understood.
    """
    if not re.search(r"[^\W_]", text):
        raise UsageError(
            f"text: expected words in English or Chinese, got {text[:40]!r}", hint='such as "a calm waltz in D minor"'
        )
    remarks = []
    if len(text) > feeling.MOST_CHARACTERS:
        remarks.append(f"text: the first {feeling.MOST_CHARACTERS} of {len(text)} characters were read")
        text = text[: feeling.MOST_CHARACTERS]
    text = text.translate(_PLAIN)
    terms = find(text)
    values, reasons = _explicit(terms, remarks)
    mood = _mood(_without(text, terms), remarks)
    if mood:
        values |= {"valence": mood.valence, "arousal": mood.arousal}
        reasons |= {axis: Reason(axis, f"{values[axis]:g}", mood.because) for axis in ("valence", "arousal")}
    if not values:
        raise UsageError(
            f"text: expected musical words or a mood in English or Chinese, got {text[:40]!r}",
            hint=remarks[-1] if remarks else 'such as "a calm waltz in D minor"',
        )
    ordered = tuple(reasons[name] for name in NAMES if name in reasons)
    return Reading(Attributes(**values), ordered, tuple(dict.fromkeys(remarks)))


def _explicit(terms: list[Term], remarks: list[str]) -> tuple[dict[str, Any], dict[str, Reason]]:
    """What the musical words say, and why; of several for one attribute the plainest wins, then the first."""
    values: dict[str, Any] = {}
    words: dict[str, str] = {}
    players: list[Term] = []
    for term in sorted(terms, key=_plainness):
        if term.attribute == "remark":
            remarks.append(str(term.value))
        elif term.negated and term.attribute not in LIMITS:
            remarks.append(f"text: {term.words!r} is left open: a record cannot hold what is not wanted")
        elif term.attribute == "ensemble":
            players.append(term)
        else:
            for name, value in _named(term):
                if name not in values:
                    values[name], words[name] = value, term.words
                elif values[name] != value:
                    remarks.append(f"text: {name} from {words[name]!r}; {term.words!r} says otherwise")
    if players:
        values["ensemble"], words["ensemble"] = _players(sorted(players, key=lambda term: term.start), remarks)
    for name in [name for name in values if name in LIMITS]:
        low, high = LIMITS[name]
        if not low <= values[name] <= high:
            remarks.append(f"{name}: expected {low:g} to {high:g}, got {values[name]:g} in {words[name]!r}: left open")
            del values[name]
    try:
        Attributes(metre=values.get("metre"))
    except UsageError as error:
        remarks.append(f"{error}: left open")
        del values["metre"]
    shown = Attributes(**values).to_dict()
    return values, {name: Reason(name, str(shown[name]), f"the words {words[name]!r}") for name in values}


def _plainness(term: Term) -> tuple[bool, bool, int]:
    """Digits before words, words before denials, then as they come."""
    return term.negated, not any(character.isdecimal() for character in term.words), term.start


def _named(term: Term) -> list[tuple[str, Any]]:
    if term.attribute != "key":
        return [(term.attribute, term.value)]
    key, mode = term.value
    return [("key", key), *([("mode", mode)] if mode else [])]


def _players(terms: list[Term], remarks: list[str]) -> tuple[str, str]:
    """The ensemble of the players that are named, and the words that name them."""
    names = list(dict.fromkeys(term.value for term in terms))
    if "epic" in names:
        names = ["epic"]
    words = " and ".join(dict.fromkeys(term.words for term in terms))
    if len(names) > 1:
        try:
            ensemble_named(", ".join(names))
        except UsageError:
            remarks.append(f"text: the ensemble {names[0]} alone; {', '.join(names[1:])} cannot be added to it")
            names = names[:1]
    return ", ".join(names), words


def _without(text: str, terms: list[Term]) -> str:
    """The text without the musical words that tell nothing of a mood; empty where only such are left."""
    left = list(text)
    for term in terms:
        if not term.mood:
            left[term.start : term.end] = " " * (term.end - term.start)
    rest = " ".join("".join(left).split())
    bare = list(text)
    for term in terms:
        bare[term.start : term.end] = " " * (term.end - term.start)
    return rest if feeling.tells("".join(bare)) else ""


def _mood(text: str, remarks: list[str]) -> feeling.Feeling | None:
    """The feeling of words, with the encoder where it is installed."""
    if not _LETTER.search(text):
        return None
    try:
        found = feeling.feel(text)
        if found and found.likeness < feeling.UNLIKE:
            remarks.append("text: nothing that is known is much like these words; their mood is a guess")
        return found
    except MissingExtraError:
        found = feeling.spell_out(text)
        known = "only words that are known by themselves were read" if found else "the mood of the words was not read"
        remarks.append(f"text: {known}; {_PIP} reads sentences")
        return found


#: What colours ask of music beside a feeling.
_OF_COLOURS = ("density", "register", "loudness")


def combine(text: Reading | None, image: Reading | None, *, balance: float = 0.5) -> Reading:
    """What words and a picture say together.

    The words win wherever they name an attribute; valence and arousal are weighted. Where words have a feeling, what
    the picture alone would make of density, register and loudness is left to that.

    Args:
        text: what the words were read as; None where there are none.
        image: what the picture was read as; None where there is none.
        balance: how much the picture counts in valence and arousal, 0 (nothing) to 1 (alone).

    Raises:
        UsageError: the balance lies outside 0..1.
    """
    if not 0 <= balance <= 1:
        raise UsageError(f"balance: expected 0 (words) to 1 (picture), got {balance:g}")
    readings = [reading for reading in (text, image) if reading is not None]
    if len(readings) < 2:
        return readings[0] if readings else Reading(Attributes())
    words, picture = readings
    if words.attributes.arousal is not None:
        kept = tuple(reason for reason in picture.reasons if reason.attribute not in _OF_COLOURS)
        picture = replace(picture, attributes=replace(picture.attributes, **dict.fromkeys(_OF_COLOURS)), reasons=kept)
    attributes = words.attributes.over(picture.attributes)
    reasons = {reason.attribute: reason for reason in (*picture.reasons, *words.reasons)}
    for axis in ("valence", "arousal"):
        said, seen = getattr(words.attributes, axis), getattr(picture.attributes, axis)
        if said is not None and seen is not None:
            value = round((1 - balance) * said + balance * seen, 3)
            attributes = replace(attributes, **{axis: value})
            both = [
                f"{share:.0%} of {reason.value}: {reason.because}"
                for reading, share in ((words, 1 - balance), (picture, balance))
                for reason in reading.reasons
                if reason.attribute == axis
            ]
            reasons[axis] = Reason(axis, f"{value:g}", "; ".join(both))
    ordered = tuple(reasons[name] for name in NAMES if name in reasons)
    return Reading(attributes, ordered, tuple(dict.fromkeys((*words.remarks, *picture.remarks))))
