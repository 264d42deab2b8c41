"""Reading processes."""

import json
import threading

import pytest

from credo.corpora.reading.pool import run_jobs
from credo.errors import CredoError


def test_jobs_come_back_with_their_records():
    jobs = [{"name": f"{i}", "text": "\udcff é 拍\n"} for i in range(11)]
    done = list(run_jobs("misbehave:echo", {"texture": 1}, jobs, workers=2))
    assert sorted(int(job["name"]) for job, _ in done) == list(range(11))
    assert all(json.loads(record) == {**job, "texture": 1} for job, record in done)


def test_no_jobs_need_no_processes():
    assert list(run_jobs("misbehave:nothing", {}, [], workers=2)) == []


def test_a_process_that_cannot_start_says_why():
    with pytest.raises(CredoError, match=r"could not start.*nowhere"):
        list(run_jobs("nowhere:function", {}, [{}], workers=2))


def test_stopping_early_ends_the_processes():
    before = threading.active_count()
    results = run_jobs("misbehave:badly", {}, [{"name": "exit"}, {"name": "hang"}], workers=2)
    assert next(results)[1] == "crashed the reader (exit status 3)"
    results.close()
    assert threading.active_count() == before


def test_scripts_need_no_guard(tmp_path):
    """The processes do not run the caller's main module again."""
    import subprocess
    import sys

    script = tmp_path / "script.py"
    script.write_text(
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "from credo.corpora.reading.pool import run_jobs\n"
        "print(len(list(run_jobs('misbehave:echo', {}, [{}] * 5, workers=2))))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("5\n", "")
