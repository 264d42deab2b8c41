/** The pointer on the roll: select, draw, erase, move, stretch, loudness, ruler, locks, scrolling and zooming. */

import * as act from "./actions.js";
import { paintLoudness } from "./loudness.js";
import { barOf, beatSteps, moved, put, without } from "./piece.js";

const EDGE = 7;

/** @param {import("./roll.js").Roll} roll @param {import("./studio.js").Studio} studio
 *  @param {{hear: (pitch: number, voice: string) => void, seek: (step: number) => void}} sound */
export function usePointer(roll, studio, sound) {
  const { canvas, view } = roll;
  /** @type {{move: (p: Point, event: PointerEvent) => void, end: (p: Point) => void} | null} */
  let gesture = null;
  /** @type {Map<number, Point>} */
  const fingers = new Map();
  let pinch = null;

  /** @typedef {{x: number, y: number}} Point */
  /** @param {PointerEvent | WheelEvent | MouseEvent} event @returns {Point} */
  const point = (event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const snapped = (x) =>
    Math.max(0, Math.min(studio.steps - 1, Math.floor(view.stepAt(x) / studio.snap) * studio.snap));
  const nearest = (x) => Math.max(0, Math.min(studio.steps, Math.round(view.stepAt(x) / studio.snap) * studio.snap));

  /** The note under a point, and whether its right edge is. */
  function under(p) {
    const step = view.stepAt(p.x);
    const lane = view.laneAt(p.y);
    const [note] = act.noteAt(studio, step, view.pitchAt(p.y), studio.shown, lane.name);
    if (!note) return null;
    const right = view.x(note.onset + note.duration);
    return { note, edge: right - p.x < Math.min(EDGE, (note.duration * view.stepWidth) / 3) };
  }

  function cellOf(p) {
    const lane = view.laneAt(p.y);
    if (lane.name && lane.name !== studio.voice) {
      studio.voice = lane.name;
      studio.tell("voices");
    }
    studio.cursor = { step: snapped(p.x), pitch: view.pitchAt(p.y) };
  }

  function draws(p) {
    const pitch = view.pitchAt(p.y);
    const onset = snapped(p.x);
    const note = act.newNote(studio, onset, pitch);
    if (!note) return null;
    const { piece, texture } = studio;
    sound.hear(pitch, note.voice);
    const show = (to) => {
      const duration = Math.max(studio.snap, Math.ceil((to - onset) / studio.snap) * studio.snap);
      const one = studio.activeVoice.kind === "drums" ? note : { ...note, duration };
      studio.model.preview("add-note", { piece: put(piece, texture, [one]) });
    };
    show(onset);
    studio.selected = new Set([note.id]);
    return { move: (q) => show(view.stepAt(q.x)), end: () => studio.model.settle() };
  }

  function erases(p) {
    const gone = new Set();
    const { piece } = studio;
    const rub = (q) => {
      const there = under(q);
      if (there) gone.add(there.note.id);
      if (gone.size) studio.model.preview("erase", { piece: without(piece, gone) });
    };
    rub(p);
    return { move: rub, end: () => studio.model.settle() };
  }

  function moves(p, notes, edge) {
    const { piece, texture } = studio;
    const from = view.stepAt(p.x);
    const lane = view.laneAt(p.y);
    const height = (q) => (lane.drums ? -view.row(lane, view.pitchAt(q.y, lane)) : view.pitchAt(q.y, lane));
    let heard = notes[0].pitch;
    return {
      move(q) {
        const by = Math.round((view.stepAt(q.x) - from) / studio.snap) * studio.snap;
        if (edge) {
          const next = notes.map((note) => ({ ...note, duration: Math.max(1, note.duration + by) }));
          studio.model.preview("stretch", { piece: put(piece, texture, next) });
          return;
        }
        const next = moved(piece, texture, notes, by, height(q) - height(p));
        if (next[0].pitch !== heard) {
          heard = next[0].pitch;
          sound.hear(heard, next[0].voice);
        }
        studio.model.preview("move", { piece: put(piece, texture, next) });
      },
      end: () => studio.model.settle(),
    };
  }

  function marks(p, add) {
    const before = add ? studio.selected : new Set();
    const from = view.stepAt(p.x);
    return {
      move(q) {
        const [x1, x2] = [Math.min(p.x, q.x), Math.max(p.x, q.x)];
        const [y1, y2] = [Math.min(p.y, q.y), Math.max(p.y, q.y)];
        roll.hint.box = [x1, y1, x2 - x1, y2 - y1];
        const [a, b] = [view.stepAt(x1), view.stepAt(x2)];
        const ids = studio.shown.notes
          .filter(
            (note) =>
              note.onset < b &&
              note.onset + note.duration > a &&
              view.y(note.pitch, note.voice) < y2 &&
              view.y(note.pitch, note.voice) + view.rowHeight > y1,
          )
          .map((note) => note.id);
        const whole = {
          from: Math.floor(Math.max(0, a) / studio.snap) * studio.snap,
          to: Math.min(studio.steps, Math.ceil(b / studio.snap) * studio.snap),
        };
        studio.select(whole, new Set([...before, ...ids]));
      },
      end(q) {
        roll.hint.box = undefined;
        if (Math.abs(q.x - p.x) < 4 && Math.abs(q.y - p.y) < 4) studio.select(null, before);
        else studio.tell("view");
        sound.seek(Math.max(0, Math.floor(Math.min(from, view.stepAt(q.x)) / studio.snap) * studio.snap));
      },
    };
  }

  function spans(p) {
    const grid = Math.max(studio.snap, beatSteps(studio.piece, studio.texture));
    const line = (x) => Math.max(0, Math.min(studio.steps, Math.round(view.stepAt(x) / grid) * grid));
    const at = line(p.x);
    return {
      move(q) {
        const to = line(q.x);
        studio.select({ from: Math.min(at, to), to: Math.max(at, to) });
      },
      end(q) {
        if (Math.abs(q.x - p.x) >= 4) return;
        studio.select(null);
        sound.seek(nearest(p.x));
      },
    };
  }

  function locks(p) {
    const bar = barOf(studio.piece, studio.texture, view.stepAt(p.x));
    if (bar >= 1 && bar <= studio.piece.bars) act.lockBar(studio, bar);
    return null;
  }

  function begin(p, event) {
    const zone = view.zone(p.x, p.y);
    if (zone === "ruler" || zone === "heat") return spans(p);
    if (zone === "locks") return locks(p);
    if (zone === "keys") {
      sound.hear(view.pitchAt(p.y), view.laneAt(p.y).name ?? studio.voice);
      return null;
    }
    if (zone === "corner" || view.stepAt(p.x) >= studio.steps) return null;
    if (studio.audition >= 0) {
      if (zone === "notes" && studio.tool === "select") return marks(p, event.shiftKey);
      studio.say("audition-first");
      return null;
    }
    if (zone === "velocity") return paintLoudness(view, studio, p);
    cellOf(p);
    if (studio.tool === "erase" || event.altKey || event.button === 2) return erases(p);
    const there = under(p);
    if (there) return grips(p, there, event);
    return studio.tool === "draw" || event.ctrlKey || event.metaKey ? draws(p) : marks(p, event.shiftKey);
  }

  function grips(p, { note, edge }, event) {
    if (note.voice !== studio.voice) {
      studio.voice = note.voice;
      studio.tell("voices");
    }
    if (event.shiftKey) {
      const ids = new Set(studio.selected);
      if (!ids.delete(note.id)) ids.add(note.id);
      studio.select(studio.range, ids);
      return null;
    }
    if (!studio.selected.has(note.id)) studio.select(null, new Set([note.id]));
    sound.hear(note.pitch, note.voice);
    return moves(p, studio.selectedNotes, edge && studio.activeVoice.kind !== "drums");
  }

  canvas.addEventListener("pointerdown", (event) => {
    canvas.focus({ preventScroll: true });
    const p = point(event);
    fingers.set(event.pointerId, p);
    canvas.setPointerCapture(event.pointerId);
    if (fingers.size === 2) {
      studio.model.abandon();
      gesture = null;
      roll.hint.box = undefined;
      pinch = spread();
      return;
    }
    if (event.button === 1) {
      gesture = pans(p);
      return;
    }
    gesture = begin(p, event);
    roll.draw("grid");
  });

  function pans(p) {
    let last = p;
    return {
      move(q) {
        roll.scroll(last.x - q.x, last.y - q.y);
        last = q;
      },
      end() {},
    };
  }

  function spread() {
    const [a, b] = [...fingers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, far: Math.hypot(a.x - b.x, a.y - b.y) };
  }

  canvas.addEventListener("pointermove", (event) => {
    const p = point(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, p);
    if (pinch && fingers.size === 2) {
      const now = spread();
      view.zoom(now.far / Math.max(1, pinch.far), now.x);
      roll.scroll(pinch.x - now.x, pinch.y - now.y);
      pinch = now;
      return;
    }
    if (gesture) gesture.move(p, event);
    else hover(p);
  });

  function hover(p) {
    const zone = view.zone(p.x, p.y);
    const there = zone === "notes" ? under(p) : null;
    canvas.dataset.cursor =
      zone === "notes"
        ? studio.tool === "erase"
          ? "erase"
          : there
            ? there.edge
              ? "stretch"
              : "grab"
            : studio.tool
        : zone;
    const lane = view.laneAt(p.y);
    const own = !lane.name || lane.name === studio.voice;
    const drawing = zone === "notes" && own && studio.tool === "draw" && !there && view.stepAt(p.x) < studio.steps;
    const ghost = drawing ? { onset: snapped(p.x), duration: studio.snap, pitch: view.pitchAt(p.y) } : undefined;
    const key = zone === "notes" || zone === "keys" ? view.pitchAt(p.y) : undefined;
    const grid = key !== roll.hint.key || lane.name !== roll.hint.lane;
    if (!grid && ghost?.onset === roll.hint.ghost?.onset && ghost?.pitch === roll.hint.ghost?.pitch) return;
    roll.hint.ghost = ghost;
    roll.hint.key = key;
    roll.hint.lane = lane.name;
    if (grid) roll.draw("grid");
    else roll.draw();
  }

  const done = (event) => {
    const p = point(event);
    fingers.delete(event.pointerId);
    if (pinch) {
      if (!fingers.size) pinch = null;
      return;
    }
    const last = gesture;
    gesture = null;
    last?.end(p);
    roll.draw();
  };
  canvas.addEventListener("pointerup", done);
  canvas.addEventListener("pointercancel", done);
  canvas.addEventListener("pointerleave", () => {
    roll.hint.ghost = roll.hint.key = undefined;
    roll.draw("grid");
  });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener("dblclick", (event) => {
    const p = point(event);
    if (studio.tool !== "select" || view.zone(p.x, p.y) !== "notes" || view.stepAt(p.x) >= studio.steps) return;
    const there = under(p);
    if (there) act.erase(studio, [there.note]);
    else {
      cellOf(p);
      const note = act.add(studio, snapped(p.x), view.pitchAt(p.y));
      if (note) sound.hear(note.pitch, note.voice);
    }
    roll.draw("notes");
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const p = point(event);
      const scale = event.deltaMode === 1 ? 16 : 1;
      if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(-event.deltaY * scale * 0.004), p.x);
      else if (event.altKey) view.zoomRows(Math.exp(-event.deltaY * scale * 0.003), p.y);
      else if (event.shiftKey) roll.scroll(event.deltaY * scale, 0);
      else roll.scroll(event.deltaX * scale, event.deltaY * scale);
      roll.draw("grid", "notes");
    },
    { passive: false },
  );
}
