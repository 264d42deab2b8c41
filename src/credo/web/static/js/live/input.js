/** What somebody plays on: MIDI devices, the computer's keyboard, keys on the screen. */

/** Semitones above the lowest key, by the place of a key on the keyboard, whatever is printed on it. */
export const PLACES = {
  KeyA: 0,
  KeyW: 1,
  KeyS: 2,
  KeyE: 3,
  KeyD: 4,
  KeyF: 5,
  KeyT: 6,
  KeyG: 7,
  KeyY: 8,
  KeyH: 9,
  KeyU: 10,
  KeyJ: 11,
  KeyK: 12,
  KeyO: 13,
  KeyL: 14,
  KeyP: 15,
  Semicolon: 16,
};

/**
 * A MIDI message as a key that goes down or up; null for all else.
 * @param {ArrayLike<number>} data
 * @returns {{down: boolean, pitch: number, velocity: number} | null}
 */
export function keyOf(data) {
  const kind = data[0] & 0xf0;
  if (data.length < 3 || (kind !== 0x90 && kind !== 0x80)) return null;
  return { down: kind === 0x90 && data[2] > 0, pitch: data[1] & 0x7f, velocity: data[2] & 0x7f };
}

/**
 * Emits `key` with {down, pitch, velocity, time}, the time in milliseconds of the page's clock; and `devices` when
 * there are others.
 */
export class Input extends EventTarget {
  constructor() {
    super();
    /** @type {MIDIAccess | null} */
    this.access = null;
    /** The id of the device that is heard; empty for all. */
    this.device = "";
    /** The lowest pitch of the computer's keyboard. */
    this.low = 60;
    /** Whether the computer's keyboard plays. */
    this.typing = false;
    /** @type {Map<string, number>} Pitches by the keys that are down. */
    this.down = new Map();
  }

  get devices() {
    return this.access ? [...this.access.inputs.values()] : [];
  }

  get outputs() {
    return this.access ? [...this.access.outputs.values()] : [];
  }

  /** Asks the browser for its MIDI devices. @returns {Promise<"there" | "none" | "refused" | "unknown">} */
  async connect() {
    if (!navigator.requestMIDIAccess) return "unknown";
    try {
      this.access = await navigator.requestMIDIAccess({ sysex: false });
    } catch {
      return "refused";
    }
    this.access.onstatechange = () => this.#listen();
    this.#listen();
    return this.devices.length ? "there" : "none";
  }

  #listen() {
    for (const device of this.devices) {
      device.onmidimessage = (event) => {
        if (this.device && device.id !== this.device) return;
        const key = keyOf(event.data);
        if (key) this.key(key.down, key.pitch, key.velocity, event.timeStamp);
      };
    }
    this.dispatchEvent(new Event("devices"));
  }

  /** A key goes down or up. @param {number} time in milliseconds of the page's clock */
  key(down, pitch, velocity, time) {
    this.dispatchEvent(new CustomEvent("key", { detail: { down, pitch, velocity, time } }));
  }

  /** A key of the computer. @param {KeyboardEvent} event @returns {boolean} whether it plays */
  typed(event) {
    if (!this.typing || event.ctrlKey || event.metaKey || event.altKey) return false;
    const down = event.type === "keydown";
    if (down && !event.repeat && (event.code === "KeyZ" || event.code === "KeyX")) {
      this.low = Math.max(24, Math.min(96, this.low + (event.code === "KeyX" ? 12 : -12)));
      this.dispatchEvent(new Event("octave"));
      return true;
    }
    if (!(event.code in PLACES)) return false;
    const known = this.down.get(event.code);
    if (down && known === undefined) {
      const pitch = this.low + PLACES[event.code];
      this.down.set(event.code, pitch);
      this.key(true, pitch, 90, event.timeStamp);
    } else if (!down && known !== undefined) {
      this.down.delete(event.code);
      this.key(false, known, 0, event.timeStamp);
    }
    return true;
  }

  /** Lets all keys go that are down: the page has lost sight of the keyboard. */
  letGo() {
    for (const pitch of this.down.values()) this.key(false, pitch, 0, performance.now());
    this.down.clear();
  }
}
