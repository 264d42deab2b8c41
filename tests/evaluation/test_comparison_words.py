"""A comparison says the same in every language."""

import re
import string
from dataclasses import fields

import numpy as np
import pytest
from test_comparison import hymns

from credo.errors import UsageError
from credo.evaluation.comparison import report
from credo.evaluation.comparison.judge import COPIES, HELD_OUT, MARKOV, RANDOM, Remark, Under, judge
from credo.evaluation.comparison.pieces import FEATURES
from credo.evaluation.comparison.words import LANGUAGES, words
from credo.evaluation.metrics.catalogue import CATALOGUE, FAMILIES
from credo.rendering.page import Section

#: What may be in Latin letters in Chinese.
NAMES = ("Yang", "Lerch", "Fang", "Bach or Mock", "ROC", "KL", "log", "P", "Z", "v", "h")
COMMANDS = ("pip", "install", "credo", "music", "evaluate", "originality", "json", "out", "temperatures")
FOREIGN = "|".join((*NAMES, *COMMANDS))


@pytest.fixture(scope="module")
def judgement():
    def nats(passages):
        return np.array([[len(passage.parts[0].notes), 10.0] for passage in passages])

    return judge([hymns(6, first=500, name="mine")], hymns(8), bars=0, under=Under("a model", nats))


def placeholders(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_everything_has_a_name():
    for lang in LANGUAGES:
        told = words(lang)
        assert list(told.figures) == [metric.name for metric in CATALOGUE]
        assert set(told.families) == set(FAMILIES)
        assert list(told.features) == list(FEATURES)
        assert set(told.sets) == {HELD_OUT, RANDOM, MARKOV, COPIES}
        assert [bool(of.unit) for of in told.figures.values()] == [bool(metric.unit) for metric in CATALOGUE]
        assert all(of.title and of.meaning for of in told.figures.values())
        assert len({of.title for of in told.figures.values()}) == len(CATALOGUE)


def test_the_languages_say_the_same_with_the_same_values():
    english, chinese = words("en"), words("zh")
    for table in ("sets", "remarks", "text"):
        one, other = getattr(english, table), getattr(chinese, table)
        assert set(one) == set(other)
        assert {name: placeholders(text) for name, text in one.items()} == {
            name: placeholders(text) for name, text in other.items()
        }


def test_chinese_is_chinese():
    for table in fields(words("zh")):
        value = getattr(words("zh"), table.name)
        if table.name in ("lang", "text"):
            continue
        for name, said in value.items():
            for text in [said] if isinstance(said, str) else said:
                bare = re.sub(rf"\{{\w*\}}|\b({FOREIGN})\b", "", text)
                assert not re.search("[A-Za-z]", bare), (table.name, name, text)


def test_the_table_and_the_findings_follow_the_language(judgement):
    english, chinese = (report.rows(judgement, lang) for lang in LANGUAGES)
    assert [row[0] for row in english] == [of.name for of in judgement.verdicts]
    assert [row[0] for row in chinese][:2] == ["mine", "真实音乐（留出）"]
    assert "马尔可夫链（3 阶）" in [row[0] for row in chinese]
    assert [row[1:] for row in english] == [row[1:] for row in chinese]
    assert len(report.head(judgement, "zh")) == len(report.head(judgement)) == len(english[0])
    assert report.head(judgement)[-1] == "nats a cell"
    assert len(report.summary(judgement)) == len(report.summary(judgement, "zh"))
    assert all(re.search("[\u4e00-\u9fff]", line) for line in report.summary(judgement, "zh"))
    assert report.to_dict(judgement)["notes"] == report.remarks(judgement)


def test_remarks_name_the_sets(judgement):
    said = Remark("no fit", {"name": HELD_OUT, "placed": 1, "of": 7, "model": "m"})
    assert words("en").remark(said) == "real, held out: 1 of 7 passages fit the voices of m, so it has no likelihood."
    assert words("zh").remark(said).startswith("真实音乐（留出）：7 个片段中只有 1 个")


def test_the_page_in_both_languages(judgement, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    pytest.importorskip("jinja2", reason="pages need Jinja")
    pages = {
        lang: report.write_report(tmp_path / f"{lang}.html", judgement, [Section("more", ["and more"])], lang)
        for lang in LANGUAGES
    }
    text = {lang: path.read_text("utf-8") for lang, path in pages.items()}
    for lang, code in LANGUAGES.items():
        assert f'lang="{code}"' in text[lang]
        assert "and more" in text[lang]
        shown = judgement.verdicts[0].means
        assert all(words(lang).figures[name].title in text[lang] for name in shown)
    assert text["zh"].count("<svg") == text["en"].count("<svg")
    assert "Nats a cell is how badly" in text["en"]
    assert "held out" not in re.sub("<svg.*?</svg>", "", text["zh"], flags=re.DOTALL)


def test_no_other_language():
    with pytest.raises(UsageError, match="lang: expected one of en, zh, got 'fr'"):
        words("fr")
