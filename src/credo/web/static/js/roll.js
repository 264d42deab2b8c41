/** The piano roll: one canvas, drawn in layers, and only when something has changed. */

import { readColours } from "./colours.js";
import { drawGrid } from "./draw_grid.js";
import { drawNotes } from "./draw_notes.js";
import { drawOver } from "./draw_over.js";
import { View } from "./geometry.js";

/** Draws what a studio shows. */
export class Roll {
  /** @param {HTMLCanvasElement} canvas @param {import("./studio.js").Studio} studio */
  constructor(canvas, studio) {
    this.canvas = canvas;
    this.studio = studio;
    this.view = new View();
    this.context = canvas.getContext("2d", { alpha: false });
    this.layers = { grid: document.createElement("canvas"), notes: document.createElement("canvas") };
    this.stale = { grid: true, notes: true };
    this.colours = readColours();
    this.asked = 0;
    /**
     * What the pointer is about to do, for the layer on top.
     * @type {{box?: number[], ghost?: any, key?: number, lane?: string | null}}
     */
    this.hint = {};
    /** Frames drawn, and the milliseconds each took: for measurements. @type {number[]} */
    this.times = [];
    /** Called after the grid was drawn: what lies beside the lanes moves with them. */
    this.onGrid = () => {};
    this.relayOut();
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  /** Rows and lanes anew, where the piece or the view asks for others. @returns {boolean} whether they are others */
  relayOut() {
    this.view.steps = this.studio.steps;
    this.texture = this.studio.texture;
    const others = this.view.layOut(this.texture, this.studio, this.studio.shown);
    if (others) this.draw("grid", "notes");
    return others;
  }

  resize() {
    const box = this.canvas.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const scale = window.devicePixelRatio || 1;
    const first = this.view.width === 800 && !this.ready;
    this.ready = true;
    this.scale = scale;
    this.view.width = box.width;
    this.view.height = box.height;
    for (const one of [this.canvas, this.layers.grid, this.layers.notes]) {
      one.width = Math.round(box.width * scale);
      one.height = Math.round(box.height * scale);
    }
    if (first) this.fit();
    this.view.fill();
    this.draw("grid", "notes");
  }

  /** Colours are read anew: the theme has changed. */
  repaint() {
    this.colours = readColours();
    this.draw("grid", "notes");
  }

  fit() {
    this.view.steps = this.studio.steps;
    this.view.fit(this.studio.shown);
    this.draw("grid", "notes");
  }

  scroll(dx, dy) {
    this.view.scroll(dx, dy);
    this.draw("grid", "notes");
  }

  /** Asks for a frame; layers that are named are drawn anew in it. @param {...("grid" | "notes")} layers */
  draw(...layers) {
    for (const layer of layers) this.stale[layer] = true;
    if (!this.asked) this.asked = requestAnimationFrame(() => this.#frame());
  }

  #frame() {
    this.asked = 0;
    if (!this.ready) return;
    const begun = performance.now();
    this.view.steps = this.studio.steps;
    for (const [name, paint] of [
      ["grid", drawGrid],
      ["notes", drawNotes],
    ]) {
      if (!this.stale[name]) continue;
      const context = this.layers[name].getContext("2d", { alpha: name !== "grid" });
      context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
      if (name === "notes") context.clearRect(0, 0, this.view.width, this.view.height);
      paint(context, this);
      this.stale[name] = false;
      if (name === "grid") this.onGrid();
    }
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.drawImage(this.layers.grid, 0, 0);
    this.context.drawImage(this.layers.notes, 0, 0);
    this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    drawOver(this.context, this);
    this.times.push(performance.now() - begun);
    if (this.times.length > 600) this.times.shift();
  }
}
