/** What is asked of the model, and what becomes of its answer. */

import * as api from "./api.js";
import { translated } from "./told.js";
import { settingOf } from "./actions.js";
import { put, soundOf, take } from "./piece.js";
import { TASTES } from "./types.js";

/** @typedef {import("./studio.js").Studio} Studio */

/** The tasks, in the order of their buttons. */
export const TASKS = ["complete", "vary", "continue", "harmonize", "accompany", "revoice", "blend", "humanize", "form"];

/** Whether sampling may not change something of the piece. @param {Studio} studio */
export function holds({ piece }) {
  return piece.locked_bars.length + piece.locked_voices.length > 0 || piece.notes.some((note) => note.locked);
}

/** What a task needs beyond the piece: a key of the words where it is missing, else empty. @param {Studio} studio */
export function missing(studio, task) {
  const { piece, doc } = studio;
  const voices = studio.texture.voices;
  const mono = voices.every((voice) => voice.kind === "mono");
  if (["accompany", "harmonize"].includes(task) && voices.length < 2) return "needs-voices";
  if (task === "revoice" && !mono) return "needs-lines";
  if (task === "blend" && doc.other?.model !== piece.model) return "needs-other";
  if (task === "form" && !doc.wishes.pattern) return "needs-pattern";
  if (["form", "for-me"].includes(task)) return holds(studio) ? "needs-unlocked" : "";
  if (task === "more-like") return studio.shown.notes.length ? "" : "needs-notes";
  if (task !== "complete" && !piece.notes.length) return "needs-notes";
  if (task === "harmonize" && !piece.notes.some((note) => note.voice === studio.voice)) return "needs-melody";
  if (task === "accompany" && !toAdd(studio).length) return "needs-silence";
  return "";
}

/** The voices that an accompaniment writes: the silent ones, else all that are neither locked nor drawn in. */
function toAdd(studio) {
  const sounding = new Set(studio.piece.notes.map((note) => note.voice));
  const free = studio.texture.voices
    .map((voice) => voice.name)
    .filter((voice) => !studio.piece.locked_voices.includes(voice));
  const silent = free.filter((voice) => !sounding.has(voice));
  return silent.length ? silent : free.filter((voice) => voice !== studio.voice);
}

/** The form that is wished for, as the server has it. @param {import("./types.js").Wishes} wishes */
function formOf({ pattern, section_bars, repeats, modulate }) {
  return { pattern, section_bars, vary: repeats, modulate };
}

/** The body of a job. @param {Studio} studio @param {string} task */
export function requestOf(studio, task) {
  const { piece, doc } = studio;
  const { wishes } = doc;
  const options =
    {
      vary: { amount: wishes.amount },
      continue: { bars: wishes.more_bars },
      blend: { share: wishes.share },
      harmonize: { voice: studio.voice },
      accompany: { add: toAdd(studio) },
      revoice: { keep: piece.locked_voices },
      humanize: { amount: wishes.touch },
      form: formOf(wishes),
    }[task] ?? {};
  const asked = wished(wishes);
  const untouched =
    task === "complete" &&
    !piece.notes.length &&
    !piece.locked_bars.length &&
    !piece.locked_voices.length &&
    !studio.range;
  return {
    task: untouched ? "compose" : task,
    piece: { ...piece, title: piece.title || "Credo" },
    other: task === "blend" ? doc.other : null,
    selection: ["complete", "vary", "humanize"].includes(task) ? studio.selection : null,
    options: untouched ? { bars: piece.bars } : options,
    wishes: asked,
    alternatives: wishes.alternatives,
  };
}

/**
 * The body of a job that goes by taste, and the route that takes it. More like a piece of which something is held is a
 * variation of it: what is held stays.
 * @param {Studio} studio @param {string} task @param {number | null} number of a piece of the library
 */
export function tasteRequest(studio, task, number = null) {
  const { wishes } = studio.doc;
  if (task === "more-like" && number === null && holds(studio)) {
    const asked = { ...requestOf(studio, "vary"), piece: studio.shown };
    return { where: "jobs", asked: { ...asked, options: { amount: Math.max(0.5, wishes.amount) } } };
  }
  const { temperature, seed } = wished(wishes);
  const { model, bars } = studio.piece;
  const like = task === "for-me" ? {} : number === null ? { piece: studio.shown } : { number };
  const asked = { model, bars: Math.min(bars, 64), alternatives: wishes.alternatives, temperature, seed, ...like };
  return { where: "library/compose", asked };
}

/** Chord symbols over bars: a line a bar, an empty one or `*` for any chord. @param {string} text */
export function chordsOf(text) {
  const lines = text.replace(/\s+$/, "").split("\n");
  return lines
    .flatMap((line) => line.split("|"))
    .map((bar) => bar.trim() || "*")
    .join(" | ");
}

/** Wishes as the server has them. @param {import("./types.js").Wishes} wishes */
export function wished(wishes) {
  const asked = { temperature: wishes.temperature, seed: wishes.seed ?? Math.floor(Math.random() * 1_000_000) };
  if (wishes.read.length) asked.attributes = Object.fromEntries(wishes.read.map((one) => [one.name, one.value]));
  if (wishes.feeling) Object.assign(asked, wishes.feeling);
  for (const name of ["density", "register"]) if (wishes[name] !== null) asked[name] = wishes[name];
  if (wishes.reading === "none" && wishes.text.trim()) asked.text = wishes.text.trim();
  for (const name of ["style", "scale"]) if (wishes[name].trim()) asked[name] = wishes[name].trim();
  if (wishes.chords.trim()) asked.chords = chordsOf(wishes.chords);
  if (wishes.cadence) asked.cadence = true;
  return asked;
}

/** One job at a time. Emits `state` when it begins, goes on and ends. */
export class Jobs extends EventTarget {
  /** @param {Studio} studio */
  constructor(studio) {
    super();
    this.studio = studio;
    /** @type {AbortController | null} */
    this.running = null;
    this.progress = 0;
    this.position = 0;
    this.task = "";
    /** @type {string[]} What the last answer has to say of itself. */
    this.remarks = [];
    /** Milliseconds from the click to the answer, and to its first alternative, of the last job. */
    this.took = 0;
    this.tookFirst = 0;
    /** Alternatives that are still to come. */
    this.pending = 0;
    /** @type {number | null} The seed of the last job. */
    this.seed = null;
  }

  /** @param {string} task @param {number | null} number of the library's piece that more is wanted of */
  async start(task, number = null) {
    const { studio } = this;
    const lacks = number === null ? missing(studio, task) : holds(studio) ? "needs-unlocked" : "";
    if (lacks) {
      studio.say(lacks);
      return;
    }
    this.cancel();
    const { where, asked } = TASTES.includes(task)
      ? tasteRequest(studio, task, number)
      : { where: "jobs", asked: requestOf(studio, task) };
    if (studio.audition >= 0) studio.listen(-1);
    studio.model.settle();
    const before = studio.piece;
    const control = new AbortController();
    this.running = control;
    this.task = task;
    this.remarks = [];
    this.seed = asked.seed ?? asked.wishes.seed;
    this.pending = asked.alternatives;
    const begun = performance.now();
    const run = { task, before, begun, selection: asked.selection ?? null, count: asked.alternatives, made: new Map() };
    this.#tell(0, 0);
    try {
      const grown = (job) => this.running === control && this.#arrived(run, job);
      const told = (state) => this.running === control && this.#tell(state.progress, state.position);
      const job = await api.work(asked, told, control.signal, grown, where);
      this.took = performance.now() - begun;
      if (this.running === control) this.#finished(run, job);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") studio.say("cancelled");
      else if (error instanceof api.ApiError) sayError(studio, error);
      else throw error;
    } finally {
      if (this.running === control) {
        this.running = null;
        this.pending = 0;
        this.#tell(0, 0);
      }
    }
  }

  cancel() {
    this.running?.abort();
    this.running = null;
    this.pending = 0;
    this.#tell(0, 0);
  }

  /** The alternatives of an answer, from conventional to surprising; those that were there stay what they were. */
  #alternatives(run, job) {
    const { studio } = this;
    const free = ["blend", "revoice", "continue", "form", ...TASTES].includes(run.task);
    const place = (result) => result.taste?.rank ?? result.rank;
    const results = [...(job.results ?? [])].sort((a, b) => place(a) - place(b));
    return results.map((result, rank) => {
      const known = run.made.get(result.seed);
      if (known) return { ...known, rank };
      const one = {
        id: `${job.id}-${result.seed}`,
        task: run.task,
        seed: result.seed ?? 0,
        rank,
        energy: result.energy ?? null,
        heat: result.heat ?? [],
        remarks: result.remarks ?? [],
        ...(result.taste ? { stars: result.taste.expected_stars ?? 0, reasons: result.taste.reasons } : {}),
        piece: guard(studio, run.before, result.piece, run.selection, free),
      };
      studio.heatOf.set(studio.sign(one.piece), one.heat);
      run.made.set(result.seed, one);
      return one;
    });
  }

  /** Some alternatives are there, of several: they can be heard, and the others take their places as they come. */
  #arrived(run, job) {
    const { studio } = this;
    if (studio.piece.model !== run.before.model) return;
    const alternatives = this.#alternatives(run, job);
    if (alternatives.length <= (run.list?.length ?? 0)) return;
    this.pending = run.count - alternatives.length;
    this.remarks = [...new Set(alternatives.flatMap((one) => one.remarks))];
    const old = run.list;
    run.list = alternatives;
    if (!old) {
      this.tookFirst = performance.now() - run.begun;
      studio.model.change(`task-${run.task}`, { alternatives });
      studio.listen(0);
      // The strip of alternatives takes room from the roll first.
      const fit = () => studio.tell("fit");
      if (run.before.notes.length < 4) requestAnimationFrame(() => requestAnimationFrame(fit));
    } else {
      const heard = studio.doc.alternatives === old ? studio.doc.alternatives[studio.audition]?.id : undefined;
      studio.model.rewrite((doc) => (doc.alternatives === old ? { ...doc, alternatives } : doc));
      if (heard) {
        studio.audition = alternatives.findIndex((one) => one.id === heard);
        studio.tell("audition");
      }
    }
    this.#tell(this.progress, 0);
  }

  /** The answer is whole: one result is taken at once, several are for choosing. Nothing that is held changes. */
  #finished(run, job) {
    const { studio } = this;
    if (studio.piece.model !== run.before.model) return;
    if (!job.results?.length) {
      studio.say("no-results");
      return;
    }
    const { task } = run;
    if (run.count > 1) this.#arrived(run, job);
    else {
      const [one] = this.#alternatives(run, job);
      this.remarks = one.remarks;
      this.tookFirst = this.took;
      const taken = settingOf(take(studio.piece, one.piece, studio.texture), one.piece, task);
      studio.model.change(`task-${task}`, { piece: taken, alternatives: [one] });
      studio.listen(-1);
      if (run.before.notes.length < 4) studio.tell("fit");
    }
    studio.say(run.count === 1 ? "written" : "choose", {
      count: job.results.length,
      seconds: (this.took / 1000).toFixed(1),
    });
  }

  #tell(progress, position) {
    this.progress = progress ?? 0;
    this.position = position ?? 0;
    this.dispatchEvent(new Event("state"));
  }
}

/**
 * An answer with everything held as it was before, whatever the server sent; and outside a selection too.
 * @param {Studio} studio
 */
function guard(studio, before, piece, selection, free) {
  const title = before.title;
  const region =
    selection && !free ? { from: selection.from_step, to: selection.to_step, voices: selection.voices } : null;
  const kept = take(before, piece, studio.texture, region);
  const more = put(
    {
      ...kept,
      title,
      tempo: piece.tempo ?? before.tempo,
      key: piece.key ?? before.key,
      metre: piece.metre ?? before.metre,
    },
    studio.texture,
    [],
  );
  const sounds = new Set(piece.notes.map(soundOf));
  const lost = before.notes.filter((note) => studio.held(note) && !sounds.has(soundOf(note))).length;
  if (lost) console.warn(`the answer changed ${lost} held notes; they were put back`);
  return more;
}

/** An error in words, with what to do. @param {Studio} studio @param {api.ApiError} error */
export function sayError(studio, error) {
  if (error.status === 0) studio.say("server-gone", {}, "error");
  else if (error.status === 429 || error.status === 503) studio.say("busy", { seconds: error.retry || 2 }, "error");
  else studio.say("refused", { message: translated(error.message), hint: translated(error.hint ?? "") }, "error");
}
