/** The server's API: JSON over HTTP, with errors that say what to do. */

const BASE = "api/v1";

/** An answer that is none: the server's own words, or that it cannot be reached (status 0). */
export class ApiError extends Error {
  /** @param {number} status @param {{code?: string, message?: string, hint?: string}} body @param {number} retry */
  constructor(status, body, retry = 0) {
    super(body.message || body.code || String(status));
    this.status = status;
    this.code = body.code ?? "";
    this.hint = body.hint ?? "";
    /** Seconds after which to ask again; 0 where none are said. */
    this.retry = retry;
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`${BASE}/${path}`, { cache: "no-store", credentials: "same-origin", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, { code: "unreachable", message: "" });
  }
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw new ApiError(answer.status, body.error ?? {}, Number(answer.headers.get("Retry-After")) || 0);
}

async function json(path, options) {
  const answer = await ask(path, options);
  return answer.status === 204 ? null : answer.json();
}

function send(path, body, method = "POST", more = {}) {
  return json(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...more });
}

export const models = () => json("models");
export const health = () => json("health");
export const heat = (piece, signal) => send("heat", { piece }, "POST", { signal });
export const attributes = (asked) => send("attributes", asked);
export const listProjects = () => json("projects");
export const readProject = (id) => json(`projects/${encodeURIComponent(id)}`);
export const makeProject = (title, document) => send("projects", { title, document });
export const deleteProject = (id) => json(`projects/${encodeURIComponent(id)}`, { method: "DELETE" });
/** @param {boolean} last whether the page is going away: the request then outlives it, where it is small */
export const saveProject = (id, title, revision, document, last = false) =>
  send(`projects/${encodeURIComponent(id)}`, { title, revision, document }, "PUT", { keepalive: last });

/** What a picture asks of music, with words if there are any. @param {File} file @param {string} text */
export function attributesOfPicture(file, text) {
  const form = new FormData();
  form.append("file", file, file.name);
  if (text) form.append("text", text);
  return json("attributes/image", { method: "POST", body: form });
}

/**
 * Notes of a file, and the titles of all tunes if it is a book of several.
 * @param {File} file @param {string} model @param {number} tune which one of a book, from 1
 * @returns {Promise<{piece: any, remarks: string[], tunes: string[]}>}
 */
export function importFile(file, model, tune, signal) {
  const form = new FormData();
  form.append("model", model);
  form.append("tune", String(tune));
  form.append("file", file, file.name);
  return json("import", { method: "POST", body: form, signal });
}

/** The piece as a file of a format, with other instruments by voice. @returns {Promise<Blob>} */
export async function exportPiece(piece, format, programs = {}) {
  const answer = await ask("export", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ piece, format, programs }),
  });
  return answer.blob();
}

/** Where the notes of an instrument are in its file. @param {string} program */
export const samplePlaces = (program) => json(`samples/${program}/places`);

/** The file; the browser keeps it. @param {string} program @returns {Promise<ArrayBuffer>} */
export async function sampleSound(program) {
  return (await ask(`samples/${program}`, { cache: "default" })).arrayBuffer();
}

const inLibrary = (path, query = {}) => json(`library/${path}?${new URLSearchParams(query)}`);
export const aboutLibrary = () => json("library");
export const searchLibrary = (text) => inLibrary("pieces", { text, count: 50 });
export const recommended = () => inLibrary("recommended", { count: 12 });
export const ratings = () => json("library/ratings");
/** Notes of a piece of the library on the voices of a model. @param {number} number @param {string} model */
export const libraryNotes = (number, model) => inLibrary(`pieces/${number}/notes`, { model });
/** What is like a piece, by one of its sides. @param {{piece: object} | {number: number}} which */
export const similar = (which, by, bar) => send("library/similar", { ...which, by, bar, count: 12 });
/** @param {{piece: object} | {number: number}} which */
export const rate = (which, stars) => send("library/ratings", { ...which, stars });
export const unrate = (sha256) => json(`library/ratings/${sha256}`, { method: "DELETE" });
/** What the library knows of a piece as it stands. */
export const look = (piece) => send("library/look", { piece });

/**
 * Has the model work, and waits for it.
 * @param {object} asked what is asked @param {(job: {progress: number, position: number, state: string}) => void} tell
 * @param {AbortSignal} signal cancels the job
 * @param {(job: any) => void} grown told of the job when more of its results are there, before it is done
 * @param {string} where the route that takes it
 * @returns {Promise<any>} the job, done
 */
export async function work(asked, tell, signal, grown = () => {}, where = "jobs") {
  let answer;
  for (let attempt = 0; ; attempt += 1) {
    try {
      answer = await send(where, asked, "POST", { signal });
      break;
    } catch (error) {
      if (!(error instanceof ApiError) || ![429, 503].includes(error.status) || attempt === 4) throw error;
      tell({ state: "queued", progress: 0, position: 0 });
      await pause((error.retry || 2) * 1000, signal);
    }
  }
  const path = `jobs/${encodeURIComponent(answer.id)}`;
  const cancel = () => {
    ask(path, { method: "DELETE" }).catch(() => {});
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    let ready = 0;
    const heard = (state) => {
      tell(state);
      if (!(state.ready > ready) || state.ready >= (asked.alternatives ?? 1)) return;
      ready = state.ready;
      json(path, { signal }).then(
        (job) => job.state === "running" && grown(job),
        () => {},
      );
    };
    await listen(`${BASE}/${path}/events`, heard, signal);
    for (;;) {
      const job = await json(path, { signal });
      if (job.state === "done") return job;
      if (job.state === "cancelled") throw new DOMException("cancelled", "AbortError");
      if (job.state === "failed") throw new ApiError(500, asError(job.error));
      tell(job);
      await pause(250, signal);
    }
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

function asError(error) {
  return error && typeof error === "object" ? error : { message: String(error ?? "") };
}

/** Hears a job's events until the last, or until the line breaks: then asking goes on. */
function listen(url, tell, signal) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(url);
    const end = () => {
      source.close();
      signal.removeEventListener("abort", stop);
    };
    const stop = () => {
      end();
      reject(new DOMException("cancelled", "AbortError"));
    };
    const heard = (event) => {
      try {
        tell({ state: "running", position: 0, progress: 0, ...JSON.parse(event.data) });
      } catch {
        /* a line that is no JSON says nothing */
      }
    };
    source.addEventListener("progress", heard);
    for (const name of ["done", "failed", "cancelled", "error"]) {
      source.addEventListener(name, () => {
        end();
        resolve();
      });
    }
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(new DOMException("cancelled", "AbortError"));
      },
      { once: true },
    );
  });
}
