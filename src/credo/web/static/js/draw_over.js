/** The layer on top: the selected stretch, the cursor, the playhead, what the pointer is about to do. */

import { voiceColour } from "./colours.js";
import { KEYS, RULER, TOP } from "./geometry.js";

/** @param {CanvasRenderingContext2D} context @param {import("./roll.js").Roll} roll */
export function drawOver(context, roll) {
  const { view, studio, colours, hint } = roll;
  context.save();
  context.beginPath();
  context.rect(KEYS, 0, view.width - KEYS, view.height);
  context.clip();
  if (studio.range) {
    const x = view.x(studio.range.from);
    const width = view.x(studio.range.to) - x;
    context.fillStyle = colours.mark;
    context.globalAlpha = 0.09;
    context.fillRect(x, TOP, width, view.bodyHeight);
    context.globalAlpha = 0.85;
    context.fillRect(x, RULER - 5, width, 4);
    context.fillRect(x, 0, 1, view.bottom);
    context.fillRect(x + width - 1, 0, 1, view.bottom);
    context.globalAlpha = 1;
  }
  if (hint.ghost) {
    const { onset, duration, pitch } = hint.ghost;
    context.fillStyle = voiceColour(colours, studio.texture, studio.voice);
    context.globalAlpha = 0.4;
    context.fillRect(
      view.x(onset),
      view.y(pitch, studio.voice) + 0.5,
      duration * view.stepWidth - 1,
      view.rowHeight - 1,
    );
    context.globalAlpha = 1;
  }
  if (hint.box) {
    const [x, y, width, height] = hint.box;
    context.strokeStyle = colours.mark;
    context.setLineDash([4, 3]);
    context.strokeRect(x + 0.5, y + 0.5, width, height);
    context.setLineDash([]);
  }
  if (document.activeElement === roll.canvas) drawCursor(context, roll);
  const x = Math.round(view.x(studio.playhead));
  context.fillStyle = colours.warn;
  context.fillRect(x, 0, 1.5, view.height);
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 6.5, 0);
  context.lineTo(x + 0.75, 8);
  context.fill();
  context.restore();
}

function drawCursor(context, { view, studio, colours }) {
  const { step, pitch } = studio.cursor;
  const y = view.y(pitch, studio.voice);
  if (y < TOP - view.rowHeight || y > view.bottom) return;
  context.strokeStyle = colours.paper;
  context.lineWidth = 4;
  const box = [view.x(step) + 0.5, y + 0.5, Math.max(4, studio.snap * view.stepWidth - 1), view.rowHeight - 1];
  context.strokeRect(...box);
  context.strokeStyle = colours.mark;
  context.lineWidth = 2;
  context.strokeRect(...box);
}
