"""`credo studio`: its help, what it refuses, and a server that is really there, used by the client of the manual."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

MANUAL = Path(__file__).parents[2] / "docs" / "studio-api.md"
#: A test run that goes on in the background ignores Ctrl-C, and so would a server that it starts.
STUDIO = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from credo.cli.main import run; sys.exit(run(['studio', *sys.argv[1:]]))"
)
needs_server = pytest.mark.skipif(
    not all(map(__import__("importlib.util").util.find_spec, ("fastapi", "uvicorn", "python_multipart"))),
    reason="the extra studio is not installed",
)


def test_help_teaches(credo):
    ended = credo("studio", "--help")
    assert ended.status == 0
    for word in ("--host", "--port", "--model", "--projects", "--token", "credo studio --host 0.0.0.0"):
        assert word in re.sub(r"\s+", " ", ended.out.replace("│", " "))


def test_without_its_extra_it_says_how_to_get_it(refused, monkeypatch):
    monkeypatch.delitem(sys.modules, "credo.web.serving", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert 'pip install "credo-music[studio]"' in refused("studio")


@needs_server
def test_what_cannot_be_served_is_told(refused, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"expected to listen on 127.0.0.1:{port}" in refused("studio", "--port", port)
    assert "expected a folder or one of" in refused("studio", "--model", "nobody")
    assert "expected an address of this machine" in refused("studio", "--host", "no such host")
    assert "expected 16 or more" in refused("studio", "--token", "secret")
    (tmp_path / "notes.txt").write_text("these are no projects" * 100)
    assert "cannot keep projects" in refused("studio", "--port", 0, "--projects", tmp_path / "notes.txt")


@contextlib.contextmanager
def serving(*arguments):
    """The address of a server that runs."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", STUDIO, "--no-open", "--port", "0", *map(str, arguments)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    try:
        yield server, server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.communicate()
            raise


@needs_server
@pytest.mark.machine
@pytest.mark.once
def test_the_client_of_the_manual_works(tiny_run, tmp_path, capsys):
    [code] = re.findall(r"```python\n(.*?)```", MANUAL.read_text("utf-8"), re.DOTALL)
    with serving("--model", tiny_run, "--projects", tmp_path / "p.sqlite") as (server, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        exec(compile(code.replace("http://127.0.0.1:8765/", address), str(MANUAL), "exec"), {})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[0] for line in lines] == ["1", "2", "3"]
    assert sorted(line[1] for line in lines) == ["7", "8", "9"]
    assert all(int(line[3]) > 16 for line in lines)
    assert server.returncode == 130  # after Ctrl-C


@needs_server
def test_beyond_this_machine_a_token_is_needed_and_told(tiny_run, tmp_path):
    with serving("--host", "0.0.0.0", "--model", tiny_run, "--projects", tmp_path / "p.sqlite") as (_, address):
        found = re.fullmatch(r"http://[^/]+:(\d+)/\?token=(\S{20,})", address)
        url = f"http://127.0.0.1:{found[1]}/api/v1/models"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url)
        refused.value.close()
        assert refused.value.code == 401
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {found[2]}"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
