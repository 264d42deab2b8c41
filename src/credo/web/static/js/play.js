/** The transport: what is shown is heard, from the playhead on; edits are heard at once. */

import { levelOf, played } from "./mix.js";
import { beatSteps } from "./piece.js";
import { wish } from "./samples.js";
import { Synth } from "./synth.js";

const AHEAD_SECONDS = 0.18;
const TICK_MILLISECONDS = 40;

/** Emits `state` when it starts and stops. */
export class Player extends EventTarget {
  /** @param {import("./studio.js").Studio} studio */
  constructor(studio) {
    super();
    this.studio = studio;
    this.playing = false;
    this.looping = false;
    this.metronome = false;
    /** Whether it goes on beyond the end of the piece, as somebody plays. */
    this.endless = false;
    /** @type {((place: number, pitch: number, velocity: number, at: number, seconds: number) => boolean) | null} */
    this.elsewhere = null;
    /** @type {Synth | null} */
    this.synth = null;
    studio.addEventListener("change", ({ detail }) => {
      if (["piece", "open"].includes(detail)) this.synth?.samples.fetch(this.voices);
    });
  }

  /** The sound comes to life with the first gesture, as browsers demand. */
  wake() {
    this.synth ??= new Synth(new AudioContext());
    if (this.synth.context.state === "suspended") this.synth.context.resume();
    this.synth.samples.fetch(this.voices);
    return this.synth;
  }

  /** The voices with the instruments that play them. */
  get voices() {
    return this.studio.texture.voices.map((voice) => played(this.studio.doc.mix, voice));
  }

  /** Sampled sound, or the synthesizer's. @param {boolean} on */
  sample(on) {
    wish(on);
    if (!this.synth) return;
    this.synth.samples.on = on;
    this.synth.samples.fetch(this.voices);
  }

  /** Seconds of a step. */
  get stepSeconds() {
    return 60 / this.studio.shown.tempo / this.studio.texture.steps_per_quarter;
  }

  /** Sounds one note at once, to hear what is drawn. */
  hear(pitch, voiceName) {
    if (this.playing) return;
    const voice = this.studio.texture.voices.find((one) => one.name === voiceName);
    const synth = this.wake();
    const { mix } = this.studio.doc;
    const loud = 80 * Math.min(1.5, levelOf(mix, voiceName));
    synth.play(played(mix, voice), pitch, loud, synth.context.currentTime + 0.01, 0.28);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.start();
  }

  start() {
    const { studio } = this;
    const synth = this.wake();
    const { range } = studio;
    if (this.looping && range && (studio.playhead < range.from || studio.playhead >= range.to))
      studio.playhead = range.from;
    if (studio.playhead >= this.#end() - 0.01) studio.playhead = this.#begin();
    this.#begins(studio.playhead, synth);
  }

  /** Plays on without an end from a step, which may lie before the first: bars that are counted in. */
  startAt(step) {
    if (this.playing) this.pause();
    this.endless = true;
    this.#begins(step, this.wake());
  }

  #begins(step, synth) {
    this.playing = true;
    this.at = step;
    this.time = synth.context.currentTime + 0.06;
    /** Where each stretch that was scheduled lies: the playhead reads from these. */
    this.stretches = [];
    this.timer = setInterval(() => this.#schedule(), TICK_MILLISECONDS);
    this.#schedule();
    this.dispatchEvent(new Event("state"));
  }

  pause() {
    if (!this.playing) return;
    this.studio.playhead = Math.max(0, Math.min(this.step(), this.studio.steps));
    this.playing = false;
    this.endless = false;
    clearInterval(this.timer);
    this.synth?.hush();
    this.dispatchEvent(new Event("state"));
    this.studio.tell("playhead");
  }

  stop() {
    this.pause();
    this.studio.playhead = this.looping ? this.#begin() : 0;
    this.studio.tell("playhead");
  }

  /** @param {number} step */
  seek(step) {
    const on = this.playing;
    if (on) this.pause();
    this.studio.playhead = step;
    if (on) this.start();
    this.studio.tell("playhead");
  }

  #begin() {
    return this.looping ? (this.studio.range?.from ?? 0) : 0;
  }

  #end() {
    if (this.endless) return Number.MAX_SAFE_INTEGER;
    return this.looping ? (this.studio.range?.to ?? this.studio.steps) : this.studio.steps;
  }

  /** Writes the next moments into the audio context. */
  #schedule() {
    const { context } = this.synth;
    if (this.time < context.currentTime) this.time = context.currentTime;
    while (this.time < context.currentTime + AHEAD_SECONDS) {
      if (this.at >= this.#end() - 1e-6) {
        if (!this.looping) {
          if (context.currentTime >= this.time) this.#finish();
          else setTimeout(() => this.playing && this.#finish(), 1000 * (this.time - context.currentTime));
          return;
        }
        this.at = this.#begin();
      }
      const to = Math.min(this.#end(), Math.floor(this.at + 1e-6) + 1);
      this.#stretch(this.at, to);
      this.time += (to - this.at) * this.stepSeconds;
      this.at = to;
    }
    this.stretches = this.stretches.filter((one) => one.time + one.seconds > context.currentTime - 0.5);
  }

  #finish() {
    if (!this.playing) return;
    this.playing = false;
    clearInterval(this.timer);
    this.studio.playhead = 0;
    this.dispatchEvent(new Event("state"));
    this.studio.tell("playhead");
  }

  #stretch(from, to) {
    const { studio, synth, time } = this;
    const { voices } = studio.texture;
    const { mix } = studio.doc;
    this.stretches.push({ time, from, seconds: (to - from) * this.stepSeconds, steps: to - from });
    if (this.metronome) {
      const beat = beatSteps(studio.shown, studio.texture);
      if (Number.isInteger(from) && from % beat === 0) synth.click(time, from % studio.bar === 0);
    }
    for (const note of studio.shown.notes) {
      if (note.onset < from - 1e-6 || note.onset >= to - 1e-6 || !studio.sounds(note.voice)) continue;
      const place = voices.findIndex((voice) => voice.name === note.voice);
      const pan = voices.length > 1 ? (place / (voices.length - 1) - 0.5) * 0.7 : 0;
      const at = time + (note.onset - from) * this.stepSeconds;
      const loud = note.velocity * levelOf(mix, note.voice);
      const seconds = note.duration * this.stepSeconds * 0.96;
      if (this.elsewhere?.(place, note.pitch, Math.min(127, Math.round(loud)), at, seconds)) continue;
      if (loud > 0) synth.play(played(mix, voices[place]), note.pitch, loud, at, seconds, pan);
    }
  }

  /**
   * The step that is heard at a moment of the page's clock, so that what is played with the music lies where it was
   * heard; not a whole number. @param {number} milliseconds as events have them
   */
  stepAt(milliseconds) {
    const { context } = this.synth;
    const stamp = context.getOutputTimestamp?.();
    const known = stamp?.performanceTime > 0 && stamp.contextTime > 0;
    const at = known
      ? stamp.contextTime + (milliseconds - stamp.performanceTime) / 1000
      : context.currentTime - (context.outputLatency || 0) - (performance.now() - milliseconds) / 1000;
    const one = this.stretches.findLast((stretch) => stretch.time <= at) ?? this.stretches[0];
    return one.from + ((at - one.time) / one.seconds) * one.steps;
  }

  /** Where the playhead is heard to be. */
  step() {
    if (!this.playing) return this.studio.playhead;
    const now = this.synth.context.currentTime;
    const one = this.stretches.findLast((stretch) => stretch.time <= now) ?? this.stretches[0];
    return one ? one.from + Math.max(0, Math.min(1, (now - one.time) / one.seconds)) * one.steps : this.studio.playhead;
  }
}
