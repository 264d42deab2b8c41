"use strict";
// The sound of a cue: all times are frames of the audio clock, so that nothing drifts and every start is exact.

function makeSound(context, cue, stored, decoded = new Map()) {
  const scale = context.sampleRate / cue.rate; // 1, unless the browser refused the cue's own rate
  const frames = (samples) => Math.round(samples * scale);
  const second = (frame) => frame / context.sampleRate;
  const SOON = Math.ceil(0.06 * context.sampleRate); // nothing is begun sooner than this from now
  const FADE = 0.5, CUT = 0.03, HUSH = 0.02; // seconds: a layer comes or goes, a transition ends the loop, all stops

  const out = new GainNode(context);
  const meter = new AnalyserNode(context, { fftSize: 2048 });
  out.connect(meter).connect(context.destination);

  const now = () => Math.ceil(context.currentTime * context.sampleRate) + SOON;

  // ---- decoding ----------------------------------------------------------------------------------------------------

  function decode(entry) {
    if (!decoded.has(entry.sound)) {
      const bytes = Uint8Array.from(atob(stored[entry.sound]), (letter) => letter.charCodeAt(0));
      decoded.set(entry.sound, context.decodeAudioData(bytes.buffer).then((buffer) => exactly(buffer, entry.samples)));
    }
    return decoded.get(entry.sound);
  }

  // Decoders of Vorbis may leave some samples more or less at the end than went in: a loop must have its own length.
  function exactly(buffer, samples) {
    const length = frames(samples);
    if (!length || buffer.length === length) return buffer;
    const made = new AudioBuffer({ length, numberOfChannels: buffer.numberOfChannels, sampleRate: buffer.sampleRate });
    for (let channel = 0; channel < buffer.numberOfChannels; channel++)
      made.copyToChannel(buffer.getChannelData(channel).subarray(0, length), channel);
    return made;
  }

  // A sound with a level of its own, so that it can be ended without a click.
  function play(buffer, frame, { loop = false, from = 0, to = out, level = 1 } = {}) {
    const source = new AudioBufferSourceNode(context, { buffer, loop }), gain = new GainNode(context, { gain: level });
    source.connect(gain).connect(to);
    source.start(second(frame), from);
    return { source, gain };
  }

  function hush({ source, gain }) {
    const at = context.currentTime;
    gain.gain.cancelScheduledValues(at);
    gain.gain.setValueAtTime(gain.gain.value, at);
    gain.gain.linearRampToValueAtTime(0, at + HUSH);
    source.stop(at + HUSH);
  }

  // ---- the loop ----------------------------------------------------------------------------------------------------

  let last = 0; // the number of the last wish: an older one that is still being decoded is dropped
  let loop = null; // what sounds: { start, gain, layers, end }

  async function startLoop(intensity) {
    const wish = ++last, buffers = await Promise.all(cue.loop.layers.map(decode));
    if (wish !== last) return null;
    stopAll();
    const start = now(), gain = new GainNode(context);
    gain.connect(out);
    loop = { start, gain, end: null, layers: cue.loop.layers.map((layer, place) => {
      const level = layer.threshold <= intensity ? 1 : 0, analyser = new AnalyserNode(context, { fftSize: 1024 });
      analyser.connect(gain);
      return { ...play(buffers[place], start, { loop: true, to: analyser, level }), analyser, wanted: level };
    }) };
    return loop;
  }

  const lineFrame = (line, unit) => loop.start + Math.round(line * frames(cue.loop.samples) / (cue.loop.bars * unit));

  // The next bar line (unit 1) or beat (unit: beats of a bar) that lies in one of the bars, as a frame and a bar.
  function nextLine(unit, bars = []) {
    const size = frames(cue.loop.samples) / (cue.loop.bars * unit);
    let line = Math.max(0, Math.ceil((now() - loop.start) / size));
    for (let tries = 0; tries < cue.loop.bars * unit; tries++, line++) {
      const bar = Math.floor(line / unit) % cue.loop.bars + 1;
      if (!bars.length || bars.includes(bar)) return { frame: lineFrame(line, unit), bar, beat: line % unit + 1 };
    }
    return nextLine(unit);
  }

  function setIntensity(intensity, atBar) {
    if (!loop || loop.end !== null) return;
    const begin = second(atBar ? nextLine(1).frame : now());
    cue.loop.layers.forEach((layer, place) => {
      const each = loop.layers[place], wanted = layer.threshold <= intensity ? 1 : 0;
      if (each.wanted === wanted) return;
      each.wanted = wanted;
      const level = each.gain.gain;
      level.cancelScheduledValues(context.currentTime);
      level.setValueAtTime(level.value, context.currentTime);
      level.setValueAtTime(level.value, begin);
      level.linearRampToValueAtTime(wanted, begin + FADE);
    });
  }

  // ---- what is played over it or after it --------------------------------------------------------------------------

  const extras = new Set();

  function extra(buffer, frame, ended = () => {}) {
    const made = play(buffer, frame);
    extras.add(made);
    made.source.onended = () => { extras.delete(made); ended(); };
  }

  function lineFor(entry) {
    if (!loop || loop.end !== null) return { frame: now(), bar: 0, beat: 0 };
    return nextLine(entry.sync === "beat" ? cue.loop.beats : 1, entry.bars);
  }

  // A stinger begins at the next beat or bar that it fits, or at once where no loop is playing.
  async function stinger(entry) {
    const buffer = await decode(entry), line = lineFor(entry);
    extra(buffer, line.frame);
    return line;
  }

  // A transition begins at the next bar or beat, where the loop ends.
  async function transition(entry, ended) {
    const buffer = await decode(entry), line = lineFor(entry);
    if (line.bar) {
      const at = second(line.frame);
      loop.end = line.frame;
      loop.gain.gain.setValueAtTime(1, at);
      loop.gain.gain.linearRampToValueAtTime(0, at + CUT);
      for (const each of loop.layers) each.source.stop(at + CUT);
    }
    extra(buffer, line.frame, ended);
    return line;
  }

  async function effect(entry) {
    const buffer = await decode(entry);
    extra(buffer, now());
  }

  // ---- the mix and its versions ------------------------------------------------------------------------------------

  let linear = null; // what sounds: { entry, source, start, from, length }

  async function startLinear(entry, from, ended) {
    const wish = ++last, buffer = await decode(entry);
    if (wish !== last) return null;
    stopAll();
    const start = now(), mine = { ...play(buffer, start, { from }), entry, start, from, length: buffer.duration };
    mine.source.onended = () => { if (linear === mine) { linear = null; ended(); } };
    return (linear = mine);
  }

  function stopAll() {
    last++;
    const playing = [...(linear ? [linear] : []), ...(loop && loop.end === null ? loop.layers : []), ...extras];
    linear = loop = null;
    extras.clear();
    for (const each of playing) { each.source.onended = null; hush(each); }
  }

  // ---- where it is -------------------------------------------------------------------------------------------------

  const heard = () => (context.currentTime - (context.outputLatency || 0)) * context.sampleRate;

  // Bar and beat, from 1, of the loop as it is heard now; null before it begins and after a transition took over.
  function loopPlace() {
    if (!loop || heard() < loop.start || (loop.end !== null && heard() >= loop.end)) return null;
    const length = frames(cue.loop.samples), along = ((heard() - loop.start) % length) / length;
    const bar = Math.floor(along * cue.loop.bars);
    return { along, bar: bar + 1, beat: Math.floor((along * cue.loop.bars - bar) * cue.loop.beats) + 1 };
  }

  const linearSeconds = () => Math.min(linear.length, linear.from + Math.max(0, second(heard() - linear.start)));

  const read = new Float32Array(2048);
  function peak(analyser) {
    const part = read.subarray(0, analyser.fftSize);
    analyser.getFloatTimeDomainData(part);
    return part.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  }

  return {
    context, decode, startLoop, setIntensity, stinger, transition, effect, startLinear, stopAll, loopPlace,
    linearSeconds, out, second, level: () => peak(meter),
    layerLevel: (place) => (loop ? peak(loop.layers[place].analyser) : 0),
    wanted: (place) => Boolean(loop && loop.layers[place].wanted),
    get loop() { return loop; }, get linear() { return linear; }, get busy() { return extras.size; },
  };
}
