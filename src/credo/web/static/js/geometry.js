/** Where steps and pitches lie on the roll's canvas. */

import { pitchesOf } from "./piece.js";

/** Widths and heights in CSS pixels. */
export const KEYS = 64;
export const RULER = 24;
export const LOCKS = 18;
export const HEAT = 14;
export const TOP = RULER + LOCKS + HEAT;
export const VELOCITY = 64;

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** The part of a piece that is seen. */
export class View {
  constructor() {
    this.width = 800;
    this.height = 400;
    this.stepWidth = 12;
    this.rowHeight = 13;
    /** Pixels scrolled away at the left and at the top. */
    this.left = 0;
    this.up = 0;
    /** @type {number[]} The pitch of each row, highest first. */
    this.rows = [];
    /** @type {Map<number, number>} */
    this.rowOfPitch = new Map();
    this.steps = 64;
  }

  /** Lays out rows for a texture: every pitch of its voices, or a drum kit's instruments. */
  layOut(texture) {
    const pitches = new Set(texture.voices.flatMap(pitchesOf));
    const drums = texture.voices.every((voice) => voice.kind === "drums");
    if (drums) {
      this.rows = pitchesOf(texture.voices[0]).slice().reverse();
    } else {
      const low = Math.max(0, Math.min(...pitches) - 1);
      const high = Math.min(127, Math.max(...pitches) + 1);
      this.rows = Array.from({ length: high - low + 1 }, (_, place) => high - place);
    }
    this.drums = drums;
    this.rowOfPitch = new Map(this.rows.map((pitch, place) => [pitch, place]));
    this.rowHeight = drums ? 28 : Math.max(this.rowHeight > 24 ? 13 : this.rowHeight, 9);
    this.scroll(0, 0);
  }

  get bodyHeight() {
    return Math.max(20, this.height - TOP - VELOCITY);
  }

  get bottom() {
    return TOP + this.bodyHeight;
  }

  x(step) {
    return KEYS + step * this.stepWidth - this.left;
  }

  y(pitch) {
    return TOP + (this.rowOfPitch.get(pitch) ?? 0) * this.rowHeight - this.up;
  }

  stepAt(x) {
    return (x - KEYS + this.left) / this.stepWidth;
  }

  pitchAt(y) {
    return this.rows[clamp(Math.floor((y - TOP + this.up) / this.rowHeight), 0, this.rows.length - 1)];
  }

  /** Which part of the canvas a point lies in. */
  zone(x, y) {
    if (y < TOP) return x < KEYS ? "corner" : y < RULER ? "ruler" : y < RULER + LOCKS ? "locks" : "heat";
    if (x < KEYS) return y < this.bottom ? "keys" : "corner";
    return y < this.bottom ? "notes" : "velocity";
  }

  scroll(dx, dy) {
    const wide = Math.max(0, this.steps * this.stepWidth - (this.width - KEYS) + 80);
    const high = Math.max(0, this.rows.length * this.rowHeight - this.bodyHeight);
    this.left = clamp(this.left + dx, 0, wide);
    this.up = clamp(this.up + dy, 0, high);
  }

  /** Zooms in time around a place on the canvas. */
  zoom(factor, x = this.width / 2) {
    const step = this.stepAt(x);
    this.stepWidth = clamp(this.stepWidth * factor, 1.5, 64);
    this.left = step * this.stepWidth - (x - KEYS);
    this.scroll(0, 0);
  }

  /** Zooms in pitch around a place on the canvas. */
  zoomRows(factor, y = TOP + this.bodyHeight / 2) {
    const row = (y - TOP + this.up) / this.rowHeight;
    this.rowHeight = clamp(this.rowHeight * factor, 5, 40);
    this.up = row * this.rowHeight - (y - TOP);
    this.scroll(0, 0);
  }

  /** Shows all of the piece from side to side, and its notes' pitches in the middle. */
  fit(piece) {
    this.stepWidth = clamp((this.width - KEYS - 24) / Math.max(1, this.steps), 1.5, 28);
    this.left = 0;
    const pitches = piece.notes.map((note) => note.pitch);
    const drawn = this.rows.filter((p) => !pitches.length || (p <= Math.max(...pitches) && p >= Math.min(...pitches)));
    const least = this.bodyHeight / this.rows.length;
    if (!this.drums) this.rowHeight = clamp(this.bodyHeight / Math.max(drawn.length + 6, 36), Math.max(9, least), 18);
    const middle = ((this.rowOfPitch.get(drawn[0]) + this.rowOfPitch.get(drawn.at(-1)) + 1) / 2) * this.rowHeight;
    this.up = middle - this.bodyHeight / 2;
    this.scroll(0, 0);
  }

  /** Scrolls until a cell is seen. */
  reveal(step, pitch) {
    const x = this.x(step);
    if (x < KEYS + 8) this.left -= KEYS + 40 - x;
    if (x + this.stepWidth > this.width - 8) this.left += x + this.stepWidth - this.width + 60;
    const y = this.y(pitch);
    if (y < TOP) this.up -= TOP - y + this.rowHeight;
    if (y + this.rowHeight > this.bottom) this.up += y + 2 * this.rowHeight - this.bottom;
    this.scroll(0, 0);
  }

  /** Follows the playhead by pages. @returns {boolean} whether it had to */
  follow(step) {
    const x = this.x(step);
    if (x >= KEYS && x < this.width - 24) return false;
    this.left = step * this.stepWidth - 40;
    this.scroll(0, 0);
    return true;
  }
}
