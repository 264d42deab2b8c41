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

/** Notes of a file. @param {File} file @param {string} model @returns {Promise<{piece: any, remarks: string[]}>} */
export function importFile(file, model) {
  const form = new FormData();
  form.append("model", model);
  form.append("file", file, file.name);
  return json("import", { method: "POST", body: form });
}

/** The piece as a file of a format. @returns {Promise<Blob>} */
export async function exportPiece(piece, format) {
  const answer = await ask("export", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ piece, format }),
  });
  return answer.blob();
}

/**
 * Has the model work, and waits for it.
 * @param {object} asked what is asked @param {(job: {progress: number, position: number, state: string}) => void} tell
 * @param {AbortSignal} signal cancels the job
 * @returns {Promise<any>} the job, done
 */
export async function work(asked, tell, signal) {
  let answer;
  for (let attempt = 0; ; attempt += 1) {
    try {
      answer = await send("jobs", asked, "POST", { signal });
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
    await listen(`${BASE}/${path}/events`, tell, signal);
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
