"""A musician at the Studio's page, for `studio_in_a_browser.py`: lanes, wishes, files in and out, playing live."""

from __future__ import annotations

import io
import math
import random
import struct
import wave
import zlib
from pathlib import Path

from playwright.sync_api import expect
from studio_user import MIDI, Composer, fresh

#: A book of two tunes.
BOOK = b"X:1\nT:Up\nL:1/4\nK:C\nCDEF|GABc|\n\nX:2\nT:Down\nL:1/4\nK:C\ncBAG|FEDC|\n"
#: A MIDI keyboard that is not there, for the page: `studioKeys.send([0x90, 60, 80])` presses a key of it.
DEVICE = """
const input = { id: "k", name: "Test keys", onmidimessage: null };
const output = { id: "o", name: "Test sounds", sent: [], send(data, time) { this.sent.push([data, time]); } };
navigator.requestMIDIAccess = async () => ({ inputs: new Map([["k", input]]), outputs: new Map([["o", output]]) });
window.studioKeys = { output, send: (data) => input.onmidimessage({ data, timeStamp: performance.now() }) };
"""

#: Plays a tune in quarters, on the beat as it is heard, for some seconds, whenever it is the player's turn.
PLAY = """async ([seconds, pitches]) => {
  const { live, player, studio } = credoStudio;
  const end = performance.now() + 1000 * seconds;
  const rate = studio.texture.steps_per_quarter;
  let last = null, down = null, at = 0;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 4));
    const step = player.stepAt(performance.now());
    const beat = Math.floor(step / rate);
    if (down !== null && (beat !== last || step % rate > 0.7 * rate)) {
      studioKeys.send([0x80, down, 0]);
      down = null;
    }
    if (beat === last) continue;
    last = beat;
    if (live.turn !== "you" && live.turn !== "both") continue;
    down = pitches[at++ % pitches.length];
    studioKeys.send([0x90, down, 70 + (at % 3) * 10]);
  }
  if (down !== null) studioKeys.send([0x80, down, 0]);
}"""


def picture() -> bytes:
    """A PNG in warm colours, 48 by 32."""
    rows = b"".join(b"\0" + b"".join(bytes((230, 120 + 3 * x % 90, 30 + 2 * y)) for x in range(48)) for y in range(32))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 48, 32, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def recording() -> bytes:
    """Four tones of half a second with harmonics that die away, as WAV of 22,050 Hz."""
    rate, samples = 22_050, []
    for pitch in (67, 72, 71, 67):
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        for at in range(rate // 2):
            t = at / rate
            sound = sum(math.sin(2 * math.pi * hertz * k * t) / k**1.5 for k in range(1, 6))
            samples.append(int(9000 * sound * math.exp(-4 * t) * min(1, 200 * t)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return out.getvalue()


def lanes(composer: Composer) -> None:
    """Both views by button and key; folding; drawing, heads, loudness and instrument in lanes."""
    page = composer.page
    page.fill("#alternatives", "1")
    page.locator("#alternatives").blur()
    composer.task("complete")
    page.click("#lanes-button")
    assert composer.of("roll.view.lanes.length") == 4
    composer.shot("lanes-en-light")
    for fold in ("used", "scale", "all"):
        page.select_option("#fold", fold)
        if fold == "used":
            rows = composer.of("roll.view.lanes.map((lane) => lane.rows.length)")
            used = composer.of("studio.texture.voices.map((v) => new Set(studio.piece.notes"
                               ".filter((n) => n.voice === v.name).map((n) => n.pitch)).size)")  # fmt: skip
            assert rows == used, (rows, used)
            composer.shot("lanes-used-pitches")
    page.locator("#roll").focus()
    page.keyboard.press("Home")
    composer.of("(studio.voice = 'alto', studio.cursor.pitch = 65, studio.tell('voices'))")
    page.keyboard.press("PageDown")
    assert composer.of("studio.voice") == "tenor"
    page.locator("#heads li[data-voice=bass] .level").press("ArrowLeft")
    page.select_option("#heads li[data-voice=bass] .program", "42")
    assert composer.of("[studio.doc.mix.bass.level, studio.doc.mix.bass.program].join()") == "0.95,42"
    page.click("#heads li[data-voice=alto] .lock")
    page.click("#heads li[data-voice=alto] .mute")
    page.click("#heads li[data-voice=alto] .mute")
    page.locator("#roll").focus()
    while not composer.of("studio.doc.mix.bass === undefined"):
        page.keyboard.press("Control+z")
    assert composer.of("studio.piece.notes.length > 16 && !studio.piece.locked_voices.length")
    page.keyboard.press("w")
    assert composer.of("roll.view.lanes.length") == 1


def many_notes(composer: Composer) -> None:
    """Loudness over many notes, the menu of notes, copying over bars."""
    page = composer.page
    page.locator("#roll").focus()
    page.keyboard.press("Escape")
    composer.of("(studio.voice = 'soprano', studio.tell('voices'))")
    box = page.locator("#roll").bounding_box()
    low = box["y"] + box["height"]
    ends = (composer.cell(0, 70)[0] - 1, low - 6), (composer.cell(63, 70)[0], low - 48)
    composer.drag(*ends, "Shift")
    loud = composer.of("studio.piece.notes.filter((n) => n.voice === 'soprano').map((n) => n.velocity)")
    assert loud == sorted(loud), loud
    assert loud[-1] - loud[0] > 60, loud
    composer.shot("loudness")
    page.select_option("#key", "C major")
    page.keyboard.press("Escape")
    page.locator("#roll").focus()
    page.keyboard.press("Control+a")
    pitches = "Object.fromEntries(studio.piece.notes.map((n) => [n.id, n.pitch]))"
    for edit in ("semitone-down", "semitone-up", "step-up", "step-down", "quantise", "even"):
        before = composer.of(pitches)
        page.click("#notes-menu summary")
        page.click(f"[data-edit={edit}]")
        by = {pitch - before[note] for note, pitch in composer.of(pitches).items()}
        assert not edit.startswith("semitone") or by in ({0}, {1}, {-1}), (edit, by)  # as far as all of them can go
    assert composer.of("new Set(studio.piece.notes.map((n) => n.velocity)).size") == 1
    page.locator("#roll").focus()
    for key in ("Alt+Shift+ArrowUp", "Alt+Shift+ArrowDown", "Control+d"):
        page.keyboard.press(key)
    assert composer.of("studio.piece.bars") == 8
    page.click("#notes-menu summary")
    composer.shot("notes-menu")
    page.keyboard.press("Escape")


def early(composer: Composer) -> None:
    """The first of four alternatives is there before the others."""
    page = composer.page
    page.fill("#alternatives", "4")
    page.locator("#alternatives").blur()
    page.click("[data-task=vary]")
    expect(page.locator(".alternative.coming").first).to_be_visible(timeout=60_000)
    composer.shot("first-alternative")
    assert composer.of("studio.audition") == 0
    composer.until("!credoStudio.jobs.running", 120)
    expect(page.locator("button.alternative")).to_have_count(5)
    energies = composer.of("studio.doc.alternatives.map((one) => one.energy)")
    assert energies == sorted(energies), energies
    first, whole = composer.of("[credoStudio.jobs.tookFirst, credoStudio.jobs.took]")
    print(f"four alternatives: the first after {first:.0f} ms, all after {whole:.0f} ms")
    page.locator("#roll").focus()
    page.keyboard.press("Escape")


def prompts(composer: Composer) -> None:
    """Words and a picture, read, changed and left out; the folded wishes."""
    page = composer.page
    page.fill("#text", "a calm evening by the sea")
    page.locator("#text").blur()
    composer.until("studio.doc.wishes.reading === 'done' && studio.doc.wishes.read.length > 0")
    page.set_input_files("#picture-file", {"name": "sun.png", "mimeType": "image/png", "buffer": picture()})
    composer.until("document.querySelector('#picture-shown').naturalWidth > 0")
    composer.until("!document.querySelector('#read').inert")
    assert "error" not in (page.get_attribute("#text-read", "class") or ""), page.inner_text("#text-read")
    field = page.locator("#read li[data-name=arousal] input")
    field.fill("-0.5")
    field.blur()
    assert composer.of("studio.doc.wishes.read.find((one) => one.name === 'arousal').value") == -0.5
    composer.shot("read-en-light")
    page.locator("#read li[data-name=valence] button").press("Enter")
    assert composer.of("studio.doc.wishes.read.every((one) => one.name !== 'valence')")
    page.locator("#more summary").press("Enter")
    page.select_option("#key", "C major")
    page.fill("#chords", "C\n*\nF\nG7 C")
    page.select_option("#scale", "major")
    page.check("#cadence")
    page.fill("#seed", "11")
    page.locator("#seed").blur()
    page.fill("#alternatives", "1")
    page.locator("#alternatives").blur()
    signs = []
    for _ in range(2):
        fresh_piece = "studio.edit('erase', { ...studio.piece, notes: [], bars: 4 })"
        composer.of(fresh_piece)
        composer.task("complete")
        signs.append(composer.of("studio.sign(studio.piece)"))
    assert signs[0] == signs[1], "the same seed and wishes give the same music"
    composer.shot("wishes-more")
    page.fill("#seed", "")
    page.locator("#seed").blur()
    page.click("#seed-again")
    assert composer.of("studio.doc.wishes.seed") == 11
    count = composer.of("studio.model.past.length")
    page.locator("#roll").focus()
    for _ in range(int(count)):
        page.keyboard.press("Control+z")
    assert composer.of("studio.doc.wishes.text") == ""


def bring(composer: Composer) -> None:
    """A recording in, with and without what hears it; a book of tunes; MIDI dragged out; the other piece of a blend."""
    page = composer.page
    file = {"name": "tones.wav", "mimeType": "audio/wav", "buffer": recording()}
    line = {"error": {"code": "missing-extra", "message": "not installed", "hint": "pip install 'credo[transcribe]'"}}
    page.route("**/api/v1/import", lambda route: route.fulfill(status=501, json=line))
    page.set_input_files("#file", file)
    expect(page.locator("#notice-list")).to_contain_text("pip install")
    composer.shot("recording-needs-extra")
    page.click("#notice-close")
    page.unroute("**/api/v1/import")
    composer.faults[:] = [fault for fault in composer.faults if "501" not in fault]
    page.set_input_files("#file", file)
    page.wait_for_timeout(100)
    composer.shot("recording")
    composer.until("document.querySelector('#importing').hidden", 120)
    heard = composer.of("studio.piece.notes.map((n) => n.pitch % 12)")
    print(f"a recording of G C B G was heard as pitch classes {heard}")
    if page.locator("#notice").is_visible():
        composer.shot("recording-remarks")
        page.click("#notice-close")
    page.set_input_files("#file", {"name": "two.abc", "mimeType": "text/plain", "buffer": BOOK})
    composer.until("studio.piece.title === 'Up'")
    composer.shot("book-of-tunes")
    page.select_option("#notice-tunes", index=1)
    composer.until("studio.piece.title === 'Down'")
    page.click("#notice-close")
    page.hover("#drag-out")
    page.wait_for_selector("#drag-out[data-ready=yes]")
    out = page.evaluate("""() => { const data = new DataTransfer();
      document.getElementById("drag-out").dispatchEvent(new DragEvent("dragstart", { dataTransfer: data }));
      return data.getData("DownloadURL"); }""")
    assert out.startswith("audio/midi:"), out
    assert ".mid:blob:http" in out, out
    with page.expect_download() as download:
        page.locator("#drag-out").press("Enter")
    assert Path(download.value.path()).read_bytes()[:4] == b"MThd"
    page.set_input_files("#other-file", {"name": "two.mid", "mimeType": "audio/midi", "buffer": MIDI})
    composer.until("studio.doc.other?.notes.length === 2")
    page.evaluate("""(bytes) => { const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], "b.mid", { type: "audio/midi" }));
      document.getElementById("other-box").dispatchEvent(
        new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })); }""", list(MIDI))  # fmt: skip
    composer.until("studio.doc.other?.title === 'b'")
    page.focus("#other-projects")
    composer.until("document.querySelectorAll('#other-projects option').length > 1")
    fresh(composer)


def whole(composer: Composer) -> None:
    """A piece of three sections, the last one as the first; a beat, with a drummer's touch."""
    page = composer.page
    page.fill("#alternatives", "1")
    page.click("#form-box summary")
    page.fill("#pattern", "A B A")
    page.fill("#section-bars", "2")
    page.locator("#section-bars").blur()
    composer.task("form")
    assert composer.of("studio.piece.bars") == 6
    sections = """studio.piece.notes.reduce((all, note) => {
        const size = 2 * studio.bar, place = Math.floor(note.onset / size);
        all[place].push([note.voice, note.onset - place * size, note.pitch].join(" "));
        return all; }, [[], [], []])"""
    first, other, last = map(sorted, composer.of(sections))
    assert first == last, "what comes again is something else"
    assert first != other
    composer.shot("form")
    page.select_option("#model", "drums")
    composer.until("studio.piece.model === 'drums' && !studio.piece.notes.length")
    page.fill("#alternatives", "1")
    page.locator("#alternatives").blur()
    composer.task("complete")
    places = "studio.piece.notes.map((note) => [note.onset, note.pitch])"
    played, before = "studio.piece.notes.map((note) => [note.velocity, note.offset])", composer.of(places)
    own = composer.of(played)
    composer.task("humanize")
    assert composer.of(places) == before
    assert composer.of(played) != own
    composer.shot("drummer")
    page.select_option("#model", "chorale")
    composer.until("studio.piece.model === 'chorale'")


def live(composer: Composer) -> None:
    """Record, call and response, accompaniment, on a MIDI device, on the screen's keys and on the computer's."""
    page = composer.page
    page.fill("#tempo", "96")
    page.locator("#tempo").blur()
    page.click("#live-button")
    page.click("#live-connect")
    expect(page.locator("#live-device")).to_be_visible()
    tune = [67, 69, 71, 72, 74, 72, 71, 69]
    for mode, seconds in (("record", 8), ("respond", 27), ("accompany", 24)):
        page.select_option("#live-mode", mode)
        page.locator("#live-start").press("Enter")
        page.evaluate(PLAY, [seconds, tune])
        composer.shot(f"live-{mode}")
        page.locator("#live-start").press("Enter")
        own = composer.of("studio.piece.notes.filter((n) => n.locked).length")
        others = composer.of("studio.piece.notes.filter((n) => !n.locked).length")
        print(f"live, {mode}: {own} notes played, {others} notes of Credo; {page.inner_text('#live-figures')}; "
              f"{page.inner_text('#live-remarks')}")  # fmt: skip
        assert own > 6, own
        assert (others > 4) == (mode != "record"), others
        page.keyboard.press("Control+z")
        assert composer.of("studio.piece.notes.length") == 0, "what was played is one step of the history"
    page.select_option("#live-out", "o")
    composer.of("(studio.edit('add-note', { ...studio.piece, notes: [{ id: 'a', voice: 'alto', onset: 0, duration: 4,"
                " pitch: 60, velocity: 80, locked: true }] }), player.seek(0), player.toggle())")  # fmt: skip
    composer.until("studioKeys.output.sent.length >= 2")
    page.click("#play")
    page.select_option("#live-out", "")
    page.select_option("#live-mode", "record")
    page.click("#live-start")
    page.wait_for_timeout(2800)
    key = page.locator("#live-keys .white").nth(2)
    key.hover()
    page.mouse.down()
    page.wait_for_timeout(300)
    page.mouse.up()
    page.keyboard.down("KeyG")
    page.wait_for_timeout(300)
    page.keyboard.up("KeyG")
    page.locator("#live-start").click()
    assert composer.of("studio.piece.notes.filter((n) => n.voice === 'soprano').length") == 2
    page.click("#live-button")
    fresh(composer)


def held(composer: Composer, rounds: int = 10) -> None:
    """Random locks, edits and tasks: whatever is held is in each alternative, and after it was taken, as it was."""
    page = composer.page
    drawn = random.Random(5)
    composer.of("studio.edit('tempo', studio.piece)")
    page.fill("#alternatives", "2")
    page.locator("#alternatives").blur()
    composer.task("complete")
    page.click("[data-act=take]")
    state = """(pieces) => pieces.map((piece) => { const { studio } = credoStudio;
      const ids = new Set(studio.piece.notes.filter((n) => studio.held(n)).map((n) => n.id));
      return piece.notes.filter((n) => ids.has(n.id)).map((n) =>
        [n.id, n.voice, n.onset, n.duration, n.pitch, n.velocity].join(" ")).sort().join(); })"""
    count = 0
    for number in range(rounds):
        share, bar = drawn.random() * 0.5, drawn.randrange(1, 5)
        composer.of(f"studio.edit('lock', {{ ...studio.piece, locked_bars: [{bar if number % 2 else ''}], "
                    f"locked_voices: {['alto'] if number % 3 == 0 else []}, notes: studio.piece.notes.map((n, i) => "
                    f"({{ ...n, locked: (i * 7919 + {number}) % 97 < {97 * share} }})) }})")  # fmt: skip
        (before,) = page.evaluate(f"() => ({state})([credoStudio.studio.piece])")
        task = drawn.choice(("complete", "vary", "accompany", "revoice", "continue"))
        composer.task(task)
        pieces = "credoStudio.studio.doc.alternatives.map((one) => one.piece)"
        for after in page.evaluate(f"() => ({state})({pieces})"):
            assert after == before, task
            count += 1
        page.locator("#roll").focus()
        page.keyboard.press("t")
        (after,) = page.evaluate(f"() => ({state})([credoStudio.studio.piece])")
        assert after == before, task
        if composer.of("studio.piece.bars") > 8:
            composer.of("studio.edit('bars', { ...studio.piece, bars: 4, notes: studio.piece.notes"
                        ".filter((n) => n.onset + n.duration <= 64) })")  # fmt: skip
    print(f"held: {count} alternatives of {rounds} tasks, nothing held has changed")


def dies(composer: Composer, url: str) -> None:
    """A page that is shut right after an edit loses nothing."""
    page = composer.page.context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ready=yes]")
    page.fill("#title", "Shut")
    page.locator("#title").blur()
    page.wait_for_timeout(250)
    page.close(run_before_unload=False)
    page = composer.page.context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ready=yes]")
    assert page.input_value("#title") == "Shut"
    page.close()
