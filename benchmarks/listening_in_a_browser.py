"""Take a listening test in a browser by keyboard alone, in both languages, and have the answers analysed.

    pip install playwright
    python benchmarks/listening_in_a_browser.py --browser /usr/bin/chromium --credo .venv/bin/credo --out /tmp/listening

Builds a small test of pairs and one of ratings from pieces that it writes, opens the page from a file without a
network, answers by keys in English (reloading midway) and in Chinese, saves JSON and CSV, analyses them, and takes
screenshots in light and dark and at the width of a phone. Needs Playwright and a Chromium. It ends with an error if
anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import re
import struct
import subprocess
import time
from pathlib import Path
from random import Random

from playwright.sync_api import Page, expect, sync_playwright

CHORDS = ((60, 64, 67, 72), (57, 60, 65, 69), (55, 59, 65, 67), (60, 64, 67, 76))


def write_piece(path: Path, seed: int, wild: bool) -> None:
    """A MIDI file of 12 bars: broken chords, or chords with wrong notes among them."""
    dice, events = Random(seed), bytearray()
    for _ in range(12):
        for pitch in dice.choice(CHORDS):
            note = pitch + (dice.randint(-3, 3) if wild else 0)
            events += bytes((0, 0x90, note, 60 + dice.randrange(40))) + bytes((0x83, 0x60, 0x80, note, 0))
    events += b"\x00\xff\x2f\x00"
    tempo = b"\x00\xff\x51\x03" + (500_000).to_bytes(3, "big")
    track = tempo + bytes(events)
    path.write_bytes(b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(track)) + track)


def build(credo: str, folder: Path, kind: str) -> tuple[Path, Path]:
    """A test of two systems: its page and its key."""
    for name in ("plainsong", "wildsong"):
        (folder / name).mkdir(exist_ok=True)
        for seed in range(8):
            write_piece(folder / name / f"{name}-{seed}.mid", seed, name == "wildsong")
    page, key = folder / f"{kind}.html", folder / f"{kind}.key.json"
    command = [credo, "listen", "build", "plainsong=plainsong", "wildsong=wildsong", "--real", "plainsong"]
    command += [
        "--kind",
        kind,
        "--trials",
        "4",
        "--checks",
        "2",
        "--excerpts",
        "4",
        "--seconds",
        "4-6",
        "--hear",
        "1.5",
    ]
    command += [
        "--listeners",
        "4",
        "--scales",
        "melody,overall,human",
        "--out",
        page.name,
        "--title",
        "Two <b>kinds</b>",
    ]
    print(subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout)
    return page, key


class Listener:
    """Somebody at a keyboard."""

    def __init__(self, page: Page, key: dict, shots: Path) -> None:
        self.page, self.key, self.shots = page, key, shots

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def shot(self, name: str) -> None:
        """Take a picture of all of the page."""
        self.page.screenshot(path=self.shots / f"{name}.png", full_page=True)

    def tab_to(self, identifier: str) -> None:
        """Press Tab until something has the focus."""
        for _ in range(40):
            if self.page.evaluate("document.activeElement.id") == identifier:
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not reach {identifier}")

    def begin(self, number: str) -> None:
        """Fill in the first screen: amateur, headphones."""
        self.tab_to("start")
        self.press("Enter")  # too early: the page must say what is missing, and stay
        assert self.page.locator("#status").inner_text()
        assert self.page.locator("#welcome").is_visible()
        self.press("ArrowDown", "ArrowDown")  # focus was put on the first missing answer
        self.press("Tab", "ArrowDown", "Tab")
        self.page.keyboard.type(number)
        self.press("Tab", "Space", "Tab", "Enter")
        assert self.page.locator("#trial").is_visible(), self.page.locator("#status").inner_text()

    def state(self) -> dict:
        """What the page keeps."""
        return self.page.evaluate("JSON.parse(Object.values(localStorage)[0])")

    def enough(self, side: int) -> None:
        """Wait until enough of a piece was heard."""
        expect(self.page.locator(".player p").nth(side)).to_have_text(re.compile("^✓"), timeout=60_000)

    def answer(self, *, through_letters: bool = False) -> None:
        """Hear what is asked about and answer it as one with ears would."""
        trial = self.key["slots"][self.state()["slot"]][len(self.state()["answers"])]
        names = [name for name in trial if name]
        self.press("Enter")  # too early
        assert self.state()["now"], "went on although nothing was heard"
        for side, _ in enumerate(names):
            self.press("ab"[side] if through_letters else " ")
            self.enough(side)
            if len(names) > 1 or through_letters:
                self.press("ab"[side] if through_letters else " ")  # stop it
        excerpts = [self.key["excerpts"][name] for name in names]
        good = [each["role"] != "scrambled" and each["system"] == "plainsong" for each in excerpts]
        digits = ["12"[not good[0]] if good.count(True) == 1 else "1"] * 3 if len(names) > 1 else None
        digits = digits or (["6", "6", "1"] if good[0] else ["2", "2", "2"])
        self.press("1", "Backspace", *digits)  # the first is taken back
        before = len(self.state()["answers"])
        self.press("Enter")
        assert len(self.state()["answers"]) == before + 1, self.page.locator("#missing").inner_text()

    def save(self, identifier: str, folder: Path) -> Path:
        """Save the answers, by keys."""
        self.tab_to(identifier)
        with self.page.expect_download() as waiting:
            self.press("Enter")
        path = folder / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--browser", default="/usr/bin/chromium", help="a Chromium")
    parser.add_argument("--credo", default="credo", help="the command")
    parser.add_argument("--out", type=Path, required=True, help="folder for the test, its answers and the screenshots")
    options = parser.parse_args()
    options.credo = str(Path(options.credo).absolute()) if "/" in options.credo else options.credo
    folder = options.out.absolute()
    answers = {kind: folder / f"answers-{kind}" for kind in ("pairs", "ratings")}
    for each in (folder, *answers.values()):
        each.mkdir(parents=True, exist_ok=True)
        for old in [*each.glob("*.json"), *each.glob("*.csv")]:
            old.unlink()
    tests = {kind: build(options.credo, folder, kind) for kind in answers}
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=["--no-sandbox", "--autoplay-policy=user-gesture-required"]
        )

        def listener(kind: str, locale: str, **context) -> Listener:
            page_path, key_path = tests[kind]
            page = browser.new_context(locale=locale, offline=True, accept_downloads=True, **context).new_page()
            page.set_default_timeout(60_000)
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: request.url.startswith(("file:", "blob:", "data:"))
                    or complaints.append(request.url))  # fmt: skip
            page.goto(page_path.as_uri())
            return Listener(page, json.loads(key_path.read_text("utf-8")), folder)

        began = time.monotonic()
        first = listener("pairs", "en-GB", viewport={"width": 1000, "height": 800})
        first.shot("welcome-en-light")
        first.begin("1")
        first.shot("pair-en-light")
        first.answer()
        first.answer(through_letters=True)
        first.press(" ")
        first.enough(0)
        first.press("1")
        heard, kept = first.state()["now"]["heard"][0], first.state()["answers"]
        first.page.reload()
        assert first.page.locator("#trial").is_visible()
        assert first.state()["answers"] == kept
        assert first.state()["now"]["chosen"] == {"melody": 1}
        assert first.state()["now"]["heard"][0] >= heard
        assert first.page.locator("#status").inner_text().startswith("Welcome back")
        first.shot("resumed-en-light")
        first.press("Backspace")
        while first.page.locator("#trial").is_visible():
            first.answer()
        first.page.locator("#comment").focus()
        first.page.keyboard.type('=a comment, with "quotes"\nand a second line')
        first.shot("end-en-light")
        json_file = first.save("save-json", answers["pairs"])
        csv_file = first.save("save-csv", answers["pairs"])
        print(f"English, pairs: {time.monotonic() - began:.0f} s")

        began = time.monotonic()
        second = listener("pairs", "zh-CN", viewport={"width": 390, "height": 844}, color_scheme="dark",
                          device_scale_factor=2)  # fmt: skip
        assert second.page.evaluate("document.documentElement.lang") == "zh-CN"
        second.shot("welcome-zh-dark-phone")
        second.begin("2")
        second.shot("pair-zh-dark-phone")
        while second.page.locator("#trial").is_visible():
            second.answer()
        second.shot("end-zh-dark-phone")
        second.save("save-csv", answers["pairs"])
        width = second.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"wider than a phone: {width}"
        print(f"Chinese, pairs: {time.monotonic() - began:.0f} s")

        third = listener("ratings", "en-GB", viewport={"width": 1000, "height": 800}, color_scheme="dark")
        third.begin("3")
        third.press(" ")
        third.press("6")
        third.shot("rating-en-dark")
        third.press("Backspace", " ")
        while third.page.locator("#trial").is_visible():
            third.answer()
        third.save("save-json", answers["ratings"])
        fourth = listener("ratings", "zh-CN", viewport={"width": 390, "height": 844})
        fourth.begin("4")
        fourth.shot("rating-zh-light-phone")
        browser.close()
    assert not complaints, complaints
    (answers["pairs"] / "broken.json").write_text('{"format": ')
    for kind, (_, key) in tests.items():
        out = folder / f"results-{kind}"
        command = [options.credo, "listen", "analyse", str(answers[kind]), "--key", str(key), "--out", str(out)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        print(done.stdout, done.stderr)
        counted = json.loads((out / "results.json").read_text("utf-8"))["listeners"]
        if kind == "pairs":
            assert len(counted["counted"]) == 2, counted
            twice, broken = (str(answers["pairs"] / name) for name in (csv_file.name, "broken.json"))
            assert {Path(path).name for path in counted["left_out"]} & {json_file.name, csv_file.name}, twice
            assert broken in counted["left_out"]
        else:
            assert len(counted["counted"]) == 1, counted
    print("all as it should be")


if __name__ == "__main__":
    main()
