/** The layer below the notes: rows, bars, beats, the keyboard, the ruler with its locks, the heat strip. */

import { heatColour, voiceColour } from "./colours.js";
import { GAP, HEAT, KEYS, LOCKS, RULER, TOP } from "./geometry.js";
import { beatSteps, inCompass, pitchName } from "./piece.js";
import { name } from "./words.js";

const BLACK = new Set([1, 3, 6, 8, 10]);

/** @param {CanvasRenderingContext2D} context @param {import("./roll.js").Roll} roll */
export function drawGrid(context, roll) {
  const { view, colours } = roll;
  context.fillStyle = colours.paper;
  context.fillRect(0, 0, view.width, view.height);
  context.save();
  context.beginPath();
  context.rect(KEYS, TOP, view.width - KEYS, view.bodyHeight);
  context.clip();
  drawRows(context, roll);
  context.restore();
  drawBars(context, roll);
  drawKeys(context, roll);
  drawFrame(context, roll);
}

function drawRows(context, { view, colours, studio }) {
  context.fillStyle = colours.panel;
  context.fillRect(KEYS, TOP, view.width, view.bodyHeight);
  for (const lane of view.lanes) {
    const voice = lane.name ? studio.texture.voices.find((one) => one.name === lane.name) : studio.activeVoice;
    const top = TOP + lane.top - view.up;
    if (top > view.bottom || top + lane.height < TOP) continue;
    const folded = lane.rows.length > 1 && lane.rows[0] - lane.rows.at(-1) >= lane.rows.length;
    for (const [row, pitch] of lane.rows.entries()) {
      const y = top + row * view.rowHeight;
      if (y > view.bottom || y + view.rowHeight < TOP) continue;
      const black = !lane.drums && BLACK.has(pitch % 12);
      context.fillStyle = !inCompass(voice, pitch) ? colours["row-out"] : black ? colours["row-black"] : colours.paper;
      context.fillRect(KEYS, y, view.width, view.rowHeight);
      if (lane.drums || folded || pitch % 12 === 11 || pitch % 12 === 4) {
        context.fillStyle = colours.line;
        context.fillRect(KEYS, Math.round(y), view.width, 1);
      }
    }
    if (lane.name === studio.voice) {
      context.fillStyle = voiceColour(colours, studio.texture, lane.name);
      context.globalAlpha = 0.06;
      context.fillRect(KEYS, top, view.width, lane.height);
      context.globalAlpha = 1;
    }
  }
}

function drawBars(context, { view, colours, studio }) {
  const { bar, steps } = studio;
  const beat = beatSteps(studio.shown, studio.texture);
  const bars = Math.round(steps / bar);
  const from = Math.max(0, Math.floor(view.stepAt(KEYS)));
  const to = Math.min(steps, Math.ceil(view.stepAt(view.width)));
  const unit = view.stepWidth >= 8 ? 1 : view.stepWidth * beat >= 7 ? beat : bar;
  context.save();
  context.beginPath();
  context.rect(KEYS, 0, view.width - KEYS, view.height);
  context.clip();
  for (let step = from - (from % unit); step <= to; step += unit) {
    const strong = step % bar === 0;
    context.fillStyle = strong ? colours["line-strong"] : colours.line;
    context.globalAlpha = strong || step % beat === 0 ? 1 : 0.45;
    context.fillRect(Math.round(view.x(step)), strong ? 0 : TOP, 1, view.height);
  }
  context.globalAlpha = 1;
  const hot = studio.heatOf.size && !studio.model.before ? studio.heat : [];
  const most = Math.max(...hot, 0.001);
  const least = Math.min(...hot, most);
  const wide = bar * view.stepWidth;
  const every = 2 ** Math.max(0, Math.ceil(Math.log2(30 / wide)));
  for (let number = 1; number <= bars; number += 1) {
    const x = view.x((number - 1) * bar);
    if (x > view.width || x + wide < KEYS) continue;
    if ((number - 1) % every === 0) {
      context.fillStyle = colours.ink;
      context.font = "600 11px system-ui, sans-serif";
      context.textBaseline = "middle";
      context.fillText(String(number), x + 6, RULER / 2 + 1);
    }
    const locked = studio.piece.locked_bars.includes(number);
    if (locked) {
      context.fillStyle = colours.held;
      context.globalAlpha = 0.22;
      context.fillRect(x, RULER, wide, LOCKS);
      context.globalAlpha = 0.07;
      context.fillRect(x, TOP, wide, view.bodyHeight);
      context.globalAlpha = 1;
    }
    if (wide > 16) padlock(context, x + 7, RULER + 3.5, locked ? colours.held : colours.faint, locked);
    if (hot.length >= number) {
      context.fillStyle = heatColour(colours, most > least ? (hot[number - 1] - least) / (most - least) : 0.3);
      context.fillRect(x + 1, RULER + LOCKS + 2, wide - 1, HEAT - 4);
    }
  }
  for (const lane of view.lanes.slice(0, -1)) {
    const y = TOP + lane.top + lane.height - view.up;
    context.fillStyle = colours.panel;
    if (y > TOP && y < view.bottom) context.fillRect(KEYS, y, view.width, Math.min(GAP, view.bottom - y));
  }
  const end = view.x(steps);
  if (end < view.width) {
    context.fillStyle = colours.panel;
    context.fillRect(Math.max(KEYS, end + 1), 0, view.width, view.height);
  }
  context.restore();
}

/** A padlock, shut or open. */
export function padlock(context, x, y, colour, shut) {
  context.save();
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.globalAlpha = shut ? 1 : 0.55;
  context.lineWidth = 1.3;
  context.beginPath();
  context.arc(x + 4 + (shut ? 0 : 2.4), y + 4.5, 2.5, Math.PI, shut ? 0 : -0.2);
  if (shut) context.lineTo(x + 6.5, y + 6);
  context.moveTo(x + 1.5 + (shut ? 0 : 2.4), y + 4.5);
  context.lineTo(x + 1.5 + (shut ? 0 : 2.4), y + 6);
  context.stroke();
  context.fillRect(x, y + 5.5, 8, 5.5);
  context.restore();
}

function drawKeys(context, roll) {
  const { view, colours } = roll;
  context.save();
  context.beginPath();
  context.rect(0, TOP, KEYS, view.bodyHeight);
  context.clip();
  context.fillStyle = colours.panel;
  context.fillRect(0, TOP, KEYS, view.bodyHeight);
  context.textBaseline = "middle";
  for (const lane of view.lanes) drawLaneKeys(context, roll, lane);
  context.restore();
}

function drawLaneKeys(context, { view, colours, studio, hint }, lane) {
  const top = TOP + lane.top - view.up;
  context.fillStyle = colours["key-white"];
  context.fillRect(0, top, KEYS, lane.rows.length * view.rowHeight);
  for (const [row, pitch] of lane.rows.entries()) {
    const y = top + row * view.rowHeight;
    if (y > view.bottom || y + view.rowHeight < TOP) continue;
    if (lane.drums) {
      context.fillStyle = colours["line"];
      context.fillRect(0, Math.round(y), KEYS, 1);
      context.fillStyle = colours["key-black"];
      context.font = "11px system-ui, sans-serif";
      context.fillText(name("drum", String(pitch)), 4, y + view.rowHeight / 2, KEYS - 6);
      continue;
    }
    const black = BLACK.has(pitch % 12);
    if (black) {
      context.fillStyle = colours["key-black"];
      context.fillRect(0, y, KEYS * 0.58, view.rowHeight);
    } else if (pitch % 12 === 11 || pitch % 12 === 4) {
      context.fillStyle = colours.line;
      context.fillRect(0, Math.round(y), KEYS, 1);
    }
    if (pitch % 12 === 0) {
      context.fillStyle = colours["key-black"];
      context.font = "600 10px system-ui, sans-serif";
      context.fillText(pitchName(pitch), KEYS - 24, y + view.rowHeight / 2);
    }
    if (hint.key === pitch && hint.lane === lane.name) {
      context.fillStyle = colours.mark;
      context.globalAlpha = 0.45;
      context.fillRect(0, y, KEYS, view.rowHeight);
      context.globalAlpha = 1;
    }
  }
  // The compass of the voice that is drawn in, at the keyboard's edge; of a lane's own voice all of it.
  const voice = lane.name ?? studio.voice;
  const inside = lane.name ? lane.rows : lane.rows.filter((pitch) => inCompass(studio.activeVoice, pitch));
  if (inside.length && !view.drums) {
    context.fillStyle = voiceColour(colours, studio.texture, voice);
    context.fillRect(KEYS - 4, view.y(inside[0], voice), 4, inside.length * view.rowHeight);
  }
}

function drawFrame(context, { view, colours }) {
  context.fillStyle = colours.panel;
  context.fillRect(0, 0, KEYS, TOP);
  context.fillRect(0, view.bottom, KEYS, view.height);
  context.fillStyle = colours.faint;
  context.font = "10px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const [key, y] of [
    ["bars", RULER / 2],
    ["locks", RULER + LOCKS / 2],
    ["heat", RULER + LOCKS + HEAT / 2],
    ["velocity", view.bottom + 12],
  ]) {
    context.fillText(name("corner", key), 6, y, KEYS - 10);
  }
  context.fillStyle = colours["line-strong"];
  context.fillRect(0, TOP - 1, view.width, 1);
  context.fillRect(0, view.bottom, view.width, 1);
  context.fillRect(KEYS - 1, 0, 1, view.height);
  context.fillStyle = colours.line;
  context.fillRect(KEYS, RULER, view.width, 1);
  context.fillRect(KEYS, RULER + LOCKS, view.width, 1);
}
