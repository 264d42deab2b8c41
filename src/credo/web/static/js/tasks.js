/** What is asked of the model, and what becomes of its answer. */

import * as api from "./api.js";
import { settingOf } from "./actions.js";
import { put, soundOf, take } from "./piece.js";

/** @typedef {import("./studio.js").Studio} Studio */

/** The tasks, in the order of their buttons. */
export const TASKS = ["complete", "vary", "continue", "harmonize", "accompany", "revoice", "blend"];

/** What a task needs beyond the piece: a key of the words where it is missing, else empty. @param {Studio} studio */
export function missing(studio, task) {
  const { piece, doc } = studio;
  const voices = studio.texture.voices;
  const mono = voices.every((voice) => voice.kind === "mono");
  if (["accompany", "harmonize"].includes(task) && voices.length < 2) return "needs-voices";
  if (task === "revoice" && !mono) return "needs-lines";
  if (task === "blend" && doc.other?.model !== piece.model) return "needs-other";
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
    }[task] ?? {};
  const asked = { temperature: wishes.temperature, seed: Math.floor(Math.random() * 2 ** 31) };
  if (wishes.feeling) Object.assign(asked, wishes.feeling);
  for (const name of ["density", "register"]) if (wishes[name] !== null) asked[name] = wishes[name];
  for (const name of ["text", "style"]) if (wishes[name].trim()) asked[name] = wishes[name].trim();
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
    selection: ["complete", "vary"].includes(task) ? studio.selection : null,
    options: untouched ? { bars: piece.bars } : options,
    wishes: asked,
    alternatives: wishes.alternatives,
  };
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
    /** Milliseconds from the click to the answer, of the last job. */
    this.took = 0;
  }

  /** @param {string} task */
  async start(task) {
    const { studio } = this;
    const lacks = missing(studio, task);
    if (lacks) {
      studio.say(lacks);
      return;
    }
    this.cancel();
    if (studio.audition >= 0) studio.listen(-1);
    studio.model.settle();
    const asked = requestOf(studio, task);
    const before = studio.piece;
    const control = new AbortController();
    this.running = control;
    this.task = task;
    this.remarks = [];
    this.#tell(0, 0);
    const begun = performance.now();
    try {
      const job = await api.work(asked, (state) => this.#tell(state.progress, state.position), control.signal);
      this.took = performance.now() - begun;
      if (this.running === control) this.#arrived(job, task, before, asked.selection);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") studio.say("cancelled");
      else if (error instanceof api.ApiError) sayError(studio, error);
      else throw error;
    } finally {
      if (this.running === control) this.running = null;
      this.#tell(0, 0);
    }
  }

  cancel() {
    this.running?.abort();
    this.running = null;
  }

  /** The answer: one result is taken at once, several are for choosing. Nothing that is held changes. */
  #arrived(job, task, before, selection) {
    const { studio } = this;
    const results = [...(job.results ?? [])].sort((a, b) => a.rank - b.rank);
    if (!results.length) {
      studio.say("no-results");
      return;
    }
    if (studio.piece.model !== before.model) return;
    const free = ["blend", "revoice", "continue"].includes(task);
    const alternatives = results.map((result, place) => ({
      id: `${job.id}-${place}`,
      task,
      seed: result.seed ?? 0,
      rank: place,
      energy: result.energy ?? null,
      heat: result.heat ?? [],
      remarks: result.remarks ?? [],
      piece: guard(studio, before, result.piece, selection, free),
    }));
    this.remarks = [...new Set(alternatives.flatMap((one) => one.remarks))];
    for (const one of alternatives) studio.heatOf.set(studio.sign(one.piece), one.heat);
    if (alternatives.length === 1) {
      studio.model.change(`task-${task}`, {
        piece: settingOf(take(studio.piece, alternatives[0].piece, studio.texture), alternatives[0].piece, task),
        alternatives,
      });
      studio.listen(-1);
    } else {
      studio.model.change(`task-${task}`, { alternatives });
      studio.listen(0);
    }
    if (before.notes.length < 4) studio.tell("fit");
    studio.say(alternatives.length === 1 ? "written" : "choose", {
      count: alternatives.length,
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
  else studio.say("refused", { message: error.message, hint: error.hint ?? "" }, "error");
}
