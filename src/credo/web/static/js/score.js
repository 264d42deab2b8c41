/** The engraved score, beside the roll, on demand; and what surprised the model. */

import * as api from "./api.js";
import { sayError } from "./tasks.js";
import { say } from "./words.js";

/** @param {import("./studio.js").Studio} studio @param {HTMLElement} pane @param {HTMLButtonElement} button */
export function useScore(studio, pane, button) {
  const image = /** @type {HTMLImageElement} */ (pane.querySelector("img"));
  const name = () => {
    image.alt = say("score");
  };
  name();
  document.addEventListener("restyle", name);
  let timer = 0;
  let drawn = "";

  async function engrave() {
    const { shown } = studio;
    const key = `${studio.sign(shown)} ${shown.key} ${shown.metre} ${shown.title}`;
    if (pane.hidden || key === drawn) return;
    pane.classList.add("busy");
    try {
      const blob = await api.exportPiece({ ...shown, title: shown.title || "Credo" }, "svg");
      URL.revokeObjectURL(image.src);
      image.src = URL.createObjectURL(blob);
      drawn = key;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      sayError(studio, error);
    } finally {
      pane.classList.remove("busy");
    }
  }

  button.addEventListener("click", () => {
    pane.hidden = !pane.hidden;
    button.setAttribute("aria-pressed", String(!pane.hidden));
    engrave();
  });
  studio.addEventListener("change", ({ detail }) => {
    if (pane.hidden || !["piece", "open", "audition"].includes(detail)) return;
    clearTimeout(timer);
    timer = setTimeout(engrave, 500);
  });
}

/** Asks what surprised the model, now and after changes while the button is down. */
export function useHeat(studio, button) {
  let timer = 0;
  /** @type {AbortController | null} */
  let asked = null;

  async function ask() {
    const { shown } = studio;
    const sign = studio.sign(shown);
    if (!shown.notes.length || studio.heatOf.has(sign)) return;
    asked?.abort();
    asked = new AbortController();
    try {
      const { bars } = await api.heat({ ...shown, title: shown.title || "Credo" }, asked.signal);
      studio.heatOf.set(sign, bars);
      studio.tell("heat");
    } catch (error) {
      if (error instanceof DOMException) return;
      if (!(error instanceof api.ApiError)) throw error;
      sayError(studio, error);
    }
  }

  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    if (on) ask();
  });
  studio.addEventListener("change", ({ detail }) => {
    if (button.getAttribute("aria-pressed") !== "true" || !["piece", "open", "audition"].includes(detail)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, 1200);
  });
}
