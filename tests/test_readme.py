import re
from pathlib import Path

import pytest

from credo.compose.models import available

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]


def code_blocks(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text("utf-8"), flags=re.DOTALL)


def test_both_readmes_have_the_same_code() -> None:
    assert code_blocks(READMES[0]) == code_blocks(READMES[1])


@pytest.mark.skipif("chorale" not in available(), reason="the chorale model is not in this checkout")
def test_the_readmes_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("music21", reason='needs the chorales: pip install "music21"')
    monkeypatch.chdir(tmp_path)
    for block in code_blocks(READMES[0]):
        exec(compile(block, "README.md", "exec"), {})
    assert {"new.mid", "continued.musicxml", "dbn.keras", "runs"} <= {path.name for path in tmp_path.iterdir()}


def test_options_in_the_readme_exist() -> None:
    import typer

    from credo.cli.main import app

    def options(command: object) -> set[str]:
        own = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        return own.union(*map(options, getattr(command, "commands", {}).values()))

    known = options(typer.main.get_command(app))
    for path in READMES:
        assert set(re.findall(r"(?<=[ `])--[a-z-]+", path.read_text("utf-8"))) <= known | {"--help"}
