/** A keyboard on the screen: by pointer, or with one stop of the Tab key by arrows and Enter. */

import { pitchName } from "../piece.js";

const BLACK = [1, 3, 6, 8, 10];
const COUNT = 25;

/**
 * @param {HTMLElement} box @param {import("./input.js").Input} input
 * @param {() => number} lowest the pitch of the first key
 */
export function useScreenKeys(box, input, lowest) {
  let sounding = null;

  function press(button) {
    if (sounding === button) return;
    letGo();
    sounding = button;
    input.key(true, Number(button.dataset.pitch), 90, performance.now());
  }

  function letGo() {
    if (!sounding) return;
    input.key(false, Number(sounding.dataset.pitch), 0, performance.now());
    sounding = null;
  }

  function build() {
    const low = lowest();
    let white = 0;
    box.replaceChildren(
      ...Array.from({ length: COUNT }, (_, place) => {
        const pitch = low + place;
        const black = BLACK.includes(pitch % 12);
        const key = document.createElement("button");
        key.type = "button";
        key.tabIndex = place ? -1 : 0;
        key.className = black ? "black" : "white";
        key.dataset.pitch = String(pitch);
        key.setAttribute("aria-label", pitchName(pitch));
        if (pitch % 12 === 0) key.textContent = pitchName(pitch);
        // Three columns a white key; a black one lies over the border of two.
        key.style.gridColumn = black ? `${3 * white} / span 2` : `${3 * white + 1} / span 3`;
        if (!black) white += 1;
        return key;
      }),
    );
    box.style.gridTemplateColumns = `repeat(${3 * white}, 1fr)`;
  }

  const at = (event) => event.target.closest?.("[data-pitch]");
  box.addEventListener("pointerdown", (event) => {
    const key = at(event);
    if (!key) return;
    key.releasePointerCapture?.(event.pointerId);
    press(key);
  });
  box.addEventListener("pointerover", (event) => {
    const key = at(event);
    if (key && sounding && event.buttons) press(key);
  });
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) box.addEventListener(name, letGo);
  box.addEventListener("keydown", (event) => {
    const key = at(event);
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -12, ArrowUp: 12 }[event.key];
    if (!key || event.ctrlKey || event.metaKey) return;
    if (by) {
      const next = box.querySelector(`[data-pitch="${Number(key.dataset.pitch) + by}"]`);
      if (next) {
        key.tabIndex = -1;
        next.tabIndex = 0;
        next.focus();
      }
    } else if (event.key === "Enter") {
      if (!event.repeat) press(key);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("keyup", (event) => event.key === "Enter" && letGo());
  input.addEventListener("key", ({ detail }) => {
    box.querySelector(`[data-pitch="${detail.pitch}"]`)?.classList.toggle("down", detail.down);
  });
  build();
  return { build };
}
