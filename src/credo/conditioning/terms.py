"""Musical words in English and Chinese, and the attribute that each names exactly.

The tables hold what people write; `find` is the one reader of all of them. Tempi of Italian words lie within the
usual ranges of metronomes; the other numbers are ours, on the scales of `credo.conditioning.attributes`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.scales import SCALES


@dataclass(frozen=True, slots=True)
class Term:
    """Words that name an attribute.

    Attributes:
        attribute: its name, or `remark` where the words mean something that a record cannot hold.
        value: what they say.
        start, end: where they stand in the text.
        words: the words themselves.
        mood: whether they tell of the mood too, as "slow" does and "6/8" does not.
        negated: whether they are denied.
    """

    attribute: str
    value: Any
    start: int
    end: int
    words: str
    mood: bool = False
    negated: bool = False


#: Words of numbers: value, English, Chinese. Longer expressions win over shorter ones.
_NUMBERS: dict[str, tuple[tuple[float, str, str], ...]] = {
    "tempo": (
        (40, r"grave", ""), (50, r"very slow(?:ly)?|extremely slow(?:ly)?|lento|largo", "很慢|非常慢|极慢|广板"),
        (62, r"larghetto", ""), (66, r"slow(?:ly)?(?! motion)|adagio|slow[- ]tempo|down[- ]?tempo",
                                 r"缓慢|慢速|慢板|慢节奏|(?<![傲怠浪])慢(?!慢来|跑|镜头)"),
        (84, r"andante|walking pace", "行板"), (92, r"andantino|moderately slow|rather slow", "中慢|稍慢|较慢"),
        (106, r"moderato|mid[- ]?tempo|medium tempo|moderate(?: tempo)?|medium speed", "中速|中板|适中的速度"),
        (116, r"allegretto|moderately fast|rather fast|fairly fast", "小快板|稍快|较快"),
        (140, r"fast(?! food)|quick(?:ly)?|rapid(?:ly)?|up[- ]?tempo|brisk(?:ly)?|allegro|speedy",
         r"快速|快节奏|快板|(?<![愉欢轻痛凉赶飞尽])快(?!乐|活|要|感|餐|递|门|到|跑|点|捷|艇|车)"),
        (156, r"vivace|vivo", "活泼的快板"),
        (172, r"very fast|extremely fast|super fast|presto|breakneck", "很快|非常快|极快|飞快|急板|急速"),
        (200, r"prestissimo", "最急板"),
    ),
    "loudness": (
        (33, r"pianissimo|very quiet(?:ly)?|very soft(?:ly)?|barely audible", "极弱|很轻声|非常安静|很安静"),
        (50, r"quiet(?:ly)?|soft(?:ly)?(?! drink)|hushed", "安静|轻声|轻柔|弱奏|小声"),
        (70, r"mezzo[- ]?piano", "中弱"), (82, r"mezzo[- ]?forte", "中强"),
        (102, r"loud(?:ly)?|forte", "大声|响亮|强奏|洪亮"),
        (118, r"fortissimo|very loud(?:ly)?|deafening", "极强|震耳欲聋|非常响亮|很大声"),
    ),
    "articulation": (
        (0.35, r"pizzicato|staccatissimo", "拨奏|拨弦"), (0.45, r"staccato|choppy", "断奏|跳音|短促|顿音"),
        (0.65, r"detached|portato|non legato", "半连音|非连奏"),
        (1.0, r"legato|sustained|flowing lines", "连奏|连贯|绵长"),
    ),
    "density": (
        (0.5, r"sparse(?:ly)?|few notes|minimalist", "稀疏|音符少|极简"),
        (3.0, r"dense(?:ly)?|many notes|busy (?:rhythm|texture|notes|melody)", "密集|音符多|繁密"),
    ),
    "register": (
        (44, r"low register|low[- ]pitched|deep register|low notes", "低音区|低音域|低沉的音"),
        (76, r"high register|high[- ]pitched|high notes", "高音区|高音域"),
    ),
    "polyphony": (
        (1, r"monophonic|unaccompanied|single voice|one voice", "单声部|单旋律|无伴奏"),
        (2, r"two[- ](?:part|voices?)|2[- ](?:part|voices)", "二声部|两声部"),
        (3, r"three[- ](?:part|voices?)|3[- ](?:part|voices)", "三声部"),
        (4, r"four[- ](?:part|voices?)|4[- ](?:part|voices)|satb", "四声部"),
    ),
}  # fmt: skip
#: Words of metres.
_METRES: tuple[tuple[tuple[int, int], str, str], ...] = (
    ((3, 4), r"waltz(?:es)?|minuet|mazurka|polonaise|triple (?:time|metre|meter)|three[- ]four|sarabande",
     "圆舞曲|华尔兹|小步舞曲|玛祖卡|三拍子|四三拍|四分之三拍"),
    ((2, 4), r"polka|two[- ]four", "波尔卡|二拍子|四二拍|四分之二拍"),
    ((4, 4), r"(?<!in )march(?:es)?|four[- ]four|common time|tango", "进行曲|四拍子|四四拍|四分之四拍|探戈"),
    ((6, 8), r"jig|tarantella|barcarolle|siciliana|six[- ]eight", "吉格|塔兰泰拉|船歌|八六拍|八分之六拍"),
    ((5, 4), r"five[- ]four", "五拍子|四分之五拍"), ((7, 8), r"seven[- ]eight", "八分之七拍"),
    ((9, 8), r"slip jig|nine[- ]eight", "八分之九拍"), ((12, 8), r"twelve[- ]eight", "八分之十二拍"),
)  # fmt: skip
_MODES_ZH = {
    "和声小调": "harmonic minor", "旋律小调": "melodic minor", "自然小调": "natural minor", "多利亚": "dorian",
    "混合利底亚": "mixolydian", "利底亚": "lydian", "弗里几亚": "phrygian", "弗里吉亚": "phrygian",
    "洛克里亚": "locrian", "爱奥尼亚": "ionian", "伊奥尼亚": "ionian", "五声音阶": "major pentatonic",
    "五声调式": "major pentatonic", "宫调式": "major pentatonic", "羽调式": "minor pentatonic",
    "布鲁斯音阶": "blues", "蓝调音阶": "blues", "全音阶": "whole tone", "半音阶": "chromatic",
    "大调": "major", "小调": "minor",
}  # fmt: skip
#: Ensembles and instruments, as patterns: the name that `credo.conditioning.ensembles` knows, English, Chinese.
_PLAYERS: tuple[tuple[str, str, str], ...] = tuple(
    (row["name"], row["english"], row["chinese"])
    for row in csv.DictReader((files("credo.conditioning") / "data" / "players.csv").read_text("utf-8").splitlines())
)
_COMPOSERS = r"bach|haydn|mozart|beethoven|schubert|mendelssohn|schumann|chopin|brahms|debussy|satie|vivaldi|handel"
_COMPOSERS_ZH = {
    "巴赫": "bach", "海顿": "haydn", "莫扎特": "mozart", "贝多芬": "beethoven", "舒伯特": "schubert",
    "门德尔松": "mendelssohn", "舒曼": "schumann", "肖邦": "chopin", "勃拉姆斯": "brahms", "德彪西": "debussy",
}  # fmt: skip
_DENIED = re.compile(
    r"(?:\b(?:not|no|never|without|isn't|nor|avoid|don't want|less)\s+(?:(?:too|so|very|overly|really|a|an|any|the|be|"
    r"that)\s+)*|(?:不要|不是|不用|不能|别|没有|并不|不|无|非)(?:太|很|过于|那么|有|用)*)$"
)
_SCALE_NAMES = "|".join(sorted((re.escape(n) for n in SCALES if n not in ("major", "minor")), key=len, reverse=True))
_SIGN = r"(?P<sign>#|b(?![a-z])|♯|♭|[ -]?sharp|[ -]?flat)?"
_KEY = re.compile(
    rf"\b(?P<before>in |key of |key: ?)?(?P<letter>[A-Ga-g]){_SIGN}[\s-]*"
    rf"(?P<mode>major|minor|maj|min|moll|dur|{_SCALE_NAMES})\b(?P<after>\s*(?:$|[^\sA-Za-z]|key|scale|music|piece|at\b))?",
    re.IGNORECASE | re.ASCII,
)
_BARE_KEY = re.compile(
    rf"\b(?:[Kk]ey of|[Kk]ey:|in) (?P<letter>[A-G]){_SIGN}(?=\s*(?:$|[,.;!?，。]|at\b|with\b|and\b))"
)
_SHORT_KEY = re.compile(
    r"(?P<before>\b(?:in|key of|key:) )?(?<![\w'])(?P<letter>[A-G])(?P<sign>#|b|♯|♭)?m(?![\w'])", re.ASCII
)
_KEY_ZH = re.compile(r"(?P<before>[升降]?)(?P<letter>[A-Ga-g])(?P<sign>[#b♯♭]?)\s*(?P<mode>大调|小调|调)")
_TEMPO = re.compile(
    r"(?P<a>\d{2,3}(?:\.\d+)?)\s*(?:bpm|beats? (?:per|a) minute|quarters? a minute|拍每分|拍/分)|"
    r"(?:\bbpm|\btempo|速度|每分钟|♩)\s*(?:of|=|:|：|为|是|约)?\s*(?P<b>\d{2,3}(?:\.\d+)?)(?:\s*拍)?|"
    r"(?P<c>\d{2,3})\s*拍(?!子)",
    re.IGNORECASE | re.ASCII,
)
_METRE = re.compile(
    r"(?<![\d/.])(?P<above>\d{1,2})\s?/\s?(?P<below>2|4|8|16)(?![\d/])(?P<after>\s*(?:time|metre|meter|拍))?"
)
_STYLE = re.compile(
    rf"\b(?:style of|in the manner of|like|à la)\s+(?:j\.? ?s\.? )?(?P<a>{_COMPOSERS})\b|"
    rf"\b(?P<b>{_COMPOSERS})[- ]?(?:style|esque)\b|(?P<c>{'|'.join(_COMPOSERS_ZH)})(?:的)?风格",
    re.IGNORECASE | re.ASCII,
)
#: What music in major or minor is called.
_PIECES = (
    r"piece|music|song|tune|theme|melody|ballad|lullaby|waltz|march|ostinato|loop|groove|riff|track|soundtrack|lament|"
    r"harmony|harmonies|chord|progression|prelude|nocturne|etude|chorale|hymn"
)
_MODE_WORDS = re.compile(
    rf"\b(?P<name>{_SCALE_NAMES})\b(?: (?:mode|scale))?|\b(?P<third>major|minor)[ -](?:keys?|modes?|scale|tonality)\b|"
    # alone only where it can be meant of nothing else: "in minor, slow", "a minor ballad", and not "a minor mishap"
    r"\bin (?P<alone>major|minor)(?=\s*(?:$|[,.;:!?，。；]|(?:and|but|with|at|for|please)\b))|"
    r"(?<![^,.;:，。；])\s*(?P<listed>major|minor)(?=\s*(?:$|[,.;，。；]))|"
    rf"\b(?P<of>major|minor)(?= (?:(?:piano|organ|guitar|string|choral|orchestral) )?(?:{_PIECES})s?\b)",
    re.IGNORECASE | re.ASCII,
)
#: What a denied number becomes: a little to the other side of this.
_MIDDLE = {"tempo": 102.0, "loudness": 76.0, "articulation": 0.8, "density": 1.5, "register": 61.0, "polyphony": 3.0}


def find(text: str) -> list[Term]:
    """All musical words of a text, in its order; where expressions overlap, the longest one.

    Args:
        text: English, Chinese or both.
    """
    found = sorted(_all(text), key=lambda term: (term.start - term.end, term.start))
    taken: list[Term] = []
    for term in found:
        if all(term.end <= other.start or term.start >= other.end for other in taken):
            taken.append(_denied(term, text))
    return sorted(taken, key=lambda term: term.start)


def _denied(term: Term, text: str) -> Term:
    """The term as it is meant: of numbers that are denied, the other side of the middle."""
    match = _DENIED.search(text[max(0, term.start - 40) : term.start].lower())
    if not match:
        return term
    value = term.value
    if term.attribute in _MIDDLE:
        value = round(_MIDDLE[term.attribute] + 0.2 * (_MIDDLE[term.attribute] - value), 2)
        value = min(value, 1.0) if term.attribute == "articulation" else value
    start = term.start - len(match[0])
    return Term(term.attribute, value, start, term.end, text[start : term.end], mood=False, negated=True)


def _all(text: str) -> Iterator[Term]:
    yield from _keys(text)
    for match in _TEMPO.finditer(text):
        yield _term("tempo", float(match["a"] or match["b"] or match["c"]), match)
    for match in _METRE.finditer(text):
        above, below = int(match["above"]), int(match["below"])
        if 2 <= above <= 32 or match["after"]:
            yield _term("metre", (above, below), match)
    for match in _STYLE.finditer(text):
        yield _term("style", _COMPOSERS_ZH.get(match["c"] or "") or (match["a"] or match["b"]).lower(), match)
    for pattern, attribute, value, mood in _PATTERNS:
        for match in pattern.finditer(text):
            yield _term(attribute, value, match, mood=mood)


def _keys(text: str) -> Iterator[Term]:
    for match in _MODE_WORDS.finditer(text):
        name = next(filter(None, match.groupdict().values())).lower()
        yield _term("mode", name, match, mood=name == "blues")
    for match in re.finditer("|".join(sorted(_MODES_ZH, key=len, reverse=True)), text):
        yield _term("mode", _MODES_ZH[match[0]], match)
    for match in _KEY.finditer(text):
        # "a minor mishap" is no key: the article needs company
        if match["letter"] in "Aa" and not match["sign"] and not (match["before"] or match["after"] is not None):
            continue
        mode = {"maj": "major", "dur": "major", "min": "minor", "moll": "minor"}.get(m := match["mode"].lower(), m)
        yield _key(match["letter"], match["sign"] or "", mode, match)
    for match in _BARE_KEY.finditer(text):
        yield _key(match["letter"], match["sign"] or "", "major", match)
    for match in _SHORT_KEY.finditer(text):
        if match["letter"] != "A" or match["sign"] or match["before"]:  # "Am I dreaming"
            yield _key(match["letter"], match["sign"] or "", "minor", match)
    for match in _KEY_ZH.finditer(text):
        sign = {"升": "#", "降": "b"}.get(match["before"], match["sign"])
        yield _key(match["letter"], sign, "minor" if match["mode"] == "小调" else "major", match)


def _key(letter: str, sign: str, mode: str, match: re.Match[str]) -> Term:
    third = "minor" if 3 in SCALES[mode] and 4 not in SCALES[mode] else "major"
    sign = {"sharp": "#", "flat": "b", "♯": "#", "♭": "b"}.get(sign.lower().strip(" -"), sign)
    try:
        key = Key.parse(f"{letter.upper()}{sign} {third}")
    except UsageError as error:
        return _term("remark", str(error), match)
    return _term("key", (key, None if mode in ("major", "minor") else mode), match)


def _term(attribute: str, value: Any, match: re.Match[str], *, mood: bool = False) -> Term:
    return Term(attribute, value, match.start(), match.end(), " ".join(match[0].split()), mood)


def _compiled() -> Iterator[tuple[re.Pattern[str], str, Any, bool]]:
    kept = ("tempo", "loudness")
    tables: list[tuple[str, Any, str, str]] = [
        *((name, *row) for name, rows in _NUMBERS.items() for row in rows),
        *(("metre", *row) for row in _METRES),
        *(("ensemble", *row) for row in _PLAYERS),
    ]
    for attribute, value, english, chinese in tables:
        pattern = rf"(?<![\w-])(?:{english})(?![\w])" + (f"|{chinese}" if chinese else "")
        yield re.compile(pattern, re.IGNORECASE | re.ASCII), attribute, value, attribute in kept


_PATTERNS = tuple(_compiled())
