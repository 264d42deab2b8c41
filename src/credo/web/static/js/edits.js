/** What one does to many notes at once: transposing, on the grid, without the human touch, once more. */

import * as act from "./actions.js";
import { scaleOf } from "./geometry.js";
import { amend, inCompass, newId, put, withBars } from "./piece.js";

/** @typedef {import("./studio.js").Studio} Studio */

/** The chosen notes; says so where there are none. @param {Studio} studio */
function notesOf(studio) {
  const notes = act.chosen(studio);
  if (!notes.length) studio.say("nothing-chosen");
  return notes;
}

function edited(studio, label, notes, piece) {
  if (!studio.edit(label, piece)) return;
  studio.select(studio.range, new Set(notes.map((note) => note.id)));
}

/** By steps of the key's scale; a note beside the scale goes to the next one in it. @param {Studio} studio */
export function scaleSteps(studio, by) {
  const notes = notesOf(studio);
  const scale = scaleOf(studio.piece.key);
  if (!notes.length) return;
  if (!scale) {
    studio.say("fold-needs-key");
    return;
  }
  const voiceOf = (note) => studio.texture.voices.find((voice) => voice.name === note.voice);
  const next = notes.map((note) => {
    let { pitch } = note;
    if (voiceOf(note).kind === "drums") return note;
    do pitch += Math.sign(by);
    while (!scale.has(((pitch % 12) + 12) % 12));
    return { ...note, pitch };
  });
  const out = next.find((note) => !inCompass(voiceOf(note), note.pitch));
  if (out) studio.say("out-of-compass", { voice: out.voice });
  else edited(studio, "transpose", next, put(studio.piece, studio.texture, next));
}

/** By semitones, as far as all can go. @param {Studio} studio */
export function transpose(studio, by) {
  if (notesOf(studio).length) act.move(studio, 0, by);
}

/** Onsets and lengths onto the grid that is chosen. @param {Studio} studio */
export function quantise(studio) {
  const notes = notesOf(studio);
  if (!notes.length) return;
  const { snap } = studio;
  const near = (step) => Math.round(step / snap) * snap;
  const next = notes.map((note) => ({
    ...note,
    onset: Math.min(near(note.onset), studio.steps - 1),
    duration: Math.max(snap, near(note.duration)),
  }));
  edited(studio, "quantise", next, put(studio.piece, studio.texture, next));
}

/** Without the human touch: one loudness, and strokes on the step. @param {Studio} studio */
export function even(studio) {
  const notes = notesOf(studio);
  if (!notes.length) return;
  const ids = new Set(notes.map((note) => note.id));
  const mean = Math.round(notes.reduce((sum, note) => sum + note.velocity, 0) / notes.length);
  const change = (note) => ("offset" in note ? { velocity: mean, offset: 0 } : { velocity: mean });
  edited(studio, "even", notes, amend(studio.piece, ids, change));
}

/** Once more, right after the selected stretch, or after the bars that the notes lie in. @param {Studio} studio */
export function duplicate(studio) {
  const notes = notesOf(studio);
  if (!notes.length) return;
  const { bar, range, texture } = studio;
  const from = range?.from ?? Math.floor(Math.min(...notes.map((note) => note.onset)) / bar) * bar;
  const to = range?.to ?? Math.ceil(Math.max(...notes.map((note) => note.onset + note.duration)) / bar) * bar;
  const again = notes.map((note) => ({ ...note, id: newId(), onset: note.onset + to - from }));
  const bars = Math.min(512, Math.ceil(Math.max(...again.map((note) => note.onset + note.duration)) / bar));
  const piece = bars > studio.piece.bars ? withBars(studio.piece, texture, bars) : studio.piece;
  if (!studio.edit("duplicate", put(piece, texture, again))) return;
  const next = range ? { from: to, to: Math.min(studio.steps, to + to - from) } : null;
  studio.select(next, new Set(again.map((note) => note.id)));
}

/** The menu of all this, by name. */
const EDITS = {
  "octave-up": (studio) => transpose(studio, 12),
  "octave-down": (studio) => transpose(studio, -12),
  "semitone-up": (studio) => transpose(studio, 1),
  "semitone-down": (studio) => transpose(studio, -1),
  "step-up": (studio) => scaleSteps(studio, 1),
  "step-down": (studio) => scaleSteps(studio, -1),
  quantise,
  even,
  duplicate,
};

/** @param {Studio} studio @param {HTMLDetailsElement} menu */
export function useEdits(studio, menu) {
  for (const button of menu.querySelectorAll("[data-edit]")) {
    button.addEventListener("click", () => {
      menu.open = false;
      menu.querySelector("summary").focus();
      EDITS[button.dataset.edit](studio);
    });
  }
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
}
