/** What the page says, in the reader's language. */

/** @type {Record<string, Record<string, string>>} */
let table = { en: {}, zh: {} };
export let language = "en";

/** Reads the words and takes the language that was chosen before, or the browser's. */
export async function loadWords() {
  table = await (await fetch("words.json")).json();
  let chosen = null;
  try {
    chosen = localStorage.getItem("credo.language");
  } catch {
    /* a browser that stores nothing still speaks */
  }
  language = chosen in table ? chosen : (navigator.language || "en").startsWith("zh") ? "zh" : "en";
}

/** @param {string} next */
export function setLanguage(next) {
  language = next in table ? next : "en";
  try {
    localStorage.setItem("credo.language", language);
  } catch {
    /* not kept, then */
  }
}

/** A sentence. @param {string} key @param {Record<string, string | number>} values put in the place of `{name}` */
export function say(key, values = {}) {
  const text = table[language][key] ?? table.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** A name that has a word, or the name itself: voices, instruments, keys. */
export function name(kind, value) {
  return table[language][`${kind}.${value}`] ?? value;
}

/** Says everything that the page's marks ask for: `data-word`, `data-label` and `data-hint`. */
export function translate(root = document) {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of root.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of root.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
    element.title = say(element.dataset.label) + (element.dataset.key ? ` (${element.dataset.key})` : "");
  }
  for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = say(element.dataset.hint);
}
