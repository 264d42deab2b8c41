/** Wishes that are folded at first: chords a bar, a scale, a cadence, a style, and the seed of the draw. */

import { name, say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));
const TONICS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
/** Scales by the names that the server knows. */
const SCALES = [
  "major",
  "natural minor",
  "harmonic minor",
  "melodic minor",
  "dorian",
  "phrygian",
  "lydian",
  "mixolydian",
  "major pentatonic",
  "minor pentatonic",
  "blues",
  "whole tone",
  "octatonic",
];

/** @param {import("./studio.js").Studio} studio @param {import("./tasks.js").Jobs} jobs */
export function useMoreWishes(studio, jobs) {
  const wish = (change) => studio.model.change("wish", { wishes: { ...studio.doc.wishes, ...change } }, true);

  function scale() {
    const kind = get("scale").value;
    wish({ scale: kind === "" || kind === "key" ? kind : `${get("scale-tonic").value} ${kind}` });
  }
  get("chords").addEventListener("change", () => wish({ chords: get("chords").value }));
  get("scale").addEventListener("change", scale);
  get("scale-tonic").addEventListener("change", scale);
  get("cadence").addEventListener("change", () => wish({ cadence: get("cadence").checked }));
  get("style").addEventListener("change", () => wish({ style: get("style").value }));
  get("seed").addEventListener("change", () => {
    const text = get("seed").value.trim();
    wish({ seed: text === "" ? null : Math.max(0, Math.min(2 ** 31 - 1, Math.round(Number(text)) || 0)) });
  });
  get("seed-again").addEventListener("click", () => {
    if (jobs.seed === null) return;
    wish({ seed: jobs.seed });
    studio.say("seed-kept", { seed: jobs.seed });
  });

  function options() {
    get("scale").replaceChildren(
      new Option(say("any"), ""),
      new Option(say("scale-key"), "key"),
      ...SCALES.map((one) => new Option(name("scale", one), one)),
    );
    const signed = (one) => one.replace("#", "♯").replace("b", "♭");
    get("scale-tonic").replaceChildren(...TONICS.map((one) => new Option(signed(one), one)));
  }

  function render() {
    const { wishes } = studio.doc;
    if (document.activeElement !== get("chords")) get("chords").value = wishes.chords;
    const [tonic, ...rest] = wishes.scale.split(" ");
    const own = rest.length > 0;
    get("scale").value = own ? rest.join(" ") : wishes.scale;
    if (own) get("scale-tonic").value = tonic;
    get("scale-tonic").hidden = !own;
    get("cadence").checked = wishes.cadence;
    if (document.activeElement !== get("seed")) get("seed").value = wishes.seed === null ? "" : String(wishes.seed);
    const { styles } = studio.card;
    const style = get("style");
    style.closest("label").hidden = !styles.length;
    style.replaceChildren(new Option(say("any"), ""), ...styles.map((one) => new Option(one, one)));
    style.value = styles.includes(wishes.style) ? wishes.style : "";
    const set = [wishes.chords.trim(), wishes.scale, wishes.cadence, wishes.style, wishes.seed !== null];
    const count = set.filter(Boolean).length;
    get("more-count").textContent = count ? `(${count})` : "";
  }

  function seed() {
    get("seed-again").disabled = jobs.seed === null;
    get("seed-last").textContent = jobs.seed === null ? "" : say("seed-last", { seed: jobs.seed });
  }

  jobs.addEventListener("state", seed);
  studio.addEventListener("change", ({ detail }) => ["piece", "open"].includes(detail) && render());
  document.addEventListener("restyle", () => {
    options();
    render();
    seed();
  });
  options();
  render();
  seed();
}
