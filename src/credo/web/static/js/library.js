/** The library: what is recommended, what is like this piece, what words ask for, and what was rated. */

import * as api from "./api.js";
import { played } from "./mix.js";
import { newId } from "./piece.js";
import { translated } from "./told.js";
import { name, say } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));
/** Seconds of a piece that are played to get to know it. */
const TASTER = 20;

/** @typedef {{number: number | null, title: string, composer: string, stars: number | null, reasons?: string,
 *   bars?: number, attributes?: Record<string, any>, expected_stars?: number | null, same_music?: boolean,
 *   sha256?: string}} Row */

/** @param {any} page its parts */
export function useLibrary({ studio, projects, player, jobs }) {
  let shown = "recommended";
  let like = null;
  let turn = 0;
  /** The row that is heard, and how it ends. @type {{button: HTMLElement, timer: number} | null} */
  let heard = null;

  const LISTS = {
    recommended: () => api.recommended(),
    similar: () => {
      const by = get("library-by").value;
      const bar = by === "bar" ? Math.floor(studio.range.from / studio.bar) + 1 : null;
      const which = like === null ? { piece: studio.shown } : { number: like.number };
      return api.similar(which, by === "bar" ? "whole" : by, bar).then((found) => found.pieces);
    },
    search: () => api.searchLibrary(get("library-text").value.trim()),
    ratings: () => api.ratings(),
  };

  /** Fills the list; what comes late, after another was asked for, is left out. */
  async function show(kind = shown) {
    shown = kind;
    turn += 1;
    const own = turn;
    silence();
    for (const button of document.querySelectorAll("#library [data-list]")) {
      button.setAttribute("aria-pressed", String(button.dataset.list === kind));
    }
    get("library-search").hidden = kind !== "search";
    get("library-like").hidden = kind !== "similar";
    if (kind === "similar") renderLike();
    const list = get("library-list");
    list.setAttribute("aria-busy", "true");
    get("library-told").textContent = say("reading");
    try {
      if (kind === "similar" && like === null && !studio.shown.notes.length) throw new api.ApiError(422, none());
      const rows = await LISTS[kind]();
      const told = rows.length ? await about(kind) : say(`library-no-${kind}`);
      if (own !== turn) return;
      list.replaceChildren(...rows.map(line));
      get("library-told").textContent = told;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (own !== turn) return;
      list.replaceChildren();
      const told = [error.message, error.hint].filter(Boolean).map(translated).join(". ");
      get("library-told").textContent = error.status === 0 ? say("server-gone") : told;
    } finally {
      if (own === turn) list.removeAttribute("aria-busy");
    }
  }

  const none = () => ({ message: say("needs-notes") });

  /** What is known of the listener, over recommendations; elsewhere how much there is. */
  async function about(kind) {
    const { pieces, ratings, told } = await api.aboutLibrary();
    const counted = say("library-count", { pieces, ratings });
    return kind === "recommended" && told.length ? told.map(translated).join(" · ") : counted;
  }

  function renderLike() {
    const by = get("library-by").value || "whole";
    get("library-by").replaceChildren(
      ...["whole", "harmony", "melody", "rhythm", "texture", ...(studio.range && like === null ? ["bar"] : [])].map(
        (one) => new Option(say(`by-${one}`), one),
      ),
    );
    get("library-by").value = [...get("library-by").options].some((one) => one.value === by) ? by : "whole";
    get("library-to").textContent = say("like-what", {
      title: like === null ? studio.piece.title || say("untitled") : like.title,
    });
  }

  /** @param {Row} row */
  function line(row) {
    const item = document.createElement("li");
    const words = document.createElement("div");
    const title = document.createElement("strong");
    title.textContent = row.title || say("untitled");
    const facts = document.createElement("span");
    facts.textContent = factsOf(row);
    words.append(title, facts);
    if (row.reasons) {
      const reasons = document.createElement("small");
      reasons.textContent = translated(row.reasons);
      words.append(reasons);
    }
    const buttons = document.createElement("div");
    buttons.className = "row-buttons";
    if (row.number !== null) {
      buttons.append(act("hear", row, (button) => hear(row, button), "▶"));
    }
    buttons.append(...hearts(row));
    if (row.number !== null) {
      buttons.append(
        act("similar", row, () => {
          like = row;
          show("similar");
        }),
        act("more-like", row, () => {
          get("library").close();
          jobs.start("more-like", row.number);
        }),
        act("open", row, () => open(row)),
      );
    }
    item.append(words, buttons);
    return item;
  }

  /** Likes and dislikes of a row. One that is rated and has left the library can only be forgotten. */
  function hearts(row) {
    const gone = row.number === null;
    const press = () => {
      for (const one of both) one.setAttribute("aria-pressed", String(Number(one.dataset.stars) === row.stars));
    };
    async function rate(stars) {
      try {
        if (gone) await api.unrate(row.sha256);
        const rated = gone ? null : await api.rate({ number: row.number }, row.stars === stars ? null : stars);
        row.stars = rated?.stars ?? null;
        press();
        document.dispatchEvent(new Event("rated"));
      } catch (error) {
        refused(error);
      }
    }
    const both = [act("like", row, () => rate(5), "♥"), act("dislike", row, () => rate(1), "✕")];
    for (const [place, stars] of [5, 1].entries()) {
      both[place].dataset.stars = String(stars);
      both[place].disabled = gone && row.stars !== stars;
    }
    press();
    return both;
  }

  function act(kind, row, run, glyph = "") {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.act = kind;
    button.textContent = glyph || say(`row-${kind}`);
    button.setAttribute("aria-label", say(`row-label-${kind}`, { title: row.title }));
    button.title = button.getAttribute("aria-label");
    if (glyph) button.className = "icon";
    button.addEventListener("click", () => run(button));
    return button;
  }

  async function notesOf(row) {
    const { piece, remarks } = await api.libraryNotes(row.number, studio.card.name);
    const notes = piece.notes.map((note) => ({ locked: false, velocity: 80, ...note, id: newId() }));
    return { piece: { locked_bars: [], locked_voices: [], ...piece, title: row.title, notes }, remarks };
  }

  /** Opens a piece as a project of its own. */
  async function open(row) {
    try {
      const { piece, remarks } = await notesOf(row);
      get("library").close();
      await projects.begin({ ...studio.newDocument(studio.card), piece });
      studio.tell("piece");
      const told = remarks.map(translated).join("; ");
      studio.say("imported", { count: piece.notes.length, bars: piece.bars, remarks: told });
    } catch (error) {
      refused(error);
    }
  }

  /** Plays how a piece begins, or ends that. */
  async function hear(row, button) {
    const same = heard?.button === button;
    silence();
    if (same) return;
    try {
      player.pause();
      const synth = player.wake();
      const { piece } = await notesOf(row);
      const step = 60 / piece.tempo / studio.texture.steps_per_quarter;
      const from = Math.min(...piece.notes.map((note) => note.onset));
      const begin = synth.context.currentTime + 0.1;
      let last = 0;
      for (const note of piece.notes) {
        const at = (note.onset - from) * step;
        if (at > TASTER) continue;
        const voice = studio.texture.voices.find((one) => one.name === note.voice);
        synth.play(played({}, voice), note.pitch, note.velocity, begin + at, note.duration * step * 0.96);
        last = Math.max(last, at + note.duration * step);
      }
      button.setAttribute("aria-pressed", "true");
      heard = { button, timer: window.setTimeout(silence, 1000 * last + 200) };
    } catch (error) {
      refused(error);
    }
  }

  function silence() {
    if (!heard) return;
    clearTimeout(heard.timer);
    heard.button.setAttribute("aria-pressed", "false");
    heard = null;
    player.synth?.hush();
  }

  function refused(error) {
    if (!(error instanceof api.ApiError)) throw error;
    get("library-told").textContent = error.status ? translated(error.message) : say("server-gone");
  }

  get("library-button").addEventListener("click", () => {
    like = null;
    get("library").showModal();
    show();
  });
  get("library").addEventListener("close", silence);
  for (const button of document.querySelectorAll("#library [data-list]")) {
    button.addEventListener("click", () => {
      if (button.dataset.list === "similar") like = null;
      show(button.dataset.list);
    });
  }
  get("library-search").addEventListener("submit", (event) => {
    event.preventDefault();
    show("search");
  });
  get("library-by").addEventListener("change", () => show("similar"));
}

/** What is told of a piece in a line. @param {Row} row */
function factsOf(row) {
  const { attributes: told = {} } = row;
  const facts = [
    row.composer,
    row.bars ? say("row-bars", { bars: row.bars }) : "",
    told.metre,
    told.key && name("key", told.key),
    told.tempo ? `♩ ${Math.round(told.tempo)}` : "",
    row.expected_stars ? say("stars-expected", { stars: row.expected_stars.toFixed(1) }) : "",
    row.sha256 && row.stars !== null ? `${row.stars} ★` : "",
  ];
  return facts.filter(Boolean).join(" · ");
}
