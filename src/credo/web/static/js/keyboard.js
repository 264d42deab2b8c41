/** The roll by keys: a cursor cell, and what one does there, with each cell said aloud. */

import * as act from "./actions.js";
import * as edits from "./edits.js";
import { barOf, nearestPitch, pitchName } from "./piece.js";
import { name, say } from "./words.js";

/** @param {import("./roll.js").Roll} roll @param {import("./studio.js").Studio} studio
 *  @param {{hear: (pitch: number, voice: string) => void}} sound @param {HTMLElement} live where cells are said */
export function useKeys(roll, studio, sound, live) {
  const { canvas, view } = roll;
  let last = "";

  /** Says what lies under the cursor. */
  function tell() {
    const text = describe(studio);
    if (text === last) return;
    last = text;
    live.textContent = text;
  }

  function go(steps, rows) {
    const { cursor, snap } = studio;
    const { pitch, voice } = view.above(cursor.pitch, studio.voice, rows);
    cursor.pitch = pitch;
    if (voice !== studio.voice) {
      studio.voice = voice;
      studio.tell("voices");
    }
    const most = Math.floor((studio.steps - 1) / snap) * snap;
    cursor.step = Math.max(0, Math.min(most, Math.floor(cursor.step / snap) * snap + steps));
    view.reveal(cursor.step, cursor.pitch, studio.voice);
    roll.draw("grid", "notes");
  }

  function nextVoice(by) {
    const { voices } = studio.texture;
    const at = voices.findIndex((voice) => voice.name === studio.voice);
    studio.voice = voices[(at + by + voices.length) % voices.length].name;
    if (view.split) studio.cursor.pitch = nearestPitch(studio.activeVoice, studio.cursor.pitch);
    studio.tell("voices");
    if (view.split) go(0, 0);
  }

  function enter() {
    const [there] = act.noteAt(studio, studio.cursor.step, studio.cursor.pitch);
    if (there && there.voice === studio.voice) {
      const ids = new Set(studio.selected);
      if (!ids.delete(there.id)) ids.add(there.id);
      studio.select(studio.range, ids);
      return;
    }
    const note = act.add(studio, studio.cursor.step, studio.cursor.pitch);
    if (note) {
      sound.hear(note.pitch, note.voice);
      studio.selected = new Set();
      roll.draw("notes");
    }
  }

  /** Selects bars from the cursor's on. */
  function selectBar() {
    const from = Math.floor(studio.cursor.step / studio.bar) * studio.bar;
    const to = Math.min(studio.steps, from + studio.bar);
    const { range } = studio;
    studio.select(range && range.from <= from && range.to < to ? { from: range.from, to } : { from, to });
  }

  function arrow(event, dx, dy) {
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey && event.shiftKey && dy) edits.scaleSteps(studio, dy);
    else if (event.altKey) act.move(studio, dx * studio.snap, command ? 12 * dy : dy);
    else if (event.shiftKey && dx) act.stretch(studio, dx * studio.snap);
    else if (event.shiftKey) act.louder(studio, 8 * dy);
    else go(dx * (command ? studio.bar : studio.snap), dy * (command && !view.drums ? 12 : 1));
  }

  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    ArrowLeft: (event) => arrow(event, -1, 0),
    ArrowRight: (event) => arrow(event, 1, 0),
    ArrowUp: (event) => arrow(event, 0, 1),
    ArrowDown: (event) => arrow(event, 0, -1),
    Home: () => go(-studio.steps, 0),
    End: () => go(studio.steps, 0),
    PageUp: () => nextVoice(-1),
    PageDown: () => nextVoice(1),
    Enter: enter,
    Delete: () => act.erase(studio),
    Backspace: () => act.erase(studio),
    l: () => act.lockNotes(studio),
    b: () => act.lockBar(studio, barOf(studio.piece, studio.texture, studio.cursor.step)),
    v: () => act.lockVoice(studio, studio.voice),
    r: selectBar,
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    0: () => (studio.audition >= 0 ? studio.listen(-1) : roll.fit()),
    q: () => edits.quantise(studio),
    h: () => edits.even(studio),
    w: () => document.getElementById("lanes-button").click(),
    s: () => tool("select"),
    d: () => tool("draw"),
    e: () => tool("erase"),
  };

  function zoom(factor) {
    view.zoom(factor, view.x(studio.cursor.step));
    roll.draw("grid", "notes");
  }

  function tool(which) {
    studio.tool = which;
    studio.tell("tool");
  }

  canvas.addEventListener("keydown", (event) => {
    const command = (event.ctrlKey || event.metaKey) && !event.altKey;
    const letter = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (command && letter.length === 1) {
      const edit = {
        a: () => act.selectAll(studio),
        c: () => act.copy(studio),
        d: () => edits.duplicate(studio),
        v: () => act.paste(studio),
        x: () => {
          act.copy(studio);
          act.erase(studio);
        },
      }[letter];
      if (!edit) return;
      edit();
    } else if (letter === "Escape" && (studio.range || studio.selected.size) && studio.audition < 0) {
      studio.model.abandon();
      studio.select(null);
    } else if (keys[letter] && !(event.altKey && letter.length === 1)) {
      keys[letter](event);
    } else return;
    event.preventDefault();
    event.stopPropagation();
    tell();
  });
  canvas.addEventListener("focus", () => {
    last = "";
    tell();
    roll.draw();
  });
  canvas.addEventListener("blur", () => roll.draw());
}

/** The cell under the cursor in words. @param {import("./studio.js").Studio} studio */
export function describe(studio) {
  const { cursor, texture, piece } = studio;
  const bar = barOf(piece, texture, cursor.step);
  const beat = ((cursor.step % studio.bar) / (texture.steps_per_quarter * 4)) * piece.metre[1] + 1;
  const drums = studio.activeVoice.kind === "drums";
  const pitch = drums ? name("drum", String(cursor.pitch)) : pitchName(cursor.pitch, piece.key);
  const notes = studio.shown.notes.filter(
    (note) => note.onset <= cursor.step && cursor.step < note.onset + note.duration,
  );
  const here = notes
    .filter((note) => note.pitch === cursor.pitch)
    .map((note) =>
      say("cell-note", {
        voice: name("voice", note.voice),
        steps: note.duration,
        state: [studio.held(note) ? say("cell-held") : "", studio.selected.has(note.id) ? say("cell-selected") : ""]
          .filter(Boolean)
          .join(" "),
      }),
    );
  const others = notes
    .filter((note) => note.pitch !== cursor.pitch)
    .map(
      (note) =>
        `${name("voice", note.voice)} ${drums ? name("drum", String(note.pitch)) : pitchName(note.pitch, piece.key)}`,
    );
  return [
    say("cell", { pitch, bar, beat: Number(beat.toFixed(2)), voice: name("voice", studio.voice) }),
    here.length ? here.join("; ") : say("cell-empty"),
    others.length ? say("cell-others", { notes: others.join(", ") }) : "",
    piece.locked_bars.includes(bar) ? say("cell-bar-locked") : "",
  ]
    .filter(Boolean)
    .join(". ");
}
