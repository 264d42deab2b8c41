/** Playing with Credo in time: what is played is written down, and answers are asked for before they are due. */

import * as api from "../api.js";
import { played } from "../mix.js";
import { isHeld, newId, put, withBars } from "../piece.js";
import { wished } from "../tasks.js";
import { Figures } from "./figures.js";
import { evenness, toNotes } from "./quantise.js";
import { accompanimentAt, passageOf, placed, responseAt } from "./turns.js";

/** Iterations of an answer in time: half of what is used where nobody waits for the beat. */
const ITERATIONS = 48;
const TICK_MILLISECONDS = 25;
/** Seconds before a step is due when the player fetches its notes: what comes later is late. */
const MARGIN = 0.24;

/** @typedef {"record" | "respond" | "accompany"} Mode */

/** Emits `state` when it starts, stops, or a turn changes; `figures` when something was measured. */
export class Session extends EventTarget {
  /** @param {import("../studio.js").Studio} studio @param {import("../play.js").Player} player
   *  @param {import("./input.js").Input} input */
  constructor(studio, player, input) {
    super();
    Object.assign(this, { studio, player, input });
    /** @type {Mode} */
    this.mode = "respond";
    this.running = false;
    this.figures = new Figures();
    this.countIn = 1;
    /** Bars of a call, and bars of rest before its response. */
    this.call = 2;
    this.rest = 0;
    /** What is played where an answer is late: the last one again, or nothing. @type {"again" | "rest"} */
    this.fallback = "again";
    /** @type {import("./quantise.js").Remark[]} */
    this.remarks = [];
    /** "count", "you" or "credo": whose turn it is. */
    this.turn = "";
    /** @type {Map<number, {release: () => void, one: import("./quantise.js").Played}>} Keys that are down, by pitch. */
    this.down = new Map();
    input.addEventListener("key", ({ detail }) => this.#key(detail));
    player.addEventListener("state", () => {
      if (this.running && !player.playing) this.stop();
    });
  }

  /** Starts with bars that are counted in, at the playhead's bar or, for a dialogue, after what there is. */
  start() {
    const { studio, player } = this;
    if (this.running || studio.audition >= 0) {
      if (studio.audition >= 0) studio.say("audition-first");
      return;
    }
    const { bar } = studio;
    this.token = newId();
    this.voice = studio.activeVoice;
    const last = Math.max(0, ...studio.piece.notes.map((note) => note.onset + note.duration));
    const there = Math.floor(studio.playhead / bar) * bar;
    this.base = this.mode === "respond" ? Math.ceil(last / bar) * bar : there;
    /** @type {import("./quantise.js").Played[]} */
    this.played = [];
    /** What has been written of each key that was played, by a number of its own. */
    this.offsets = [];
    this.remarks = [];
    this.settled = new Set();
    this.asked = new Map();
    this.last = null;
    this.metronome = player.metronome;
    player.metronome = true;
    this.#room(this.base + 4 * bar);
    player.startAt(this.base - this.countIn * bar);
    this.running = true;
    this.#turn("count");
    this.timer = setInterval(() => this.#tick(), TICK_MILLISECONDS);
    if (this.mode !== "record") this.#rehearse();
    this.dispatchEvent(new Event("state"));
  }

  stop() {
    if (!this.running) return;
    const now = this.player.playing ? this.player.step() : this.studio.playhead;
    for (const pitch of [...this.down.keys()]) this.#up(pitch, now);
    this.running = false;
    clearInterval(this.timer);
    for (const question of this.asked.values()) question.control.abort();
    this.player.metronome = this.metronome;
    if (this.player.playing) this.player.pause();
    this.remarks = [...this.#gathered(), ...evenness(this.offsets, this.player.stepSeconds)];
    this.#turn("");
    this.dispatchEvent(new Event("state"));
  }

  /** The turn whose answer is due next. @param {number} step */
  turnAt(step) {
    const { base, call, rest } = this;
    const { bar } = this.studio;
    if (this.mode === "respond") return responseAt(step, { base, bar, call, rest });
    return this.mode === "accompany" ? accompanimentAt(step, { base, bar }) : null;
  }

  /** The voices that Credo plays in. */
  get others() {
    const { texture, piece } = this.studio;
    return texture.voices
      .map((voice) => voice.name)
      .filter((name) => !piece.locked_voices.includes(name))
      .filter((name) => this.mode === "respond" || name !== this.voice.name);
  }

  #turn(whose) {
    if (whose === this.turn) return;
    this.turn = whose;
    this.dispatchEvent(new Event("turn"));
  }

  #tick() {
    const { player, studio } = this;
    if (!player.playing) return;
    const step = player.step();
    const { bar } = studio;
    if (step + 4 * bar > studio.steps) this.#room(step + 6 * bar);
    const turn = this.turnAt(Math.max(step, this.base));
    if (step < this.base) this.#turn("count");
    else if (this.mode !== "respond") this.#turn(this.mode === "record" ? "you" : "both");
    else this.#turn(step < turn.from + turn.listen ? "you" : step < turn.due ? "pause" : "credo");
    if (!turn || step < this.base) return;
    const ahead = (this.figures.lead / 1000 + MARGIN) / player.stepSeconds;
    const heard = Math.min(turn.due, turn.from + turn.listen);
    const ask = this.mode === "respond" ? Math.min(heard, turn.due - ahead) : turn.due - ahead;
    if (step >= ask && step < turn.due && !this.asked.has(turn.due)) this.#ask(turn, step);
    const soon = MARGIN / player.stepSeconds;
    if (step >= turn.due - soon && !this.settled.has(turn.due)) this.#missed(turn);
  }

  /** An answer is not there: the last one again, or nothing. */
  #missed(turn) {
    this.settled.add(turn.due);
    this.figures.late += 1;
    if (this.fallback === "again" && this.last) this.#write(this.last.notes, this.last.turn, turn);
    this.dispatchEvent(new Event("figures"));
  }

  /** A question whose answer nobody waits for, while bars are counted in: it tells how long answers take. */
  async #rehearse() {
    const { bar } = this.studio;
    const turn = { from: this.base, listen: bar, due: this.base + bar, length: bar };
    const control = new AbortController();
    this.asked.set("rehearsal", { control });
    try {
      await this.#answer({ ...this.studio.piece, notes: [] }, turn, [], control.signal);
    } catch (error) {
      if (!(error instanceof DOMException) && !(error instanceof api.ApiError)) throw error;
    }
  }

  /** Asks, and measures. @returns {Promise<import("../types.js").Note[]>} of the passage */
  async #answer(piece, turn, known, signal) {
    // Wishes for the whole piece, as a plan of chords, make no sense for a bar or two of it.
    const whole = { chords: "", cadence: false, seed: null, density: null, register: null };
    const wishes = { ...wished({ ...this.studio.doc.wishes, ...whole }), iterations: ITERATIONS };
    const body = { task: "complete", ...passageOf(piece, turn, this.studio.bar, known), other: null, options: {} };
    const begun = performance.now();
    const job = await api.work({ ...body, wishes, alternatives: 1 }, () => {}, signal);
    this.figures.add("answers", performance.now() - begun);
    this.dispatchEvent(new Event("figures"));
    return job.results[0].piece.notes;
  }

  async #ask(turn, step) {
    const { studio } = this;
    const { texture } = studio;
    const control = new AbortController();
    this.asked.set(turn.due, { control });
    const now = { ...studio.piece, notes: this.#withOpen(step) };
    const coming = (note) => note.onset >= turn.due && (note.voice === this.voice.name || isHeld(now, texture, note));
    const known = this.mode === "accompany" ? now.notes.filter(coming) : [];
    try {
      const notes = await this.#answer(now, turn, known, control.signal);
      if (!this.running) return;
      this.last = { notes, turn };
      if (this.settled.has(turn.due)) return;
      this.settled.add(turn.due);
      this.figures.inTime += 1;
      this.#write(notes, turn, turn);
      this.dispatchEvent(new Event("figures"));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      if (!(error instanceof api.ApiError)) throw error;
      studio.say("live-refused", { message: error.message || "" }, "error");
    }
  }

  /** Puts an answer where it is due; nothing that is held gives way to it. */
  #write(notes, of, turn) {
    const { studio } = this;
    const { piece, texture } = studio;
    const fresh = placed(notes, of, turn.due, this.others, newId);
    const names = new Set(this.others);
    const end = turn.due + turn.length;
    const held = (note) => isHeld(piece, texture, note);
    const kept = piece.notes.filter((n) => !(names.has(n.voice) && n.onset >= turn.due && n.onset < end && !held(n)));
    const walls = kept.filter(held);
    const free = fresh.filter(
      (note) =>
        !piece.locked_bars.includes(Math.floor(note.onset / studio.bar) + 1) &&
        !walls.some(
          (wall) =>
            wall.voice === note.voice &&
            wall.onset < note.onset + note.duration &&
            note.onset < wall.onset + wall.duration,
        ),
    );
    this.#keep(put({ ...piece, notes: kept }, texture, free));
  }

  /** All that is written while one plays is one step that can be undone. */
  #keep(piece) {
    this.studio.model.change("live", { piece }, this.token);
  }

  #room(steps) {
    const { piece, texture, bar } = this.studio;
    const bars = Math.min(512, Math.ceil(steps / bar));
    if (bars > piece.bars) this.#keep(withBars(piece, texture, bars));
  }

  #key({ down, pitch, velocity, time }) {
    const { player, studio } = this;
    const voice = studio.activeVoice;
    if (down) {
      const synth = player.wake();
      const release = synth.hold(played(studio.doc.mix, voice), pitch, velocity);
      const { baseLatency = 0, outputLatency = 0 } = synth.context;
      this.figures.add("sounds", performance.now() - time + 1000 * (baseLatency + (outputLatency || 0)));
      this.#up(pitch, this.running ? player.stepAt(time) : 0);
      const one = { pitch, velocity, on: this.running ? player.stepAt(time) : 0, off: null, id: newId() };
      this.down.set(pitch, { release, one });
      if (this.running) this.played.push(one);
      this.dispatchEvent(new Event("figures"));
    } else this.#up(pitch, this.running && player.playing ? player.stepAt(time) : 0);
  }

  #up(pitch, step) {
    const open = this.down.get(pitch);
    if (!open) return;
    this.down.delete(pitch);
    open.release();
    if (!this.running || !this.played.includes(open.one)) return;
    open.one.off = step;
    const { notes, offsets } = this.#onGrid([open.one], step);
    this.offsets.push(...offsets);
    if (notes.length) this.#keep(put(this.studio.piece, this.studio.texture, notes));
  }

  #onGrid(played, now) {
    const { voice, base } = this;
    const { snap } = this.studio;
    return toNotes(played, { voice, snap, from: base, to: 1e9, now, id: (one) => one.id });
  }

  /** The piece's notes with those whose keys are still down. */
  #withOpen(step) {
    const { piece, texture } = this.studio;
    const open = [...this.down.values()].map((each) => each.one).filter((one) => this.played.includes(one));
    return open.length ? put(piece, texture, this.#onGrid(open, step).notes).notes : piece.notes;
  }

  /** Remarks on all that was played. */
  #gathered() {
    return this.played.length ? this.#onGrid(this.played, this.studio.steps).remarks : [];
  }
}
