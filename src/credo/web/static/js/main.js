/** Puts the page together. */

import * as act from "./actions.js";
import { showAlternatives } from "./alternatives.js";
import * as api from "./api.js";
import { useDialogs } from "./dialogs.js";
import { useEdits } from "./edits.js";
import { useDragOut, useDrops } from "./files.js";
import { useLibrary } from "./library.js";
import { useKeys } from "./keyboard.js";
import { useForm } from "./form.js";
import { useMoreWishes } from "./more_wishes.js";
import { useOther } from "./other.js";
import { useLive } from "./live/panel.js";
import { showPanels } from "./panels.js";
import { Player } from "./play.js";
import { Projects } from "./projects.js";
import { usePrompt } from "./prompt.js";
import { Roll } from "./roll.js";
import { useHeat, useScore } from "./score.js";
import { Studio } from "./studio.js";
import { Jobs } from "./tasks.js";
import { usePointer } from "./tools.js";
import { useTaste } from "./taste.js";
import { useTopBar } from "./topbar.js";
import { showFacts, showVoices } from "./voices.js";
import { useLanes } from "./lanes.js";
import { loadWords, name, say, translate } from "./words.js";

const get = (id) => document.getElementById(id);

async function begin() {
  await loadWords();
  translate();
  let cards;
  for (let wait = 1; !cards?.length; wait = Math.min(wait * 2, 10)) {
    try {
      cards = await api.models();
      if (!cards.length) {
        get("status").textContent = say("no-models");
        return;
      }
    } catch (error) {
      get("status").textContent = error.status ? error.message : say("server-gone");
      await new Promise((resolve) => {
        setTimeout(resolve, wait * 1000);
      });
    }
  }
  get("status").textContent = "";
  const studio = new Studio(cards);
  const projects = new Projects(studio);
  const restored = await projects.restore();
  document.body.classList.remove("loading");
  const roll = new Roll(/** @type {HTMLCanvasElement} */ (get("roll")), studio);
  const player = new Player(studio);
  const jobs = new Jobs(studio);
  const sound = { hear: (pitch, voice) => player.hear(pitch, voice), seek: (step) => player.seek(step) };
  usePointer(roll, studio, sound);
  useKeys(roll, studio, sound, get("cell"));
  showVoices(get("voices"), studio);
  useLanes(roll, studio);
  useEdits(studio, get("notes-menu"));
  showFacts(studio);
  showPanels(studio, jobs);
  useForm(studio);
  useMoreWishes(studio, jobs);
  useOther(studio);
  showAlternatives(get("strip"), get("banner"), studio, jobs);
  useScore(studio, get("score"), /** @type {HTMLButtonElement} */ (get("score-button")));
  useHeat(studio, get("heat-button"));
  useTopBar({ studio, roll, player, projects, jobs });
  useDialogs({ studio, projects });
  useTaste(studio, jobs);
  useLibrary({ studio, projects, player, jobs });
  const live = useLive(studio, player);
  useDrops(studio, usePrompt(studio));
  useDragOut(studio, get("drag-out"));
  listen(studio, roll, player);
  useShortcuts(studio, player, jobs);
  if (!restored) roll.fit();
  canvasLabel(studio);
  window.credoStudio = { studio, roll, player, jobs, projects, live };
  document.documentElement.dataset.ready = "yes";
}

/** Draws what changes, and says what is to be said. */
function listen(studio, roll, player) {
  studio.addEventListener("change", ({ detail }) => {
    if (detail === "open") {
      roll.relayOut();
      roll.fit();
    } else if (detail === "fit") roll.fit();
    else if (detail === "playhead") roll.draw();
    else if (detail === "preview" || detail === "view") roll.draw("notes");
    else {
      const wide = roll.view.steps !== studio.steps;
      const other = roll.texture !== studio.texture;
      roll.relayOut();
      if ((wide && !player.endless) || other) roll.fit();
      else roll.draw("grid", "notes");
    }
    canvasLabel(studio);
  });
  studio.addEventListener("say", ({ detail: { key, values, kind } }) => {
    const status = get("status");
    const named = values.voice ? { ...values, voice: name("voice", values.voice) } : values;
    status.textContent = say(key, named);
    status.title = status.textContent;
    status.className = kind;
  });
  document.addEventListener("restyle", () => {
    get("status").textContent = "";
    canvasLabel(studio);
    roll.repaint();
  });
  player.addEventListener("state", () => {
    if (player.playing) requestAnimationFrame(follow);
  });
  function follow() {
    if (!player.playing) {
      roll.draw();
      return;
    }
    studio.playhead = player.step();
    if (roll.view.follow(studio.playhead)) roll.draw("grid", "notes");
    else roll.draw();
    requestAnimationFrame(follow);
  }
}

function canvasLabel(studio) {
  get("roll").setAttribute(
    "aria-label",
    say("roll-label", {
      title: studio.piece.title || say("untitled"),
      notes: studio.shown.notes.length,
      bars: studio.shown.bars,
    }),
  );
}

/** Keys that hold wherever one is, but in a field. */
function useShortcuts(studio, player, jobs) {
  document.addEventListener("keydown", (event) => {
    const at = /** @type {HTMLElement} */ (event.target);
    const types = at.matches("input:not([type=range]):not([type=checkbox]), textarea, select");
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (document.querySelector("dialog[open]")) return;
    if (command && !types && (key === "z" || key === "y")) {
      const back = key === "z" && !event.shiftKey;
      const label = back ? studio.model.undo() : studio.model.redo();
      studio.say(label ? (back ? "undone" : "redone") : back ? "nothing-to-undo" : "nothing-to-redo", {
        what: label ? say(`do-${label}`) : "",
      });
    } else if (command && key === "Enter") jobs.start("complete");
    else if (key === "Escape" && jobs.running) jobs.cancel();
    else if (key === "Escape" && studio.audition >= 0) studio.listen(-1);
    else if (types || command || event.altKey) return;
    else if (key === " " && !at.matches("button, summary, a")) player.toggle();
    else if (key >= "1" && key <= "8" && studio.doc.alternatives.length >= Number(key)) studio.listen(Number(key) - 1);
    else if (key === "t" && studio.audition >= 0) act.takeAlternative(studio, event.shiftKey);
    else if (key === "f") get("like").click();
    else if (key === "?") get("help-button").click();
    else return;
    event.preventDefault();
  });
}

begin();
