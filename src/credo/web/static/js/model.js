/** The document and its history: every change makes a new document, and each can be undone. */

/** @typedef {import("./types.js").Document} Document */

/** Emits `change` whenever the document is another one. */
export class Model extends EventTarget {
  /** @param {Document} doc */
  constructor(doc) {
    super();
    /** @type {Document} */
    this.doc = doc;
    /** @type {{doc: Document, label: string}[]} */
    this.past = [];
    /** @type {{doc: Document, label: string}[]} */
    this.future = [];
    /** @type {Document | null} The document before a gesture that still goes on. */
    this.before = null;
    this.lastLabel = "";
    this.lastAt = 0;
  }

  /** Opens another document; its history begins here. @param {Document} doc */
  open(doc) {
    this.doc = doc;
    this.past = [];
    this.future = [];
    this.before = null;
    this.lastLabel = "";
    this.#tell("open");
  }

  /**
   * One change. Changes of one label that follow one another at once count as one, where `merge` says so: a slider.
   * Where it is a text, all that follow one another with the same text count as one: what is played in one go.
   * @param {string} label a key of the words @param {Partial<Document>} parts @param {boolean | string} merge
   */
  change(label, parts, merge = false) {
    this.settle();
    const next = { ...this.doc, ...parts };
    const now = Date.now();
    const name = typeof merge === "string" ? `${label} ${merge}` : label;
    const soon = typeof merge === "string" || now - this.lastAt < 1000;
    const joined = merge && name === this.lastLabel && soon && this.past.length;
    if (!joined) this.past.push({ doc: this.doc, label });
    this.lastLabel = merge ? name : "";
    this.lastAt = now;
    this.future = [];
    this.doc = next;
    this.#tell("edit");
  }

  /** Shows a step of a gesture, such as a drag, which counts as one change once it has settled. */
  preview(label, parts) {
    if (!this.before) {
      this.before = this.doc;
      this.gesture = label;
    }
    this.doc = { ...this.before, ...parts };
    this.#tell("preview");
  }

  /** Ends a gesture. */
  settle() {
    if (!this.before) return;
    const { before } = this;
    this.before = null;
    if (before === this.doc) return;
    this.past.push({ doc: before, label: this.gesture });
    this.future = [];
    this.lastLabel = "";
    this.#tell("edit");
  }

  /** Gives a gesture up. */
  abandon() {
    if (!this.before) return;
    this.doc = this.before;
    this.before = null;
    this.#tell("edit");
  }

  /** @returns {string} the label of what was undone; empty where there is nothing */
  undo() {
    this.settle();
    const last = this.past.pop();
    if (!last) return "";
    this.future.push({ doc: this.doc, label: last.label });
    this.doc = last.doc;
    this.lastLabel = "";
    this.#tell("undo");
    return last.label;
  }

  /** @returns {string} the label of what was done again; empty where there is nothing */
  redo() {
    this.settle();
    const next = this.future.pop();
    if (!next) return "";
    this.past.push({ doc: this.doc, label: next.label });
    this.doc = next.doc;
    this.lastLabel = "";
    this.#tell("undo");
    return next.label;
  }

  /**
   * Changes every state of the history, without a step of its own: for what arrives late of something that is in it.
   * @param {(doc: Document) => Document} change gives the same document back where there is nothing to change
   */
  rewrite(change) {
    const one = (step) => ({ ...step, doc: change(step.doc) });
    this.past = this.past.map(one);
    this.future = this.future.map(one);
    if (this.before) this.before = change(this.before);
    const next = change(this.doc);
    if (next === this.doc) return;
    this.doc = next;
    this.#tell("edit");
  }

  #tell(why) {
    this.dispatchEvent(new CustomEvent("change", { detail: why }));
  }
}
