/** What all parts of the page share: the document, what is selected and heard, and who wants to know of a change. */

import { Model } from "./model.js";
import { barSteps, emptyPiece, inCompass, isHeld, nearestPitch, pieceSteps, soundOf } from "./piece.js";
import { NO_WISHES } from "./types.js";

/** @typedef {import("./types.js").Piece} Piece */
/** @typedef {import("./types.js").Note} Note */
/** @typedef {"select" | "draw" | "erase"} Tool */

/** Emits `change` with what has changed: `piece`, `view`, `voices`, `tool`, `audition`, `open`, `heat`. */
export class Studio extends EventTarget {
  /** @param {import("./types.js").ModelCard[]} models */
  constructor(models) {
    super();
    this.models = models;
    this.model = new Model(this.newDocument());
    /** @type {Tool} */
    this.tool = "select";
    /** @type {Set<string>} Ids of the selected notes. */
    this.selected = new Set();
    /** @type {import("./types.js").Range | null} The stretch that is selected, and looped. */
    this.range = null;
    this.cursor = { step: 0, pitch: 60 };
    this.voice = this.texture.voices[0].name;
    /** @type {Set<string>} */
    this.muted = new Set();
    /** @type {Set<string>} */
    this.solo = new Set();
    /** @type {number} Which alternative is shown and heard in place of the piece; -1 for none. */
    this.audition = -1;
    this.snap = 1;
    this.holdDrawn = true;
    /** Whether each voice has a lane of its own, and which pitches have a row. @type {"all" | "scale" | "used"} */
    this.fold = "all";
    this.split = false;
    /** @type {Map<string, number[]>} What surprised the model in each bar, in nats a beat, by a piece's sign. */
    this.heatOf = new Map();
    /** @type {WeakMap<Piece, string>} */
    this.signs = new WeakMap();
    this.playhead = 0;
    this.model.addEventListener("change", (event) => this.#changed(event.detail));
  }

  /** @returns {import("./types.js").Document} */
  newDocument(model = this.models[0], title = "") {
    return { piece: emptyPiece(title, model), other: null, alternatives: [], wishes: { ...NO_WISHES }, mix: {} };
  }

  get doc() {
    return this.model.doc;
  }

  /** @returns {Piece} */
  get piece() {
    return this.model.doc.piece;
  }

  /** The piece that is seen and heard: one's own, or an alternative. @returns {Piece} */
  get shown() {
    return this.doc.alternatives[this.audition]?.piece ?? this.piece;
  }

  get card() {
    return this.models.find((card) => card.name === this.piece.model) ?? this.models[0];
  }

  /** @returns {import("./types.js").Texture} */
  get texture() {
    return this.card.texture;
  }

  get bar() {
    return barSteps(this.shown, this.texture);
  }

  get steps() {
    return pieceSteps(this.shown, this.texture);
  }

  /** The voice that is drawn in. */
  get activeVoice() {
    return this.texture.voices.find((voice) => voice.name === this.voice) ?? this.texture.voices[0];
  }

  /** Nats a beat of each bar of what is shown; empty where nobody has asked. @returns {number[]} */
  get heat() {
    return this.heatOf.get(this.sign(this.shown)) ?? [];
  }

  /** A text that pieces of the same music share. @param {Piece} piece */
  sign(piece) {
    let sign = this.signs.get(piece);
    if (sign === undefined) {
      sign = `${piece.model} ${piece.metre} ${piece.bars} ${piece.notes.map(soundOf).sort().join()}`;
      this.signs.set(piece, sign);
    }
    return sign;
  }

  /** @param {Note} note */
  held(note) {
    return isHeld(this.piece, this.texture, note);
  }

  /** @returns {Note[]} */
  get selectedNotes() {
    return this.piece.notes.filter((note) => this.selected.has(note.id));
  }

  /** Whether a voice is heard. */
  sounds(voice) {
    return this.solo.size ? this.solo.has(voice) : !this.muted.has(voice);
  }

  /** What a task works on: the selected stretch and voices, or the stretch of several selected notes; null for all. */
  get selection() {
    const notes = this.selectedNotes;
    if (!this.range && notes.length < 2) return null;
    const from = this.range?.from ?? Math.min(...notes.map((note) => note.onset));
    const to = this.range?.to ?? Math.max(...notes.map((note) => note.onset + note.duration));
    const voices = this.texture.voices.map((voice) => voice.name).filter((one) => notes.some((n) => n.voice === one));
    return { from_step: from, to_step: to, voices };
  }

  /** Tells that something is another. @param {string} what */
  tell(what) {
    this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }

  /** Changes the piece, as one step that can be undone. @param {string} label @param {Piece} piece */
  edit(label, piece, merge = false) {
    if (this.audition >= 0) {
      this.say("audition-first");
      return false;
    }
    if (piece !== this.piece) this.model.change(label, { piece }, merge);
    return true;
  }

  /** Says a sentence to the user; main.js shows it. @param {string} key */
  say(key, values = {}, kind = "info") {
    this.dispatchEvent(new CustomEvent("say", { detail: { key, values, kind } }));
  }

  /** Shows an alternative in the place of the piece; -1 for the piece. @param {number} place */
  listen(place) {
    this.audition = place < this.doc.alternatives.length ? place : -1;
    this.selected = new Set();
    this.tell("audition");
  }

  /** @param {import("./types.js").Range | null} range */
  select(range, ids = new Set()) {
    this.range = range && range.to > range.from ? range : null;
    this.selected = ids;
    this.tell("view");
  }

  #changed(why) {
    if (why === "open") {
      this.selected = new Set();
      this.range = null;
      this.audition = -1;
      this.playhead = 0;
      this.cursor = { step: 0, pitch: 60 };
    }
    if (why !== "preview" && this.audition >= this.doc.alternatives.length) this.audition = -1;
    if (!this.texture.voices.some((voice) => voice.name === this.voice)) {
      this.voice = this.texture.voices[0].name;
      this.muted.clear();
      this.solo.clear();
    }
    if (!inCompass(this.activeVoice, this.cursor.pitch) && (why === "open" || this.activeVoice.kind === "drums")) {
      this.cursor.pitch = nearestPitch(this.activeVoice, this.cursor.pitch);
    }
    if (this.range && this.range.from >= this.steps) this.range = null;
    this.tell(why === "open" ? "open" : why === "preview" ? "preview" : "piece");
  }
}
