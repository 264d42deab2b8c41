/** The bar at the top: title, undo, transport, files, views, language and theme; and the tools above the roll. */

import { exportAs, importFile } from "./files.js";
import { wished } from "./samples.js";
import { language, say, setLanguage, translate } from "./words.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));
const press = (id, act) => get(id).addEventListener("click", act);
const pressed = (id, on) => get(id).setAttribute("aria-pressed", String(on));

/**
 * @param {{studio: import("./studio.js").Studio, roll: import("./roll.js").Roll, player: import("./play.js").Player,
 *   projects: import("./projects.js").Projects, jobs: import("./tasks.js").Jobs}} page
 */
export function useTopBar({ studio, roll, player, projects }) {
  useTitle(studio);
  useTransport(studio, player);
  useTools(studio, roll);
  useLook();
  press("undo", () => told(studio, studio.model.undo(), "undone"));
  press("redo", () => told(studio, studio.model.redo(), "redone"));
  press("import", () => get("file").click());
  get("file").addEventListener("change", () => {
    const [file] = get("file").files;
    get("file").value = "";
    if (file) importFile(studio, file);
  });
  for (const button of document.querySelectorAll("[data-format]")) {
    button.addEventListener("click", () => {
      get("export-menu").open = false;
      exportAs(studio, button.dataset.format);
    });
  }
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  projects.addEventListener("state", () => showState(projects));
  document.addEventListener("restyle", () => showState(projects));
  showState(projects);
}

function told(studio, label, how) {
  studio.say(label ? how : how === "undone" ? "nothing-to-undo" : "nothing-to-redo", {
    what: label ? say(`do-${label}`) : "",
  });
}

function showState(projects) {
  get("saved").textContent = say(`state-${projects.state}`);
  get("saved").className = projects.state;
  get("conflict").hidden = projects.state !== "conflict";
}

function useTitle(studio) {
  const title = get("title");
  title.addEventListener("change", () => {
    if (!studio.edit("title", { ...studio.piece, title: title.value.trim().slice(0, 200) }))
      title.value = studio.piece.title;
  });
  const show = () => {
    if (document.activeElement !== title) title.value = studio.piece.title;
    get("undo").disabled = !studio.model.past.length;
    get("redo").disabled = !studio.model.future.length;
    document.title = `${studio.piece.title || say("untitled")} · Credo Studio`;
  };
  studio.addEventListener("change", ({ detail }) => ["piece", "open"].includes(detail) && show());
  show();
}

function useTransport(studio, player) {
  press("play", () => player.toggle());
  press("to-start", () => player.stop());
  press("loop", () => {
    player.looping = !player.looping;
    pressed("loop", player.looping);
  });
  press("metronome", () => {
    player.metronome = !player.metronome;
    pressed("metronome", player.metronome);
  });
  const sound = get("sound");
  sound.value = wished() ? "sampled" : "simple";
  sound.addEventListener("change", () => player.sample(sound.value === "sampled"));
  const place = get("place");
  const show = () => {
    const step = player.step();
    const beat = Math.floor(((step % studio.bar) / (studio.texture.steps_per_quarter * 4)) * studio.shown.metre[1]) + 1;
    const text = `${Math.floor(step / studio.bar) + 1} . ${beat}`;
    if (place.textContent !== text) place.textContent = text;
    if (player.playing) requestAnimationFrame(show);
  };
  player.addEventListener("state", () => {
    pressed("play", player.playing);
    get("play").dataset.label = player.playing ? "pause" : "play";
    translate(get("play").parentElement);
    show();
  });
  studio.addEventListener("change", ({ detail }) => detail !== "preview" && !player.playing && show());
  show();
}

function useTools(studio, roll) {
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.addEventListener("click", () => {
      studio.tool = button.dataset.tool;
      studio.tell("tool");
    });
  }
  const show = () => {
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === studio.tool));
    }
    const steps = studio.texture.steps_per_quarter;
    const choices = [...new Set([1, steps / 4, steps / 3, steps / 2, steps, studio.bar])]
      .filter((one) => Number.isInteger(one))
      .sort((a, b) => a - b);
    if (!choices.includes(studio.snap)) studio.snap = 1;
    get("snap").replaceChildren(
      ...choices.map(
        (one) =>
          new Option(
            one === studio.bar ? say("snap-bar") : say("snap-note", { fraction: fractionOf(one, steps) }),
            one,
          ),
      ),
    );
    get("snap").value = String(studio.snap);
    pressed("hold-drawn", studio.holdDrawn);
  };
  get("snap").addEventListener("change", () => {
    studio.snap = Number(get("snap").value);
    roll.draw();
  });
  press("hold-drawn", () => {
    studio.holdDrawn = !studio.holdDrawn;
    show();
  });
  press("zoom-in", () => zoom(roll, 1.3));
  press("zoom-out", () => zoom(roll, 1 / 1.3));
  press("zoom-fit", () => roll.fit());
  studio.addEventListener("change", ({ detail }) => ["tool", "open", "piece"].includes(detail) && show());
  document.addEventListener("restyle", show);
  show();
}

function zoom(roll, factor) {
  roll.view.zoom(factor);
  roll.draw("grid", "notes");
}

/** A number of steps as a part of a whole note. */
function fractionOf(steps, quarter) {
  const part = (quarter * 4) / steps;
  return Number.isInteger(part) ? `1/${part}` : `${steps}/${quarter * 4}`;
}

function useLook() {
  const languages = get("language");
  languages.value = language;
  languages.addEventListener("change", () => {
    setLanguage(languages.value);
    translate();
    document.dispatchEvent(new Event("restyle"));
  });
  const root = document.documentElement;
  let theme = "";
  try {
    theme = localStorage.getItem("credo.theme") ?? "";
  } catch {
    /* the system's, then */
  }
  if (theme) root.dataset.theme = theme;
  press("theme", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("credo.theme", root.dataset.theme);
    } catch {
      /* for now alone, then */
    }
    document.dispatchEvent(new Event("restyle"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new Event("restyle")),
  );
}
