"""The page of maths names what exists, in both languages alike, and in a form that GitHub renders."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "docs" / "maths.md", ROOT / "docs" / "maths.zh.md"]
WING = [ROOT / "src" / "credo" / part for part in ("models", "sampling", "training", "evaluation/likelihood")]
SOURCES = [path for folder in WING for path in sorted(folder.rglob("*.py"))]

BLOCK = re.compile(r"```math\n(.*?)\n```", re.DOTALL)
INLINE = re.compile(r"(.?)\$([^$\n]+)\$(.?)")
CODE = re.compile(r"`([^`\n]+)`")


def prose(page: Path) -> str:
    return BLOCK.sub("", page.read_text("utf-8"))


def cited(page: Path) -> set[str]:
    """Names with a dot, such as `RBM.free_energy` and `ais.log_z`."""
    return {name for name in CODE.findall(prose(page)) if re.fullmatch(r"[A-Za-z]\w*(\.\w+)+", name)}


def defined(path: Path) -> set[str]:
    """`module.function`, `Class.method` and `module.Class.method` of a file."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(f"{path.stem}.{node.name}")
        if isinstance(node, ast.ClassDef):
            methods = {f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
            names |= methods | {f"{path.stem}.{method}" for method in methods}
    return names


ALL_NAMES = set().union(*(defined(path) for path in SOURCES))


def test_the_index_of_names_knows_what_is_there_and_nothing_else() -> None:
    assert {"RBM.free_energy", "rbm.RBM.free_energy", "ais.log_z"} <= ALL_NAMES
    assert not {"RBM.free_lunch", "ais.free_energy", "log_z"} & ALL_NAMES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_cited_exists(page: Path) -> None:
    assert len(cited(page)) > 50
    assert cited(page) <= ALL_NAMES, f"not in the source: {sorted(cited(page) - ALL_NAMES)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_single_words_of_code_are_words_of_the_source(page: Path) -> None:
    words = {name for name in CODE.findall(prose(page)) if re.fullmatch(r"[A-Za-z]\w*", name)}
    known = set(re.findall(r"\w+", " ".join(path.read_text("utf-8") for path in SOURCES)))
    folders = {part.name for part in WING}
    assert words <= known | folders, f"not in the source: {sorted(words - known - folders)}"


def test_both_languages_say_the_same() -> None:
    english, chinese = PAGES
    assert cited(english) == cited(chinese)
    assert BLOCK.findall(english.read_text("utf-8")) == BLOCK.findall(chinese.read_text("utf-8"))
    formulas = [Counter(formula for _, formula, _ in INLINE.findall(prose(page))) for page in PAGES]
    assert formulas[0] == formulas[1]
    tables = [[row.count("|") for row in prose(page).splitlines() if row.startswith("|")] for page in PAGES]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_formulas_stand_where_github_sees_them(page: Path) -> None:
    text = prose(page)
    assert "$$" not in text
    assert text.count("$") == 2 * len(INLINE.findall(text))
    for before, formula, after in INLINE.findall(text):
        assert formula == formula.strip(), formula
        assert re.fullmatch(r"[\s(]?", before), f"{before}${formula}$: GitHub wants a space before"
        assert re.fullmatch(r"[\s),.;:]?", after), f"${formula}${after}: GitHub wants a space or ASCII stop after"
    for formula in [*BLOCK.findall(page.read_text("utf-8")), *(formula for _, formula, _ in INLINE.findall(text))]:
        assert formula.count("{") == formula.count("}"), formula
        assert formula.count(r"\left") == len(re.findall(r"\\right(?!arrow)", formula)) + formula.count(r"\leftarrow")
        assert r"\operatorname" not in formula, "GitHub does not know it"
