"""`credo listen`: a test is built, answered and analysed, and wrong use is told in one line."""

import json

import pytest

from credo.io.files import save
from tiny import chorale

SMALL = ("--excerpts", 2, "--trials", 2, "--listeners", 2, "--checks", 1, "--scales", "overall")
SMALL += ("--seconds", "2.5-4.5", "--hear", 1)


@pytest.fixture
def folders(tmp_path):
    for number, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        for seed in range(3):
            save(chorale(10 * number + seed, 4), tmp_path / name / f"{seed}.mid")
    return ["real=one", "other=two", "--real", "real"]


def answers(key, slot):
    """What an attentive listener saves who prefers the real one."""
    rows = []
    for place, (first, second) in enumerate(key["slots"][slot]):
        ours = key["excerpts"][first]
        chosen = 1 if ours["role"] == "check" or (ours["role"] == "piece" and ours["system"] == "real") else 2
        rows.append(
            {
                **{"trial": place, "first": first, "second": second, "chosen": {"overall": chosen}, "plays": [1, 1]},
                **{"heard": [3.0, 3.0], "answered": "2026-01-01T10:00:00Z", "seconds": 9.5},
            }
        )
    return {
        **{"format": "credo-listening-answers", "version": 1, "test": key["test"], "session": f"s{slot:032x}"},
        **{"listener": slot + 1, "given": True, "slot": slot, "consent": True, "expertise": "none", "language": "zh"},
        **{"equipment": "headphones", "started": f"2026-01-01T09:00:0{slot}Z", "comment": "", "answers": rows},
    }


def test_from_folders_to_results(credo, folders, tmp_path):
    for library in ("midirenderer", "soundfile", "jinja2", "matplotlib"):
        pytest.importorskip(library)
    done = credo("listen", "build", *folders, *SMALL)
    assert done.status == 0, done.err
    assert "test.html" in done.out
    assert "test.key.json  (keep it to yourself)" in done.out
    assert "a true share of 60 % is seen" in done.out
    key = json.loads((tmp_path / "test.key.json").read_text("utf-8"))
    (tmp_path / "answers").mkdir()
    for slot in range(2):
        (tmp_path / "answers" / f"{slot}.json").write_text(json.dumps(answers(key, slot)))
    (tmp_path / "answers" / "bad.csv").write_text("not, what\r\nit, seems\r\n")
    before = (tmp_path / "test.html").read_bytes()
    assert credo("listen", "build", *folders, *SMALL, "--seed", 1, "--out", "b.html").status == 0
    assert credo("listen", "build", *folders, *SMALL, "--seed", 0, "--out", "c.html").status == 0
    assert (tmp_path / "c.html").read_bytes() == before != (tmp_path / "b.html").read_bytes()
    done = credo("listen", "analyse", "answers", "--key", "test.key.json", "--out", "results")
    assert done.status == 0, done.err
    assert "listeners who count: 2" in done.out
    assert "bad.csv: expected the answers of a listening test, found something else" in done.err
    record = json.loads((tmp_path / "results" / "results.json").read_text("utf-8"))
    assert record["results"]["comparisons"][0]["share"]["share"] == 1
    assert (tmp_path / "results" / "report.html").exists()
    done = credo("listen", "analyse", "answers", "--key", "b.key.json", "--out", "others")
    assert "listeners who count: 0" in done.out
    assert done.err.count("expected answers to the test") == 2


def test_wrong_use(refused, folders, tmp_path):
    def build(*arguments):
        return refused("listen", "build", *arguments)

    assert "expected NAME=FOLDER such as bach=chorales/test, got 'one'" in build("one", "two")
    assert "systems: expected a name for each, got 'a' twice" in build("a=one", "a=two")
    assert "seconds: expected two numbers such as 20-30, got 'long'" in build(*folders, "--seconds", "long")
    assert "kind: expected pairs or ratings, got 'x'" in build(*folders, "--kind", "x")
    assert "real: expected one of a, b, got 'c'" in build("a=one", "b=two", "--real", "c")
    assert "say --real SYSTEM or --checks-from FOLDER" in build("a=one", "b=two")
    assert "key: expected another file than the page" in build(*folders, "--key", "test.html")
    assert "nowhere: expected a folder of music, found nothing" in build("a=nowhere", "b=two", "--checks", 0)
    assert "systems: expected two or more to compare, got 1" in build("a=one", "--real", "a")
    assert "instrument: expected a General MIDI name" in build(*folders, "--instrument", "sousaphone")
    (tmp_path / "empty").mkdir()
    assert "empty: expected pieces to cut excerpts from, got none" in build("a=empty", "b=two", "--checks", 0)
    analyse = ("listen", "analyse", "one", "--key")
    assert "nothing.json: cannot be read" in refused(*analyse, "nothing.json")
    assert "expected the key of a listening test" in refused(*analyse, "one/0.mid")


@pytest.mark.parametrize("command", [(), ("build",), ("analyse",)])
def test_help_teaches(credo, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = credo("listen", *command, "--help")
    assert done.status == 0
    assert "Examples" in done.out or not command
    assert "listen" in credo("--help").out
