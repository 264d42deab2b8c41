/** The two views: all voices in one roll, or a lane a voice with its head beside it; and which pitches have a row. */

import { RULER, TOP } from "./geometry.js";
import { say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));

/** @param {import("./roll.js").Roll} roll @param {import("./studio.js").Studio} studio */
export function useLanes(roll, studio) {
  const [list, home, beside] = [get("voices"), get("voices-home"), get("heads")];
  let shown = null;

  /** Heads lie as their lanes do. */
  function place() {
    if (!roll.view.split) return;
    for (const row of list.children) {
      const lane = roll.view.laneOf(row.dataset.voice);
      row.style.top = `${TOP + lane.top - roll.view.up}px`;
      row.style.height = `${lane.height}px`;
    }
  }

  /** The same list of voices is beside the lanes, or in the panel. */
  function render() {
    get("lanes-button").setAttribute("aria-pressed", String(studio.split));
    get("fold").value = studio.fold;
    if (shown === studio.split) return;
    shown = studio.split;
    const had = list.contains(document.activeElement) ? document.activeElement : null;
    if (shown) beside.append(list);
    else home.append(list);
    had?.focus();
    beside.hidden = !shown;
    get("voices-head").hidden = shown;
    for (const row of list.children) {
      row.style.top = "";
      row.style.height = "";
    }
  }

  function turn(to) {
    studio.split = to;
    render();
    roll.resize();
    roll.relayOut();
    roll.fit();
    studio.tell("layout");
    studio.say(to ? "lanes-on" : "lanes-off");
  }

  get("lanes-button").addEventListener("click", () => turn(!studio.split));
  get("fold").addEventListener("change", () => {
    studio.fold = get("fold").value;
    roll.relayOut();
    roll.fit();
    studio.tell("layout");
    if (studio.fold === "scale" && !studio.piece.key) studio.say("fold-needs-key");
  });
  beside.style.setProperty("--ruler", `${RULER}px`);
  beside.addEventListener("wheel", (event) => roll.scroll(0, event.deltaY), { passive: true });
  list.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-voice]");
    if (!studio.split || !row) return;
    const lane = roll.view.laneOf(row.dataset.voice);
    const hidden = lane.top < roll.view.up || lane.top + 60 > roll.view.up + roll.view.bodyHeight;
    if (hidden) roll.scroll(0, lane.top - roll.view.up);
  });
  roll.onGrid = place;
  studio.addEventListener("change", ({ detail }) => ["open", "layout"].includes(detail) && render());
  document.addEventListener("restyle", () => {
    for (const option of get("fold").options) option.textContent = say(`fold-${option.value}`);
    requestAnimationFrame(place);
  });
  for (const option of get("fold").options) option.textContent = say(`fold-${option.value}`);
  render();
  if (studio.split) {
    roll.resize();
    roll.fit();
  }
}
