/** Times that were measured while somebody plays, and how many answers came in time. */

/** The value below which a share of others lies. @param {number[]} values @param {number} share */
export function quantile(values, share) {
  if (!values.length) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/** Milliseconds until an answer, before any was measured. */
const FIRST_GUESS = 1500;
const KEPT = 64;

/** All in milliseconds. */
export class Figures {
  constructor() {
    /** @type {number[]} From a key to its sound. */
    this.sounds = [];
    /** @type {number[]} From a question to its answer. */
    this.answers = [];
    this.inTime = 0;
    this.late = 0;
  }

  /** @param {"sounds" | "answers"} which @param {number} milliseconds */
  add(which, milliseconds) {
    this[which].push(milliseconds);
    if (this[which].length > KEPT) this[which].shift();
  }

  /** How long an answer may take: the slowest of the last ones, and a little more. */
  get lead() {
    return this.answers.length ? 1.25 * Math.max(...this.answers.slice(-8)) + 100 : FIRST_GUESS;
  }
}
