/** The panel of tasks and wishes: what is asked, how it should sound, and how far a job has come. */

import { useMoodPad } from "./mood.js";
import { feelingOf } from "./prompt.js";
import { TASKS, missing } from "./tasks.js";
import { translated } from "./told.js";
import { name, say } from "./words.js";

/** Sliders of wishes: the field, and how its value is said. */
const SLIDERS = {
  temperature: (value) => value.toFixed(2),
  amount: (value) => `${Math.round(100 * value)} %`,
  share: (value) => `${Math.round(100 * value)} %`,
  touch: (value) => `${Math.round(100 * value)} %`,
  repeats: (value) => `${Math.round(100 * value)} %`,
  density: (value) => value.toFixed(1),
  register: (value) => String(Math.round(value)),
};

/** @param {import("./studio.js").Studio} studio @param {import("./tasks.js").Jobs} jobs */
export function showPanels(studio, jobs) {
  const get = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
  const buttons = new Map(
    TASKS.map((task) => [task, /** @type {HTMLButtonElement} */ (document.querySelector(`[data-task=${task}]`))]),
  );
  for (const [task, button] of buttons) button.addEventListener("click", () => jobs.start(task));

  const wish = (change) => {
    studio.model.change("wish", { wishes: { ...studio.doc.wishes, ...change } }, true);
  };
  for (const name of Object.keys(SLIDERS)) {
    get(name).addEventListener("input", () => wish({ [name]: Number(get(name).value) }));
  }
  for (const name of ["density", "register"]) {
    get(`${name}-on`).addEventListener("change", () => {
      wish({ [name]: get(`${name}-on`).checked ? Number(get(name).value) : null });
    });
  }
  get("more-bars").addEventListener("change", () => wish({ more_bars: whole("more-bars", 1, 64) }));
  get("alternatives").addEventListener("change", () => wish({ alternatives: whole("alternatives", 1, 8) }));
  get("cancel").addEventListener("click", () => jobs.cancel());
  const pad = useMoodPad(get("mood-pad"), (feeling) => wish({ feeling }));
  get("mood-off").addEventListener("click", () => wish({ feeling: null }));

  const whole = (id, low, high) => Math.round(Math.max(low, Math.min(high, Number(get(id).value) || low)));

  function renderWishes() {
    const { wishes, other } = studio.doc;
    for (const [name, text] of Object.entries(SLIDERS)) {
      const value = wishes[name];
      if (value !== null) get(name).value = String(value);
      document.querySelector(`output[for=${name}]`).textContent = value === null ? say("any") : text(Number(value));
    }
    for (const name of ["density", "register"]) {
      get(`${name}-on`).checked = wishes[name] !== null;
      get(name).disabled = wishes[name] === null;
    }
    get("more-bars").value = String(wishes.more_bars);
    get("alternatives").value = String(wishes.alternatives);
    const read = feelingOf(wishes.read);
    pad.show(wishes.feeling, read);
    get("mood-off").disabled = !wishes.feeling;
    document.querySelector("output[for=mood-pad]").textContent = wishes.feeling
      ? moodText(wishes.feeling)
      : read
        ? say("mood-read", { mood: moodText(read) })
        : say("any");
    document.getElementById("other-name").textContent = other ? other.title || say("untitled") : say("no-other");
  }

  function renderTasks() {
    for (const [task, button] of buttons) {
      const lacks = missing(studio, task);
      button.classList.toggle("lacking", Boolean(lacks));
      button.setAttribute("aria-disabled", String(Boolean(lacks)));
      button.title = lacks ? say(lacks) : say(`about-${task}`);
    }
    document.getElementById("humanize-box").hidden = !studio.texture.voices.some((voice) => voice.expressive);
    const scope = studio.selection;
    document.getElementById("scope").textContent = scope
      ? say("scope-part", {
          from: placeOf(scope.from_step),
          to: placeOf(scope.to_step),
          voices: scope.voices.map((voice) => name("voice", voice)).join(", ") || say("all-voices"),
        })
      : say("scope-all");
  }

  /** A step as bar and beat. */
  function placeOf(step) {
    const beat = ((step % studio.bar) / (studio.texture.steps_per_quarter * 4)) * studio.piece.metre[1];
    return `${Math.floor(step / studio.bar) + 1}.${Number((beat + 1).toFixed(2))}`;
  }

  function renderJob() {
    const on = Boolean(jobs.running);
    document.getElementById("job").hidden = !on;
    const bar = /** @type {HTMLProgressElement} */ (document.getElementById("progress"));
    if (on && jobs.progress > 0) bar.value = jobs.progress;
    else bar.removeAttribute("value");
    document.getElementById("job-text").textContent = !on
      ? ""
      : jobs.position > 0
        ? say("waiting", { position: jobs.position })
        : say("working", { task: say(`task-${jobs.task}`) });
  }

  function renderRemarks() {
    const list = document.getElementById("remarks");
    list.hidden = !jobs.remarks.length;
    list.replaceChildren(
      ...jobs.remarks.map((remark) => {
        const line = document.createElement("li");
        line.textContent = translated(remark);
        return line;
      }),
    );
  }

  jobs.addEventListener("state", () => {
    renderJob();
    renderRemarks();
  });
  studio.addEventListener("change", ({ detail }) => {
    if (["preview", "playhead"].includes(detail)) return;
    renderTasks();
    if (detail === "piece" || detail === "open") renderWishes();
  });
  document.addEventListener("restyle", () => {
    renderWishes();
    renderTasks();
  });
  renderWishes();
  renderTasks();
  renderJob();
}

function moodText({ valence, arousal }) {
  const sign = (value) => (value > 0 ? "+" : value < 0 ? "−" : "") + Math.abs(value).toFixed(1);
  return `${sign(valence)} / ${sign(arousal)}`;
}
