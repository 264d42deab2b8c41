/** Projects: saved a moment after every change, on the server and in the browser, so that neither's end loses any. */

import * as api from "./api.js";
import * as drafts from "./drafts.js";
import { NO_WISHES } from "./types.js";

// Browsers write their own store to the disk only after seconds; what is on the server outlives even a browser that is
// killed, so it goes there soon.
const WAIT_MILLISECONDS = 400;
const OWN_MACHINE = /^(localhost|127\.[\d.]+|\[::1\])$/;
const MOST_BYTES = 3_900_000;

/** Emits `state` with `saved`, `saving`, `local`, `conflict` or `new` as its `state`. */
export class Projects extends EventTarget {
  /** @param {import("./studio.js").Studio} studio */
  constructor(studio) {
    super();
    this.studio = studio;
    this.id = null;
    this.revision = 0;
    this.state = "new";
    this.dirty = false;
    this.changed = 0;
    this.timer = 0;
    this.wait = WAIT_MILLISECONDS;
    studio.addEventListener("change", ({ detail }) => {
      if (detail === "piece") this.touch();
    });
    window.addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave());
  }

  /** What is kept of the page. */
  document() {
    const { doc, voice, muted, solo, split, fold } = this.studio;
    return { version: 1, ...doc, view: { voice, muted: [...muted], solo: [...solo], split, fold } };
  }

  get title() {
    return this.studio.piece.title.trim() || "Credo";
  }

  /** The work is another: kept here at once, and sent soon. */
  touch() {
    this.dirty = true;
    this.changes = (this.changes ?? 0) + 1;
    this.changed = Date.now();
    clearTimeout(this.timer);
    if (this.state === "conflict") {
      this.#keep();
      return;
    }
    this.#set("saving");
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.#keep(), 150);
    this.timer = setTimeout(() => this.save(), this.wait);
  }

  /** Puts the work into the browser's own store. */
  #keep() {
    const { id, revision, dirty, changed } = this;
    drafts.keep({ id, revision, dirty, changed, document: this.document() });
  }

  /** Sends the work; where the server cannot be reached, again a little later. */
  async save(last = false) {
    if (this.saving || (!this.dirty && !last)) return;
    clearTimeout(this.timer);
    this.saving = true;
    const changes = this.changes;
    let document = this.document();
    if (JSON.stringify(document).length > MOST_BYTES) document = { ...document, alternatives: [] };
    try {
      if (this.id === null) {
        const made = await api.makeProject(this.title, document);
        this.id = made.id;
        this.revision = made.revision ?? 1;
        history.replaceState(null, "", `#${encodeURIComponent(this.id)}`);
      } else {
        const kept = await api.saveProject(this.id, this.title, this.revision, document, last);
        this.revision = kept?.revision ?? this.revision + 1;
      }
      this.dirty = changes !== this.changes;
      this.wait = WAIT_MILLISECONDS;
      this.#set(this.dirty ? "saving" : "saved");
      if (this.dirty) this.timer = setTimeout(() => this.save(), this.wait);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      if (error.status === 409) this.#set("conflict");
      else if (error.status === 404 && this.id !== null) {
        this.id = null;
        this.timer = setTimeout(() => this.save(), this.wait);
      } else {
        this.wait = Math.min(30_000, Math.max(error.retry * 1000, this.wait * 2));
        this.#set("local");
        this.timer = setTimeout(() => this.save(), this.wait);
      }
    } finally {
      this.saving = false;
      this.#keep();
    }
  }

  #leave() {
    if (!this.changes) return;
    this.#keep();
    if (this.dirty && this.state !== "conflict") this.save(true);
  }

  /** Opens what was open last, or what the address names. @returns {Promise<boolean>} whether there was anything */
  async restore() {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const draft = drafts.take(wanted);
    if (draft) {
      if (!draft.dirty && draft.id !== null && (await this.open(draft.id))) return true;
      this.#show(draft.document, draft.id, draft.revision);
      if (draft.dirty) this.touch();
      return true;
    }
    if (wanted) return this.open(wanted);
    return OWN_MACHINE.test(location.hostname) && this.#openLast();
  }

  /** Opens what was saved last: the store of a browser that was killed may know nothing of it. */
  async #openLast() {
    try {
      const [last] = await api.listProjects();
      return last ? await this.open(last.id) : false;
    } catch (error) {
      if (error instanceof api.ApiError) return false;
      throw error;
    }
  }

  /** @param {string} id @returns {Promise<boolean>} */
  async open(id) {
    if (this.dirty && this.state !== "conflict") await this.save();
    try {
      const project = await api.readProject(id);
      this.#show(project.document, project.id ?? id, project.revision);
      this.#set("saved");
      this.#keep();
      return true;
    } catch (error) {
      if (error instanceof api.ApiError) return false;
      throw error;
    }
  }

  #show(document, id, revision) {
    const { view = {}, version: _version, ...parts } = document;
    const { studio } = this;
    this.id = id;
    this.revision = revision;
    this.dirty = false;
    this.changes = 0;
    if (id !== null) history.replaceState(null, "", `#${encodeURIComponent(id)}`);
    studio.muted = new Set(view.muted ?? []);
    studio.solo = new Set(view.solo ?? []);
    if (view.voice) studio.voice = view.voice;
    studio.split = view.split ?? studio.split;
    studio.fold = view.fold ?? "all";
    studio.model.open({ other: null, alternatives: [], mix: {}, ...parts, wishes: { ...NO_WISHES, ...parts.wishes } });
  }

  /** Begins an empty project. */
  async begin(document) {
    if (this.dirty && this.state !== "conflict") await this.save();
    this.#show(document, null, 0);
    history.replaceState(null, "", location.pathname);
    drafts.forget();
    this.#set("new");
  }

  /** Ends a conflict: by keeping mine as another project, or by opening what was saved elsewhere. */
  async resolve(mine) {
    if (!mine && this.id !== null) {
      this.dirty = false;
      await this.open(this.id);
      return;
    }
    this.id = null;
    this.revision = 0;
    this.dirty = true;
    this.state = "saving";
    await this.save();
  }

  #set(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
