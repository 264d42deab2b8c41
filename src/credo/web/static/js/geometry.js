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

/** Pixels between lanes, and the least height of a lane: its head has to find room beside it. */
export const GAP = 8;
const LANE = 64;
/** Semitones above the tonic of the keys' scales; the minor one with both sixths and sevenths. */
const STEPS = { major: [0, 2, 4, 5, 7, 9, 11], minor: [0, 2, 3, 5, 7, 8, 9, 10, 11] };
const TONICS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

/** The pitch classes of a key; null where none is named. @param {string | null} key @returns {Set<number> | null} */
export function scaleOf(key) {
  const [tonic, mode] = (key ?? "").split(" ");
  if (!(tonic?.[0] in TONICS) || !(mode in STEPS)) return null;
  const at = TONICS[tonic[0]] + ({ "#": 1, b: -1 }[tonic[1]] ?? 0);
  return new Set(STEPS[mode].map((step) => (at + step + 12) % 12));
}

/**
 * The rows of some voices, highest first.
 * @param {import("./types.js").Voice[]} voices @param {"all" | "scale" | "used"} fold which pitches have a row
 * @param {import("./types.js").Piece} piece whose key and notes tell which
 * @returns {number[]}
 */
export function rowsOf(voices, fold, piece) {
  const drums = voices.every((voice) => voice.kind === "drums");
  const pitches = [...new Set(voices.flatMap(pitchesOf))];
  let rows = drums ? pitches.reverse() : pitches.sort((a, b) => b - a);
  if (!drums && voices.length > 1) {
    const [high, low] = [Math.min(127, rows[0] + 1), Math.max(0, rows.at(-1) - 1)];
    rows = Array.from({ length: high - low + 1 }, (_, place) => high - place);
  }
  const names = new Set(voices.map((voice) => voice.name));
  const used = new Set(piece.notes.filter((note) => names.has(note.voice)).map((note) => note.pitch));
  const scale = scaleOf(piece.key);
  if (fold === "used" && used.size) return rows.filter((pitch) => used.has(pitch));
  if (fold === "scale" && scale && !drums) return rows.filter((pitch) => scale.has(pitch % 12) || used.has(pitch));
  return rows;
}

/**
 * @typedef {{name: string | null, drums: boolean, rows: number[], rowOf: Map<number, number>, top: number,
 *   height: number}} Lane  One for all voices (without a name), or one a voice; top and height in pixels.
 */

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
    /** @type {Lane[]} From the top. */
    this.lanes = [];
    this.steps = 64;
    this.split = false;
  }

  /**
   * Lays out rows: one lane for all voices, or one a voice.
   * @param {import("./types.js").Texture} texture @param {{split: boolean, fold: "all" | "scale" | "used"}} how
   * @param {import("./types.js").Piece} piece
   * @returns {boolean} whether anything has become another
   */
  layOut(texture, { split, fold }, piece) {
    const groups = split ? texture.voices.map((voice) => [voice]) : [texture.voices];
    const lanes = groups.map((voices) => {
      const rows = rowsOf(voices, fold, piece);
      const rowOf = new Map(rows.map((pitch, place) => [pitch, place]));
      const drums = voices.every((voice) => voice.kind === "drums");
      return { name: split ? voices[0].name : null, drums, rows, rowOf, top: 0, height: 0 };
    });
    const sign = lanes.map((lane) => [lane.name, lane.rows].join()).join(";");
    if (sign === this.sign) return false;
    this.sign = sign;
    this.lanes = lanes;
    this.split = split;
    this.drums = lanes.every((lane) => lane.drums);
    if (this.drums) this.rowHeight = 28;
    else if (!split) this.rowHeight = Math.max(this.rowHeight > 24 ? 13 : this.rowHeight, 9);
    this.scroll(0, 0);
    return true;
  }

  get bodyHeight() {
    return Math.max(20, this.height - TOP - VELOCITY);
  }

  get bottom() {
    return TOP + this.bodyHeight;
  }

  /** Pixels of all lanes together. */
  get whole() {
    const last = this.lanes.at(-1);
    return last ? last.top + last.height : 0;
  }

  #place() {
    let top = 0;
    for (const lane of this.lanes) {
      lane.top = top;
      lane.height = Math.max(lane.rows.length * this.rowHeight, this.split ? LANE : 0);
      top += lane.height + GAP;
    }
  }

  /** The lane of a voice. @param {string} voice @returns {Lane} */
  laneOf(voice) {
    return this.lanes.find((lane) => lane.name === voice) ?? this.lanes[0];
  }

  /** The lane at a height on the canvas, or the nearest one. @returns {Lane} */
  laneAt(y) {
    const at = y - TOP + this.up;
    return this.lanes.find((lane) => at < lane.top + lane.height + GAP / 2) ?? this.lanes.at(-1);
  }

  /** The row of a pitch in a lane; of the nearest that has one where it has none. */
  row(lane, pitch) {
    const there = lane.rowOf.get(pitch);
    if (there !== undefined) return there;
    const below = lane.rows.findIndex((one) => one < pitch);
    return below < 0 ? lane.rows.length - 1 : below;
  }

  x(step) {
    return KEYS + step * this.stepWidth - this.left;
  }

  /** Where a pitch's row begins. @param {number} pitch @param {string} voice */
  y(pitch, voice) {
    const lane = this.laneOf(voice);
    return TOP + lane.top + this.row(lane, pitch) * this.rowHeight - this.up;
  }

  stepAt(x) {
    return (x - KEYS + this.left) / this.stepWidth;
  }

  pitchAt(y, lane = this.laneAt(y)) {
    const row = Math.floor((y - TOP + this.up - lane.top) / this.rowHeight);
    return lane.rows[clamp(row, 0, lane.rows.length - 1)];
  }

  /** The cell some rows above another: beyond the end of a lane lies the next lane. */
  above(pitch, voice, rows) {
    const lane = this.laneOf(voice);
    const at = this.row(lane, pitch) - rows;
    const next = this.lanes[this.lanes.indexOf(lane) + (at < 0 ? -1 : 1)];
    if (at >= 0 && at < lane.rows.length) return { pitch: lane.rows[at], voice };
    if (!next || Math.abs(rows) > 1) return { pitch: lane.rows[clamp(at, 0, lane.rows.length - 1)], voice };
    return { pitch: at < 0 ? next.rows.at(-1) : next.rows[0], voice: next.name };
  }

  /** Which part of the canvas a point lies in. */
  zone(x, y) {
    if (y < TOP) return x < KEYS ? "corner" : y < RULER ? "ruler" : y < RULER + LOCKS ? "locks" : "heat";
    if (x < KEYS) return y < this.bottom ? "keys" : "corner";
    return y < this.bottom ? "notes" : "velocity";
  }

  scroll(dx, dy) {
    this.#place();
    const wide = Math.max(0, this.steps * this.stepWidth - (this.width - KEYS) + 80);
    const high = Math.max(0, this.whole - this.bodyHeight);
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

  /** Shows all of the piece from side to side, and its notes' pitches in the middle; of lanes as many as it can. */
  fit(piece) {
    this.stepWidth = clamp((this.width - KEYS - 24) / Math.max(1, this.steps), 1.5, 28);
    this.left = 0;
    const rows = this.lanes.reduce((sum, lane) => sum + lane.rows.length, 0);
    const room = this.bodyHeight - GAP * (this.lanes.length - 1);
    if (this.split) {
      this.rowHeight = clamp(room / rows, 4, this.drums ? 28 : 18);
      this.up = 0;
      this.scroll(0, 0);
      return;
    }
    const [lane] = this.lanes;
    const pitches = piece.notes.map((note) => note.pitch);
    const [low, high] = [Math.min(...pitches), Math.max(...pitches)];
    const drawn = lane.rows.filter((pitch) => !pitches.length || (pitch <= high && pitch >= low));
    if (!drawn.length) drawn.push(...lane.rows);
    const most = Math.max(Math.min(drawn.length + 6, lane.rows.length), Math.min(36, lane.rows.length));
    if (!this.drums)
      this.rowHeight = clamp(room / most, Math.max(9, room / rows), Math.max(18, Math.min(26, room / rows)));
    const middle = ((lane.rowOf.get(drawn[0]) + lane.rowOf.get(drawn.at(-1)) + 1) / 2) * this.rowHeight;
    this.up = middle - this.bodyHeight / 2;
    this.scroll(0, 0);
  }

  /** Leaves no room below the lowest row, where rows may be higher. */
  fill() {
    const rows = this.lanes.reduce((sum, lane) => sum + lane.rows.length, 0);
    if (!this.drums && !this.split) this.rowHeight = Math.max(this.rowHeight, Math.min(26, this.bodyHeight / rows));
    this.scroll(0, 0);
  }

  /** Scrolls until a cell is seen. */
  reveal(step, pitch, voice) {
    const x = this.x(step);
    if (x < KEYS + 8) this.left -= KEYS + 40 - x;
    if (x + this.stepWidth > this.width - 8) this.left += x + this.stepWidth - this.width + 60;
    const y = this.y(pitch, voice);
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
