/** Sampled instruments: one small sound file each, from the server, decoded once; the nearest note is stretched. */

import * as api from "./api.js";

/** @typedef {{pitch: number, start: number, seconds: number, loop: [number, number] | null}} Place */
/** @typedef {{buffer: AudioBuffer, notes: Place[]}} Instrument */

const KEY = "credo.sound";
/** How fast a note dies away when it is let go, in seconds, and what is heard of the onset's ramp. */
const RELEASE = 0.16;
const ONSET = 0.004;

/** Whether sampled sound is wished for; so it is where nothing was chosen. */
export function wished() {
  try {
    return localStorage.getItem(KEY) !== "simple";
  } catch {
    return true;
  }
}

/** @param {boolean} on */
export function wish(on) {
  try {
    localStorage.setItem(KEY, on ? "sampled" : "simple");
  } catch {
    /* for now alone, then */
  }
}

/** The note that is stretched least. @param {Place[]} notes @param {number} pitch @param {boolean} exact */
export function nearest(notes, pitch, exact = false) {
  let best = null;
  for (const note of notes) {
    if (!best || Math.abs(note.pitch - pitch) < Math.abs(best.pitch - pitch)) best = note;
  }
  return exact && best?.pitch !== pitch ? null : best;
}

/** The instruments that are there, and those that are on their way. */
export class Samples {
  /** @param {BaseAudioContext} context */
  constructor(context) {
    this.context = context;
    this.on = wished();
    /** Why there are none: what the server said. */
    this.missing = "";
    /** @type {Map<string, Instrument>} */
    this.ready = new Map();
    /** @type {Map<string, Promise<void>>} */
    this.coming = new Map();
  }

  /** @param {{kind: string, program: number}} voice */
  static nameOf(voice) {
    return voice.kind === "drums" ? "drums" : String(voice.program);
  }

  /** Fetches what voices need, and resolves when it is there or cannot be had. */
  fetch(voices) {
    if (!this.on || this.missing) return Promise.resolve();
    const names = new Set(voices.map(Samples.nameOf));
    for (const name of names) {
      if (!this.coming.has(name)) this.coming.set(name, this.#load(name));
    }
    return Promise.all([...names].map((name) => this.coming.get(name)));
  }

  async #load(name) {
    try {
      const [{ notes }, data] = await Promise.all([api.samplePlaces(name), api.sampleSound(name)]);
      const buffer = await this.context.decodeAudioData(data);
      this.ready.set(name, { buffer, notes });
    } catch (error) {
      // No extra, no decoder, no server: the synthesizer plays on; where it is worth it, asked again later.
      if (error.status === 501 || error.name === "EncodingError") this.missing = error.message || error.name;
      else setTimeout(() => this.coming.delete(name), 5000);
    }
  }

  /**
   * A note as nodes that have not begun, or nothing where the instrument is not there.
   * @param {{kind: string, program: number}} voice @param {number} pitch @param {number} loud 0 to 1
   * @param {GainNode} gain where it goes @param {number} at @param {number} seconds
   * @returns {{source: AudioBufferSourceNode, offset: number, stop: number, end: number} | null}
   */
  note(voice, pitch, loud, gain, at, seconds) {
    const one = this.on ? this.ready.get(Samples.nameOf(voice)) : undefined;
    const drums = voice.kind === "drums";
    const place = one && nearest(one.notes, pitch, drums);
    if (!place) return null;
    const source = this.context.createBufferSource();
    source.buffer = one.buffer;
    const rate = drums ? 1 : 2 ** ((pitch - place.pitch) / 12);
    source.playbackRate.value = rate;
    const all = place.seconds / rate;
    if (place.loop) {
      source.loop = true;
      [source.loopStart, source.loopEnd] = place.loop;
    }
    const end = place.loop ? at + Math.max(seconds, 0.05) : at + Math.min(drums ? all : Math.max(seconds, 0.05), all);
    const stop = place.loop ? end + RELEASE * 4 : Math.min(end + RELEASE * 4, at + all);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(loud, at + ONSET);
    if (!drums) gain.gain.setTargetAtTime(0, end, RELEASE);
    source.connect(gain);
    return { source, offset: place.start, stop, end };
  }
}
