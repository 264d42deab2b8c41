"""Players of a cue: the page and the Godot project."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from credo.errors import FileError, UsageError
from credo.rendering.players.godot import LEAD_IN_SECONDS, write_godot_project
from credo.rendering.players.manifest import read_manifest
from credo.rendering.players.web import write_web_player
from sine_cue import RATE, write_sine_cue

pytest.importorskip("jinja2", reason="pages need Jinja")
soundfile = pytest.importorskip("soundfile", reason="cues need soundfile")


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cue")
    write_sine_cue(folder, bars=2, bar_samples=12_000)
    return folder


@pytest.fixture
def cue(written: Path, tmp_path: Path) -> tuple[Path, dict]:
    """A cue's folder of the test's own, and its manifest."""
    shutil.copytree(written, tmp_path / "battle")
    return tmp_path / "battle", json.loads((written / "manifest.json").read_text("utf-8"))


class Page(HTMLParser):
    """What a page says, what it links to, and the data it holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said, self.links, self.held, self.within = [], [], {}, ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        values = dict(attrs)
        self.within = values.get("id", tag) if tag == "script" else tag
        self.links += [value for name, value in attrs if name in ("src", "href", "action", "srcset")]

    def handle_data(self, data: str) -> None:
        if self.within in ("words", "cue", "sounds"):
            self.held[self.within] = json.loads(data)
        self.said.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.within = ""


def page_of(folder: Path, manifest: dict, **options) -> Page:
    return Page(write_web_player(folder, manifest, **options).read_text("utf-8"))


def test_a_page_holds_every_sound_of_the_cue(cue):
    page = page_of(*cue)
    data, sounds = page.held["cue"], page.held["sounds"]
    assert [layer["name"] for layer in data["loop"]["layers"]] == ["pad", "bass", "lead"]
    entries = [*data["loop"]["layers"], data["mix"]]
    entries += [each for kind in ("stingers", "transitions", "effects", "versions") for each in data[kind]]
    assert sorted(each["sound"] for each in entries) == list(range(len(sounds)))
    assert [each["samples"] for each in data["versions"]] == [RATE]  # from its seconds
    assert not data["left_out"]


def test_a_page_asks_the_network_for_nothing(cue):
    folder, manifest = cue
    text = write_web_player(folder, manifest).read_text("utf-8")
    assert all(link == "data:," for link in Page(text).links)
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|import\(", text)


def test_both_languages_say_the_same_words(cue):
    page = page_of(*cue)
    words = page.held["words"]
    assert words["en"].keys() == words["zh"].keys()
    holes = {
        language: {key: set(re.findall(r"\{\w+\}", text)) for key, text in words[language].items()}
        for language in words
    }
    assert holes["en"] == holes["zh"]
    text = (cue[0] / "player.html").read_text("utf-8")
    used = set(re.findall(r'data-word="(\w+)"', text)) | set(re.findall(r'say\("(\w+)"', text))
    assert used <= words["en"].keys()


def test_what_does_not_fit_is_named_and_the_loop_comes_first(cue):
    folder, manifest = cue
    layers = sum((folder / layer["ogg"]).stat().st_size for layer in manifest["loop"]["layers"])
    data = page_of(folder, manifest, limit_bytes=layers).held["cue"]
    assert len(data["loop"]["layers"]) == 3
    assert data["mix"] is None
    assert data["left_out"] == [
        "stinger hurt", "stinger coin", "transition out", "effect success", "mix", "version 15"
    ]  # fmt: skip


def test_names_are_text_and_not_markup(cue):
    folder, manifest = cue
    bad = "</script><script>alert('Bach')</script> & \"Mock\" ${7*7} {{ 7*7 }}"
    manifest["title"] = manifest["stingers"][0]["name"] = manifest["loop"]["layers"][0]["role"] = bad
    page = page_of(folder, manifest)
    assert page.held["cue"]["title"] == page.held["cue"]["stingers"][0]["name"] == bad
    assert "".join(page.said).count("alert('Bach')") == 2  # as the title, twice: all else is data
    assert "49" not in page.held["cue"]["title"]


@pytest.mark.parametrize("codings", [("wav",), ("flac",), ("ogg",)])
def test_any_coding_will_do(tmp_path, codings):
    folder = tmp_path / "cue"
    manifest = write_sine_cue(folder, bars=1, bar_samples=12_000, codings=codings)
    assert len(page_of(folder, manifest).held["sounds"]) == 9


def test_a_loop_without_layers_is_played_as_a_mix(cue):
    folder, manifest = cue
    manifest["loop"]["layers"] = []
    assert [each["name"] for each in page_of(folder, manifest).held["cue"]["loop"]["layers"]] == ["mix"]


def test_a_hit_that_was_not_reached_stands_where_it_was_asked(cue):
    folder, manifest = cue
    manifest["hits"] += [
        {"name": "door", "kind": "accent", "asked": 1.25, "landed": None, "residual_ms": None},
        {"name": "step", "kind": "accent", "asked": 1.75, "landed": 1.5, "residual_ms": -250.0, "reached": False},
    ]
    hits = page_of(folder, manifest).held["cue"]["hits"]
    told = [(hit["name"], hit["seconds"], hit["residual"]) for hit in hits]
    assert told == [("logo", 1, 0), ("door", 1.25, None), ("step", 1.75, None)]


def test_a_cue_without_a_loop_is_played_through(cue):
    folder, manifest = cue
    manifest |= {"loop": None, "stingers": [], "transitions": [], "effects": [], "versions": [], "hits": []}
    data = page_of(folder, manifest).held["cue"]
    assert data["loop"] is None
    assert data["mix"]["samples"] == manifest["samples"]


@pytest.mark.parametrize("path", ["../outside.ogg", "/etc/passwd", ".", "loop/../../outside.ogg", "a\0.ogg"])
def test_no_path_leads_out_of_the_folder(cue, path):
    folder, manifest = cue
    (folder.parent / "outside.ogg").write_bytes(b"OggS")
    manifest["effects"][0]["ogg"] = path
    with pytest.raises(UsageError, match="effects 1 ogg: expected a file inside the cue's folder"):
        write_web_player(folder, manifest)
    assert not (folder / "player.html").exists()


def test_no_link_leads_out_of_the_folder(cue):
    folder, manifest = cue
    (folder.parent / "outside.ogg").write_bytes(b"OggS")
    (folder / "link.ogg").symlink_to(folder.parent / "outside.ogg")
    manifest["effects"][0]["ogg"] = "link.ogg"
    with pytest.raises(UsageError, match="inside the cue's folder"):
        write_web_player(folder, manifest)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", 2, "manifest format: expected 1, got 2"),
        ("samples", "long", "manifest samples: expected a number, got 'long'"),
        ("sample_rate", float("nan"), "manifest sample_rate: expected a number, got nan"),
        ("title", 7, "manifest title: expected text, got 7"),
        ("stingers", {"name": "a"}, "manifest stingers: expected a list, got dict"),
        ("hits", ["logo"], "manifest hits 1: expected fields with names, got str"),
    ],
)
def test_a_wrong_field_is_named(cue, key, value, message):
    folder, manifest = cue
    with pytest.raises(UsageError, match=re.escape(message)):
        read_manifest(folder, manifest | {key: value})


def test_a_file_that_is_missing_is_named(cue):
    folder, manifest = cue
    (folder / manifest["stingers"][0]["wav"]).unlink()
    with pytest.raises(FileError, match=r"hurt\.wav.*the manifest names it"):
        write_web_player(folder, manifest)


def test_nothing_to_play_is_said(cue):
    folder, manifest = cue
    silent = {"mix": {}, "loop": None, "versions": [], "effects": []}
    with pytest.raises(UsageError, match="expected a sound to play"):
        write_web_player(folder, manifest | silent)


# ---- Godot -----------------------------------------------------------------------------------------------------------


def sounds_of(data: dict) -> list[str]:
    """Every file that `cue.json` names."""
    entries = [*(data["loop"] or {"layers": []})["layers"]]
    entries += [each for kind in ("stingers", "transitions", "effects") for each in data[kind]]
    return [each["file"] for each in entries] + [data["mix"]] * (data["mix"] is not None)


def test_a_project_has_every_file_that_it_names(cue):
    project = write_godot_project(*cue)
    data = json.loads((project / "cue.json").read_text("utf-8"))
    assert len(sounds_of(data)) == 8
    assert {f"audio/{path.name}" for path in (project / "audio").iterdir()} == set(sounds_of(data))
    named = set()
    for path in project.glob("*.*"):
        named |= set(re.findall(r'"res://([^"]+)"', path.read_text("utf-8")))
    assert named == {"main.tscn", "main.gd", "cue_player.gd", "cue.json"}
    assert all((project / name).is_file() for name in named)


def test_layers_have_the_length_of_the_loop_and_stingers_begin_with_silence(cue):
    folder, manifest = cue
    project = write_godot_project(folder, manifest)
    data = json.loads((project / "cue.json").read_text("utf-8"))
    for layer in data["loop"]["layers"]:
        assert soundfile.info(project / layer["file"]).frames == manifest["loop"]["samples"]
    assert data["loop"]["seconds"] == manifest["loop"]["samples"] / RATE
    for kind in ("stingers", "transitions"):
        for known, entry in zip(data[kind], manifest[kind], strict=True):
            samples, rate = soundfile.read(project / known["file"])
            lead_in = round(data["lead_in_seconds"] * rate)
            assert len(samples) == lead_in + entry["samples"]
            assert abs(samples[: lead_in - 2048]).max() < 1e-3
            assert abs(samples[lead_in : lead_in + 480]).max() > 0.5


def test_scripts_start_stingers_within_their_silence(cue):
    script = (write_godot_project(*cue) / "cue_player.gd").read_text("utf-8")
    ahead = float(re.search(r"const AHEAD_SECONDS := ([\d.]+)", script).group(1))
    assert ahead + 0.04 < LEAD_IN_SECONDS


def test_fields_that_scripts_read_are_written(cue):
    project = write_godot_project(*cue)
    data = json.loads((project / "cue.json").read_text("utf-8"))
    scripts = "".join(path.read_text("utf-8") for path in project.glob("*.gd"))
    assert set(re.findall(r"\bcue\.(?!json)([a-z_]+)", scripts)) <= data.keys()
    assert set(re.findall(r"\bcue\.loop\.([a-z_]+)", scripts)) <= data["loop"].keys()
    assert set(re.findall(r"\bentry\.([a-z_]+)", scripts)) <= data["stingers"][0].keys() | {"at", "player"}


def test_hostile_names_stay_names_in_a_project(cue):
    folder, manifest = cue
    bad = '../../x"\n[autoload]\nEvil="*res://evil.gd" @RATE@ \\'
    manifest["title"] = manifest["loop"]["layers"][0]["role"] = manifest["stingers"][0]["name"] = bad
    project = write_godot_project(folder, manifest)
    settings = (project / "project.godot").read_text("utf-8").splitlines()
    assert [line for line in settings if line.startswith("[")] == [
        "[application]",
        "[audio]",
        "[display]",
        "[rendering]",
    ]
    (title,) = [line for line in settings if line.startswith("config/name=")]
    assert json.loads(title.partition("=")[2]) == bad.replace("\n", "")
    assert "driver/mix_rate=48000" in settings
    data = json.loads((project / "cue.json").read_text("utf-8"))
    assert data["stingers"][0]["name"] == bad
    assert all(re.fullmatch(r"audio/[a-z0-9-]+\.ogg", file) for file in sounds_of(data))


def test_a_project_without_a_loop_or_mix(cue):
    folder, manifest = cue
    project = write_godot_project(folder, manifest | {"loop": None, "mix": {}, "stingers": [], "transitions": []})
    data = json.loads((project / "cue.json").read_text("utf-8"))
    assert data["loop"] is data["mix"] is None
    assert len(sounds_of(data)) == 1


def test_files_of_ones_own_in_a_project_are_left_alone(cue):
    project = write_godot_project(*cue)
    (project / "audio" / "mine.ogg").write_bytes(b"mine")
    (project / "game.gd").write_text("mine")
    assert write_godot_project(*cue) == project
    assert (project / "audio" / "mine.ogg").read_bytes() == b"mine"
    assert (project / "game.gd").read_text() == "mine"
