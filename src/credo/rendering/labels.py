"""Text on pictures: names of drums, lengths of titles, and fonts that have the characters."""

from __future__ import annotations

#: Fonts with Chinese, Japanese and Korean characters that systems bring, asked for where a title needs one.
EAST_ASIAN_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Microsoft YaHei", "SimHei", "PingFang SC",
    "Hiragino Sans GB", "Heiti SC", "Arial Unicode MS", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Yu Gothic",
    "Malgun Gothic",
)  # fmt: skip
_LOWEST = 35
_NAMES = (
    "Acoustic bass drum", "Kick", "Side stick", "Snare", "Hand clap", "Electric snare", "Low floor tom",
    "Closed hi-hat", "High floor tom", "Pedal hi-hat", "Low tom", "Open hi-hat", "Low-mid tom", "Hi-mid tom", "Crash",
    "High tom", "Ride", "China", "Ride bell", "Tambourine", "Splash", "Cowbell", "Crash 2", "Vibraslap", "Ride 2",
    "High bongo", "Low bongo", "Mute conga", "Open conga", "Low conga", "High timbale", "Low timbale", "High agogô",
    "Low agogô", "Cabasa", "Maracas", "Short whistle", "Long whistle", "Short guiro", "Long guiro", "Claves",
    "High wood block", "Low wood block", "Mute cuíca", "Open cuíca", "Mute triangle", "Open triangle",
)  # fmt: skip


def percussion_name(key: int) -> str:
    """What a percussion key plays, such as `"Snare"` for 38 (`"Key 20"` outside General MIDI's 35..81)."""
    return _NAMES[key - _LOWEST] if 0 <= key - _LOWEST < len(_NAMES) else f"Key {key}"


def one_line(text: str, longest: int) -> str:
    """A text without line breaks and control characters, cut to a length."""
    text = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def font_families(text: str) -> list[str]:
    """The fonts to set a text in, each standing in for the characters that the ones before it lack."""
    families = ["DejaVu Sans"]
    if any(character >= "\u2e80" for character in text):
        from matplotlib.font_manager import fontManager

        families += sorted(set(fontManager.get_font_names()) & set(EAST_ASIAN_FONTS), key=EAST_ASIAN_FONTS.index)
    return families
