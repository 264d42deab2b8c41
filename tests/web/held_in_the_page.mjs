// Properties of the page's functions on pieces and of its history, on random music. Ends with an error at the first
// that does not hold.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const folder = `${process.argv[2]}/`;
const load = (name) => import(pathToFileURL(folder + name));
const piece = await load("piece.js");
const { Model } = await load("model.js");

let state = 12345;
const random = () => {
  state = (state * 1103515245 + 12345) % 2 ** 31;
  return state / 2 ** 31;
};
const whole = (low, high) => low + Math.floor(random() * (high - low + 1));
const texture = {
  name: "t",
  steps_per_quarter: 4,
  voices: [
    { name: "top", kind: "mono", low: 60, high: 70, program: 52 },
    { name: "keys", kind: "poly", low: 50, high: 60, program: 0 },
    { name: "drums", kind: "drums", low: 0, high: 0, program: 0, pitches: [36, 38, 42] },
  ],
};

function randomNote() {
  const voice = texture.voices[whole(0, 2)];
  const pitches = piece.pitchesOf(voice);
  return {
    id: piece.newId(),
    voice: voice.name,
    onset: whole(0, 47),
    duration: voice.kind === "drums" ? 1 : whole(1, 11),
    pitch: pitches[whole(0, pitches.length - 1)],
    velocity: whole(1, 127),
    locked: random() < 0.3,
  };
}

function randomPiece() {
  const empty = {
    title: "",
    model: "m",
    tempo: 90,
    metre: [3, 4],
    key: null,
    bars: 4,
    notes: [],
    locked_bars: [],
    locked_voices: [],
  };
  let made = piece.put(empty, texture, Array.from({ length: whole(0, 30) }, randomNote));
  if (random() < 0.4) made = piece.toggled(made, "locked_bars", whole(1, 4));
  if (random() < 0.3) made = piece.toggled(made, "locked_voices", texture.voices[whole(0, 2)].name);
  return made;
}

function noOverlaps({ notes, bars }) {
  const mono = (name) => texture.voices.find((voice) => voice.name === name).kind === "mono";
  for (const [place, one] of notes.entries()) {
    assert.ok(one.duration >= 1 && one.onset >= 0 && one.onset + one.duration <= bars * 12, JSON.stringify(one));
    for (const other of notes.slice(place + 1)) {
      if (one.voice !== other.voice || (!mono(one.voice) && one.pitch !== other.pitch)) continue;
      assert.ok(
        one.onset + one.duration <= other.onset || other.onset + other.duration <= one.onset,
        `${JSON.stringify(one)} over ${JSON.stringify(other)}`,
      );
    }
  }
}

const frozen = (value) => {
  if (value && typeof value === "object" && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
};

const RUNS = 600;
for (let run = 0; run < RUNS; run += 1) {
  const mine = frozen(randomPiece());
  noOverlaps(mine);
  const answer = frozen({ ...randomPiece(), bars: whole(4, 6) });
  const from = whole(0, 40);
  const region = random() < 0.5 ? null : { from, to: from + whole(1, 20), voices: random() < 0.5 ? [] : ["keys"] };
  const taken = piece.take(mine, answer, texture, region);
  noOverlaps(taken);
  assert.equal(new Set(taken.notes.map((note) => note.id)).size, taken.notes.length);
  for (const note of mine.notes) {
    const inside =
      !region ||
      (note.onset >= region.from &&
        note.onset < region.to &&
        (!region.voices.length || region.voices.includes(note.voice)));
    if (!piece.isHeld(mine, texture, note) && inside) continue;
    assert.deepEqual(
      taken.notes.find((one) => one.id === note.id),
      note,
      "a held note has changed",
    );
  }
  const old = new Set(mine.notes.map((note) => note.id));
  for (const note of taken.notes.filter((one) => !old.has(one.id))) {
    assert.ok(!piece.isHeld(mine, texture, note), "something new in what is held");
    for (let step = note.onset; step < note.onset + note.duration; step += 1) {
      assert.ok(!mine.locked_bars.includes(piece.barOf(mine, texture, step)), "rings into a locked bar");
    }
  }
  // A new note cuts others, and stays whole itself.
  const note = randomNote();
  const drawn = piece.put(mine, texture, [note]);
  noOverlaps(drawn);
  const there = drawn.notes.find((one) => one.id === note.id);
  assert.equal(there.onset, note.onset);
  assert.equal(there.pitch, note.pitch);
  // Moving keeps notes in the piece and in compass, and their distances.
  const some = mine.notes.filter(() => random() < 0.5);
  if (some.length) {
    const next = piece.moved(mine, texture, some, whole(-60, 60), whole(-30, 30));
    const by = next[0].onset - some[0].onset;
    next.forEach((one, place) => {
      const voice = texture.voices.find((each) => each.name === one.voice);
      assert.ok(piece.inCompass(voice, one.pitch), JSON.stringify(one));
      assert.equal(one.onset - some[place].onset, by);
      assert.ok(one.onset >= 0 && one.onset + one.duration <= 48);
    });
  }
}

// History: any changes, all undone and all done again, give each state back.
const history = new Model({ piece: randomPiece(), other: null, alternatives: [], wishes: {} });
const states = [history.doc];
for (let run = 0; run < 500; run += 1) {
  if (random() < 0.3) {
    history.preview("move", { piece: randomPiece() });
    history.preview("move", { piece: randomPiece() });
    history.settle();
  } else history.change("erase", { piece: randomPiece() });
  states.push(history.doc);
}
for (let place = states.length - 2; place >= 0; place -= 1) {
  assert.ok(history.undo());
  assert.equal(history.doc, states[place]);
}
assert.equal(history.undo(), "");
for (const one of states.slice(1)) {
  assert.ok(history.redo());
  assert.equal(history.doc, one);
}
assert.equal(history.redo(), "");
assert.equal(piece.pitchName(61, "Bb minor"), "D♭4");
assert.equal(piece.pitchName(61, "A major"), "C♯4");
assert.equal(piece.pitchName(60), "C4");
assert.equal(piece.pitchName(61, "D minor"), "C♯4");
assert.equal(piece.pitchName(59, "Eb minor"), "C♭4");
assert.equal(piece.pitchName(60, "C# major"), "B♯3");
console.log(`${RUNS} pieces and ${states.length} states: what is held stays`);
