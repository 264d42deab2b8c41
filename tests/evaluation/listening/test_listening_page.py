"""The page is blind, whole and harmless."""

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from importlib import resources

import pytest

from credo.errors import UsageError
from credo.evaluation.listening.build import Plan, build, check_plan, forecast
from credo.evaluation.listening.excerpts import Playing
from credo.evaluation.listening.key import Key
from credo.evaluation.listening.loudness import RATE, loudness
from credo.io.files import save
from tiny import chorale

BAD = "</script><script>alert('x')</script>&amp;"
TEMPLATES = resources.files("credo.rendering") / "templates"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small test of two systems; the page's text and the key."""
    pytest.importorskip("jinja2", reason="pages need Jinja")
    pytest.importorskip("midirenderer", reason="plays")
    pytest.importorskip("soundfile", reason="writes MP3")
    folder = tmp_path_factory.mktemp("listening")
    systems = {name: folder / name for name in ("humanmade", "machinemade")}
    for number, each in enumerate(systems.values()):
        each.mkdir()
        for seed in range(4):
            save(chorale(10 * number + seed, 4), each / f"unmistakable-{each.name}-{seed}.mid")
    plan = Plan(
        **{"real": "humanmade", "excerpts": 3, "trials": 2, "listeners": 2, "checks": 1, "hear_seconds": 1.0},
        **{"playing": Playing(2.5, 4.5), "title": BAD, "contact": BAD},
    )
    result = build(systems, plan, folder / "test.html", folder / "key.json")
    assert Key.load(folder / "key.json") == result.key
    return (folder / "test.html").read_text("utf-8"), result


class Reader(HTMLParser):
    """Collects tags and texts."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.texts, self._stack = [], {}, []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._stack.append((tag, dict(attrs).get("id")))

    def handle_endtag(self, tag):
        self._stack = self._stack[:-1]

    def handle_data(self, data):
        if self._stack:
            self.texts[self._stack[-1]] = data


def data_of(page):
    return json.loads(Reader(page).texts["script", "data"])


def test_no_system_or_file_can_be_read_off(built):
    page, result = built
    for word in ("humanmade", "machinemade", "unmistakable", ".mid", "scrambled", str(result.key.excerpts)):
        assert word not in page
    data = data_of(page)
    assert list(data["sounds"]) == sorted(data["sounds"])
    assert set(data["sounds"]) == set(result.key.excerpts)
    assert not {"key", "systems", "seed", "real", "rule"} & set(data)
    for sound in map(base64.b64decode, data["sounds"].values()):
        assert b"unmistakable" not in sound
    assert data["test"] == result.key.test


def test_titles_are_text(built):
    page, _ = built
    reader = Reader(page)
    assert reader.texts["h1", None] == BAD
    assert data_of(page)["contact"] == BAD
    assert "alert('x')" not in page
    assert [tag for tag, _ in reader.tags].count("script") == 3


def test_the_page_asks_the_network_for_nothing(built):
    page, _ = built
    reader = Reader(page)
    asked = [value for _, attrs in reader.tags for name, value in attrs.items() if name in ("src", "href", "action")]
    assert asked == ["data:,"]
    policy = next(attrs["content"] for _, attrs in reader.tags if attrs.get("http-equiv"))
    script = reader.texts["script", None]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?://|fetch\(|XMLHttp|WebSocket|sendBeacon|import\(|innerHTML", page)


def test_the_sounds_are_equally_loud_and_of_the_length_told(built):
    import soundfile

    page, result = built
    for name, sound in data_of(page)["sounds"].items():
        samples, rate = soundfile.read(io.BytesIO(base64.b64decode(sound)))
        assert rate == RATE
        assert loudness(samples) == pytest.approx(result.target_lufs, abs=0.3)
        assert abs(samples).max() < 1
        assert len(samples) / RATE == pytest.approx(result.key.excerpts[name].seconds + 1, abs=0.1)


def test_what_is_told_at_build(built):
    page, result = built
    assert result.page_bytes == len(page.encode())
    told = " ".join(forecast(result.key, 30))
    assert "30 give 60 judgements a pair" in told
    assert "0.80 needs 210 judgements a pair, which is 105 listeners" in told
    assert "keeps 50.0% of those who guess" in told


def test_every_word_is_there_in_both_languages():
    words = json.loads((TEMPLATES / "listen-words.json").read_text("utf-8"))
    assert set(words["en"]) == set(words["zh"])
    for name, text in words["en"].items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", words["zh"][name])), name
    script = (TEMPLATES / "listen.js").read_text("utf-8")
    page = (TEMPLATES / "listen.html").read_text("utf-8")
    asked = set(re.findall(r'say\("(\w+)"[,)]', script)) | set(re.findall(r'data-word="(\w+)"', page))
    known = {*words["en"], *(name.rsplit("_", 1)[0] for name in words["en"])}
    assert asked <= known
    assert len(asked) > 30


def test_every_question_and_field_has_a_label():
    reader = Reader((TEMPLATES / "listen.html").read_text("utf-8"))
    labelled = {attrs["for"] for tag, attrs in reader.tags if tag == "label"}
    fields = {attrs["id"] for tag, attrs in reader.tags if tag in ("input", "select", "textarea")}
    assert fields <= labelled


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "quiz"}, "kind: expected pairs or ratings, got 'quiz'"),
        ({"scales": ("beauty",)}, "scales: expected some of melody,harmony"),
        ({"scales": ("melody", "melody")}, "scales: expected some of"),
        ({"scales": ("human",)}, "scales: expected another beside human"),
        ({"trials": 0}, "trials: expected 1 to 200, got 0"),
        ({"excerpts": 0}, "excerpts: expected 1 to 500, got 0"),
        ({"real": "c"}, "real: expected one of a, b, got 'c'"),
        ({"real": None}, "checks: expected to know which music is by people, got nothing"),
        ({"passes": 5}, "passes: expected 0 to 4"),
        ({"playing": Playing(30, 20)}, "seconds: expected two from 1 to 300"),
        ({"playing": Playing(float("nan"), 20)}, "seconds: expected two"),
        ({"hear_seconds": 21}, "hear: expected more than 0 and at most 20 seconds, got 21"),
        ({"playing": Playing(tempo=0)}, "tempo: expected 10 to 400"),
    ],
)
def test_plans_that_make_no_sense(changes, told):
    with pytest.raises(UsageError, match=told):
        check_plan(Plan(**{"real": "a", **changes}), ["a", "b"])
