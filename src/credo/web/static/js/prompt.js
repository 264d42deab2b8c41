/** Words and a picture as wishes: what was read of them, why, and each of it to change or to leave out. */

import * as api from "./api.js";
import { translated } from "./told.js";
import { name, say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));

/**
 * What a server's reading says, as a list. @param {any} answer @returns {import("./types.js").Read[]}
 */
export function readOf({ attributes = {}, reasons = [] }) {
  const because = new Map(reasons.map((reason) => [reason.attribute, reason.because]));
  return Object.entries(attributes).map(([key, value]) => ({ name: key, value, because: because.get(key) ?? "" }));
}

/** The feeling that was read; null where none was. @param {import("./types.js").Read[]} read */
export function feelingOf(read) {
  const value = (key) => read.find((one) => one.name === key)?.value;
  const [valence, arousal] = [value("valence"), value("arousal")];
  return valence === undefined && arousal === undefined ? null : { valence: valence ?? 0, arousal: arousal ?? 0 };
}

/** @param {import("./studio.js").Studio} studio */
export function usePrompt(studio) {
  /** @type {File | null} The picture, while the page is open; what was read of it is kept. */
  let picture = null;
  let asked = 0;
  let built = null;

  const wish = (change) => studio.model.change("wish", { wishes: { ...studio.doc.wishes, ...change } }, true);

  function told(text, wrong = false) {
    get("text-read").textContent = text;
    get("text-read").classList.toggle("error", wrong);
  }

  /** Asks what the words and the picture are read as. */
  async function read() {
    const text = get("text").value.trim();
    const turn = (asked += 1);
    if (!text && !picture) {
      wish({ text, read: [], reading: "none" });
      told("");
      get("read").inert = false;
      return;
    }
    told(say("reading"));
    // What is there is about to be another: it cannot be changed until then.
    get("read").inert = true;
    try {
      const answer = picture ? await api.attributesOfPicture(picture, text) : await api.attributes({ text });
      if (turn !== asked) return;
      wish({ text, read: readOf(answer), reading: "done" });
      told((answer.remarks ?? []).map(translated).join(" · "));
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (turn !== asked) return;
      wish({ text, read: [], reading: "none" });
      const lines = error.status ? [error.message, error.hint].filter(Boolean).map(translated) : [say("server-gone")];
      told(lines.join(" "), true);
    } finally {
      if (turn === asked) get("read").inert = false;
    }
  }

  /** @param {File | null} file */
  function show(file) {
    picture = file;
    const image = get("picture-shown");
    if (image.src) URL.revokeObjectURL(image.src);
    image.hidden = !file;
    get("picture-off").hidden = !file;
    if (file) {
      image.src = URL.createObjectURL(file);
      image.alt = say("picture-alt", { name: file.name });
    } else image.removeAttribute("src");
    read();
  }

  function row(one) {
    const item = document.createElement("li");
    item.dataset.name = one.name;
    const label = document.createElement("label");
    const title = document.createElement("b");
    const field = document.createElement("input");
    const gone = document.createElement("button");
    const why = document.createElement("small");
    title.textContent = name("attribute", one.name);
    field.value = String(one.value);
    if (typeof one.value === "number") Object.assign(field, { type: "number", step: "any" });
    label.append(title, field);
    gone.type = "button";
    gone.className = "icon";
    gone.textContent = "×";
    gone.setAttribute("aria-label", say("read-off", { name: title.textContent }));
    gone.title = gone.getAttribute("aria-label");
    why.textContent = translated(one.because);
    gone.addEventListener("click", () => {
      wish({ read: studio.doc.wishes.read.filter((other) => other.name !== one.name) });
      get("text").focus();
    });
    field.addEventListener("change", () => {
      const value = typeof one.value === "number" ? Number(field.value) : field.value.trim();
      if (field.value.trim() === "" || Number.isNaN(value)) {
        field.value = String(one.value);
        return;
      }
      const changed = { ...one, value, because: say("read-own") };
      wish({ read: studio.doc.wishes.read.map((other) => (other.name === one.name ? changed : other)) });
    });
    item.append(label, gone, why);
    return item;
  }

  function render() {
    const { wishes } = studio.doc;
    if (document.activeElement !== get("text")) get("text").value = wishes.text;
    const key = `${document.documentElement.lang} ${JSON.stringify(wishes.read)}`;
    if (key === built) return;
    built = key;
    get("read").replaceChildren(...wishes.read.map(row));
    get("read").hidden = !wishes.read.length;
  }

  get("text").addEventListener("change", read);
  get("picture").addEventListener("click", () => get("picture-file").click());
  get("picture-off").addEventListener("click", () => show(null));
  get("picture-file").addEventListener("change", () => {
    const [file] = get("picture-file").files;
    get("picture-file").value = "";
    if (file) show(file);
  });
  studio.addEventListener("change", ({ detail }) => {
    if (detail === "open") {
      picture = null;
      get("picture-shown").hidden = get("picture-off").hidden = true;
      told("");
    }
    if (["piece", "open"].includes(detail)) render();
  });
  document.addEventListener("restyle", render);
  render();
  return { show };
}
