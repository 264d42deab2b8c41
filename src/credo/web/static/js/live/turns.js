/**
 * Whose turn it is, and what is asked of the model when: plain functions of steps, which know neither page nor clock.
 *
 * @typedef {{due: number, length: number, from: number, listen: number}} Turn  An answer is due at a step and so many
 *   steps long; `from` is where what it answers begins, and `listen` how many steps of that there are. All in steps.
 */

/** Bars that are asked for at once: few lengths, for each is compiled for itself. */
export const WINDOW = 4;

/**
 * Call and response: so many bars are played, and as many answered, again and again.
 * @param {number} step now @param {{base: number, bar: number, call: number, rest: number}} how  In bars but for `base`
 *   and `bar`: the first step, and steps of a bar; `rest` bars lie between call and response.
 * @returns {Turn} the response that comes next, or is being played
 */
export function responseAt(step, { base, bar, call, rest }) {
  const round = (2 * call + rest) * bar;
  const number = Math.max(0, Math.floor((step - base) / round));
  const from = base + number * round;
  return { from, listen: call * bar, due: from + (call + rest) * bar, length: call * bar };
}

/** Accompaniment: the bar that comes next, after up to two bars of what was played. @returns {Turn} */
export function accompanimentAt(step, { base, bar }) {
  const number = Math.max(0, Math.floor((step - base) / bar));
  const due = base + (number + 1) * bar;
  const from = Math.max(base, due - 2 * bar);
  return { from, listen: due - from, due, length: bar };
}

/**
 * The passage that is sent: what is held, at its beginning, and bars to write.
 * @param {import("../types.js").Piece} piece @param {Turn} turn @param {number} bar
 * @param {import("../types.js").Note[]} ahead notes of later bars that are known, as of a melody that is written
 * @returns {{piece: import("../types.js").Piece, selection: {from_step: number, to_step: number, voices: string[]}}}
 */
export function passageOf(piece, turn, bar, ahead = []) {
  const held = Math.round(turn.listen / bar);
  const bars = Math.max(WINDOW, held + Math.ceil(turn.length / bar));
  const shift = (note, by) => ({ ...note, onset: note.onset - by, locked: true });
  const end = turn.from + turn.listen;
  const heard = piece.notes
    .filter((note) => note.onset >= turn.from && note.onset < end)
    .map((note) => shift({ ...note, duration: Math.min(note.duration, end - note.onset) }, turn.from));
  const last = bars * bar;
  const coming = ahead
    .map((note) => shift(note, turn.due - turn.listen))
    .filter((note) => note.onset >= turn.listen && note.onset < last)
    .map((note) => ({ ...note, duration: Math.min(note.duration, last - note.onset) }));
  return {
    piece: {
      ...piece,
      title: piece.title || "Credo",
      bars,
      notes: [...heard, ...coming],
      locked_voices: [],
      locked_bars: Array.from({ length: held }, (_, place) => place + 1),
    },
    selection: { from_step: turn.listen, to_step: last, voices: [] },
  };
}

/**
 * An answer in its place: its notes, of some voices, from where it is due on.
 * @param {import("../types.js").Note[]} notes of the passage @param {Turn} turn @param {number} due
 * @param {string[]} voices @param {() => string} newId
 */
export function placed(notes, turn, due, voices, newId) {
  const end = turn.listen + turn.length;
  return notes
    .filter((note) => note.onset >= turn.listen && note.onset < end && voices.includes(note.voice))
    .map((note) => ({
      ...note,
      id: newId(),
      locked: false,
      onset: note.onset - turn.listen + due,
      duration: Math.min(note.duration, end - note.onset),
    }));
}
