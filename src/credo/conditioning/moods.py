"""Moods: names of feelings as valence and arousal, and what these make of music."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace

from credo.conditioning.affect import LINES, mode_of, value_of
from credo.conditioning.attributes import Attributes, Reading, Reason
from credo.errors import UsageError
from credo.music.pitch import Key

#: Valence and arousal of moods. Their places follow Russell's circumplex (J. Russell, "A Circumplex Model of Affect",
#: Journal of Personality and Social Psychology 39, 1980); the numbers are ours. Each stands under its names.
MOODS: dict[str, tuple[float, float]] = {
    name.strip(): place
    for names, place in {
        "neutral, 中性": (0.0, 0.0),
        "happy, 快乐, 高兴, 开心": (0.8, 0.5),
        "joyful, 欢乐, 喜悦": (0.8, 0.7),
        "cheerful, 欢快": (0.8, 0.6),
        "playful, 俏皮, 活泼": (0.7, 0.6),
        "excited, 兴奋": (0.6, 0.9),
        "triumphant, 凯旋, 胜利": (0.8, 0.8),
        "heroic, 英雄, 英勇": (0.6, 0.8),
        "energetic, 活力, 有活力": (0.55, 0.9),
        "epic, 史诗, 宏大": (0.3, 0.8),
        "hopeful, 希望, 充满希望": (0.6, 0.2),
        "romantic, 浪漫": (0.6, -0.1),
        "tender, 温柔": (0.6, -0.5),
        "warm, 温暖": (0.6, -0.3),
        "calm, 平静, 宁静": (0.55, -0.7),
        "peaceful, 安宁, 祥和": (0.6, -0.8),
        "relaxed, 放松, 轻松": (0.6, -0.6),
        "dreamy, 梦幻": (0.4, -0.5),
        "sleepy, 困倦, 催眠": (0.2, -0.9),
        "solemn, 庄严, 肃穆": (-0.1, -0.4),
        "nostalgic, 怀旧": (0.1, -0.4),
        "mysterious, 神秘": (-0.2, -0.2),
        "melancholic, 忧郁, 忧伤": (-0.4, -0.5),
        "sad, 悲伤, 伤心": (-0.45, -0.5),
        "lonely, 孤独": (-0.4, -0.6),
        "bored, 无聊": (-0.4, -0.7),
        "gloomy, 阴郁": (-0.48, -0.4),
        "dark, 黑暗, 阴暗": (-0.6, 0.0),
        "eerie, 诡异": (-0.55, -0.1),
        "tense, 紧张": (-0.4, 0.6),
        "suspenseful, 悬疑": (-0.35, 0.4),
        "dramatic, 戏剧性": (-0.3, 0.7),
        "scary, 恐怖": (-0.8, 0.6),
        "afraid, 害怕, 恐惧": (-0.7, 0.7),
        "angry, 愤怒": (-0.6, 0.9),
        "aggressive, 激烈, 好斗": (-0.45, 0.9),
    }.items()
    for name in names.split(",")
}


def mood_named(text: str) -> Reading:
    """Valence and arousal of a mood.

    Args:
        text: a name from `MOODS`, in English or Chinese, or several separated by commas for the mean of them.

    Raises:
        UsageError: there is no such mood.
    """
    names = [" ".join(name.split()).casefold() for name in re.split(r"[,，、]", text) if name.strip()]
    unknown = [name for name in names if name not in MOODS]
    if unknown or not names:
        english = [name for name in MOODS if name.isascii()]
        near = difflib.get_close_matches(unknown[0], MOODS, 3, 0.5) if unknown else []
        raise UsageError(
            f"mood: expected one of {', '.join(english)}, got {unknown[0] if unknown else text!r}",
            hint=f"did you mean {' or '.join(near)}?" if near else "or --valence and --arousal, from -1 to 1",
        )
    valence, arousal = (round(sum(MOODS[name][axis] for name in names) / len(names), 3) for axis in (0, 1))
    because = f"the mood {' and '.join(names)}"
    reasons = (Reason("valence", f"{valence:g}", because), Reason("arousal", f"{arousal:g}", because))
    return Reading(Attributes(valence=valence, arousal=arousal), reasons)


def realise(attributes: Attributes, *, key: Key | None = None) -> Reading:
    """What a valence and an arousal make of the attributes that are not given; those that are stay as they are.

    Tempo, density, register, articulation and loudness follow `credo.conditioning.affect.LINES`, and the mode the
    valence: in a key that is known, among the modes with its third. Where one of the two feelings is not known it
    counts as 0, and attributes that it alone moves are left open. Polyphony is not moved: studies do not agree on it,
    and textures differ in it by more than feelings do.

    Args:
        attributes: what is known.
        key: the key of the music, where it is known and not one of the attributes.

    Returns:
        The attributes filled up, and a reason for each that was.
    """
    if attributes.valence is None and attributes.arousal is None:
        return Reading(attributes)
    valence, arousal = attributes.valence or 0.0, attributes.arousal or 0.0
    known = {"valence": attributes.valence is not None, "arousal": attributes.arousal is not None}
    found: dict[str, float | str] = {}
    reasons: list[Reason] = []
    for name, line in LINES.items():
        slopes = {"valence": line.valence, "arousal": line.arousal}
        moving = [feeling for feeling in known if known[feeling] and slopes[feeling]]
        if getattr(attributes, name) is None and moving:
            found[name] = round(value_of(name, valence, arousal), 3 if name in ("density", "articulation") else 1)
            felt = " and ".join(f"{feeling} {getattr(attributes, feeling):g}" for feeling in moving)
            reasons.append(Reason(name, f"{found[name]:g}", felt))
    if attributes.mode is None and known["valence"]:
        tonality = attributes.key or key
        found["mode"] = mode_of(valence, third=tonality.mode if tonality else None)
        why = f"valence {valence:g}" + (f" in {tonality.name}" if tonality else "")
        reasons.append(Reason("mode", str(found["mode"]), why))
    return Reading(replace(attributes, **found), tuple(reasons))
