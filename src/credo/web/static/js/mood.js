/** The pad of moods: from unpleasant to pleasant across, from calm to excited upwards (Russell, 1980). */

import { readColours } from "./colours.js";
import { say } from "./words.js";

/** Places with a name, for the eye. */
const PLACES = [
  ["mood-joyful", 0.62, 0.72],
  ["mood-calm", 0.6, -0.72],
  ["mood-sad", -0.6, -0.72],
  ["mood-tense", -0.6, 0.72],
];

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(feeling: {valence: number, arousal: number}) => void} choose
 */
export function useMoodPad(canvas, choose) {
  let feeling = null;
  const near = (value) => Math.round(Math.max(-1, Math.min(1, value)) * 20) / 20;

  function set(valence, arousal) {
    choose({ valence: near(valence), arousal: near(arousal) });
  }

  function fromPoint(event) {
    const box = canvas.getBoundingClientRect();
    set(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2);
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fromPoint(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) fromPoint(event);
  });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1] }[event.key];
    if (!by) return;
    event.preventDefault();
    set((feeling?.valence ?? 0) + by[0], (feeling?.arousal ?? 0) + by[1]);
  });

  function show(next, read = null) {
    feeling = next;
    const colours = readColours();
    const box = canvas.getBoundingClientRect();
    const [width, height] = [box.width || 220, box.height || 120];
    const scale = window.devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.fillStyle = colours.paper;
    context.fillRect(0, 0, width, height);
    context.fillStyle = colours.line;
    context.fillRect(width / 2, 0, 1, height);
    context.fillRect(0, height / 2, width, 1);
    context.fillStyle = colours.faint;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    const at = (valence, arousal) => [((valence + 1) / 2) * width, ((1 - arousal) / 2) * height];
    for (const [word, valence, arousal] of PLACES) context.fillText(say(word), ...at(valence, arousal));
    canvas.setAttribute("aria-valuetext", feeling ? say("mood-value", feeling) : say("any"));
    canvas.setAttribute("aria-valuenow", String(feeling?.valence ?? 0));
    if (read) {
      // What words or a picture were read as: a ring, so that it is not taken for what was chosen.
      context.strokeStyle = colours.mark;
      context.lineWidth = 2;
      context.setLineDash([3, 2]);
      context.beginPath();
      context.arc(...at(read.valence, read.arousal), 8, 0, 2 * Math.PI);
      context.stroke();
      context.setLineDash([]);
      canvas.setAttribute("aria-description", say("mood-was-read", read));
    } else canvas.removeAttribute("aria-description");
    if (!feeling) return;
    context.fillStyle = colours.mark;
    context.beginPath();
    context.arc(...at(feeling.valence, feeling.arousal), 6, 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = colours.paper;
    context.lineWidth = 2;
    context.stroke();
  }
  return { show };
}
