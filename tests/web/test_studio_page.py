"""The page of the Studio as it lies in the package: whole, in two languages, and from nowhere else."""

import json
import posixpath
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

import credo

STATIC = Path(credo.__file__).parent / "web" / "static"
MODULES = sorted((STATIC / "js").rglob("*.js"))
STYLES = sorted((STATIC / "css").glob("*.css"))
PAGE = (STATIC / "index.html").read_text(encoding="utf-8")
WORDS = json.loads((STATIC / "words.json").read_text(encoding="utf-8"))
#: Words whose names are put together in the code: `do-` and a change's label, for instance.
PATTERNS = (
    r"(do|about|task|state|key|mood|needs|keys|row|by|library-no|pointer|corner|voice|model|drum|program|fold|scale|attribute|live)[-.].+"
    r"|(lock|mute|solo|level)-voice"
)


class Tags(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))


@pytest.fixture(scope="module")
def tags():
    parser = Tags()
    parser.feed(PAGE)
    return parser.tags


def code():
    return {path.relative_to(STATIC / "js").as_posix(): path.read_text(encoding="utf-8") for path in MODULES}


def said(text):
    """The keys of words that a module names."""
    return set(re.findall(r"\bsay\(\s*\"([a-z][a-z0-9-]*)\"", text))


def test_nothing_comes_from_elsewhere():
    for path in [STATIC / "index.html", *MODULES, *STYLES]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text), path.name
        assert "@import" not in text, path.name
        assert "url(" not in text, path.name


def test_the_page_needs_no_inline_script_or_style(tags):
    for tag, attributes in tags:
        assert tag != "style"
        assert tag != "script" or "src" in attributes
        assert not [name for name in attributes if name == "style" or name.startswith("on")], (tag, attributes)
    for name, text in code().items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )
        assert 'setAttribute("style"' not in text, name


def test_what_the_page_links_to_is_there(tags):
    links = [a[name] for _, a in tags for name in ("src", "href") if name in a and not a[name].startswith("#")]
    assert len(links) >= 5
    for link in links:
        assert (STATIC / link).is_file(), link


def test_ids_are_unique_and_each_that_is_looked_for_is_there(tags):
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r"\b(?:get|press|pressed|getElementById)\(\"([a-z-]+)\"", "\n".join(code().values())))
    assert wanted <= set(ids), wanted - set(ids)
    for _, attributes in tags:
        for name in ("aria-describedby", "aria-labelledby", "aria-controls", "for"):
            assert attributes.get(name, ids[0]) in ids, attributes


def test_modules_import_only_what_others_export():
    texts = code()
    for name, text in texts.items():
        for names, path in re.findall(r"^import\s+(.+?)\s+from\s+\"(\.[a-z_./]+\.js)\"", text, re.M | re.S):
            source = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            assert source in texts, f"{name} imports {source}"
            for wanted in re.findall(r"\w+", names) if names.startswith("{") else []:
                exported = rf"^export (async )?(const|let|function|class) {wanted}\b"
                assert re.search(exported, texts[source], re.M), f"{name} imports {wanted} from {source}"


def test_every_sentence_is_there_in_both_languages(tags):
    assert set(WORDS["en"]) == set(WORDS["zh"])
    wanted = {a[name] for _, a in tags for name in ("data-word", "data-label", "data-hint") if name in a}
    for text in code().values():
        wanted |= said(text)
        wanted |= {f"do-{label}" for label in re.findall(r"\.(?:edit|change|preview)\(\"([a-z-]+)\"", text)}
    assert wanted <= set(WORDS["en"]), wanted - set(WORDS["en"])
    assert all(text.strip() for language in WORDS.values() for text in language.values())


def test_both_languages_fill_in_the_same():
    for key, text in WORDS["en"].items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", WORDS["zh"][key])), key


def test_no_sentence_is_left_over(tags):
    text = PAGE + "\n".join(code().values())
    left = [key for key in WORDS["en"] if f'"{key}"' not in text and not re.fullmatch(PATTERNS, key)]
    assert left == []


def test_controls_have_names(tags):
    for place, (tag, attributes) in enumerate(tags):
        if tag not in ("input", "select", "textarea", "button", "canvas") or "hidden" in attributes:
            continue
        named = {"data-word", "data-label", "data-format"} & set(attributes) or attributes.get("id") == "roll"
        within = any(other in ("label", "summary") for other, _ in tags[max(0, place - 3) : place])
        assert named or within, (tag, attributes)


def test_modules_can_be_read_in_one_sitting():
    for path in [*MODULES, *STYLES]:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 400, path.name
        assert max(map(len, lines)) <= 120, path.name
        assert path.suffix != ".js" or lines[0].startswith("/**"), path.name


needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js, to run the page's own functions")


@needs_node
def test_what_is_held_is_never_changed_by_the_page():
    """Random pieces, locks and answers through the page's own code."""
    script = Path(__file__).with_name("held_in_the_page.mjs")
    done = subprocess.run(["node", str(script), str(STATIC / "js")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"[1-9]\d{2,} pieces", done.stdout)


@needs_node
def test_lanes_and_what_is_played_live():
    """Where lanes lie, what is played put on the grid, whose turn it is, what is wished, through the page's code."""
    script = Path(__file__).with_name("lanes_and_live.mjs")
    done = subprocess.run(["node", str(script), str(STATIC / "js")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as they should be" in done.stdout


@needs_node
def test_what_the_server_says_is_said_in_chinese():
    """Remarks and refusals, through the page's code."""
    script = Path(__file__).with_name("in_chinese.mjs")
    done = subprocess.run(["node", str(script), str(STATIC / "js")], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "as they should be" in done.stdout
