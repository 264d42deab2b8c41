/** What one does to notes, by pointer or by key; each is one step that can be undone. */

import {
  amend,
  barSteps,
  inCompass,
  moved,
  nearestPitch,
  newId,
  pieceSteps,
  put,
  take,
  toggled,
  without,
} from "./piece.js";
import { TASTES } from "./types.js";

/** @typedef {import("./studio.js").Studio} Studio */
/** @typedef {import("./types.js").Note} Note */

/** @type {Note[]} */
let clipboard = [];

/** A note of the voice drawn in; null where it has no such pitch. @param {Studio} studio @returns {Note | null} */
export function newNote(studio, onset, pitch, duration = studio.snap) {
  const voice = studio.activeVoice;
  if (!inCompass(voice, pitch)) {
    studio.say("out-of-compass", { voice: voice.name });
    return null;
  }
  return {
    id: newId(),
    voice: voice.name,
    onset,
    duration: voice.kind === "drums" ? 1 : duration,
    pitch,
    velocity: 80,
    locked: studio.holdDrawn,
  };
}

/** Adds a note. @param {Studio} studio */
export function add(studio, onset, pitch, duration) {
  const note = newNote(studio, onset, pitch, duration);
  if (!note || !studio.edit("add-note", put(studio.piece, studio.texture, [note]))) return null;
  studio.selected = new Set([note.id]);
  return note;
}

/** The notes that an act is on: the selected ones, or that under the cursor. @param {Studio} studio */
export function chosen(studio) {
  const notes = studio.selectedNotes;
  return notes.length ? notes : noteAt(studio, studio.cursor.step, studio.cursor.pitch);
}

/** Notes that sound at a cell, of one voice or of all; that of the voice that is drawn in first. @returns {Note[]} */
export function noteAt(studio, step, pitch, of = studio.piece, voice = null) {
  const there = of.notes.filter(
    (note) =>
      note.pitch === pitch &&
      note.onset <= step &&
      step < note.onset + note.duration &&
      (voice === null || note.voice === voice),
  );
  const own = there.filter((note) => note.voice === studio.voice);
  return (own.length ? own : there).slice(0, 1);
}

/** @param {Studio} studio @param {Note[]} notes */
export function erase(studio, notes = chosen(studio)) {
  if (!notes.length) return;
  if (studio.edit("erase", without(studio.piece, new Set(notes.map((note) => note.id))))) studio.select(studio.range);
}

/** @param {Studio} studio */
export function move(studio, steps, pitches) {
  const notes = chosen(studio);
  if (!notes.length) return;
  const next = moved(studio.piece, studio.texture, notes, steps, pitches);
  if (!studio.edit("move", put(studio.piece, studio.texture, next), true)) return;
  studio.selected = new Set(next.map((note) => note.id));
  studio.cursor = { step: next[0].onset, pitch: next[0].pitch };
  studio.tell("view");
}

/** @param {Studio} studio */
export function stretch(studio, steps) {
  const notes = chosen(studio).filter((note) => kind(studio, note) !== "drums");
  if (!notes.length) return;
  const next = notes.map((note) => ({ ...note, duration: Math.max(1, note.duration + steps) }));
  studio.edit("stretch", put(studio.piece, studio.texture, next), true);
}

function kind(studio, note) {
  return studio.texture.voices.find((voice) => voice.name === note.voice)?.kind;
}

/** @param {Studio} studio */
export function louder(studio, by) {
  const ids = new Set(chosen(studio).map((note) => note.id));
  const change = (note) => ({ velocity: Math.max(1, Math.min(127, note.velocity + by)) });
  if (ids.size) studio.edit("velocity", amend(studio.piece, ids, change), true);
}

/** Locks the chosen notes, or lets them go where all are locked. @param {Studio} studio */
export function lockNotes(studio) {
  const notes = chosen(studio);
  if (!notes.length) return studio.say("nothing-chosen");
  const locked = !notes.every((note) => note.locked);
  studio.edit(
    locked ? "lock" : "unlock",
    amend(studio.piece, new Set(notes.map((n) => n.id)), () => ({ locked })),
  );
  return studio.say(locked ? "locked-notes" : "unlocked-notes", { count: notes.length });
}

/** @param {Studio} studio @param {number} bar */
export function lockBar(studio, bar) {
  studio.edit("lock-bar", toggled(studio.piece, "locked_bars", bar));
  studio.say(studio.piece.locked_bars.includes(bar) ? "locked-bar" : "unlocked-bar", { bar });
}

/** @param {Studio} studio @param {string} voice */
export function lockVoice(studio, voice) {
  studio.edit("lock-voice", toggled(studio.piece, "locked_voices", voice));
  studio.say(studio.piece.locked_voices.includes(voice) ? "locked-voice" : "unlocked-voice", { voice });
}

/** @param {Studio} studio */
export function selectAll(studio) {
  studio.select({ from: 0, to: studio.steps }, new Set(studio.piece.notes.map((note) => note.id)));
}

/** @param {Studio} studio */
export function copy(studio) {
  const notes = chosen(studio);
  if (!notes.length) return;
  const bar = barSteps(studio.piece, studio.texture);
  const first = Math.floor(Math.min(...notes.map((note) => note.onset)) / bar) * bar;
  clipboard = notes.map((note) => ({ ...note, onset: note.onset - first }));
  studio.say("copied", { count: notes.length });
}

/** Puts the copied notes where the cursor's bar begins; a voice that is not there becomes the one drawn in. */
export function paste(studio) {
  if (!clipboard.length) return;
  const at = Math.floor(studio.cursor.step / studio.bar) * studio.bar;
  const known = new Set(studio.texture.voices.map((voice) => voice.name));
  const notes = clipboard
    .map((note) => {
      const voice = known.has(note.voice) ? note.voice : studio.voice;
      const one = studio.texture.voices.find((v) => v.name === voice);
      return { ...note, id: newId(), voice, onset: note.onset + at, pitch: nearestPitch(one, note.pitch) };
    })
    .filter((note) => note.onset < pieceSteps(studio.piece, studio.texture));
  if (notes.length && studio.edit("paste", put(studio.piece, studio.texture, notes))) {
    studio.select(studio.range, new Set(notes.map((note) => note.id)));
  }
}

/** A piece with another's key where it has none of its own; after what writes a new piece, with all of its setting. */
export function settingOf(piece, other, task) {
  const key = piece.key ?? other.key;
  if (TASTES.includes(task)) return { ...piece, key: other.key, tempo: other.tempo, metre: other.metre };
  return task === "blend" ? { ...piece, key: other.key, tempo: other.tempo } : { ...piece, key };
}

/** Takes the alternative that is shown, all of it or the selected part. @param {Studio} studio @param {boolean} part */
export function takeAlternative(studio, part) {
  const alternative = studio.doc.alternatives[studio.audition];
  if (!alternative) return;
  const { range } = studio;
  if (part && !range) {
    studio.say("select-part-first");
    return;
  }
  const region = part ? { ...range, voices: [] } : null;
  const taken = take(studio.piece, alternative.piece, studio.texture, region);
  const piece = part ? taken : settingOf(taken, alternative.piece, alternative.task);
  studio.audition = -1;
  studio.model.change(part ? "take-part" : "take", { piece });
  studio.say(part ? "taken-part" : "taken");
}
