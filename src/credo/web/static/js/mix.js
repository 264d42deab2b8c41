/** How loud each voice is and what plays it: kept with the piece, undone like all else. */

/** @typedef {import("./types.js").Mix} Mix */

/** Instruments that can be chosen, by General MIDI program, from 0. */
export const PROGRAMS = [0, 6, 8, 11, 19, 21, 24, 32, 33, 40, 41, 42, 46, 48, 52, 56, 60, 65, 68, 70, 71, 73];

/** The loudness of a voice, 1 where nothing was chosen. @param {Mix} mix @param {string} voice */
export function levelOf(mix, voice) {
  return mix?.[voice]?.level ?? 1;
}

/** A voice with the instrument that was chosen for it. @param {Mix} mix @param {import("./types.js").Voice} voice */
export function played(mix, voice) {
  const program = mix?.[voice.name]?.program;
  return program === undefined || voice.kind === "drums" ? voice : { ...voice, program };
}

/**
 * A piece as it sounds, for files: the loudness of voices is in its notes.
 * @param {import("./types.js").Piece} piece @param {Mix} mix
 */
export function mixed(piece, mix) {
  const louder = (note) => Math.max(1, Math.min(127, Math.round(note.velocity * levelOf(mix, note.voice))));
  return { ...piece, notes: piece.notes.map((note) => ({ ...note, velocity: louder(note) })) };
}

/**
 * The instruments that were chosen, for files, by voice.
 * @param {{voices: import("./types.js").Voice[]}} texture @param {Mix} mix @returns {Record<string, number>}
 */
export function chosenPrograms(texture, mix) {
  const chosen = {};
  for (const voice of texture.voices) {
    const program = mix?.[voice.name]?.program;
    if (program !== undefined && voice.kind !== "drums") chosen[voice.name] = program;
  }
  return chosen;
}
