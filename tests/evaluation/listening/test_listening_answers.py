"""A stranger's file is believed nothing that the key does not bear out; bots are left out as often as computed."""

import csv
import json
import random

import pytest
from simulated import attentive, key_of, saved, session, write

from credo.errors import FormatError, UsageError
from credo.evaluation.listening.answers import checks_passed, collect, read_answers
from credo.evaluation.listening.key import Key


def always(digit):
    return lambda _: digit


def as_csv(folder, fields, name="a.csv"):
    """The file that the page would save as CSV."""
    about = [name for name in fields if name != "answers"]
    sides = range(len(fields["answers"][0]["plays"]))
    rows = []
    for answer in fields["answers"]:
        row = {name: fields[name] for name in about} | {name: answer[name] for name in ("trial", "first", "second")}
        row |= {f"{part}_{side + 1}": answer[part][side] for part in ("plays", "heard", "ended") for side in sides}
        row |= {name: answer[name] for name in ("shown", "answered", "seconds")} | answer["chosen"]
        rows.append({name: str(value).lower() if isinstance(value, bool) else value for name, value in row.items()})
    with (folder / name).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / name


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_json_and_csv_say_the_same(tmp_path, kind):
    key = key_of(kind, scales=("melody", "overall", "human"))
    fields = saved(key, 5, always(2), comment='a "quoted", comment\nof two lines')
    ours, theirs = read_answers(write(tmp_path, fields, "a.json"), key), read_answers(as_csv(tmp_path, fields), key)
    assert ours.answers == theirs.answers
    assert len(ours.answers) == len(key.slots[4])
    assert (ours.session, ours.given, ours.comment) == (theirs.session, theirs.given, theirs.comment)


def test_a_key_comes_back_and_cannot_be_changed(tmp_path):
    key = key_of()
    key.save(tmp_path / "key.json")
    assert Key.load(tmp_path / "key.json") == key
    data = json.loads((tmp_path / "key.json").read_text("utf-8"))
    data["rule"]["passes"] = 1
    (tmp_path / "key.json").write_text(json.dumps(data))
    with pytest.raises(FormatError, match="the key was changed after the test was built"):
        Key.load(tmp_path / "key.json")
    (tmp_path / "key.json").write_text("[]")
    with pytest.raises(FormatError, match="expected the key of a listening test"):
        Key.load(tmp_path / "key.json")


def first(fields, **changes):
    fields["answers"][0].update(changes)


DAMAGE = {
    "another test": (lambda f: f.update(test="t0"), "expected answers to the test"),
    "version": (lambda f: f.update(version=2), "expected version 1, got 2"),
    "no consent": (lambda f: f.update(consent=False), "did not consent"),
    "slot": (lambda f: f.update(slot=99), "slot: expected a whole number from 0 to 23, got 99"),
    "other slot": (lambda f: f.update(slot=7), "about other pieces than the key says"),
    "listener": (lambda f: f.update(listener=2), "listener 2 does not belong to slot 0"),
    "listener's kind": (lambda f: f.update(listener=True), "listener: expected a whole number"),
    "session": (lambda f: f.update(session="../../etc"), "session: expected s and 32 hexadecimal digits"),
    "expertise": (lambda f: f.update(expertise="<b>"), "expertise: expected one of none"),
    "expertise's kind": (lambda f: f.update(expertise=["none"]), "expertise: expected one of none"),
    "time": (lambda f: f.update(started="yesterday"), "started: expected a time, got 'yesterday'"),
    "no answers": (lambda f: f.update(answers=[]), "expected answers, got none"),
    "answers' kind": (lambda f: f.update(answers=[3]), "expected an answer, got 3"),
    "twice": (lambda f: f["answers"].append(f["answers"][0]), "trial 0 is answered twice"),
    "place": (lambda f: first(f, trial=-1), "trial: expected a whole number"),
    "pieces": (lambda f: first(f, first="p00000000"), "about other pieces"),
    "digit": (lambda f: first(f, chosen={"overall": 3}), "overall: expected a whole number from 1 to 2, got 3"),
    "scale": (lambda f: first(f, chosen={}), "expected an answer for each of overall"),
    "heard": (lambda f: first(f, heard=[1.0]), "heard: expected 2 of them"),
    "endless": (lambda f: first(f, heard=[1e400, 3]), "heard: expected a number from 0 to 3600, got inf"),
    "seconds": (lambda f: first(f, seconds="x" * 999), "seconds: expected a number"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_fields(tmp_path, damage):
    key = key_of()
    fields = saved(key, 1, always(1))
    change, told = DAMAGE[damage]
    change(fields)
    with pytest.raises(FormatError, match=told) as caught:
        read_answers(write(tmp_path, fields, "a.json"), key)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"{", b"[]", b"3", b"[" * 100_000, b'{"format": "x"}', b"a,b\r\n1,2\r\n", b"format\r\n", b"NaN"],
)
@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_files_that_hold_something_else(tmp_path, content, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"is empty|is no JSON or CSV|expected the answers of a listening test"):
        read_answers(path, key_of())


def test_what_is_left_out_is_named(tmp_path):
    key = key_of(checks=0)
    good = saved(key, 1, always(1))
    write(tmp_path, good, "good.json")
    as_csv(tmp_path, good, "good.csv")
    half = saved(key, 2, always(1))
    half["answers"] = half["answers"][:3]
    write(tmp_path, half, "half.json")
    write(tmp_path, saved(key, 2, always(1)), "whole.json")
    write(tmp_path, saved(key, 1, always(2), session="s" + "a" * 32, started="2026-02-01T10:00:00Z"), "again.json")
    copied = saved(key, 3, always(1), given=False)
    write(tmp_path, copied, "third.json")
    write(tmp_path, {**copied, "session": "s" + "b" * 32}, "third-copied.json")
    (tmp_path / "broken.json").write_text("{")
    found = collect([tmp_path, tmp_path / "good.json", tmp_path / "missing.json"], key)
    assert {one.path.name for one in found.kept} == {"good.json", "whole.json", "third.json"}
    assert {path.name: reason for path, reason in found.left_out} == {
        "good.csv": "holds the answers of good.json again",
        "half.json": "holds the answers of whole.json again",
        "again.json": "listener 1 took the test before (good.json)",
        "third-copied.json": "holds the very answers of third.json under another name",
        "broken.json": "is no JSON or CSV file that the page of a test saved, or is damaged",
        "missing.json": "no such file",
    }
    with pytest.raises(UsageError, match="expected files or folders"):
        collect([], key)


def test_what_was_not_heard_does_not_count(tmp_path):
    key = key_of(checks=0)
    fields = saved(key, 1, always(1))
    fields["answers"][2]["heard"] = [20.0, 14.0]
    found = collect([write(tmp_path, fields)], key)
    assert found.unheard == 1
    assert [place for place, answer in found.kept[0].answers.items() if not answer.valid] == [2]


@pytest.mark.parametrize("kind", ["pairs", "ratings"])
def test_who_listens_is_kept_and_who_always_says_the_same_is_not(tmp_path, kind):
    key = key_of(kind)
    files = [write(tmp_path, saved(key, listener, attentive(key, always(1)))) for listener in range(1, 9)]
    for listener, digit in ((9, 1), (10, 2)):
        files.append(write(tmp_path, saved(key, listener, always(digit))))
    stopped = saved(key, 11, attentive(key, always(1)))
    stopped["answers"] = stopped["answers"][:8]  # before the last check
    found = collect([*files, write(tmp_path, stopped)], key)
    assert [one.listener for one in found.kept] == list(range(1, 9))
    assert {one.listener: passed for one, passed in found.excluded}[9] == (2 if kind == "pairs" else 0)
    assert {one.listener for one, _ in found.excluded} == {9, 10, 11}


@pytest.mark.parametrize(
    ("kind", "passes", "computed"), [("pairs", 4, 1 / 16), ("pairs", 3, 5 / 16), ("ratings", 2, 0.5735)]
)
def test_guessing_passes_as_often_as_computed(tmp_path, kind, passes, computed):
    key, dice, runs = key_of(kind, passes=passes), random.Random(1), 400
    assert key.rule.kept_when_guessing(kind) == pytest.approx(computed, abs=1e-4)
    highest = 2 if kind == "pairs" else 7
    kept = sum(
        checks_passed(session(tmp_path, key, 1 + run % 24, lambda _: dice.randint(1, highest)), key) >= passes
        for run in range(runs)
    )
    rate = key.rule.kept_when_guessing(kind)
    assert kept / runs == pytest.approx(rate, abs=3 * (rate * (1 - rate) / runs) ** 0.5)
