/** The canvas's colours, read from the style sheet so that light and dark are said in one place. */

const NAMES = [
  "paper",
  "ink",
  "faint",
  "line",
  "line-strong",
  "row-black",
  "row-out",
  "mark",
  "held",
  "cool",
  "hot",
  "key-white",
  "key-black",
  "panel",
  "on-voice",
  "warn",
];
/** How many colours of voices there are. */
export const VOICES = 6;

/** @returns {Record<string, string> & {voices: string[]}} */
export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  colours.voices = Array.from({ length: VOICES }, (_, place) => style.getPropertyValue(`--voice-${place}`).trim());
  return colours;
}

/** The colour of a voice by its place in the texture. */
export function voiceColour(colours, texture, name) {
  const place = texture.voices.findIndex((voice) => voice.name === name);
  return colours.voices[Math.max(0, place) % VOICES];
}

/** A colour between cool and hot, from 0 to 1, as CSS. */
export function heatColour(colours, share) {
  const percent = Math.round(100 * Math.max(0, Math.min(1, share)));
  return `color-mix(in oklab, ${colours.hot} ${percent}%, ${colours.cool})`;
}
