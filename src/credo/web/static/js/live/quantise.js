/** What was played, as notes on the grid: plain functions, which know neither the page nor the clock. */

import { inCompass, nearestPitch } from "../piece.js";

/**
 * @typedef {{pitch: number, velocity: number, on: number, off: number | null}} Played  Times in steps, not whole;
 *   no `off` while the key is still down.
 * @typedef {{key: string, values: Record<string, string | number>}} Remark  A key of the words, and what it names.
 */

/** A pitch as near as octaves bring it into a voice's compass; null where no octave does. */
function inOctaves(voice, pitch) {
  if (voice.kind === "drums") return nearestPitch(voice, pitch);
  for (let by = 0; by <= 60; by += 12) {
    if (inCompass(voice, pitch + by)) return pitch + by;
    if (inCompass(voice, pitch - by)) return pitch - by;
  }
  return null;
}

/**
 * Notes on the grid. What lies before the first step, as one plays ahead of the beat, begins on it; in a voice of
 * single notes a later note ends the one before, and of notes that begin together the last one played stays.
 * @param {Played[]} played
 * @param {{voice: import("../types.js").Voice, snap: number, from: number, to: number, now: number,
 *   id: (one: Played) => string, locked?: boolean}} how  Keeps onsets from `from` up to `to`, in steps; `now` ends the
 *   notes whose keys are down.
 * @returns {{notes: import("../types.js").Note[], remarks: Remark[], offsets: number[]}} offsets: how far each onset
 *   was moved, in steps
 */
export function toNotes(played, { voice, snap, from, to, now, id, locked = true }) {
  const grid = (step) => Math.round(step / snap) * snap;
  const offsets = [];
  let shifted = 0;
  let lost = 0;
  /** @type {import("../types.js").Note[]} */
  let notes = [];
  for (const one of [...played].sort((a, b) => a.on - b.on)) {
    const onset = Math.max(from, grid(one.on));
    if (one.on < from - snap || onset >= to) continue;
    const pitch = inOctaves(voice, one.pitch);
    if (pitch === null) {
      lost += 1;
      continue;
    }
    if (pitch !== one.pitch) shifted += 1;
    const end = Math.min(to, grid(Math.max(one.off ?? now, one.on)));
    const duration = voice.kind === "drums" ? 1 : Math.max(snap, end - onset);
    offsets.push(onset - one.on);
    notes.push({ id: id(one), voice: voice.name, onset, duration, pitch, velocity: one.velocity, locked });
  }
  const count = notes.length;
  if (voice.kind === "mono") notes = notes.filter((note, at) => notes[at + 1]?.onset !== note.onset);
  notes = notes.filter(
    (note, at) => !notes.slice(at + 1).some((b) => b.onset === note.onset && b.pitch === note.pitch),
  );
  notes = notes.map((note, at) => {
    const next = notes.slice(at + 1).find((other) => voice.kind === "mono" || other.pitch === note.pitch);
    return next ? { ...note, duration: Math.min(note.duration, next.onset - note.onset) } : note;
  });
  const remarks = [];
  if (shifted) remarks.push({ key: "live-octaves", values: { count: shifted, voice: voice.name } });
  if (lost) remarks.push({ key: "live-lost", values: { count: lost, voice: voice.name } });
  if (count > notes.length) remarks.push({ key: "live-single", values: { count: count - notes.length } });
  return { notes, remarks, offsets };
}

/**
 * How far onsets were from the grid, on average and at most.
 * @param {number[]} offsets in steps @param {number} seconds of a step @returns {Remark[]}
 */
export function evenness(offsets, seconds) {
  if (!offsets.length) return [];
  const off = offsets.map((one) => Math.abs(one) * seconds * 1000);
  const mean = Math.round(off.reduce((sum, one) => sum + one, 0) / off.length);
  return [{ key: "live-evenness", values: { mean, most: Math.round(Math.max(...off)), count: off.length } }];
}
