"""Play a cue's Godot project in the engine itself, and measure what it plays.

    pip install playwright
    python benchmarks/player_in_godot.py --engine WEB_TEMPLATE --out /tmp/godot [--cue FOLDER]

The engine is Godot's release build for browsers: the folder of an exported web project, or of an unpacked export
template without threads, with its .js and .wasm. The project is packed as it was written, nothing imported; a script
beside it presses what a game would and records the master bus. Without `--cue` it makes a cue of sines and clicks.
Needs Playwright, a Chromium and the extra audio. It ends with an error if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import struct
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from credo.rendering.players.godot import write_godot_project

# Plays the loop, then one act after another at its second; the sound of the master bus goes to the page.
CHECK = """extends Node
var acts := ACTS
var seconds := 0.0
var running := false
var sound := PackedFloat32Array()
var capture := AudioEffectCapture.new()
@onready var player: Node = get_tree().root.get_node("Main/CuePlayer")

func _enter_tree() -> void:
	capture.buffer_length = 4.0
	AudioServer.add_bus_effect(0, capture)

func _ready() -> void:
	print("ENGINE ", Engine.get_version_info().string)
	await get_tree().create_timer(1.0).timeout
	player.set_intensity(0.0)
	capture.clear_buffer()
	player.start()
	running = true

func _process(delta: float) -> void:
	if not running:
		return
	seconds += delta
	for frame in capture.get_buffer(capture.get_frames_available()):
		sound.append(frame.x)
	while not acts.is_empty() and seconds >= acts[0][0]:
		var act: Array = acts.pop_front()
		player.callv(act[1], act[2])
	if seconds > SECONDS:
		running = false
		var page = JavaScriptBridge.get_interface("window")
		page.captured = Marshalls.raw_to_base64(sound.to_byte_array())
		print("DONE ", AudioServer.get_mix_rate(), " ", capture.get_discarded_frames())
"""

PAGE = """<!doctype html><title>cue</title><canvas id="canvas" width="900" height="720"></canvas>
<script src="{engine}.js"></script>
<script>new Engine({{ executable: "{engine}", mainPack: "game.pck", canvasResizePolicy: 0, args: [], fileSizes: {{}} }})
  .startGame().catch((error) => console.error("ERROR: " + error));</script>"""


def pack(project: Path, path: Path) -> None:
    """Pack a project's files as they are: format 3 of Godot's packs."""
    body, table = b"", b""
    files = sorted(file for file in project.rglob("*") if file.is_file())
    for file in files:
        data, name = file.read_bytes(), file.relative_to(project).as_posix().encode()
        name += b"\0" * (-len(name) % 4)
        table += struct.pack("<I", len(name)) + name + struct.pack("<QQ", len(body), len(data))
        table += hashlib.md5(data).digest() + struct.pack("<I", 0)
        body += data + b"\0" * (-len(data) % 32)
    head = struct.pack("<4s5IQQ", b"GDPC", 3, 4, 5, 0, 2, 112, 112 + len(body)).ljust(112, b"\0")
    path.write_bytes(head + body + struct.pack("<I", len(files)) + table)


def play(options: argparse.Namespace, acts: list, seconds: float, shot: str) -> tuple[np.ndarray, float]:
    """Let the engine play; answers with what it played and its rate."""
    manifest = json.loads((options.cue / "manifest.json").read_text("utf-8"))
    project, site = options.out / "project", options.out / "site"
    for folder in (project, site):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(write_godot_project(options.cue, manifest), project)
    check = CHECK.replace("ACTS", json.dumps(acts)).replace("SECONDS", str(seconds))
    (project / "check.gd").write_text(check, encoding="utf-8")
    with (project / "project.godot").open("a", encoding="utf-8") as settings:
        settings.write('\n[autoload]\n\nCheck="*res://check.gd"\n')
    shutil.copytree(options.engine, site)
    pack(project, site / "game.pck")
    engine = next(site.glob("*.wasm")).stem
    (site / "game.html").write_text(PAGE.format(engine=engine), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said: list[str] = []
    gl = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required", *gl]
        )
        page = browser.new_page(viewport={"width": 920, "height": 740})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(f"ERROR: {error}"))
        page.goto(f"http://127.0.0.1:{server.server_port}/game.html")
        end = time.monotonic() + 60 + 8 * seconds
        while not any(line.startswith("DONE") for line in said):
            assert time.monotonic() < end, said
            page.wait_for_timeout(200)
        page.screenshot(path=options.out / f"{shot}.png")
        sound = page.evaluate("window.captured")
        browser.close()
    server.shutdown()
    # A project that no editor has opened has no list of global classes; it needs none.
    errors = [line for line in said if "ERROR" in line and "global script cache" not in line]
    assert not errors, errors
    print(*(line.strip() for line in said if line.startswith(("ENGINE", "Build"))), sep="; ")
    rate, lost = next(line for line in said if line.startswith("DONE")).split()[1:]
    assert int(lost) == 0, f"{lost} frames were not recorded"
    samples = np.frombuffer(base64.b64decode(sound), "<f4").astype(float)
    return samples[np.flatnonzero(np.abs(samples) > 1e-4)[0] :], float(rate)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", type=Path, required=True, help="folder of Godot's .js and .wasm for browsers")
    parser.add_argument("--browser", default="/usr/bin/chromium", help="a Chromium")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pack and the screenshots")
    parser.add_argument(
        "--cue", type=Path, help="a cue's folder; it is then only played, since nobody knows its onsets"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.cue:
        samples, rate = play(options, [[1.0, "set_intensity", [1.0]]], 10, "cue")
        print(f"{len(samples) / rate:.1f} s, peak {np.abs(samples).max():.2f}")
        assert np.abs(samples).max() > 0.01
        return
    sys.path.append(str(Path(__file__).parent.parent / "tests"))
    from sine_cue import write_sine_cue

    options.cue = options.out / "cue"
    write_sine_cue(options.cue, bars=4, bar_samples=48_000)  # bars of a second, sines of 40, 80 and 120 Hz

    samples, rate = play(options, [[0.2, "set_intensity", [1.0, False]]], 9, "loop")
    late = samples[round(2 * rate) :]
    steps = np.abs(np.diff(late))
    seam = round(2 * rate)
    nearby = slice(seam - 40, seam + 200)
    usual = np.median(np.sort(steps)[-2000:])
    print(f"loop: largest step between samples {steps[nearby].max():.4f} at the seam, {usual:.4f} elsewhere")
    assert steps[nearby].max() < 0.03
    frame = round(0.02 * rate)
    power = np.square(late[: len(late) // frame * frame]).reshape(-1, frame).mean(axis=1)
    assert power.min() > 0.2 * np.median(power), "there is a gap"

    acts = [[0.4, "play_stinger", [0]], [3.1, "play_stinger", [1]], [4.6, "play_transition", [0]]]
    samples, rate = play(options, acts, 7, "stingers")
    loud = np.flatnonzero(np.abs(np.diff(samples, 2)) > 0.02)
    onsets = loud[np.diff(loud, prepend=-rate) > 0.1 * rate] / rate
    lines = np.round(4 * onsets) / 4  # a beat is a quarter of a second
    print("clicks at", ", ".join(f"{onset:.4f} s" for onset in onsets), "for lines at", ", ".join(map(str, lines)))
    assert len(onsets) == 3
    assert lines[0] == 1  # bar 2, the only one that it fits
    assert lines[2] == 5
    assert np.abs(onsets - lines).max() < 0.005
    after = samples[round(5.8 * rate) : round(6.3 * rate)]
    assert np.abs(after).max() < 1e-3, "the loop goes on under the transition"
    print("all as it should be")


if __name__ == "__main__":
    main()
