/**
 * Drafts: what a window has that the server may not have yet, kept in the browser's own store, one a window.
 *
 * @typedef {{ id: string | null, revision: number, dirty: boolean, changed: number, document: object }} Draft
 *     `changed` is when the work was last another, in milliseconds since 1970.
 */

const PREFIX = "credo.draft.";
const WINDOW = "credo.window";
/** Drafts of other windows that the server has too; those that it has not are never dropped. */
const MOST_CLEAN = 4;

/** The name of this window; it stays through reloads. */
function ownKey() {
  try {
    let name = sessionStorage.getItem(WINDOW);
    if (!name) {
      name = crypto.getRandomValues(new Uint32Array(2)).join("-");
      sessionStorage.setItem(WINDOW, name);
    }
    return PREFIX + name;
  } catch {
    return `${PREFIX}0`;
  }
}

/** @returns {{ key: string, draft: Draft }[]} drafts of all windows: unsaved ones first, then the latest ones */
function all() {
  const found = [];
  try {
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
      try {
        const draft = JSON.parse(localStorage.getItem(key));
        if (draft?.document?.piece) found.push({ key, draft });
      } catch {
        /* a torn draft is none */
      }
    }
  } catch {
    /* no store */
  }
  const rank = ({ draft }) => [draft.dirty ? 1 : 0, draft.changed ?? 0];
  return found.sort((a, b) => rank(b)[0] - rank(a)[0] || rank(b)[1] - rank(a)[1]);
}

/** Keeps this window's draft, without its alternatives where there is no room for them. @param {Draft} draft */
export function keep(draft) {
  const key = ownKey();
  try {
    localStorage.setItem(key, JSON.stringify(draft));
  } catch {
    try {
      for (const other of all().filter((one) => !one.draft.dirty)) localStorage.removeItem(other.key);
      localStorage.setItem(key, JSON.stringify({ ...draft, document: { ...draft.document, alternatives: [] } }));
    } catch {
      /* no room at all: the server has it, or will */
    }
  }
}

/**
 * Takes the draft to go on with: this window's own, or the one that a closed window has left.
 *
 * A window that is still open writes its draft again at its next change, so nothing of it is taken away.
 *
 * @param {string} wanted the project that is asked for; "" for any
 * @returns {Draft | null}
 */
export function take(wanted) {
  const fitting = all().filter(({ draft }) => !wanted || draft.id === wanted);
  const own = fitting.find(({ key }) => key === ownKey());
  const found = own ?? fitting[0];
  if (!found) return null;
  try {
    if (found.key !== ownKey()) {
      localStorage.removeItem(found.key);
      keep(found.draft);
    }
    const clean = all().filter(({ key, draft }) => !draft.dirty && key !== ownKey());
    for (const { key } of clean.slice(MOST_CLEAN)) localStorage.removeItem(key);
  } catch {
    /* it is shown all the same */
  }
  return found.draft;
}

/** This window has no draft any more. */
export function forget() {
  try {
    localStorage.removeItem(ownKey());
  } catch {
    /* nothing was kept */
  }
}
