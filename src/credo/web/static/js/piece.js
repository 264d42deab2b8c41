/** What can be done to a piece: plain functions from pieces to pieces, which know nothing of the page. */

/** @typedef {import("./types.js").Piece} Piece */
/** @typedef {import("./types.js").Note} Note */
/** @typedef {import("./types.js").Texture} Texture */
/** @typedef {import("./types.js").Voice} Voice */
/** @typedef {import("./types.js").Range} Range */

/** The percussion keys of a kit whose card names none: kick, snare, hats, toms, crash, ride. */
const KIT = [36, 38, 42, 46, 43, 47, 50, 49, 51];
const start = Math.floor(Math.random() * 36 ** 6).toString(36);
let made = 0;

/** A name that no other note has. @returns {string} */
export function newId() {
  made += 1;
  return `${start}-${made.toString(36)}`;
}

/** @param {string} title @param {import("./types.js").ModelCard} model @param {number} bars @returns {Piece} */
export function emptyPiece(title, model, bars = 4) {
  return {
    title,
    model: model.name,
    tempo: 90,
    metre: [4, 4],
    key: null,
    bars,
    notes: [],
    locked_bars: [],
    locked_voices: [],
  };
}

/** Steps of a bar. @param {Piece} piece @param {Texture} texture */
export function barSteps(piece, texture) {
  return Math.max(1, Math.round((texture.steps_per_quarter * 4 * piece.metre[0]) / piece.metre[1]));
}

/** Steps of a beat: of the metre's denominator, three of them where these are grouped in threes. */
export function beatSteps(piece, texture) {
  const [beats, unit] = piece.metre;
  const one = (texture.steps_per_quarter * 4) / unit;
  return Math.max(1, Math.round(unit >= 8 && beats % 3 === 0 && beats > 3 ? 3 * one : one));
}

/** Steps of all of the piece. @param {Piece} piece @param {Texture} texture */
export function pieceSteps(piece, texture) {
  return piece.bars * barSteps(piece, texture);
}

/** The bar of a step, from 1. */
export function barOf(piece, texture, step) {
  return Math.floor(step / barSteps(piece, texture)) + 1;
}

/** The pitches a voice can have, lowest first. @param {Voice} voice @returns {number[]} */
export function pitchesOf(voice) {
  if (voice.kind === "drums") return voice.pitches?.length ? voice.pitches : KIT;
  return Array.from({ length: voice.high - voice.low + 1 }, (_, place) => voice.low + place);
}

/** Whether a voice can have a pitch. @param {Voice | undefined} voice @param {number} pitch */
export function inCompass(voice, pitch) {
  if (!voice) return false;
  return voice.kind === "drums" ? pitchesOf(voice).includes(pitch) : pitch >= voice.low && pitch <= voice.high;
}

/** The nearest pitch that a voice can have. */
export function nearestPitch(voice, pitch) {
  return pitchesOf(voice).reduce((best, one) => (Math.abs(one - pitch) < Math.abs(best - pitch) ? one : best));
}

/** Whether sampling may not change a note: by its own lock, its bar's or its voice's. */
export function isHeld(piece, texture, note) {
  return (
    note.locked ||
    piece.locked_voices.includes(note.voice) ||
    piece.locked_bars.includes(barOf(piece, texture, note.onset))
  );
}

/** Whether two notes cannot sound together: in a mono voice any two, elsewhere those of one pitch. */
function shareLine(kind, one, other) {
  return one.voice === other.voice && (kind === "mono" || one.pitch === other.pitch);
}

function kindOf(texture, name) {
  return texture.voices.find((voice) => voice.name === name)?.kind ?? "poly";
}

/**
 * Puts notes into a piece. Where they sound together with others that they cannot sound with, the others are cut.
 * @param {Piece} piece @param {Texture} texture @param {Note[]} notes those with known ids replace the old ones
 * @returns {Piece}
 */
export function put(piece, texture, notes) {
  const ids = new Set(notes.map((note) => note.id));
  const whole = pieceSteps(piece, texture);
  const inside = notes
    .filter((note) => note.onset >= 0 && note.onset < whole)
    .map((note) => ({
      ...note,
      duration: kindOf(texture, note.voice) === "drums" ? 1 : Math.max(1, Math.min(note.duration, whole - note.onset)),
    }))
    .sort((a, b) => a.onset - b.onset);
  /** @type {Note[]} */
  let placed = [];
  for (const note of inside) placed = [...cut(placed, [note], texture), note];
  const rest = cut(
    piece.notes.filter((note) => !ids.has(note.id)),
    placed,
    texture,
  );
  return { ...piece, notes: inOrder([...rest, ...placed]) };
}

/** Notes without the stretches in which others sound on the same line. */
function cut(notes, others, texture) {
  const out = [];
  for (const note of notes) {
    const kind = kindOf(texture, note.voice);
    let { onset } = note;
    let end = onset + note.duration;
    for (const other of others) {
      const stop = other.onset + other.duration;
      if (!shareLine(kind, note, other) || stop <= onset || other.onset >= end) continue;
      if (other.onset > onset) end = other.onset;
      else onset = stop;
    }
    if (end <= onset) continue;
    out.push(
      onset === note.onset && end === note.onset + note.duration ? note : { ...note, onset, duration: end - onset },
    );
  }
  return out;
}

function inOrder(notes) {
  return notes.sort((a, b) => a.onset - b.onset || b.pitch - a.pitch);
}

/** The piece without some notes. @param {Piece} piece @param {Set<string>} ids @returns {Piece} */
export function without(piece, ids) {
  return { ...piece, notes: piece.notes.filter((note) => !ids.has(note.id)) };
}

/** The piece with some notes changed in what moves nothing: lock, velocity. */
export function amend(piece, ids, change) {
  return { ...piece, notes: piece.notes.map((note) => (ids.has(note.id) ? { ...note, ...change(note) } : note)) };
}

/**
 * Notes moved, each within its voice's compass and all within the piece; as far as all of them can go.
 * @param {Note[]} notes @param {number} steps @param {number} pitches up, in rows for drums
 * @returns {Note[]}
 */
export function moved(piece, texture, notes, steps, pitches) {
  const whole = pieceSteps(piece, texture);
  const most = Math.min(...notes.map((note) => whole - note.onset - note.duration));
  const least = -Math.min(...notes.map((note) => note.onset));
  const by = Math.max(least, Math.min(Math.max(most, 0), steps));
  const rows = notes.map((note) => {
    const list = pitchesOf(texture.voices.find((voice) => voice.name === note.voice));
    return { list, at: Math.max(0, list.indexOf(note.pitch)) };
  });
  const up = Math.min(pitches, ...rows.map(({ list, at }) => list.length - 1 - at));
  const rise = Math.max(up, ...rows.map(({ at }) => -at));
  return notes.map((note, place) => ({
    ...note,
    onset: note.onset + by,
    pitch: rise ? rows[place].list[rows[place].at + rise] : note.pitch,
  }));
}

/** Turns a bar's or a voice's lock on and off. @param {"locked_bars" | "locked_voices"} which */
export function toggled(piece, which, member) {
  const list = piece[which];
  const next = list.includes(member) ? list.filter((one) => one !== member) : [...list, member];
  return { ...piece, [which]: next.sort((a, b) => (a > b ? 1 : a < b ? -1 : 0)) };
}

/** The piece with another number of bars; notes beyond its end go. */
export function withBars(piece, texture, bars) {
  const next = { ...piece, bars, locked_bars: piece.locked_bars.filter((bar) => bar <= bars) };
  const whole = pieceSteps(next, texture);
  next.notes = piece.notes
    .filter((note) => note.onset < whole)
    .map((note) => (note.onset + note.duration > whole ? { ...note, duration: whole - note.onset } : note));
  return next;
}

/**
 * A piece with the notes of another, all or those of a region, and with everything that is held as it was.
 * What the other has in locked bars and voices is left out; what meets a held note on its line is cut.
 * @param {Piece} piece @param {Piece} other @param {Texture} texture
 * @param {(Range & {voices: string[]}) | null} region no voices for all of them
 * @returns {Piece}
 */
export function take(piece, other, texture, region = null) {
  const bar = barSteps(piece, texture);
  const within = (note) =>
    !region ||
    (note.onset >= region.from &&
      note.onset < region.to &&
      (!region.voices.length || region.voices.includes(note.voice)));
  const kept = piece.notes.filter((note) => isHeld(piece, texture, note) || !within(note));
  const ids = new Set(kept.map((note) => note.id));
  const walls = piece.locked_bars.map((number) => ({ onset: (number - 1) * bar, duration: bar }));
  const incoming = other.notes
    .filter(
      (note) =>
        within(note) &&
        !ids.has(note.id) &&
        !piece.locked_voices.includes(note.voice) &&
        !piece.locked_bars.includes(barOf(piece, texture, note.onset)),
    )
    .map((note) => ({ ...note, locked: false }));
  const barred = incoming.map((note) => {
    const wall = Math.min(...walls.filter((one) => one.onset > note.onset).map((one) => one.onset), Infinity);
    return note.onset + note.duration > wall ? { ...note, duration: wall - note.onset } : note;
  });
  const held = Math.ceil(Math.max(0, ...kept.map((note) => note.onset + note.duration)) / bar);
  const bars = region ? piece.bars : Math.max(other.bars, held, ...piece.locked_bars, 1);
  // A draw may not begin inside a held note: it is dropped rather than begun late.
  const free = barred.filter(
    (note) =>
      !kept.some(
        (one) =>
          shareLine(kindOf(texture, note.voice), note, one) &&
          note.onset >= one.onset &&
          note.onset < one.onset + one.duration,
      ),
  );
  return { ...piece, bars, notes: inOrder([...kept, ...cut(free, kept, texture)]) };
}

/** What a note has that can be heard, as text; two notes that look alike have the same. */
export function soundOf(note) {
  return `${note.voice} ${note.onset} ${note.duration} ${note.pitch}`;
}

/** Where tonics lie on the line of fifths, C at 0. */
const FIFTHS = { F: -1, C: 0, G: 1, D: 2, A: 3, E: 4, B: 5 };

/**
 * A pitch by its name, as it is spelled in a key: from the lowered second to the raised fourth on the line of fifths.
 * @param {number} pitch @param {string | null} key such as `Bb major`; none for common spellings
 */
export function pitchName(pitch, key = null) {
  const tonic = key ? FIFTHS[key[0]] + 7 * ({ "#": 1, b: -1 }[key[1]] ?? 0) : 2;
  let fifth = (pitch * 7) % 12;
  while (fifth > tonic + 6) fifth -= 12;
  while (fifth < tonic - 5) fifth += 12;
  const sharps = Math.floor((fifth + 1) / 7);
  const letter = "FCGDAEB"[fifth + 1 - 7 * sharps];
  const sign = sharps < 0 ? "♭".repeat(-sharps) : "♯".repeat(sharps);
  return `${letter}${sign}${Math.floor((pitch - sharps) / 12) - 1}`;
}
