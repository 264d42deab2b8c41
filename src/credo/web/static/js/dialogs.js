/** Dialogs: the projects, the sheet of shortcuts, and what to do where another window has saved later. */

import * as api from "./api.js";
import { emptyPiece } from "./piece.js";
import { NO_WISHES } from "./types.js";
import { sayError } from "./tasks.js";
import { language, say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));

/** Keys and the words for what they do, in groups. */
export const SHORTCUTS = {
  "keys-everywhere": {
    Space: "key-play",
    "Ctrl+Z": "key-undo",
    "Ctrl+Shift+Z": "key-redo",
    "Ctrl+Enter": "key-complete",
    "1 … 8": "key-audition",
    T: "key-take",
    "Shift+T": "key-take-part",
    F: "key-heart",
    Esc: "key-back",
    "?": "key-help",
  },
  "keys-pointer": {
    "pointer-drag": "key-marquee",
    "pointer-double": "key-double",
    "pointer-edge": "key-edge",
    "pointer-alt": "key-alt",
    "pointer-ctrl": "key-ctrl",
    "pointer-wheel": "key-wheel",
    "pointer-loudness": "key-loudness",
  },
  "keys-roll": {
    "← → ↑ ↓": "key-cursor",
    "Ctrl+← →": "key-bar",
    "Ctrl+↑ ↓": "key-octave",
    Enter: "key-add",
    Del: "key-erase",
    "Alt+← → ↑ ↓": "key-move",
    "Alt+Ctrl+↑ ↓": "key-move-octave",
    "Alt+Shift+↑ ↓": "key-scale-step",
    "Shift+← →": "key-stretch",
    "Shift+↑ ↓": "key-velocity",
    L: "key-lock",
    B: "key-lock-bar",
    V: "key-lock-voice",
    "PgUp PgDn": "key-voice",
    R: "key-range",
    "Ctrl+A C X V": "key-clipboard",
    "S D E": "key-tools",
    "+ − 0": "key-zoom",
    "Ctrl+D": "edit-duplicate",
    Q: "edit-quantise",
    H: "edit-even",
    W: "key-lanes",
  },
};

/** @param {{studio: import("./studio.js").Studio, projects: import("./projects.js").Projects}} page */
export function useDialogs({ studio, projects }) {
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector("[data-act=close]").addEventListener("click", () => dialog.close());
  }
  get("help-button").addEventListener("click", () => {
    showHelp();
    get("help").showModal();
  });
  get("projects-button").addEventListener("click", async () => {
    get("projects").showModal();
    await list(studio, projects);
  });
  get("new-project").addEventListener("click", async () => {
    get("projects").close();
    await projects.begin(studio.newDocument(studio.card));
    studio.say("new-begun");
  });
  get("conflict-mine").addEventListener("click", () => projects.resolve(true));
  get("conflict-theirs").addEventListener("click", () => projects.resolve(false));
  document.addEventListener("choose-model", async ({ detail }) => {
    const card = studio.models.find((one) => one.name === detail);
    if (!card || card.name === studio.piece.model) return;
    if (!studio.piece.notes.length || card.texture.name === studio.texture.name) {
      const piece = studio.piece.notes.length
        ? { ...studio.piece, model: card.name }
        : { ...emptyPiece(studio.piece.title, card), tempo: studio.piece.tempo, bars: studio.piece.bars };
      studio.listen(-1);
      studio.model.change("model", { piece, alternatives: [] });
      return;
    }
    // Another texture has other voices: the piece stays as it is, and a new project begins.
    await projects.begin({ ...studio.newDocument(card), wishes: { ...NO_WISHES } });
    studio.say("other-model", { model: card.name });
  });
}

async function list(studio, projects) {
  const rows = get("project-list");
  rows.textContent = say("reading");
  let found;
  try {
    found = await api.listProjects();
  } catch (error) {
    rows.textContent = say("server-gone");
    if (!(error instanceof api.ApiError)) throw error;
    return;
  }
  found = Array.isArray(found) ? found : found.projects;
  rows.replaceChildren(
    ...found.map((project) => {
      const row = document.createElement("li");
      const open = document.createElement("button");
      const gone = document.createElement("button");
      open.type = gone.type = "button";
      open.textContent = project.title || say("untitled");
      open.className = "open";
      open.setAttribute("aria-current", String(project.id === projects.id));
      const saved = project.saved ?? project.updated ?? project.modified;
      const small = document.createElement("small");
      small.textContent = saved
        ? new Date(typeof saved === "number" ? saved * 1000 : saved).toLocaleString(language)
        : "";
      open.append(small);
      open.addEventListener("click", async () => {
        get("projects").close();
        if (!(await projects.open(project.id))) studio.say("not-opened", {}, "error");
      });
      gone.textContent = say("delete");
      gone.setAttribute("aria-label", say("delete-project", { title: project.title }));
      gone.addEventListener("click", async () => {
        if (gone.dataset.sure !== "yes") {
          gone.dataset.sure = "yes";
          gone.textContent = say("really-delete");
          return;
        }
        try {
          await api.deleteProject(project.id);
          if (project.id === projects.id) await projects.begin(studio.newDocument(studio.card));
          row.remove();
        } catch (error) {
          if (!(error instanceof api.ApiError)) throw error;
          sayError(studio, error);
        }
      });
      row.append(open, gone);
      return row;
    }),
  );
  if (!found.length) rows.textContent = say("no-projects");
}

function showHelp() {
  get("shortcuts").replaceChildren(
    ...Object.entries(SHORTCUTS).map(([title, keys]) => {
      const group = document.createElement("section");
      const head = document.createElement("h3");
      head.textContent = say(title);
      const table = document.createElement("dl");
      for (const [key, word] of Object.entries(keys)) {
        const term = document.createElement("dt");
        const sense = document.createElement("dd");
        term.textContent = key.startsWith("pointer-") ? say(key) : key;
        sense.textContent = say(word);
        table.append(term, sense);
      }
      group.append(head, table);
      return group;
    }),
  );
}
