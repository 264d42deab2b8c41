/** The layer of notes and their loudness. */

import { voiceColour } from "./colours.js";
import { padlock } from "./draw_grid.js";
import { KEYS, TOP, VELOCITY } from "./geometry.js";
import { pitchName, soundOf } from "./piece.js";

/** Pixels below which a note is drawn without corners, hatching and name: there are thousands of them then. */
const SMALL = 6;

/** @param {CanvasRenderingContext2D} context @param {import("./roll.js").Roll} roll */
export function drawNotes(context, roll) {
  const { view, studio } = roll;
  const { notes } = studio.shown;
  const first = view.stepAt(KEYS);
  const last = view.stepAt(view.width);
  const seen = notes.filter((note) => note.onset < last && note.onset + note.duration > first);
  // The voice that is drawn in lies on top.
  const order = [...seen.filter((n) => n.voice !== studio.voice), ...seen.filter((n) => n.voice === studio.voice)];
  const known = studio.audition >= 0 ? new Set(studio.piece.notes.map(soundOf)) : null;
  context.save();
  context.beginPath();
  context.rect(KEYS, TOP, view.width - KEYS, view.bodyHeight);
  context.clip();
  for (const note of order) drawNote(context, roll, note, known);
  context.restore();
  drawVelocities(context, roll, seen);
}

function drawNote(context, { view, colours, studio }, note, known) {
  const x = view.x(note.onset) + 0.5;
  const y = view.y(note.pitch, note.voice);
  const height = view.rowHeight;
  if (y > view.bottom || y + height < TOP) return;
  const width = Math.max(2.5, note.duration * view.stepWidth - 1);
  const colour = voiceColour(colours, studio.texture, note.voice);
  const held = studio.held(note);
  const chosen = studio.selected.has(note.id);
  const active = note.voice === studio.voice;
  context.globalAlpha =
    (studio.sounds(note.voice) ? 1 : 0.35) * (0.8 + 0.2 * (note.velocity / 127)) * (active ? 1 : 0.92);
  context.fillStyle = colour;
  if (width < SMALL) {
    drawSmall(context, colours, [x, y + 0.5, width, height - 1], held, chosen);
    return;
  }
  box(context, x, y + 0.5, width, height - 1, Math.min(3, width / 3));
  context.fill();
  context.globalAlpha = 1;
  if (held) hatch(context, x, y + 0.5, width, height - 1, colours["on-voice"]);
  if (known && !known.has(soundOf(note))) {
    context.strokeStyle = colours.ink;
    context.setLineDash([3, 2]);
    context.lineWidth = 1.2;
    context.stroke();
    context.setLineDash([]);
  }
  if (held) {
    context.strokeStyle = colours.held;
    context.lineWidth = 1.5;
    context.stroke();
  }
  if (chosen) {
    context.strokeStyle = colours.ink;
    context.lineWidth = 2;
    box(context, x + 0.5, y + 1, width - 1, height - 2, Math.min(3, width / 3));
    context.stroke();
  }
  if (held && width > 26 && height >= 12) {
    padlock(context, x + width - 11, y + height / 2 - 6.5, colours["on-voice"], true);
  }
  if (width > 34 && height >= 11 && !view.drums) {
    context.fillStyle = colours["on-voice"];
    context.font = `600 ${Math.min(11, height - 2)}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    context.fillText(pitchName(note.pitch, studio.shown.key), x + 4, y + height / 2 + 0.5);
  }
}

function drawSmall(context, colours, [x, y, width, height], held, chosen) {
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
  if (!held && !chosen) return;
  context.fillStyle = chosen ? colours.ink : colours.held;
  context.fillRect(x, y, width, 2);
  context.fillRect(x, y + height - 2, width, 2);
}

function box(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, width, Math.max(1, height), Math.max(0, radius));
}

/** Slanted lines over a held note, so that it is told by more than its colour. */
function hatch(context, x, y, width, height, colour) {
  context.save();
  context.clip();
  context.strokeStyle = colour;
  context.globalAlpha = 0.32;
  context.lineWidth = 1.5;
  const path = new Path2D();
  for (let at = x - height; at < x + width; at += 6) {
    path.moveTo(at, y + height);
    path.lineTo(at + height, y);
  }
  context.stroke(path);
  context.restore();
  box(context, x, y, width, height, Math.min(3, width / 3));
}

function drawVelocities(context, { view, colours, studio }, notes) {
  const room = VELOCITY - 12;
  context.save();
  context.beginPath();
  context.rect(KEYS, view.bottom, view.width - KEYS, VELOCITY);
  context.clip();
  for (const note of notes) {
    const x = view.x(note.onset) + 1.5;
    const height = (note.velocity / 127) * room;
    context.fillStyle = voiceColour(colours, studio.texture, note.voice);
    context.globalAlpha =
      studio.selected.has(note.id) || (!studio.selected.size && note.voice === studio.voice) ? 1 : 0.4;
    context.fillRect(x, view.height - height, 2, height);
    context.fillRect(x - 1.5, view.height - height - 2, 5, 4);
  }
  context.restore();
}
