/** Files: notes dropped or chosen come in, and music goes out in every format. */

import * as api from "./api.js";
import { newId } from "./piece.js";
import { sayError } from "./tasks.js";

/** @param {import("./studio.js").Studio} studio @param {File} file */
export async function importFile(studio, file) {
  studio.say("importing", { name: file.name });
  try {
    const { piece, remarks = [] } = await api.importFile(file, studio.card.name);
    const notes = piece.notes.map((note) => ({ locked: false, velocity: 80, ...note, id: note.id ?? newId() }));
    const next = {
      locked_bars: [],
      locked_voices: [],
      ...piece,
      title: piece.title || file.name.replace(/\.\w+$/, ""),
      notes,
    };
    studio.listen(-1);
    studio.model.change("import", { piece: next });
    studio.say("imported", { count: notes.length, bars: next.bars, remarks: remarks.join(" · ") });
    studio.tell("fit");
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    sayError(studio, error);
  }
}

/** @param {import("./studio.js").Studio} studio @param {string} format */
export async function exportAs(studio, format) {
  studio.say("exporting");
  try {
    const piece = { ...studio.shown, title: studio.piece.title || "Credo" };
    const blob = await api.exportPiece(piece, format);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    const stem = piece.title.replace(/[^\p{L}\p{N} _.-]+/gu, "_").slice(0, 80);
    link.download = `${stem}.${{ midi: "mid", musicxml: "musicxml" }[format] ?? format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    studio.say("exported", { name: link.download });
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    sayError(studio, error);
  }
}

/** Files can be dropped anywhere on the page. @param {import("./studio.js").Studio} studio */
export function useDrops(studio) {
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
    if (!file) return;
    event.preventDefault();
    importFile(studio, file);
  });
}
