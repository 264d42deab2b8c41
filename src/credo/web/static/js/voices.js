/** The lanes' heads: each voice's colour, name, lock, mute and solo; and the piece's metre, key and length. */

import * as act from "./actions.js";
import { VOICES } from "./colours.js";
import { PROGRAMS, levelOf, played } from "./mix.js";
import { withBars } from "./piece.js";
import { pitchName } from "./piece.js";
import { name, say } from "./words.js";

const TONICS = ["C", "C#", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B"];
const MINORS = ["C", "C#", "D", "D#", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"];
export const KEY_NAMES = [...TONICS.map((one) => `${one} major`), ...MINORS.map((one) => `${one} minor`)];

/** @param {HTMLElement} list @param {import("./studio.js").Studio} studio */
export function showVoices(list, studio) {
  let built = "";

  function build() {
    list.replaceChildren(
      ...studio.texture.voices.map((voice, place) => {
        const row = document.createElement("li");
        row.className = `lane voice-${place % VOICES}`;
        row.dataset.voice = voice.name;
        const choose = button("choose", () => {
          studio.voice = voice.name;
          studio.tell("voices");
        });
        const compass = voice.kind === "drums" ? "" : `${pitchName(voice.low)}–${pitchName(voice.high)}`;
        const small = document.createElement("small");
        small.textContent = compass;
        const title = document.createElement("b");
        title.textContent = name("voice", voice.name);
        choose.append(title, small);
        choose.setAttribute("aria-label", say("choose-voice", { voice: title.textContent, compass }));
        row.append(
          choose,
          mark("lock", voice, () => act.lockVoice(studio, voice.name)),
          mark("mute", voice, () => flip(studio.muted, voice.name)),
          mark("solo", voice, () => flip(studio.solo, voice.name)),
          sound(voice),
        );
        return row;
      }),
    );
  }

  /** Loudness and instrument of a voice. */
  function sound(voice) {
    const box = document.createElement("span");
    box.className = "sound";
    const level = document.createElement("input");
    Object.assign(level, { type: "range", min: "0", max: "1.5", step: "0.05", className: "level" });
    level.setAttribute("aria-label", say("level-voice", { voice: name("voice", voice.name) }));
    level.title = level.getAttribute("aria-label");
    level.addEventListener("input", () => change(voice, { level: Number(level.value) }));
    box.append(level);
    if (voice.kind !== "drums") {
      const program = document.createElement("select");
      const known = PROGRAMS.includes(voice.program) ? PROGRAMS : [voice.program, ...PROGRAMS];
      program.className = "program";
      program.append(...known.map((one) => new Option(programText(one), String(one))));
      program.setAttribute("aria-label", say("program-voice", { voice: name("voice", voice.name) }));
      program.title = program.getAttribute("aria-label");
      program.addEventListener("change", () => change(voice, { program: Number(program.value) }));
      box.append(program);
    }
    return box;
  }

  function change(voice, one) {
    const { mix } = studio.doc;
    studio.model.change("mix", { mix: { ...mix, [voice.name]: { ...mix?.[voice.name], ...one } } }, true);
  }

  function flip(set, voice) {
    if (!set.delete(voice)) set.add(voice);
    studio.tell("voices");
  }

  function button(kind, press) {
    const one = document.createElement("button");
    one.type = "button";
    one.className = kind;
    one.addEventListener("click", press);
    return one;
  }

  function mark(kind, voice, press) {
    const one = button(kind, press);
    const text = say(`${kind}-voice`, { voice: name("voice", voice.name) });
    one.setAttribute("aria-label", text);
    one.title = text;
    if (kind !== "lock") one.textContent = kind === "mute" ? "M" : "S";
    return one;
  }

  function render() {
    const key = `${studio.texture.name} ${document.documentElement.lang}`;
    if (key !== built) build();
    built = key;
    for (const row of list.children) {
      const { voice } = row.dataset;
      const state = {
        choose: studio.voice === voice,
        lock: studio.piece.locked_voices.includes(voice),
        mute: studio.muted.has(voice),
        solo: studio.solo.has(voice),
      };
      for (const [kind, on] of Object.entries(state)) {
        row.querySelector(`.${kind}`).setAttribute("aria-pressed", String(on));
      }
      row.classList.toggle("silent", !studio.sounds(voice));
      const one = studio.texture.voices.find((each) => each.name === voice);
      row.querySelector(".level").value = String(levelOf(studio.doc.mix, voice));
      const program = row.querySelector(".program");
      if (program) program.value = String(played(studio.doc.mix, one).program);
    }
  }
  studio.addEventListener("change", ({ detail }) => {
    if (!["preview", "playhead", "view"].includes(detail)) render();
  });
  document.addEventListener("restyle", render);
  render();
}

/** An instrument's name, or its number. */
function programText(program) {
  const text = name("program", String(program));
  return text === String(program) ? say("program-number", { number: program + 1 }) : text;
}

/** Tempo, key, metre, bars and the model, as fields. @param {import("./studio.js").Studio} studio */
export function showFacts(studio) {
  const field = (id) => /** @type {HTMLInputElement & HTMLSelectElement} */ (document.getElementById(id));
  const [tempo, key, metre, bars, model] = ["tempo", "key", "metre", "bars", "model"].map(field);

  function options() {
    key.replaceChildren(new Option(say("any-key"), ""), ...KEY_NAMES.map((one) => new Option(keyText(one), one)));
    model.replaceChildren(...studio.models.map((card) => new Option(name("model", card.name), card.name)));
  }

  function render() {
    const { piece } = studio;
    if (piece.key && ![...key.options].some((one) => one.value === piece.key))
      key.add(new Option(piece.key, piece.key));
    if (document.activeElement !== tempo) tempo.value = String(Math.round(piece.tempo * 10) / 10);
    if (document.activeElement !== bars) bars.value = String(piece.bars);
    key.value = piece.key ?? "";
    const signature = piece.metre.join("/");
    if (![...metre.options].some((one) => one.value === signature)) metre.add(new Option(signature, signature));
    metre.value = signature;
    model.value = studio.card.name;
  }

  const number = (input, low, high) => Math.max(low, Math.min(high, Number(input.value) || low));
  tempo.addEventListener("change", () => studio.edit("tempo", { ...studio.piece, tempo: number(tempo, 10, 400) }));
  key.addEventListener("change", () => studio.edit("key", { ...studio.piece, key: key.value || null }));
  metre.addEventListener("change", () => {
    const [beats, unit] = metre.value.split("/").map(Number);
    const next = { ...studio.piece, metre: /** @type {[number, number]} */ ([beats, unit]) };
    const wide = (studio.texture.steps_per_quarter * 4 * beats) / unit;
    const last = Math.max(0, ...next.notes.map((note) => note.onset + note.duration));
    studio.edit("metre", { ...next, bars: Math.max(1, Math.ceil(last / wide), next.notes.length ? 1 : next.bars) });
  });
  bars.addEventListener("change", () => {
    studio.edit("bars", withBars(studio.piece, studio.texture, Math.round(number(bars, 1, 512))));
  });
  model.addEventListener("change", () => {
    document.dispatchEvent(new CustomEvent("choose-model", { detail: model.value }));
  });
  studio.addEventListener("change", ({ detail }) => {
    if (["piece", "open"].includes(detail)) render();
  });
  document.addEventListener("restyle", () => {
    options();
    render();
  });
  options();
  render();
}

function keyText(key) {
  const [tonic, mode] = key.split(" ");
  return say(`key-${mode}`, { tonic: tonic.replace("#", "♯").replace("b", "♭") });
}
