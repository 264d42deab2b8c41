"""Play a cue's page in a browser by keyboard, and measure its sound to the sample.

    pip install playwright
    python benchmarks/player_in_a_browser.py --browser /usr/bin/chromium --out /tmp/player [--cue FOLDER]

Opens the page from a file without a network. Presses its keys and buttons in English and Chinese, and takes screenshots
in light and dark and at the width of a phone. Then renders what the page's own code plays into an offline audio
context and compares it with the sounds: the loop over its seam, a layer that enters at a bar, stingers, transitions.
Without `--cue` it makes a cue of sines. Needs Playwright, a Chromium and the extras audio and plots. It ends with an
error if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from credo.rendering.players.web import write_web_player

# In the page: plays with an offline context, three times the loop and half of it; steps are [seconds, act].
RENDER = """async (steps) => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const cue = read("cue"), loop = cue.loop.samples, length = Math.round(3.5 * loop);
  const context = new OfflineAudioContext(2, length, cue.rate);
  const sound = makeSound(context, cue, read("sounds"));
  const started = await sound.startLoop(steps.intensity);
  const lines = [];
  for (const [bars, act, ...rest] of steps.acts) {
    const at = (started.start + bars * loop / cue.loop.bars) / cue.rate;
    context.suspend(at).then(async () => {
      if (act === "intensity") sound.setIntensity(...rest);
      else lines.push(await sound[act](cue[rest[0]][rest[1]]));
      context.resume();
    });
  }
  const heard = (await context.startRendering()).getChannelData(0);
  const buffers = await Promise.all(cue.loop.layers.map((layer) => sound.decode(layer)));
  const layers = buffers.map((buffer) => buffer.getChannelData(0));
  const on = cue.loop.layers.map((layer) => layer.threshold <= steps.intensity);
  const expected = (frame) => frame < started.start ? 0
    : layers.reduce((sum, layer, place) => sum + (on[place] ? layer[(frame - started.start) % loop] : 0), 0);
  let worst = 0, differs = -1, seam = 0, usual = 0;
  for (let frame = 1; frame < length; frame++) {
    const error = Math.abs(heard[frame] - expected(frame));
    if (error > 1e-4 && differs < 0) differs = frame;
    worst = Math.max(worst, error);
    const step = Math.abs(heard[frame] - heard[frame - 1]), along = (frame - started.start) % loop;
    if (frame > started.start + loop / 2) {
      if (along < 2) seam = Math.max(seam, step); else usual = Math.max(usual, step);
    }
  }
  return { start: started.start, worst, differs, seam, usual, lines, decoded: layers.map((layer) => layer.length) };
}"""


class Player:
    """Somebody at the page."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page, self.shots = page, shots

    def shot(self, name: str) -> None:
        """Take a picture of all of the page."""
        self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    def text(self, identifier: str) -> str:
        """What an element says."""
        return self.page.locator(f"#{identifier}").inner_text()

    def until(self, condition: str, seconds: float = 20) -> None:
        """Wait until something holds in the page, whose policy lets nothing be compiled in it."""
        end = time.monotonic() + seconds
        while not self.page.evaluate(condition):
            assert time.monotonic() < end, f"still not so: {condition}; the page says {self.text('status')!r}"
            self.page.wait_for_timeout(20)

    def tab_to(self, identifier: str) -> None:
        """Press Tab until something has the focus."""
        for _ in range(60):
            if self.page.evaluate("document.activeElement.id") == identifier:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {identifier}")

    def levels(self) -> list[float]:
        """The level of each layer, as it sounds."""
        return self.page.evaluate("credo.loop.layers.map((layer, place) => credo.layerLevel(place))")


def play_loop(player: Player, cue: dict) -> None:
    """The loop by keys: layers, a stinger, a transition, and stop."""
    page, layers = player.page, cue["loop"]["layers"]
    quiet = [layer["threshold"] <= 0 for layer in layers]
    player.tab_to("intensity")
    page.keyboard.press("Home")
    page.keyboard.press("l")
    player.until("window.credo && credo.loopPlace()")
    expect(page.locator("#loop-play")).to_have_text("Stop")
    player.until("credo.loopPlace() && credo.loopPlace().bar >= 2")
    assert [level > 0 for level in player.levels()] == quiet, player.levels()
    player.tab_to("intensity")
    page.keyboard.press("End")
    player.until("credo.loop.layers.every((layer, place) => credo.layerLevel(place) > 0)")
    player.shot("loop-en-light")
    if cue["stingers"]:
        page.keyboard.press("1")
        player.until("credo.busy === 1")
        player.until("credo.busy === 0", 60)
    place = page.evaluate("credo.loopPlace()")
    assert f"bar {place['bar']}" in player.text("loop-place") or page.evaluate("credo.loopPlace().bar") != place["bar"]
    if cue["transitions"]:
        page.keyboard.press("t")
        player.until("credo.loop.end !== null && !credo.loopPlace()", 60)
        expect(page.locator("#loop-play")).to_have_text("Play", timeout=60_000)
    else:
        page.keyboard.press("Escape")
    assert player.text("loop-place") == "silent"


def play_mix(player: Player, cue: dict) -> None:
    """The whole cue: play, seek, a hit, versions and effects, and stop."""
    page = player.page
    page.keyboard.press("m")
    player.until("window.credo && credo.linear && credo.linearSeconds() > 0.3 && credo.level() > 0")
    player.shot("mix-en-light")
    for button in page.locator("#hits button, #versions button, #effects button").all():
        button.press("Enter")
        page.wait_for_timeout(150)
    page.keyboard.press("Escape")
    player.until("!credo.linear && credo.busy === 0 && credo.level() < 1e-3")
    page.evaluate("document.getElementById('seek').value = 0")
    page.mouse.click(*centre(page, "#wave"))
    middle = float(page.locator("#seek").input_value())
    assert abs(middle / (cue["samples"] / cue["rate"]) - 0.5) < 0.02, middle
    expect(page.locator("#status")).to_have_text("")


def centre(page: Page, selector: str) -> tuple[float, float]:
    """The middle of an element on the screen."""
    locator = page.locator(selector)
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def measure(page: Page, cue: dict) -> None:
    """What the page's code plays, against the sounds it was given."""
    bar = cue["loop"]["samples"] / cue["loop"]["bars"]
    rate = cue["rate"]

    def bar_line(frame: int, start: int, parts: int = 1) -> float:
        return abs((frame - start) / bar * parts - round((frame - start) / bar * parts)) * bar / parts

    plain = page.evaluate(RENDER, {"intensity": 1, "acts": []})
    print(f"loop over three seams: {plain['worst']:.1e} from its layers repeated; largest step between samples "
          f"{plain['seam']:.4f} at the seam, {plain['usual']:.4f} elsewhere")  # fmt: skip
    assert plain["worst"] < 1e-5
    assert plain["seam"] <= plain["usual"] + 0.02  # Vorbis codes a loop's two ends apart: noise some 40 dB down
    assert set(plain["decoded"]) == {cue["loop"]["samples"]}
    if any(layer["threshold"] > 0 for layer in cue["loop"]["layers"]):
        faded = page.evaluate(RENDER, {"intensity": 0, "acts": [[0.5, "intensity", 1, True]]})
        late = faded["differs"] - (faded["start"] + bar)
        print(f"a layer asked for within a bar: first heard {1000 * late / rate:.1f} ms after the next bar line")
        assert 0 <= late < 0.1 * rate, late
    for kind, act in (("stingers", "stinger"), ("transitions", "transition")):
        for place, entry in enumerate(cue[kind]):
            done = page.evaluate(RENDER, {"intensity": 1, "acts": [[0.3, act, kind, place]]})
            line = done["lines"][0]
            parts = cue["loop"]["beats"] if entry["sync"] == "beat" else 1
            late = done["differs"] - line["frame"]
            print(f"{entry['name']}: bar {line['bar']}, beat {line['beat']}; heard {late} samples after the line")
            assert bar_line(line["frame"], done["start"], parts) <= 1
            assert not entry["bars"] or line["bar"] in entry["bars"]
            assert 0 <= late < 0.05 * rate, late


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--browser", default="/usr/bin/chromium", help="a Chromium")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the screenshots, and the cue if it makes one"
    )
    parser.add_argument("--cue", type=Path, help="a cue's folder")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.cue:
        sys.path.append(str(Path(__file__).parent.parent / "tests"))
        from sine_cue import write_sine_cue

        options.cue = options.out / "cue"
        write_sine_cue(options.cue, bars=4, bar_samples=48_000)
    path = write_web_player(options.cue, json.loads((options.cue / "manifest.json").read_text("utf-8")))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=["--no-sandbox", "--autoplay-policy=user-gesture-required"]
        )

        def player(locale: str, **context) -> Player:
            page = browser.new_context(locale=locale, offline=True, **context).new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: request.url.startswith(("file:", "data:"))
                    or complaints.append(request.url))  # fmt: skip
            page.goto(path.absolute().as_uri())
            return Player(page, options.out)

        english = player("en-GB", viewport={"width": 1000, "height": 900})
        cue = json.loads(english.page.locator("#cue").text_content())
        if cue["loop"]:
            play_loop(english, cue)
        if cue["mix"]:
            play_mix(english, cue)
        chinese = player("zh-CN", viewport={"width": 390, "height": 844}, color_scheme="dark", device_scale_factor=2)
        assert chinese.page.evaluate("document.documentElement.lang") == "zh-CN"
        chinese.page.keyboard.press("l" if cue["loop"] else "m")
        chinese.until("window.credo && credo.level() > 0")
        chinese.shot("zh-dark-phone")
        width = chinese.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"wider than a phone: {width}"
        if cue["loop"]:
            measure(english.page, cue)
        browser.close()
    assert not complaints, complaints
    print("all as it should be")


if __name__ == "__main__":
    main()
