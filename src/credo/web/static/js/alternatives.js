/** The strip of alternatives: small pictures, from the most conventional to the most surprising. */

import * as act from "./actions.js";
import { readColours, voiceColour } from "./colours.js";
import { pieceSteps, soundOf } from "./piece.js";
import { translated } from "./told.js";
import { say } from "./words.js";

/**
 * @param {HTMLElement} strip @param {HTMLElement} banner @param {import("./studio.js").Studio} studio
 * @param {import("./tasks.js").Jobs} jobs whose alternatives are shown as they come
 */
export function showAlternatives(strip, banner, studio, jobs) {
  let drawn = null;
  let empty = 0;

  function render() {
    const { alternatives } = studio.doc;
    const come = jobs.pending && jobs.pending < studio.doc.wishes.alternatives ? jobs.pending : 0;
    strip.closest("section").hidden = !alternatives.length;
    if (drawn !== alternatives || empty !== come || strip.dataset.language !== document.documentElement.lang) {
      drawn = alternatives;
      empty = come;
      strip.dataset.language = document.documentElement.lang;
      arrange([...[null, ...alternatives].map((one, place) => card(one, place - 1)), ...waiting(come)]);
    }
    [...strip.querySelectorAll("button")].forEach((button, place) => {
      button.setAttribute("aria-pressed", String(place - 1 === studio.audition));
    });
    const own = strip.firstElementChild;
    if (own) picture(own.querySelector("canvas"), studio, studio.piece, null);
    showBanner();
  }

  /** Puts cards in their places: those that were there glide to theirs, where the reader does not mind motion. */
  function arrange(cards) {
    const before = new Map([...strip.children].map((one) => [one.dataset.id, one.getBoundingClientRect().left]));
    const focus = strip.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    strip.replaceChildren(...cards);
    for (const one of cards) {
      if (focus !== null && one.dataset.id === focus) one.focus();
      const by = (before.get(one.dataset.id) ?? Number.NaN) - one.getBoundingClientRect().left;
      if (!by || matchMedia("(prefers-reduced-motion: reduce)").matches) continue;
      one.animate([{ transform: `translateX(${by}px)` }, { transform: "none" }], { duration: 260, easing: "ease-out" });
    }
  }

  /** Places of alternatives that are still to come. */
  function waiting(count) {
    return Array.from({ length: count }, () => {
      const box = document.createElement("span");
      box.className = "alternative coming";
      box.textContent = say("coming");
      return box;
    });
  }

  function card(one, place) {
    const button = document.createElement("button");
    button.dataset.id = one ? one.id : "mine";
    button.type = "button";
    button.className = "alternative";
    const canvas = document.createElement("canvas");
    const caption = document.createElement("span");
    caption.textContent = one ? `${place + 1}` : say("mine");
    const note = document.createElement("small");
    const ranked = one && !empty ? rankWord(place, studio.doc.alternatives.length) : "";
    note.textContent = one?.stars === undefined ? ranked : starsWord(one);
    button.append(canvas, caption, note);
    button.setAttribute(
      "aria-label",
      one
        ? say("alternative-label", { number: place + 1, rank: note.textContent, energy: energyText(one) })
        : say("mine"),
    );
    button.title = one?.remarks.map(translated).join("\n") || button.getAttribute("aria-label");
    button.addEventListener("click", () => studio.listen(place));
    if (one) requestAnimationFrame(() => picture(canvas, studio, one.piece, studio.piece));
    return button;
  }

  function showBanner() {
    const one = studio.doc.alternatives[studio.audition];
    banner.hidden = !one;
    if (!one) return;
    const known = new Set(studio.piece.notes.map(soundOf));
    const fresh = one.piece.notes.filter((note) => !known.has(soundOf(note))).length;
    banner.querySelector("[data-role=text]").textContent = say("auditioning", {
      number: studio.audition + 1,
      count: studio.doc.alternatives.length,
      fresh,
      energy: energyText(one),
    });
    banner.querySelector("[data-role=reasons]").textContent = translated(one.reasons ?? "");
    banner.querySelector("[data-act=take-part]").disabled = !studio.range;
  }

  banner.querySelector("[data-act=take]").addEventListener("click", () => act.takeAlternative(studio, false));
  banner.querySelector("[data-act=take-part]").addEventListener("click", () => act.takeAlternative(studio, true));
  banner.querySelector("[data-act=back]").addEventListener("click", () => studio.listen(-1));
  studio.addEventListener("change", ({ detail }) => {
    if (!["preview", "playhead", "tool"].includes(detail)) render();
  });
  jobs.addEventListener("state", () => {
    const come = jobs.pending && jobs.pending < studio.doc.wishes.alternatives ? jobs.pending : 0;
    if (come !== empty) render();
  });
  document.addEventListener("restyle", () => {
    drawn = null;
    render();
  });
  render();
}

function energyText(one) {
  return one.energy === null ? "" : say("energy", { value: one.energy.toFixed(1) });
}

/** What the listener is expected to think of it. */
function starsWord(one) {
  return one.stars ? say("stars-expected", { stars: one.stars.toFixed(1) }) : say("stars-unknown");
}

function rankWord(place, count) {
  if (place === 0) return say("most-conventional");
  return place === count - 1 ? say("most-surprising") : "";
}

/** Draws a piece small; what another has too is pale. */
function picture(canvas, studio, piece, other) {
  const colours = readColours();
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [132, 52];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const known = other ? new Set(other.notes.map(soundOf)) : null;
  const pitches = piece.notes.map((note) => note.pitch);
  const [low, high] = [Math.min(...pitches, 127), Math.max(...pitches, 0)];
  const row = Math.min(5, (height - 6) / Math.max(1, high - low + 1));
  const steps = pieceSteps(piece, studio.texture);
  for (const note of piece.notes) {
    context.globalAlpha = known?.has(soundOf(note)) ? 0.35 : 1;
    context.fillStyle = voiceColour(colours, studio.texture, note.voice);
    context.fillRect(
      (note.onset / steps) * width,
      height / 2 + ((high + low) / 2 - note.pitch) * row - row / 2,
      Math.max(1, (note.duration / steps) * width - 0.5),
      Math.max(1.5, row),
    );
  }
}
