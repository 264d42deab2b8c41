/** Hearts: what the listener likes of what is shown, and music by that taste. */

import * as api from "./api.js";
import { missing, sayError } from "./tasks.js";
import { TASTES } from "./types.js";
import { say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));
const LIKED = 5;
const DISLIKED = 1;
/** Milliseconds of rest before the library is asked what it knows of a piece. */
const REST = 900;

/** @param {import("./studio.js").Studio} studio @param {import("./tasks.js").Jobs} jobs */
export function useTaste(studio, jobs) {
  /** @type {Map<string, number | null>} The stars of pieces, by their sign. */
  const known = new Map();
  let timer = 0;
  const signOf = (piece) => `${studio.sign(piece)} ${piece.tempo} ${piece.key}`;

  /** Gives what is shown stars, or takes them back where it has them. */
  async function rate(stars) {
    const piece = studio.shown;
    if (!piece.notes.length) {
      studio.say("needs-notes");
      return;
    }
    try {
      const sign = signOf(piece);
      const rated = await api.rate({ piece: titled(studio, piece) }, known.get(sign) === stars ? null : stars);
      known.set(sign, rated.stars);
      render();
      studio.say(rated.stars === LIKED ? "liked" : rated.stars === DISLIKED ? "disliked" : "unrated");
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      sayError(studio, error);
    }
  }

  /** Asks what the library knows of what is shown, once it stays as it is for a moment. */
  function look() {
    clearTimeout(timer);
    const piece = studio.shown;
    if (!piece.notes.length || known.has(signOf(piece))) return;
    timer = setTimeout(async () => {
      try {
        known.set(signOf(piece), (await api.look(piece)).stars);
        render();
      } catch (error) {
        if (!(error instanceof api.ApiError)) throw error; // a heart that stays empty says enough
      }
    }, REST);
  }

  function render() {
    const stars = known.get(signOf(studio.shown));
    get("like").setAttribute("aria-pressed", String(stars === LIKED));
    get("dislike").setAttribute("aria-pressed", String(stars === DISLIKED));
    for (const task of TASTES) {
      const lacks = missing(studio, task);
      get(task).classList.toggle("lacking", Boolean(lacks));
      get(task).setAttribute("aria-disabled", String(Boolean(lacks)));
      get(task).title = say(lacks || `about-${task}`);
    }
    for (const id of ["like", "dislike"]) get(id).title = say(`about-${id}`);
  }

  get("like").addEventListener("click", () => rate(LIKED));
  get("dislike").addEventListener("click", () => rate(DISLIKED));
  for (const task of TASTES) get(task).addEventListener("click", () => jobs.start(task));
  studio.addEventListener("change", ({ detail }) => {
    if (!["piece", "open", "audition"].includes(detail)) return;
    render();
    look();
  });
  document.addEventListener("restyle", render);
  document.addEventListener("rated", () => {
    known.clear(); // in the library, where a piece has a number and not a sign
    look();
  });
  render();
  look();
}

/** A piece with a title by which it is found again: an alternative has the number by which it was heard. */
function titled(studio, piece) {
  const title = studio.piece.title || "Credo";
  return { ...piece, title: piece === studio.piece ? title : `${title} (${studio.audition + 1})` };
}
