/** The form of a whole piece: a pattern of letters, how long a section is, and what becomes of repeats. */

const get = (id) => /** @type {any} */ (document.getElementById(id));
/** Song, three parts, rondo, variations, and a song with an introduction and an ending. */
const PATTERNS = ["A A' B A", "A B A", "A B A C A", "A A' A'' A'''", "i A A' B A e"];

/** @param {import("./studio.js").Studio} studio */
export function useForm(studio) {
  const wish = (change) => studio.model.change("wish", { wishes: { ...studio.doc.wishes, ...change } }, true);
  get("patterns").replaceChildren(...PATTERNS.map((pattern) => new Option(pattern, pattern)));
  get("pattern").addEventListener("change", () => wish({ pattern: get("pattern").value.trim() }));
  get("section-bars").addEventListener("change", () => {
    const bars = Math.round(Number(get("section-bars").value) || 1);
    wish({ section_bars: Math.max(1, Math.min(32, bars)) });
  });
  get("modulate").addEventListener("change", () => wish({ modulate: get("modulate").checked }));

  function render() {
    const { wishes } = studio.doc;
    if (document.activeElement !== get("pattern")) get("pattern").value = wishes.pattern;
    get("section-bars").value = String(wishes.section_bars);
    get("modulate").checked = wishes.modulate;
  }
  studio.addEventListener("change", ({ detail }) => ["piece", "open"].includes(detail) && render());
  render();
}
