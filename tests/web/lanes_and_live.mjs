// Properties of lanes, of loudness that is painted, of what is played live and of wishes, by the page's own functions.
// Ends with an error at the first that does not hold.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.argv[2]}/${name}`));
const { View, rowsOf, scaleOf } = await load("geometry.js");
const { underStroke } = await load("loudness.js");
const { mixed } = await load("mix.js");
const { Model } = await load("model.js");
const { chordsOf, wished } = await load("tasks.js");
const { NO_WISHES } = await load("types.js");
const { readOf, feelingOf } = await load("prompt.js");
const { toNotes, evenness } = await load("live/quantise.js");
const { accompanimentAt, passageOf, placed, responseAt } = await load("live/turns.js");
const { Figures, quantile } = await load("live/figures.js");
const { keyOf } = await load("live/input.js");
const { put } = await load("piece.js");

let state = 4711;
const random = () => {
  state = (state * 1103515245 + 12345) % 2 ** 31;
  return state / 2 ** 31;
};
const whole = (low, high) => low + Math.floor(random() * (high - low + 1));
const top = { name: "top", kind: "mono", low: 60, high: 71, program: 52 };
const keys = { name: "keys", kind: "poly", low: 48, high: 60, program: 0 };
const drums = { name: "drums", kind: "drums", low: 0, high: 0, program: 0, pitches: [36, 38, 42] };
const texture = { name: "t", steps_per_quarter: 4, voices: [top, keys, drums] };
const note = (id, voice, onset, duration, pitch) => ({
  id,
  voice,
  onset,
  duration,
  pitch,
  velocity: 80,
  locked: false,
});
const piece = {
  title: "",
  model: "m",
  tempo: 90,
  metre: [4, 4],
  key: "G major",
  bars: 2,
  notes: [note("a", "top", 0, 4, 67), note("b", "keys", 4, 4, 53), note("c", "drums", 8, 1, 38)],
  locked_bars: [],
  locked_voices: [],
};

// Lanes: one a voice, of its own compass; a pitch and the place where it is drawn belong to each other.
const view = new View();
view.height = 900;
assert.ok(view.layOut(texture, { split: true, fold: "all" }, piece));
assert.ok(!view.layOut(texture, { split: true, fold: "all" }, piece), "nothing is another");
assert.deepEqual(
  view.lanes.map((lane) => [lane.name, lane.rows.length]),
  [
    ["top", 12],
    ["keys", 13],
    ["drums", 3],
  ],
);
for (const voice of texture.voices) {
  for (const pitch of view.laneOf(voice.name).rows) {
    const y = view.y(pitch, voice.name) + view.rowHeight / 2;
    assert.equal(view.pitchAt(y), pitch);
    assert.equal(view.laneAt(y).name, voice.name);
  }
}
assert.deepEqual(view.above(60, "top", -1), { pitch: 60, voice: "keys" }, "below the lowest lies the next lane");
assert.deepEqual(view.above(71, "top", 1), { pitch: 71, voice: "top" }, "above the first lane lies none");
assert.deepEqual(rowsOf([keys], "used", piece), [53]);
assert.deepEqual(
  [...scaleOf("Eb minor")].sort((a, b) => a - b),
  [1, 0, 2, 3, 5, 6, 8, 10, 11].sort((a, b) => a - b),
);
assert.ok(rowsOf([keys], "scale", piece).includes(53), "what is used has a row, in the scale or not");
assert.ok(!rowsOf([keys], "scale", piece).includes(51));
assert.equal(scaleOf(null), null);

// Loudness: a stroke gives each note under it the height of the stroke there, in either direction.
const marks = [
  { id: "a", x: 10 },
  { id: "b", x: 60 },
  { id: "c", x: 200 },
];
const stroke = underStroke(marks, { x: 110, y: 0 }, { x: 10, y: 100 });
assert.deepEqual(
  [...stroke],
  [
    ["a", 100],
    ["b", 50],
  ],
);
assert.deepEqual(
  mixed(piece, { top: { level: 0.5 } }).notes.map((one) => one.velocity),
  [40, 80, 80],
);

// What is played: on the grid, in the compass, one at a time in a line; nothing is dropped without a remark.
for (let run = 0; run < 400; run += 1) {
  const voice = texture.voices[whole(0, 2)];
  const snap = [1, 2, 4][whole(0, 2)];
  const from = whole(0, 3) * 4;
  const to = from + 32;
  const played = Array.from({ length: whole(0, 12) }, () => {
    const on = from - 2 + random() * 33;
    const off = random() < 0.1 ? null : on + random() * 9;
    return { pitch: whole(30, 90), velocity: whole(1, 127), on, off };
  });
  let made = 0;
  const id = () => String((made += 1));
  const { notes, remarks, offsets } = toNotes(played, { voice, snap, from, to, now: to, id });
  const inside = offsets.length;
  const single = remarks.find((one) => one.key === "live-single")?.values.count ?? 0;
  const lost = remarks.find((one) => one.key === "live-lost")?.values.count ?? 0;
  assert.equal(notes.length + single, inside);
  assert.equal(lost, 0, "octaves bring all into a compass of an octave");
  for (const one of notes) {
    assert.ok(one.onset >= from && one.onset < to && (one.onset === from || one.onset % snap === 0));
    assert.ok(one.duration >= 1 && one.locked);
  }
  assert.deepEqual(put({ ...piece, bars: 10, notes: [] }, texture, notes).notes.length, notes.length, "no overlaps");
}
assert.deepEqual(evenness([], 0.1), []);
assert.equal(evenness([0.5, -0.5], 0.1)[0].values.mean, 50);

// Turns: answers are due after what they answer, and never in the past; what was played of them is what is sent.
for (let run = 0; run < 300; run += 1) {
  const bar = [12, 16][whole(0, 1)];
  const how = { base: whole(0, 5) * bar, bar, call: whole(1, 2), rest: whole(0, 2) };
  const step = how.base + random() * 500;
  const response = responseAt(step, how);
  assert.ok(response.from <= step && step < response.due + response.length);
  assert.equal(response.due, response.from + (how.call + how.rest) * bar);
  const next = accompanimentAt(step, how);
  assert.ok(next.due > step && next.due - step <= bar && next.from >= how.base && next.listen <= 2 * bar);
  for (const turn of [response, next]) {
    const steps = Math.ceil((turn.due + 4 * bar) / bar) * bar;
    const notes = Array.from({ length: steps }, (_, at) => note(`n${at}`, "top", at, 1, whole(60, 71)));
    const metre = bar === 12 ? [3, 4] : [4, 4];
    const sent = passageOf({ ...piece, metre, bars: steps / bar, notes }, turn, bar, []);
    assert.equal(sent.selection.from_step, turn.listen);
    assert.equal(sent.piece.bars, 4);
    assert.deepEqual(
      sent.piece.notes.map((one) => one.pitch),
      notes.slice(turn.from, turn.from + turn.listen).map((one) => one.pitch),
    );
    assert.ok(sent.piece.notes.every((one) => one.locked && one.onset + one.duration <= turn.listen));
    let made = 0;
    const answer = Array.from({ length: 4 * bar }, (_, at) => note(`x${at}`, at % 2 ? "top" : "keys", at, 3, 60));
    const there = placed(answer, turn, turn.due, ["keys"], () => `y${(made += 1)}`);
    assert.equal(there.length, Math.ceil(turn.length / 2));
    for (const one of there) {
      assert.ok(one.onset >= turn.due && one.onset + one.duration <= turn.due + turn.length && one.voice === "keys");
    }
  }
}
assert.equal(quantile([5, 1, 3], 0.5), 3);
const figures = new Figures();
const first = figures.lead;
figures.add("answers", 400);
assert.ok(figures.lead > 400 && figures.lead < first);
assert.deepEqual(keyOf([0x93, 60, 0]), { down: false, pitch: 60, velocity: 0 }, "no velocity lets a key go");
assert.deepEqual(keyOf([0x90, 60, 9]), { down: true, pitch: 60, velocity: 9 });
assert.equal(keyOf([0xf8]), null);

// Wishes: an empty line is any chord; what was read and changed is sent in place of the words.
assert.equal(chordsOf("C\n\nAm F | *\nG7\n\n"), "C | * | Am F | * | G7");
const read = readOf({
  attributes: { valence: 0.5, key: "C major" },
  reasons: [{ attribute: "valence", because: "x" }],
});
assert.deepEqual(feelingOf(read), { valence: 0.5, arousal: 0 });
const asked = wished({ ...NO_WISHES, text: "calm", reading: "done", read, seed: 5 });
assert.deepEqual([asked.text, asked.attributes, asked.seed], [undefined, { valence: 0.5, key: "C major" }, 5]);
assert.equal(wished({ ...NO_WISHES, text: " calm " }).text, "calm");

// History: what is played in one go is one step; what arrives late is in every state that knows of it.
const history = new Model({ piece: 0, alternatives: [], other: null, wishes: {}, mix: {} });
for (let at = 1; at < 9; at += 1) history.change("live", { piece: at }, "one");
history.change("live", { piece: 9 }, "two");
assert.equal(history.past.length, 2);
const early = ["first"];
history.change("task", { alternatives: early });
history.change("erase", { piece: 10 });
history.rewrite((doc) => (doc.alternatives === early ? { ...doc, alternatives: ["first", "second"] } : doc));
assert.deepEqual([history.doc.alternatives.length, history.doc.piece], [2, 10]);
history.undo();
assert.equal(history.doc.alternatives.length, 2);
history.undo();
assert.equal(history.doc.alternatives.length, 0);
history.undo();
assert.equal(history.doc.piece, 8);
console.log("lanes, loudness, live and wishes: as they should be");
