/** Plays notes: sampled instruments where they are there, else oscillators with envelopes and filtered noise. */

import { Samples } from "./samples.js";

/**
 * Sounds by General MIDI family: waves as [shape, ratio, level], envelope in seconds, filter in multiples of the pitch.
 * @type {Record<string, {waves: [OscillatorType, number, number][], attack: number, decay: number, sustain: number,
 *   release: number, bright: number, vibrato?: number, level: number}>}
 */
const SOUNDS = {
  keys: {
    waves: [
      ["triangle", 1, 0.7],
      ["sine", 2, 0.25],
      ["sine", 3.01, 0.1],
    ],
    attack: 0.004,
    decay: 1.4,
    sustain: 0.12,
    release: 0.18,
    bright: 7,
    level: 0.5,
  },
  plucked: {
    waves: [
      ["triangle", 1, 0.8],
      ["sawtooth", 1, 0.12],
    ],
    attack: 0.003,
    decay: 0.7,
    sustain: 0.02,
    release: 0.12,
    bright: 6,
    level: 0.55,
  },
  strings: {
    waves: [
      ["sawtooth", 0.998, 0.4],
      ["sawtooth", 1.002, 0.4],
    ],
    attack: 0.06,
    decay: 0.3,
    sustain: 0.8,
    release: 0.14,
    bright: 5,
    vibrato: 4,
    level: 0.3,
  },
  voice: {
    waves: [
      ["triangle", 1, 0.5],
      ["sawtooth", 0.997, 0.16],
      ["sawtooth", 1.003, 0.16],
    ],
    attack: 0.05,
    decay: 0.2,
    sustain: 0.85,
    release: 0.16,
    bright: 4,
    vibrato: 5,
    level: 0.36,
  },
  wind: {
    waves: [
      ["triangle", 1, 0.7],
      ["sine", 2, 0.18],
    ],
    attack: 0.03,
    decay: 0.1,
    sustain: 0.85,
    release: 0.08,
    bright: 6,
    vibrato: 4,
    level: 0.42,
  },
  bass: {
    waves: [
      ["triangle", 1, 0.8],
      ["sine", 1, 0.3],
    ],
    attack: 0.006,
    decay: 0.8,
    sustain: 0.35,
    release: 0.1,
    bright: 5,
    level: 0.6,
  },
};

/** @param {number} program General MIDI, from 0 */
function soundOf(program) {
  if (program < 16) return SOUNDS.keys;
  if (program < 24) return SOUNDS.wind;
  if (program < 32) return SOUNDS.plucked;
  if (program < 40) return SOUNDS.bass;
  if (program < 46) return SOUNDS.strings;
  if (program < 48) return SOUNDS.plucked;
  if (program < 52) return SOUNDS.strings;
  if (program < 56) return SOUNDS.voice;
  return SOUNDS.wind;
}

/** Drums by percussion key: noise or a falling tone, its pitch in hertz and its length in seconds. */
const DRUMS = {
  36: { tone: [120, 45], seconds: 0.28, level: 0.9 },
  38: { noise: [1800, "bandpass"], tone: [190, 150], seconds: 0.17, level: 0.6 },
  42: { noise: [8000, "highpass"], seconds: 0.05, level: 0.35 },
  46: { noise: [7500, "highpass"], seconds: 0.32, level: 0.32 },
  43: { tone: [110, 70], seconds: 0.32, level: 0.7 },
  47: { tone: [160, 105], seconds: 0.27, level: 0.65 },
  50: { tone: [220, 150], seconds: 0.22, level: 0.6 },
  49: { noise: [5000, "highpass"], seconds: 1.1, level: 0.4 },
  51: { noise: [9000, "bandpass"], tone: [820, 800], seconds: 0.4, level: 0.25 },
};

/** @typedef {{gain: GainNode, sources: AudioScheduledSourceNode[]}} Sounding */

/** Plays single notes at given times of an audio context. */
export class Synth {
  /** @param {BaseAudioContext} context */
  constructor(context) {
    this.context = context;
    this.out = context.createGain();
    this.out.gain.value = 0.7;
    const limit = context.createDynamicsCompressor();
    limit.threshold.value = -12;
    limit.ratio.value = 8;
    this.out.connect(limit).connect(context.destination);
    this.meter = context.createAnalyser();
    limit.connect(this.meter);
    this.noise = this.#makeNoise();
    this.samples = new Samples(context);
    /** @type {Set<{gain: GainNode, sources: AudioScheduledSourceNode[]}>} */
    this.sounding = new Set();
  }

  #makeNoise() {
    const buffer = this.context.createBuffer(1, this.context.sampleRate, this.context.sampleRate);
    const data = buffer.getChannelData(0);
    for (let at = 0; at < data.length; at += 1) data[at] = Math.random() * 2 - 1;
    return buffer;
  }

  /**
   * @param {{kind: string, program: number}} voice @param {number} pitch @param {number} velocity 1 to 127
   * @param {number} at seconds of the context @param {number} seconds how long it is held
   * @param {number} pan -1 left to 1 right
   * @returns {Sounding} what sounds
   */
  play(voice, pitch, velocity, at, seconds, pan = 0) {
    const gain = this.context.createGain();
    const place = this.context.createStereoPanner();
    place.pan.value = pan;
    gain.connect(place).connect(this.out);
    const loud = (velocity / 127) ** 1.4;
    const note = this.samples.note(voice, pitch, loud, gain, at, seconds);
    if (note) return this.#run(gain, [note.source], at, note.stop, note.offset);
    if (voice.kind === "drums") return this.#drum(gain, pitch, loud, at);
    return this.#tone(gain, soundOf(voice.program), pitch, loud, at, seconds);
  }

  /** A note that sounds until it is let go. @returns {() => void} lets it go */
  hold(voice, pitch, velocity) {
    const { gain, sources } = this.play(voice, pitch, velocity, this.context.currentTime, 30);
    return () => {
      if (voice.kind === "drums") return;
      const now = this.context.currentTime;
      gain.gain.cancelScheduledValues(now);
      gain.gain.setTargetAtTime(0, now, 0.05);
      for (const source of sources) source.stop(now + 0.35);
    };
  }

  #tone(gain, sound, pitch, loud, at, seconds) {
    const { context } = this;
    const hertz = 440 * 2 ** ((pitch - 69) / 12);
    const filter = context.createBiquadFilter();
    filter.type = "lowpass";
    filter.frequency.value = Math.min(16000, hertz * sound.bright * (0.6 + 0.6 * loud) + 250);
    filter.connect(gain);
    const level = sound.level * loud;
    const end = at + Math.max(seconds, sound.attack + 0.01);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(level, at + sound.attack);
    gain.gain.setTargetAtTime(level * sound.sustain, at + sound.attack, sound.decay / 3);
    gain.gain.setTargetAtTime(0, end, sound.release / 3);
    const stop = end + sound.release * 2;
    const sources = sound.waves.map(([shape, ratio, share]) => {
      const wave = context.createOscillator();
      const part = context.createGain();
      part.gain.value = share;
      wave.type = shape;
      wave.frequency.value = hertz * ratio;
      wave.connect(part).connect(filter);
      return wave;
    });
    if (sound.vibrato && seconds > 0.25) {
      const wobble = context.createOscillator();
      const depth = context.createGain();
      wobble.frequency.value = 5.2;
      depth.gain.setValueAtTime(0, at);
      depth.gain.linearRampToValueAtTime(sound.vibrato, at + 0.6);
      wobble.connect(depth);
      for (const wave of sources) depth.connect(wave.detune);
      sources.push(wobble);
    }
    return this.#run(gain, sources, at, stop);
  }

  #drum(gain, key, loud, at) {
    const { context } = this;
    const drum = DRUMS[key] ?? DRUMS[38];
    gain.gain.setValueAtTime(drum.level * loud, at);
    gain.gain.exponentialRampToValueAtTime(0.0005, at + drum.seconds);
    const sources = [];
    if (drum.noise) {
      const source = context.createBufferSource();
      const filter = context.createBiquadFilter();
      source.buffer = this.noise;
      source.loop = true;
      [filter.frequency.value, filter.type] = drum.noise;
      source.connect(filter).connect(gain);
      sources.push(source);
    }
    if (drum.tone) {
      const wave = context.createOscillator();
      wave.frequency.setValueAtTime(drum.tone[0], at);
      wave.frequency.exponentialRampToValueAtTime(drum.tone[1], at + drum.seconds / 2);
      wave.connect(gain);
      sources.push(wave);
    }
    return this.#run(gain, sources, at, at + drum.seconds + 0.02);
  }

  #run(gain, sources, at, stop, offset = 0) {
    const one = { gain, sources };
    this.sounding.add(one);
    sources[0].onended = () => {
      gain.disconnect();
      this.sounding.delete(one);
    };
    for (const source of sources) {
      if (offset) /** @type {AudioBufferSourceNode} */ (source).start(at, offset);
      else source.start(at);
      source.stop(stop);
    }
    return one;
  }

  /** The metronome. @param {number} at @param {boolean} strong */
  click(at, strong) {
    const wave = this.context.createOscillator();
    const gain = this.context.createGain();
    wave.frequency.value = strong ? 1760 : 1174;
    gain.gain.setValueAtTime(strong ? 0.35 : 0.2, at);
    gain.gain.exponentialRampToValueAtTime(0.0005, at + 0.05);
    wave.connect(gain).connect(this.out);
    this.#run(gain, [wave], at, at + 0.06);
  }

  /** Silences all that sounds or is about to. */
  hush() {
    const now = this.context.currentTime;
    for (const { gain, sources } of this.sounding) {
      gain.gain.cancelScheduledValues(now);
      gain.gain.setTargetAtTime(0, now, 0.015);
      for (const source of sources) source.stop(now + 0.1);
    }
  }
}
