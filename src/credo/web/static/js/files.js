/** Files: notes and recordings dropped or chosen come in, and music goes out in every format, dragged out too. */

import * as api from "./api.js";
import { chosenPrograms, mixed } from "./mix.js";
import { newId } from "./piece.js";
import { sayError } from "./tasks.js";
import { translated } from "./told.js";
import { say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));
const RECORDING = /\.(wav|wave|flac|ogg|oga|opus|mp3|aif|aiff|m4a)$/i;

/** Whether a file is a recording, by its name or type. @param {File} file */
export function isRecording(file) {
  return RECORDING.test(file.name) || file.type.startsWith("audio/");
}

/**
 * The piece of a file on the present model.
 * @param {import("./studio.js").Studio} studio @param {File} file @param {number} tune which one of a book, from 1
 */
export async function pieceOf(studio, file, tune = 1, signal = undefined) {
  const { piece, remarks = [], tunes = [] } = await api.importFile(file, studio.card.name, tune, signal);
  const notes = piece.notes.map((note) => ({ locked: false, velocity: 80, ...note, id: note.id ?? newId() }));
  const title = piece.title || file.name.replace(/\.\w+$/, "");
  return { piece: { locked_bars: [], locked_voices: [], ...piece, title, notes }, remarks, tunes };
}

/** What stays to be read after a file came in or did not: remarks, or the line that installs what is missing. */
function notice(text, remarks = [], wrong = false) {
  get("notice").hidden = false;
  get("notice").classList.toggle("error", wrong);
  get("notice-text").textContent = text;
  get("notice-list").replaceChildren(
    ...remarks.map((remark) => {
      const line = document.createElement("li");
      line.textContent = translated(remark);
      return line;
    }),
  );
  get("notice-tunes").hidden = true;
}

/**
 * What stays to be read after a book of tunes came in: which one was taken, and all others to take instead.
 * @param {string} name @param {string[]} tunes @param {number} tune @param {string[]} remarks
 * @param {(tune: number) => Promise<void>} take
 */
export function offerTunes(name, tunes, tune, remarks, take) {
  notice(say("import-book", { name, count: tunes.length }), remarks);
  const list = get("notice-tunes");
  list.replaceChildren(...tunes.map((title, index) => new Option(`${index + 1}. ${title || say("untitled")}`)));
  list.selectedIndex = tune - 1;
  list.hidden = list.disabled = false;
  list.onchange = async () => {
    list.disabled = true; // one after the other
    await take(list.selectedIndex + 1);
    list.disabled = false;
    list.focus();
  };
}

/**
 * @param {import("./studio.js").Studio} studio @param {File} file
 * @param {number | undefined} chosen which tune of a book, from 1, if somebody chose one
 */
export async function importFile(studio, file, chosen = undefined) {
  const heard = isRecording(file);
  const control = new AbortController();
  const begun = performance.now();
  const tell = () => {
    const seconds = Math.round((performance.now() - begun) / 1000);
    get("importing-text").textContent = say(heard ? "transcribing" : "importing", { name: file.name, seconds });
  };
  const stop = () => control.abort();
  get("notice").hidden = !chosen;
  get("importing").hidden = false;
  get("importing-cancel").addEventListener("click", stop);
  tell();
  const timer = setInterval(tell, 1000);
  try {
    const { piece, remarks, tunes } = await pieceOf(studio, file, chosen, control.signal);
    studio.listen(-1);
    studio.model.change("import", { piece });
    studio.say("imported", { count: piece.notes.length, bars: piece.bars, remarks: "" });
    if (tunes.length) offerTunes(file.name, tunes, chosen ?? 1, remarks, (tune) => importFile(studio, file, tune));
    else if (remarks.length) notice(say("import-remarks", { name: file.name }), remarks);
    studio.tell("fit");
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") studio.say("cancelled");
    else if (!(error instanceof api.ApiError)) throw error;
    else {
      sayError(studio, error);
      if (error.status) notice(translated(error.message), error.hint ? [translated(error.hint)] : [], true);
      get("notice-tunes").hidden = !chosen; // another tune of the book may be whole
    }
  } finally {
    clearInterval(timer);
    get("importing").hidden = true;
    get("importing-cancel").removeEventListener("click", stop);
  }
}

/** A file's name. @param {string} title @param {string} format */
function fileName(title, format) {
  const stem = title.replace(/[^\p{L}\p{N} _.-]+/gu, "_").slice(0, 80);
  return `${stem}.${{ midi: "mid", musicxml: "musicxml" }[format] ?? format}`;
}

/** What is shown as it goes into a file. @param {import("./studio.js").Studio} studio */
export function forFile(studio) {
  return { ...mixed(studio.shown, studio.doc.mix), title: studio.piece.title || "Credo" };
}

function download(url, name) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

/** @param {import("./studio.js").Studio} studio @param {string} format */
export async function exportAs(studio, format) {
  studio.say("exporting");
  try {
    const piece = forFile(studio);
    const programs = chosenPrograms(studio.texture, studio.doc.mix);
    const url = URL.createObjectURL(await api.exportPiece(piece, format, programs));
    download(url, fileName(piece.title, format));
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    studio.say("exported", { name: fileName(piece.title, format) });
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    sayError(studio, error);
  }
}

/**
 * A handle that is dragged out as a MIDI file. Browsers take a file only at the moment the drag begins, so it is made
 * when the pointer comes near; where dragging files out is unknown, and by key, it is downloaded.
 * @param {import("./studio.js").Studio} studio @param {HTMLElement} handle
 */
export function useDragOut(studio, handle) {
  let made = { piece: null, mix: null, url: "", name: "" };
  /** @type {Promise<void> | null} */
  let making = null;

  const fresh = () => made.url && made.piece === studio.shown && made.mix === studio.doc.mix;

  function make() {
    if (fresh() || making) return making;
    const { shown, doc } = studio;
    const piece = forFile(studio);
    making = api
      .exportPiece(piece, "midi", chosenPrograms(studio.texture, doc.mix))
      .then((blob) => {
        if (made.url) URL.revokeObjectURL(made.url);
        const file = new File([blob], fileName(piece.title, "midi"), { type: "audio/midi" });
        made = { piece: shown, mix: doc.mix, url: URL.createObjectURL(file), name: file.name };
        handle.dataset.ready = "yes";
      })
      .catch((error) => {
        if (!(error instanceof api.ApiError)) throw error;
        sayError(studio, error);
      })
      .finally(() => {
        making = null;
      });
    return making;
  }

  for (const kind of ["pointerenter", "pointerdown", "focus"]) handle.addEventListener(kind, make);
  handle.addEventListener("dragstart", (event) => {
    if (!fresh()) {
      event.preventDefault();
      studio.say("drag-not-ready");
      make();
      return;
    }
    event.dataTransfer.effectAllowed = "copy";
    event.dataTransfer.setData("DownloadURL", `audio/midi:${made.name}:${made.url}`);
    event.dataTransfer.setData("text/plain", made.name);
    studio.say("dragging", { name: made.name });
  });
  handle.addEventListener("click", async () => {
    await make();
    if (fresh()) download(made.url, made.name);
    if (fresh()) studio.say("exported", { name: made.name });
  });
  studio.addEventListener("change", ({ detail }) => {
    if (["piece", "open", "audition"].includes(detail) && !fresh()) delete handle.dataset.ready;
  });
}

/**
 * Files can be dropped anywhere on the page: pictures are wishes, all others are music.
 * @param {import("./studio.js").Studio} studio @param {{show: (file: File) => void}} prompt
 */
export function useDrops(studio, prompt) {
  const root = document.body;
  let depth = 0;
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  root.addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    depth += 1;
    root.classList.add("dropping");
  });
  root.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) root.classList.remove("dropping");
  });
  root.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  root.addEventListener("drop", (event) => {
    depth = 0;
    root.classList.remove("dropping");
    const [file] = event.dataTransfer?.files ?? [];
    if (!file || event.defaultPrevented) return;
    event.preventDefault();
    if (file.type.startsWith("image/")) prompt.show(file);
    else importFile(studio, file);
  });
  get("notice-close").addEventListener("click", () => {
    get("notice").hidden = true;
  });
}
