"""Compose in the Studio's page as a musician does, in a browser, and measure how fast it answers.

    credo library add FOLDER --library FILE
    credo studio --port 8765 --projects OTHER_FILE --library FILE &
    pip install playwright axe-playwright-python
    python benchmarks/studio_in_a_browser.py --url http://127.0.0.1:8765/ --browser /usr/bin/chromium --out /tmp/studio

Uses every control of the page by pointer and by keyboard, in English and Chinese, light and dark, and takes pictures.
Measures the time until the page can be used, from the click on "Complete the rest" to the notes drawn (`--clicks`
times), and frames a second while notes are drawn among 2000 others. Checks in each answer that what is held is as it
was, that a reload and a lost server lose nothing, and, where axe-playwright-python is there, what axe-core finds.
It ends with an error if anything is not as it should be.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, expect, sync_playwright
from studio_listener import listener
from studio_musician import DEVICE, bring, dies, early, held, lanes, live, many_notes, prompts, whole
from studio_user import COMPLETE, FRAMES, MANY, MIDI, Composer, by_keys, by_pointer, fresh, middle


def complete(composer: Composer, clicks: int) -> list[float]:
    """Complete the rest of four bars again and again, from the click to the notes drawn; in milliseconds."""
    composer.page.fill("#alternatives", "1")
    composer.page.locator("#alternatives").blur()
    times = []
    for number in range(clicks):
        done = composer.page.evaluate(COMPLETE)
        assert done["notes"] > 16, done
        assert set(done["after"]) == {done["held"]}, done
        times.append(done["milliseconds"])
        if number % 3 == 0:  # hold a few of what was written
            composer.of("studio.edit('lock', {...studio.piece, notes: studio.piece.notes.map((n, i) => "
                        f"({{...n, locked: n.locked || i % 11 === {number % 11}}}))}})")  # fmt: skip
        if number % 5 == 4:
            composer.of("studio.edit('unlock', {...studio.piece, notes: studio.piece.notes.map((n) => "
                        "({...n, locked: false}))})")  # fmt: skip
    return times


def choose(composer: Composer) -> None:
    """Three alternatives: listen, take a part, take all; then each other task."""
    page = composer.page
    page.fill("#alternatives", "3")
    page.locator("#alternatives").blur()
    composer.task("complete")
    expect(page.locator(".alternative")).to_have_count(4)
    composer.shot("alternatives-en-light")
    page.locator("#roll").focus()
    page.keyboard.press("2")
    assert composer.of("studio.audition") == 1
    before = composer.of("studio.piece.notes.length")
    box = page.locator("#roll").bounding_box()
    composer.drag((composer.cell(16, 72)[0], box["y"] + 10), (composer.cell(32, 72)[0], box["y"] + 10))
    page.click("[data-act=take-part]")
    assert composer.of("studio.audition") == -1
    page.keyboard.press("3")
    page.click("[data-act=take]")
    assert composer.of("studio.piece.notes.length") >= 16, before
    page.locator("#roll").focus()
    page.keyboard.press("Escape")
    for name in ("vary", "harmonize", "accompany", "revoice", "continue"):
        composer.task(name)
        assert composer.of("studio.audition") >= 0, name
        page.keyboard.press("Escape")
        composer.until("studio.audition === -1")
    page.click("#use-other")
    composer.task("complete")
    page.click("[data-act=take]")
    composer.task("blend")
    page.click("[data-act=take]")
    composer.page.locator("#temperature").press("ArrowRight")
    page.mouse.click(*middle(page, "#mood-pad", 0.8, 0.3))
    page.check("#density-on")
    page.fill("#text", "a calm evening by the sea")
    page.locator("#text").blur()
    page.wait_for_timeout(600)
    composer.task("vary")
    composer.shot("wishes-en-light")
    page.keyboard.press("Escape")
    page.click("#mood-off")
    page.uncheck("#density-on")
    page.fill("#text", "")
    page.locator("#text").blur()


def listen(composer: Composer) -> None:
    """Play, loop, metronome, mute and solo; the sound has to be there, and gone where all is muted."""
    page = composer.page
    level = """() => { const data = new Float32Array(2048); credoStudio.player.synth.meter.getFloatTimeDomainData(data);
      return Math.max(...data.map(Math.abs)); }"""

    def loudest(seconds: float) -> float:
        end, most = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            most = max(most, page.evaluate(level))
            page.wait_for_timeout(20)
        return most

    page.click("#to-start")
    page.click("#play")
    heard = loudest(1.5)
    assert heard > 0.02, heard
    before = composer.of("player.step()")
    page.wait_for_timeout(500)
    rate = (composer.of("player.step()") - before) / 0.5 * composer.of("player.stepSeconds")
    assert 0.7 < rate < 1.5, rate
    for voice in page.locator("#voices .mute").all():
        voice.click()
    page.wait_for_timeout(2500)
    quiet = loudest(0.5)
    assert quiet < heard / 4, (quiet, heard)
    page.locator("#voices .solo").first.click()
    assert loudest(1.5) > 0.01
    page.locator("#voices .solo").first.click()
    for voice in page.locator("#voices .mute").all():
        voice.click()
    page.click("#metronome")
    page.click("#loop")
    composer.of("(studio.select({ from: 0, to: 4 }), credoStudio.player.seek(0))")
    page.wait_for_timeout(2500)
    assert composer.of("player.step()") < 4.5
    page.click("#play")
    page.click("#loop")
    page.click("#metronome")
    assert not composer.of("player.playing")
    print(f"sound: peak {heard:.2f} while playing, {quiet:.3f} with all voices muted")


def files(composer: Composer) -> None:
    """Import by choosing and by dropping, every export, the engraved score, the heat."""
    page = composer.page
    bars = composer.of("studio.piece.bars")
    page.set_input_files("#file", {"name": "two.mid", "mimeType": "audio/midi", "buffer": MIDI})
    composer.until("studio.piece.notes.length === 2")
    page.click("#undo")
    assert composer.of("studio.piece.bars") == bars
    page.evaluate("""(bytes) => { const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], "dropped.mid", { type: "audio/midi" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); }""",
                  list(MIDI))  # fmt: skip
    composer.until("studio.piece.notes.length === 2")
    page.click("#undo")
    for form in ("midi", "musicxml", "wav", "ogg", "flac", "png", "svg"):
        page.click("#export-menu summary")
        with page.expect_download(timeout=60_000) as download:
            page.click(f"[data-format={form}]")
        size = Path(download.value.path()).stat().st_size
        assert size > 100, (form, size)
        print(f"export {form}: {size} bytes")
    page.click("#score-button")
    composer.until("document.querySelector('#score img').naturalWidth > 0")
    page.click("#heat-button")
    composer.until("studio.heat.length === studio.piece.bars")
    composer.shot("score-en-light")
    page.click("#score-button")
    page.click("#heat-button")


def kept(composer: Composer, context: BrowserContext, url: str) -> None:
    """A reload, a lost server and another window's later save lose nothing."""
    page = composer.page
    composer.task("complete")
    page.locator("#roll").focus()
    page.keyboard.press("t")
    title = "Kept \u9752"
    page.fill("#title", title)
    page.locator("#title").blur()
    composer.until("credoStudio.projects.state === 'saved'")
    sign = composer.of("studio.sign(studio.piece)")
    page.reload()
    page.wait_for_selector("html[data-ready=yes]")
    assert composer.of("studio.sign(studio.piece)") == sign
    assert composer.of("studio.piece.title") == title
    context.set_offline(True)
    page.locator("#roll").focus()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    composer.until("credoStudio.projects.state === 'local'")
    composer.shot("server-gone")
    page.click("#undo")
    page.wait_for_timeout(400)
    context.set_offline(False)
    composer.until("credoStudio.projects.state === 'saved'", 60)
    other = context.new_page()
    other.goto(page.url)
    other.wait_for_selector("html[data-ready=yes]")
    other.fill("#tempo", "77")
    other.locator("#tempo").blur()
    expect(other.locator("#saved")).to_have_class("saved", timeout=15_000)
    page.fill("#tempo", "66")
    page.locator("#tempo").blur()
    expect(page.locator("#conflict")).to_be_visible(timeout=15_000)
    composer.shot("conflict")
    page.click("#conflict-mine")
    composer.until("credoStudio.projects.state === 'saved'")
    assert composer.of("studio.piece.tempo") == 66
    other.close()
    page.click("#projects-button")
    expect(page.locator("#project-list li").nth(1)).to_be_visible()
    composer.shot("projects")
    page.click("#projects [data-act=close]")


def frames(composer: Composer, notes: int = 2000) -> None:
    """Frames a second while somebody moves notes, draws and scrolls among many."""
    fresh(composer)
    count = composer.page.evaluate(MANY, notes)
    composer.shot("two-thousand-notes")
    composer.page.click("[data-tool=draw]")
    for name, act in (("drawing", _drawing), ("scrolling", _scrolling), ("playing", _playing)):
        composer.page.evaluate("() => { credoStudio.frames = null; }")
        composer.page.evaluate(
            f"(seconds) => {{ ({FRAMES})(seconds).then((found) => credoStudio.frames = found); }}", 3
        )
        act(composer)
        composer.until("credoStudio.frames !== null", 20)
        found = composer.of("credoStudio.frames")
        gaps, draws = found["gaps"], found["draws"] or [0]
        late = sum(gap > 25 for gap in gaps) / max(1, len(gaps))
        print(f"{name} among {count} notes: {1000 / statistics.mean(gaps):.1f} frames a second, {late:.1%} later than "
              f"25 ms; drawing one takes {statistics.median(draws):.1f} ms, at most {max(draws):.1f}")  # fmt: skip
    composer.page.click("[data-tool=select]")


def _drawing(composer: Composer) -> None:
    x, y = composer.cell(100, 70)
    composer.page.mouse.move(x, y)
    composer.page.mouse.down()
    for place in range(140):
        composer.page.mouse.move(x + 2 * place, y)
    composer.page.mouse.up()


def _scrolling(composer: Composer) -> None:
    composer.page.keyboard.down("Control")
    composer.page.mouse.wheel(0, -250)
    composer.page.keyboard.up("Control")
    for place in range(120):
        composer.page.mouse.wheel(30 if place < 60 else -30, 0)


def _playing(composer: Composer) -> None:
    composer.page.click("#play")
    composer.page.wait_for_timeout(2500)
    composer.page.click("#play")


def looks(composer: Composer) -> None:
    """Both languages, both themes, and a narrow window."""
    page = composer.page
    page.click("#theme")
    composer.shot("en-dark")
    page.select_option("#language", "zh")
    composer.shot("zh-dark")
    page.click("#theme")
    composer.shot("zh-light")
    page.set_viewport_size({"width": 420, "height": 900})
    composer.shot("narrow")
    page.set_viewport_size({"width": 1440, "height": 860})
    page.select_option("#language", "en")


def axe(composer: Composer) -> None:
    """What axe-core finds, where it is installed."""
    try:
        from axe_playwright_python.sync_playwright import Axe
    except ImportError:
        print("axe-core: not run; pip install axe-playwright-python")
        return
    for opened in ("#live-button", "#lanes-button", "#more summary"):
        composer.page.click(opened)
    for theme in ("light", "dark"):
        composer.shot(f"all-open-{theme}")
        composer.page.wait_for_timeout(400)  # colours fade from one theme to the other
        found = Axe().run(composer.page).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        print(f"axe-core, {theme}: {len(found)} findings, {len(serious)} serious")
        for one in found:
            print("  ", one["impact"], one["id"], [node["target"] for node in one["nodes"]][:4])
        assert not serious
        composer.page.click("#theme")
    for opened in ("#live-button", "#lanes-button", "#more summary"):
        composer.page.click(opened)


def main() -> None:
    """Do all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8765/")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--out", type=Path, default=Path("studio-pictures"))
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--only", default="", help="names of parts, separated by commas")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=asked.browser, args=flags)
        context = browser.new_context(viewport={"width": 1440, "height": 860}, accept_downloads=True, locale="en")
        context.add_init_script(DEVICE)
        composer = Composer(context.new_page(), asked.out)
        print(f"the page can be used after {composer.open(asked.url):.2f} s")
        composer.shot("empty")

        def completed() -> None:
            times = sorted(complete(composer, asked.clicks))
            p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
            print(f"complete 4 bars, click to notes drawn: median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms "
                  f"of {len(times)}; what was held stayed")  # fmt: skip
            composer.shot("completed")

        parts: dict[str, Callable[[], None]] = {
            "pointer": lambda: by_pointer(composer),
            "keys": lambda: (fresh(composer), by_keys(composer))[0],
            "complete": lambda: (fresh(composer), completed())[0],
            "choose": lambda: choose(composer),
            "listen": lambda: listen(composer),
            "lanes": lambda: (fresh(composer), lanes(composer), many_notes(composer), early(composer))[0],
            "prompts": lambda: (fresh(composer), prompts(composer))[0],
            "whole": lambda: (fresh(composer), whole(composer))[0],
            "bring": lambda: (fresh(composer), bring(composer))[0],
            "live": lambda: (fresh(composer), live(composer))[0],
            "listener": lambda: listener(composer),
            "held": lambda: (fresh(composer), held(composer))[0],
            "dies": lambda: dies(composer, asked.url),
            "files": lambda: files(composer),
            "kept": lambda: (fresh(composer), kept(composer, context, asked.url))[0],
            "looks": lambda: looks(composer),
            "axe": lambda: axe(composer),
            "frames": lambda: frames(composer),
        }
        for name, part in parts.items():
            if asked.only and name not in asked.only.split(","):
                continue
            part()
            print(f"{name}: as it should be")
        assert not composer.faults, json.dumps(composer.faults, indent=1)
        browser.close()


if __name__ == "__main__":
    main()
