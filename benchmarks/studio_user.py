"""Somebody at the Studio's page, for `studio_in_a_browser.py`; what they measure in it, and a file they bring."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect

MIDI = bytes.fromhex(
    "4d546864 00000006 0000 0001 0060"  # header: one track, 96 ticks a quarter
    "4d54726b 00000014"
    "00 90 43 50  60 80 43 00"  # G4, a quarter
    "00 90 48 50  60 80 48 00"  # C5, a quarter
    "00 ff 2f 00"
)

#: From a click on a task until what it wrote is drawn, in milliseconds, and what was held before and after.
COMPLETE = """async () => {
  const { studio, jobs, roll } = window.credoStudio;
  const sound = (note) => [note.id, note.voice, note.onset, note.duration, note.pitch].join(" ");
  const held = studio.piece.notes.filter((note) => studio.held(note)).map(sound).sort().join();
  const drawn = roll.times.length;
  const begun = performance.now();
  document.querySelector("[data-task=complete]").click();
  await new Promise((resolve) => {
    jobs.addEventListener("state", function done() {
      if (jobs.running) return;
      jobs.removeEventListener("state", done);
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    });
  });
  const pieces = [studio.shown, ...studio.doc.alternatives.map((one) => one.piece)];
  const after = pieces.map((piece) => piece.notes.filter((note) => studio.held(note) && held.includes(note.id))
    .map(sound).sort().join());
  return { milliseconds: performance.now() - begun, held, after, notes: studio.shown.notes.length,
    status: document.getElementById("status").textContent };
}"""

#: 2000 notes, and the frames while somebody drags: frames a second and the milliseconds each took to draw.
FRAMES = """async (seconds) => {
  const { roll } = window.credoStudio;
  roll.times.length = 0;
  let last = performance.now();
  const gaps = [];
  const end = last + 1000 * seconds;
  await new Promise((resolve) => {
    const tick = (now) => {
      gaps.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(tick);
      else resolve();
    };
    requestAnimationFrame(tick);
  });
  return { gaps: gaps.slice(1), draws: roll.times.slice() };
}"""

MANY = """(count) => {
  const { studio, roll } = window.credoStudio;
  const { voices } = studio.texture;
  const each = Math.ceil(count / voices.length);
  const notes = voices.flatMap((voice, place) => Array.from({ length: each }, (_, at) => ({
    id: `many-${place}-${at}`, voice: voice.name, onset: at, duration: 1, velocity: 40 + (at % 80),
    locked: at % 7 === 0, pitch: voice.low + ((at * (place + 3)) % (voice.high - voice.low + 1)),
  })));
  studio.edit("import", { ...studio.piece, bars: Math.ceil(each / studio.bar), notes });
  roll.fit();
  return studio.piece.notes.length;
}"""


class Composer:
    """Somebody at the page."""

    def __init__(self, page: Page, shots: Path) -> None:
        self.page, self.shots = page, shots
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._heard)

    def _heard(self, message: object) -> None:
        text = getattr(message, "text", "")
        if getattr(message, "type", "") == "error" and "ERR_INTERNET_DISCONNECTED" not in text and "409" not in text:
            self.faults.append(text)

    def open(self, url: str) -> float:
        """Open the page; seconds until it can be used."""
        begun = time.monotonic()
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready=yes]", timeout=30_000)
        return time.monotonic() - begun

    def shot(self, name: str) -> None:
        """Take a picture."""
        self.page.wait_for_timeout(150)
        self.page.screenshot(path=self.shots / f"{name}.png")

    def of(self, expression: str) -> object:
        """A value of the page's own state."""
        return self.page.evaluate(f"() => {{ const {{ studio, roll, player }} = credoStudio; return {expression}; }}")

    def cell(self, step: float, pitch: int) -> tuple[float, float]:
        """Where a cell lies on the screen."""
        x, y = self.of(f"[roll.view.x({step + 1 / 3}), roll.view.y({pitch}) + roll.view.rowHeight / 2]")
        box = self.page.locator("#roll").bounding_box()
        return box["x"] + x, box["y"] + y

    def drag(self, start: tuple[float, float], end: tuple[float, float], key: str = "") -> None:
        """Drag with the pointer, with a key held down."""
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move(*end, steps=6)
        self.page.mouse.up()
        if key:
            self.page.keyboard.up(key)

    def until(self, expression: str, seconds: float = 30) -> None:
        """Wait until something holds."""
        end = time.monotonic() + seconds
        while not self.of(expression):
            assert time.monotonic() < end, f"still not so: {expression}; {self.page.inner_text('#status')!r}"
            self.page.wait_for_timeout(30)

    def task(self, name: str, seconds: float = 120) -> None:
        """Press a task's button and wait for the answer."""
        self.page.click(f"[data-task={name}]")
        self.page.wait_for_timeout(50)
        self.until("!credoStudio.jobs.running", seconds)
        words = self.page.inner_text("#status")
        assert "error" not in (self.page.get_attribute("#status", "class") or ""), f"{name}: {words}"


def middle(page: Page, selector: str, across: float = 0.5, down: float = 0.5) -> tuple[float, float]:
    """A place in an element on the screen."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def fresh(composer: Composer) -> None:
    """An empty project."""
    composer.page.click("#projects-button")
    composer.page.click("#new-project")
    composer.until("studio.piece.notes.length === 0")


def by_pointer(composer: Composer) -> None:
    """Draw, move, stretch, loudness, select, lock, erase."""
    page = composer.page
    page.click("[data-tool=draw]")
    composer.drag(composer.cell(0, 72), composer.cell(3, 72))
    composer.drag(composer.cell(4, 74), composer.cell(7, 74))
    assert composer.of("studio.piece.notes.map((n) => n.duration).join()") == "4,4"
    composer.drag(composer.cell(2, 76), composer.cell(3, 76))
    assert composer.of("studio.piece.notes[0].duration") == 2, "a new note of a single line cuts"
    page.click("#undo")
    page.click("[data-tool=select]")
    composer.drag(composer.cell(1, 72), composer.cell(1, 77))
    assert composer.of("studio.piece.notes[0].pitch") == 77
    x, y = composer.cell(4, 77)
    edge = x - composer.of("roll.view.stepWidth / 3") - 3
    composer.drag((edge, y), (edge - 2 * composer.of("roll.view.stepWidth"), y))
    assert composer.of("studio.piece.notes[0].duration") == 2
    composer.drag(composer.cell(5, 74), composer.cell(6, 74), "Alt")
    assert composer.of("studio.piece.notes.length") == 1
    page.click("#undo")
    composer.drag(composer.cell(12, 70), composer.cell(15, 70), "Control")
    assert composer.of("studio.piece.notes.length") == 3
    composer.drag(composer.cell(0, 80), composer.cell(9, 69))
    assert composer.of("studio.selected.size") == 2
    assert composer.of("studio.range.from") == 0
    box = page.locator("#roll").bounding_box()
    x = composer.cell(4, 74)[0] - composer.of("roll.view.stepWidth / 3") + 1
    composer.drag((x, box["y"] + box["height"] - 30), (x, box["y"] + box["height"] - 10))
    assert composer.of("studio.piece.notes[1].velocity") < 40
    page.mouse.click(composer.cell(18, 72)[0], box["y"] + 33)
    assert composer.of("studio.piece.locked_bars.join()") == "2"
    page.click("li[data-voice=bass] .lock")
    assert composer.of("studio.piece.locked_voices.join()") == "bass"
    composer.shot("drawn")
    for _ in range(2):
        page.click("#undo")
    assert composer.of("studio.piece.locked_bars.length + studio.piece.locked_voices.length") == 0
    composer.drag((composer.cell(4, 72)[0], box["y"] + 10), (composer.cell(12, 72)[0], box["y"] + 10))
    assert composer.of("[studio.range.from, studio.range.to].join()") == "4,12"
    page.mouse.move(*composer.cell(8, 72))
    wide = composer.of("roll.view.stepWidth")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    composer.until(f"roll.view.stepWidth > {wide}")
    page.click("#zoom-fit")


def by_keys(composer: Composer) -> None:
    """The same without a pointer, and what is said of the cells."""
    page, press = composer.page, composer.page.keyboard.press
    page.locator("#roll").focus()
    press("Home")
    composer.of("(studio.cursor.pitch = 72, roll.draw())")
    for key in ("Enter", *["Shift+ArrowRight"] * 3):
        press(key)
    assert composer.of("studio.piece.notes.map((n) => [n.onset, n.pitch, n.duration].join()).join(' ')") == "0,72,4"
    assert "C5" in page.inner_text("#cell"), page.inner_text("#cell")
    for key in ("l", "Alt+ArrowUp", "b", "v", "Shift+ArrowUp"):
        press(key)
    assert composer.of(
        "[studio.piece.notes[0].pitch, studio.piece.notes[0].locked, studio.piece.notes[0].velocity].join()"
    )
    assert composer.of("studio.piece.notes[0].pitch") == 73
    assert composer.of("studio.piece.locked_bars.join() + studio.piece.locked_voices.join()") == "1soprano"
    for key in ("Control+a", "Control+c", "Escape", "Control+ArrowRight", "Control+v"):
        press(key)
    assert composer.of("studio.piece.notes.map((n) => n.onset).join()") == "0,16"
    press("Delete")
    assert composer.of("studio.piece.notes.length") == 1
    press("PageDown")
    assert composer.of("studio.voice") == "alto"
    count = composer.of("studio.model.past.length")
    for _ in range(int(count)):
        press("Control+z")
    assert composer.of("studio.piece.notes.length") == 0
    for _ in range(int(count)):
        press("Control+Shift+z")
    assert composer.of("studio.piece.notes.length") == 1
    press("?")
    expect(page.locator("#help")).to_be_visible()
    composer.shot("shortcuts")
    press("Escape")
