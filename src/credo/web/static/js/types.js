/**
 * The shapes of things that go between the page and the server.
 *
 * @typedef {{id: string, voice: string, onset: number, duration: number, pitch: number, velocity: number,
 *   locked: boolean, offset?: number}} Note  Onset and duration in steps of the texture, pitch a MIDI key, velocity
 *   1 to 127.
 * @typedef {{title: string, model: string, tempo: number, metre: [number, number], key: string | null, bars: number,
 *   notes: Note[], locked_bars: number[], locked_voices: string[]}} Piece  Bars count from 1; pieces are never changed
 *   in place.
 * @typedef {{name: string, kind: "mono" | "poly" | "drums", low: number, high: number, program: number,
 *   expressive?: boolean, pitches?: number[]}} Voice  Expressive: its notes may lie beside their steps. Pitches: the
 *   percussion keys of a drums voice.
 * @typedef {{name: string, steps_per_quarter: number, voices: Voice[]}} Texture
 * @typedef {{name: string, texture: Texture, styles: string[], keys: string[]}} ModelCard
 * @typedef {{from: number, to: number}} Range  Steps, the last one not included.
 * @typedef {{id: string, task: string, piece: Piece, seed: number, rank: number, energy: number | null,
 *   heat: number[], remarks: string[], stars?: number, reasons?: string}} Alternative  Of what goes by taste: how many
 *   stars the listener is expected to give, 0 where nothing is known, and why it is as it is.
 * @typedef {{temperature: number, feeling: {valence: number, arousal: number} | null, density: number | null,
 *   register: number | null, text: string, read: Read[], reading: "none" | "done", style: string, chords: string,
 *   scale: string, cadence: boolean, seed: number | null, amount: number, share: number, more_bars: number,
 *   alternatives: number, touch: number, pattern: string, section_bars: number, repeats: number,
 *   modulate: boolean}} Wishes  Reading: whether the words were read, so that `read` stands for them. Touch: how much
 *   of a drummer's timing and loudness drums are given. From the pattern on: of a form.
 * @typedef {{name: string, value: string | number, because: string}} Read  What words or a picture ask of music.
 * @typedef {Record<string, {level?: number, program?: number}>} Mix  By voice: 1 is as written; General MIDI, from 0.
 * @typedef {{piece: Piece, other: Piece | null, alternatives: Alternative[], wishes: Wishes, mix: Mix}} Document
 */

/** What goes by the listener's taste: music for them, and more like one piece. */
export const TASTES = ["for-me", "more-like"];

/** @type {Wishes} */
export const NO_WISHES = {
  temperature: 1,
  feeling: null,
  density: null,
  register: null,
  text: "",
  read: [],
  reading: "none",
  style: "",
  chords: "",
  scale: "",
  cadence: false,
  seed: null,
  amount: 0.3,
  share: 0.5,
  more_bars: 4,
  alternatives: 3,
  touch: 1,
  pattern: "A A' B A",
  section_bars: 4,
  repeats: 0.3,
  modulate: true,
};
