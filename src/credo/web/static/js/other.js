/** The other piece of a blend: this one, another project, or a file that is chosen or dropped. */

import * as api from "./api.js";
import { offerTunes, pieceOf } from "./files.js";
import { sayError } from "./tasks.js";
import { say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));

/** @param {import("./studio.js").Studio} studio */
export function useOther(studio) {
  function use(piece) {
    if (piece.model !== studio.piece.model) {
      studio.say("other-of-model", { title: piece.title || say("untitled") }, "error");
      return;
    }
    studio.model.change("use-other", { other: { ...piece, locked_bars: [], locked_voices: [] } });
    studio.say("other-set", { title: piece.title || say("untitled") });
  }

  async function fromFile(file, tune = 1) {
    studio.say("importing", { name: file.name });
    try {
      const { piece, tunes } = await pieceOf(studio, file, tune);
      use(piece);
      if (tunes.length) offerTunes(file.name, tunes, tune, [], (other) => fromFile(file, other));
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      sayError(studio, error);
    }
  }

  async function choices() {
    const list = get("other-projects");
    try {
      const found = await api.listProjects();
      const projects = Array.isArray(found) ? found : found.projects;
      list.replaceChildren(
        new Option(say("other-project"), ""),
        ...projects.map((one) => new Option(one.title || say("untitled"), one.id)),
      );
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      list.replaceChildren(new Option(say("other-project"), ""));
    }
  }

  get("use-other").addEventListener("click", () => use(studio.shown));
  get("other-open").addEventListener("click", () => get("other-file").click());
  get("other-file").addEventListener("change", () => {
    const [file] = get("other-file").files;
    get("other-file").value = "";
    if (file) fromFile(file);
  });
  get("other-projects").addEventListener("focus", choices);
  get("other-projects").addEventListener("change", async () => {
    const id = get("other-projects").value;
    get("other-projects").value = "";
    if (!id) return;
    try {
      use((await api.readProject(id)).document.piece);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      sayError(studio, error);
    }
  });
  const box = get("other-box");
  box.addEventListener("dragover", (event) => {
    event.preventDefault();
    box.classList.add("over");
  });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    box.classList.remove("over");
    const [file] = event.dataTransfer?.files ?? [];
    if (!file) return;
    event.preventDefault();
    fromFile(file);
  });
  const empty = () => get("other-projects").replaceChildren(new Option(say("other-project"), ""));
  document.addEventListener("restyle", empty);
  empty();
}
