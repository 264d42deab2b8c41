/** The panel for playing live: what is played on, how Credo joins in, and what was measured. */

import { nearestPitch } from "../piece.js";
import { name, say } from "../words.js";
import { quantile } from "./figures.js";
import { Input } from "./input.js";
import { useScreenKeys } from "./keys.js";
import { Session } from "./session.js";

const get = (id) => /** @type {any} */ (document.getElementById(id));
const MODES = ["record", "respond", "accompany"];

/** @param {import("../studio.js").Studio} studio @param {import("../play.js").Player} player */
export function useLive(studio, player) {
  const input = new Input();
  const session = new Session(studio, player, input);
  const keys = useScreenKeys(get("live-keys"), input, () => input.low);

  function open(on) {
    get("live").hidden = !on;
    get("live-button").setAttribute("aria-pressed", String(on));
    if (on) {
      compass();
      get("live-start").focus();
    } else session.stop();
    input.typing = on && get("live-typing").checked;
    input.letGo();
  }

  /** The computer's keys begin at a C within the voice's compass. */
  function compass() {
    const voice = studio.activeVoice;
    const middle = voice.kind === "drums" ? 36 : nearestPitch(voice, Math.round((voice.low + voice.high) / 2) - 8);
    input.low = Math.max(24, Math.min(96, Math.round(middle / 12) * 12));
    keys.build();
  }

  async function connect() {
    const found = await input.connect();
    studio.say(`live-midi-${found}`);
    devices();
  }

  function devices() {
    const fill = (list, all, first) => {
      list.replaceChildren(new Option(first, ""), ...all.map((one) => new Option(one.name || one.id, one.id)));
      list.closest("label").hidden = !all.length;
    };
    fill(get("live-device"), input.devices, say("live-all-devices"));
    fill(get("live-out"), input.outputs, say("live-own-sound"));
    get("live-device").value = input.device;
  }

  /** Sends notes to a device in place of the page's own sound. */
  function outputs() {
    const device = input.outputs.find((one) => one.id === get("live-out").value);
    player.elsewhere = device
      ? (place, pitch, velocity, at, seconds) => {
          const { context } = player.synth;
          const time = performance.now() + 1000 * (at - context.currentTime);
          device.send([0x90 | (place & 15), pitch, velocity], time);
          device.send([0x80 | (place & 15), pitch, 0], time + 1000 * seconds);
          return true;
        }
      : null;
  }

  function figures() {
    const { sounds, answers, inTime, late } = session.figures;
    const whole = (value) => Math.round(value);
    get("live-figures").textContent = [
      sounds.length
        ? say("live-sound", { median: whole(quantile(sounds, 0.5)), most: whole(quantile(sounds, 0.95)) })
        : "",
      answers.length
        ? say("live-answer", { median: whole(quantile(answers, 0.5)), most: whole(quantile(answers, 0.95)) })
        : "",
      inTime + late ? say("live-in-time", { count: inTime, all: inTime + late }) : "",
    ]
      .filter(Boolean)
      .join(" · ");
  }

  function remarks() {
    const named = (values) => (values.voice ? { ...values, voice: name("voice", values.voice) } : values);
    get("live-remarks").hidden = !session.remarks.length;
    get("live-remarks").replaceChildren(
      ...session.remarks.map(({ key, values }) => {
        const line = document.createElement("li");
        line.textContent = say(key, named(values));
        return line;
      }),
    );
  }

  function render() {
    const { mode, running } = session;
    get("live-mode").value = mode;
    get("live-start").textContent = say(running ? "live-stop" : "live-start");
    get("live-start").setAttribute("aria-pressed", String(running));
    get("live-about").textContent = say(`live-about-${mode}`, { voice: name("voice", studio.voice) });
    get("live-turn").textContent = session.turn ? say(`live-turn-${session.turn}`) : "";
    get("live-turn").dataset.turn = session.turn;
    for (const id of ["live-call", "live-rest"]) get(id).closest("label").hidden = mode !== "respond";
    get("live-fallback").closest("label").hidden = mode === "record";
    for (const id of ["live-mode", "live-call", "live-rest", "live-count"]) get(id).disabled = running;
    get("live-octave").textContent = say("live-octave", { octave: input.low / 12 - 1 });
    figures();
    remarks();
  }

  function options() {
    get("live-mode").replaceChildren(...MODES.map((one) => new Option(say(`live-${one}`), one)));
    get("live-fallback").replaceChildren(
      new Option(say("live-again"), "again"),
      new Option(say("live-silent"), "rest"),
    );
    get("live-fallback").value = session.fallback;
    devices();
  }

  const number = (id, low, high) => Math.max(low, Math.min(high, Math.round(Number(get(id).value)) || 0));
  get("live-button").addEventListener("click", () => open(get("live").hidden));
  get("live-start").addEventListener("click", () => (session.running ? session.stop() : session.start()));
  get("live-connect").addEventListener("click", connect);
  get("live-mode").addEventListener("change", () => {
    session.mode = get("live-mode").value;
    render();
  });
  get("live-count").addEventListener("change", () => (session.countIn = number("live-count", 0, 4)));
  get("live-call").addEventListener("change", () => (session.call = number("live-call", 1, 2)));
  get("live-rest").addEventListener("change", () => (session.rest = number("live-rest", 0, 2)));
  get("live-fallback").addEventListener("change", () => (session.fallback = get("live-fallback").value));
  get("live-device").addEventListener("change", () => (input.device = get("live-device").value));
  get("live-out").addEventListener("change", outputs);
  get("live-typing").addEventListener("change", () => {
    input.typing = get("live-typing").checked;
    input.letGo();
  });
  // Before all other keys of the page: while one plays on them, letters are notes.
  for (const kind of ["keydown", "keyup"]) {
    window.addEventListener(
      kind,
      (event) => {
        const at = /** @type {HTMLElement} */ (event.target);
        if (at.matches?.("input:not([type=range]):not([type=checkbox]), textarea, select")) return;
        if (document.querySelector("dialog[open]") || !input.typed(event)) return;
        event.preventDefault();
        event.stopImmediatePropagation();
      },
      { capture: true },
    );
  }
  window.addEventListener("blur", () => input.letGo());
  input.addEventListener("devices", devices);
  input.addEventListener("octave", () => {
    keys.build();
    render();
  });
  for (const kind of ["state", "turn"]) session.addEventListener(kind, render);
  session.addEventListener("figures", figures);
  studio.addEventListener("change", ({ detail }) => {
    if (detail === "open") session.stop();
    if (["voices", "open"].includes(detail) && !get("live").hidden && !session.running) compass();
    if (["voices", "open"].includes(detail)) render();
  });
  document.addEventListener("restyle", () => {
    options();
    render();
  });
  options();
  render();
  return session;
}
