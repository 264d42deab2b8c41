/** The lane of loudness: painted over one note or many, and drawn as a line with Shift. */

import { VELOCITY } from "./geometry.js";
import { amend } from "./piece.js";

const NEAR = 6;

/** Loudness at a height of the canvas, 1 to 127. */
function loudnessAt(view, y) {
  return Math.max(1, Math.min(127, Math.round((127 * (view.height - y)) / (VELOCITY - 12))));
}

/**
 * Loudness of notes under a stroke: each note gets that of the stroke where the note begins.
 * @param {{id: string, x: number}[]} notes where they begin, in pixels
 * @param {{x: number, y: number}} from @param {{x: number, y: number}} to
 * @returns {Map<string, number>} heights, by the ids of the notes that the stroke passes
 */
export function underStroke(notes, from, to) {
  const [left, right] = from.x <= to.x ? [from, to] : [to, from];
  const found = new Map();
  for (const { id, x } of notes) {
    if (x < left.x - NEAR || x > right.x + NEAR) continue;
    const share = right.x - left.x < 1 ? 1 : Math.max(0, Math.min(1, (x - left.x) / (right.x - left.x)));
    found.set(id, right.x - left.x < 1 ? to.y : left.y + share * (right.y - left.y));
  }
  return found;
}

/**
 * A gesture in the lane: freehand, or a straight line while Shift is down. It changes the selected notes, or those of
 * the voice that is drawn in where none is selected.
 * @param {import("./geometry.js").View} view @param {import("./studio.js").Studio} studio
 * @param {{x: number, y: number}} start
 */
export function paintLoudness(view, studio, start) {
  const { piece } = studio;
  const notes = piece.notes
    .filter((note) => (studio.selected.size ? studio.selected.has(note.id) : note.voice === studio.voice))
    .map((note) => ({ id: note.id, x: view.x(note.onset) + 2 }));
  if (!notes.length) return null;
  let painted = new Map();
  let last = start;
  const show = (heights) => {
    for (const [id, y] of heights) painted.set(id, loudnessAt(view, y));
    if (!painted.size) return;
    const ids = new Set(painted.keys());
    const change = (note) => ({ velocity: painted.get(note.id) });
    studio.model.preview("velocity", { piece: amend(piece, ids, change) });
  };
  show(underStroke(notes, start, start));
  return {
    move(q, event) {
      if (event?.shiftKey) {
        painted = new Map();
        show(underStroke(notes, start, q));
      } else show(underStroke(notes, last, q));
      last = q;
    },
    end: () => studio.model.settle(),
  };
}
