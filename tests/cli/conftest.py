"""The command line, in this process."""

from typing import NamedTuple

import pytest

from credo.cli import main
from tiny import composer_of


class Ended(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def credo(capsys, tmp_path, monkeypatch):
    """Run a command in an empty folder; gives its exit status, what it printed and what it complained of.

    Commands share what is compiled for a model that several of them load.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("credo.compose.generate.Composer.load", composer_of)

    def run(*arguments) -> Ended:
        capsys.readouterr()
        status = main.run([str(argument) for argument in arguments])
        return Ended(status, *capsys.readouterr())

    return run


@pytest.fixture
def refused(credo, tmp_path):
    """Run a command that has to fail as a user's mistake does: status 2, one line, nothing written."""

    def run(*arguments) -> str:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        ended = credo(*arguments)
        assert ended.status == 2, ended
        assert ended.out == ""
        assert ended.err.startswith("credo: ")
        assert ended.err.count("\n") == 1, ended.err
        assert ended.err.endswith("\n")
        assert "Traceback" not in ended.err
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        return ended.err

    return run
