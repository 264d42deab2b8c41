// The page of a cue: what is seen and pressed. What sounds is in makeSound.
(() => {
  const find = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(find(id).textContent);
  const words = read("words"), cue = read("cue"), stored = read("sounds");
  const asked = new URLSearchParams(location.search).get("lang") || navigator.language || "en";
  let language = asked.startsWith("zh") ? "zh" : "en";
  let sound = null, wave = null, mode = "", coming = null, shown = "";
  const decoded = new Map(); // sounds at the cue's own rate
  const total = cue.samples / cue.rate;

  function say(word, values = {}) {
    return words[language][word].replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  }

  const tell = (text) => { find("status").textContent = text; };

  function node(kind, fields = {}, ...children) {
    const made = Object.assign(document.createElement(kind), fields);
    made.append(...children);
    return made;
  }

  // Browsers let a page sound only after somebody pressed something: the first press makes the audio context.
  function open() {
    if (!sound) {
      let context;
      try { context = new AudioContext({ sampleRate: cue.rate }); } catch { context = new AudioContext(); }
      sound = makeSound(context, cue, stored, context.sampleRate === cue.rate ? decoded : undefined);
      sound.out.gain.value = Number(find("volume").value);
      window.credo = sound;
    }
    if (sound.context.state === "suspended") sound.context.resume();
    return sound;
  }

  async function doing(act) {
    const slow = setTimeout(() => tell(say("loading")), 300);
    try {
      const done = await act(open());
      tell("");
      return done;
    } catch (error) {
      tell(say("failed"));
      console.warn(error.message);
      return null;
    } finally {
      clearTimeout(slow);
    }
  }

  // ---- bars of the whole cue ---------------------------------------------------------------------------------------

  const [count, unit] = (cue.metre || "4/4").split("/").map((part) => parseInt(part, 10) || 4);

  function quarters(from, to) {
    return cue.tempos.reduce((sum, tempo, place) => {
      const begin = Math.max(from, place ? tempo.seconds : 0), end = Math.min(to, cue.tempos[place + 1]?.seconds ?? to);
      return sum + Math.max(0, end - begin) * tempo.bpm / 60;
    }, 0);
  }

  // Sections begin on bar lines, so that bars are counted from the last of them.
  function placeAt(seconds) {
    const section = cue.sections.findLast((each) => each.bar >= 1 && each.seconds <= seconds + 1e-6);
    const from = section || { seconds: 0, bar: 1 };
    const bar = from.bar + quarters(from.seconds, seconds) * unit / (4 * count) + 1e-6;
    return { bar: Math.floor(bar), beat: Math.floor((bar - Math.floor(bar)) * count) + 1 };
  }

  // ---- building ----------------------------------------------------------------------------------------------------

  function buttons(id, entries, press) {
    find(id).hidden = !entries.length;
    for (const entry of entries) {
      const button = node("button", { type: "button", textContent: entry.name || id });
      button.addEventListener("click", () => press(entry, button));
      find(id).append(button);
    }
  }

  function build() {
    find("loop").hidden = !cue.loop;
    find("mix").hidden = !cue.mix;
    find("others").hidden = !cue.versions.length && !cue.effects.length;
    if (cue.loop) {
      for (const layer of cue.loop.layers)
        find("layers").append(node("li", {}, node("b", { textContent: layer.name }),
          node("span", { className: "meter" }, node("i")), node("small")));
      for (let bar = 0; bar < cue.loop.bars; bar++) find("loop-bars").append(node("span", {}, node("i")));
      buttons("stingers", cue.stingers, stinger);
      buttons("transitions", cue.transitions, transition);
    }
    for (const [place, section] of cue.sections.entries()) {
      const end = cue.sections[place + 1]?.seconds ?? total, mark = node("span", { textContent: section.name });
      mark.style.left = `${100 * section.seconds / total}%`;
      mark.style.width = `${Math.max(0, 100 * (end - section.seconds) / total)}%`;
      find("sections").append(mark);
    }
    for (const hit of cue.hits) {
      const line = node("span", { className: hit.seconds > 0.8 * total ? "left" : "" });
      line.append(node("i", { textContent: hit.name }));
      line.style.left = `${100 * hit.seconds / total}%`;
      find("hit-lines").append(line);
    }
    buttons("hits", cue.hits, (hit) => startMix(Math.max(0, hit.seconds - 2)));
    buttons("versions", cue.versions, (entry) => startLinear(entry, 0));
    buttons("effects", cue.effects, (entry) => doing((player) => player.effect(entry)));
    find("seek").max = total;
  }

  function speak(chosen) {
    language = chosen;
    document.documentElement.lang = words[language].language;
    for (const each of document.querySelectorAll("[data-word]")) each.textContent = say(each.dataset.word);
    find("seek").setAttribute("aria-label", say("seek"));
    for (const each of document.querySelectorAll("[data-language]"))
      each.setAttribute("aria-pressed", String(each.dataset.language === language));
    const bpms = [...new Set(cue.tempos.map((each) => Math.round(10 * each.bpm) / 10))];
    const bpm = bpms.length > 1 ? `${Math.min(...bpms)}–${Math.max(...bpms)}` : bpms[0] ?? "–";
    find("facts").textContent = say("facts", { ...cue, bpm, seconds: total.toFixed(2) });
    [...find("hits").querySelectorAll("button")].forEach((button, place) => {
      const hit = cue.hits[place];
      const told = { name: hit.name, seconds: hit.seconds.toFixed(2), residual: hit.residual?.toFixed(1) };
      button.textContent = say(hit.residual === null ? "hit_missed" : "hit", told);
    });
    find("left-out").hidden = !cue.left_out.length;
    find("left-out").textContent = say("left_out", { names: cue.left_out.join(", ") });
    tell("");
    shown = "";
    draw();
  }

  // ---- pressing ----------------------------------------------------------------------------------------------------

  const ended = () => { mode = ""; coming = null; };
  const atBar = () => document.querySelector("[name=when]:checked").value === "bar";

  async function toggleLoop() {
    if (mode === "loop") return stopAll();
    mode = "loop"; coming = null;
    return doing((player) => player.startLoop(Number(find("intensity").value)));
  }

  function startLinear(entry, from) {
    mode = entry === cue.mix ? "mix" : "version"; coming = null;
    return doing((player) => player.startLinear(entry, from, ended));
  }

  const startMix = (from) => startLinear(cue.mix, from);

  function toggleMix() {
    const from = Number(find("seek").value);
    return mode === "mix" ? stopAll() : startMix(from >= total - 0.05 ? 0 : from);
  }

  async function stinger(entry) {
    const line = await doing((player) => player.stinger(entry));
    if (line?.bar) coming = { name: entry.name, ...line };
  }

  async function transition(entry) {
    const line = await doing((player) => player.transition(entry, ended));
    if (line) coming = { name: entry.name, ...line };
  }

  function stopAll() { sound?.stopAll(); ended(); tell(""); }

  function setIntensity(value) {
    find("intensity").value = value;
    sound?.setIntensity(Number(find("intensity").value), atBar());
  }

  function seek(seconds) {
    find("seek").value = seconds;
    if (mode === "mix") startMix(seconds);
  }

  const more = (step) => cue.loop && setIntensity(Number(find("intensity").value) + step);
  const keys = {
    "+": () => more(0.1), "=": () => more(0.1), "-": () => more(-0.1), Escape: stopAll,
    l: () => cue.loop && toggleLoop(), m: () => cue.mix && toggleMix(),
    t: () => cue.loop && cue.transitions.length && transition(cue.transitions[0]),
  };

  function act(key) {
    if (!/^[1-9]$/.test(key)) return keys[key];
    return cue.loop && cue.stingers[key - 1] && (() => stinger(cue.stingers[key - 1]));
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  const text = (id, value) => { if (find(id).textContent !== value) find(id).textContent = value; };
  const decibels = (level) => Math.max(-60, 20 * Math.log10(level + 1e-9));

  function draw() {
    const place = sound && mode === "loop" ? sound.loopPlace() : null;
    text("loop-play", say(mode === "loop" ? "stop" : "play"));
    text("mix-play", say(mode === "mix" ? "stop" : "play"));
    text("loop-place", place ? say("place", place) : say("silent"));
    if (coming && sound && sound.second(coming.frame) <= sound.context.currentTime) coming = coming.bar ? null : coming;
    text("next", coming ? say(coming.bar ? "next" : "next_now", coming) : "");
    text("intensity-value", Number(find("intensity").value).toFixed(2));
    if (cue.loop) {
      [...find("loop-bars").children].forEach((bar, at) => {
        const done = place ? Math.min(1, Math.max(0, place.along * cue.loop.bars - at)) : 0;
        bar.firstChild.style.width = `${100 * done}%`;
      });
      [...find("layers").children].forEach((row, at) => {
        const layer = cue.loop.layers[at];
        const on = mode === "loop" ? sound?.wanted(at) : layer.threshold <= Number(find("intensity").value);
        row.className = on ? "" : "off";
        row.children[1].firstChild.style.width = `${100 + decibels(place ? sound.layerLevel(at) : 0) / 0.6}%`;
        const state = `${say(on ? "on" : "off")} · ${say("from", { threshold: layer.threshold.toFixed(2) })}`;
        if (row.children[2].textContent !== state) row.children[2].textContent = state;
      });
    }
    if (sound?.linear && mode === "mix") find("seek").value = sound.linearSeconds();
    const seconds = Number(find("seek").value);
    text("mix-place", say("place_seconds", { seconds: seconds.toFixed(1), ...placeAt(seconds) }));
    find("seek").setAttribute("aria-valuetext", say("seek_value", { seconds: seconds.toFixed(1) }));
    find("level").value = sound ? decibels(sound.level()) : -60;
    drawWave(seconds / total);
  }

  function measure(buffer, columns) {
    const step = buffer.length / columns, numbers = [...Array(buffer.numberOfChannels).keys()];
    const channels = numbers.map((number) => buffer.getChannelData(number));
    return Array.from({ length: columns }, (_, column) => {
      let most = 0;
      for (let frame = Math.floor(column * step); frame < (column + 1) * step && frame < buffer.length; frame += 4)
        for (const channel of channels) most = Math.max(most, Math.abs(channel[frame]));
      return most;
    });
  }

  function drawWave(along) {
    const canvas = find("wave"), width = Math.round(canvas.clientWidth * devicePixelRatio);
    const colours = getComputedStyle(document.documentElement);
    const key = [width, wave?.length, along, colours.getPropertyValue("--mark")].join();
    if (key === shown || !width) return;
    shown = key;
    canvas.width = width;
    const pen = canvas.getContext("2d"), middle = canvas.height / 2;
    for (let column = 0; wave && column < width; column++) {
      const height = Math.max(0.5, wave[Math.floor(column * wave.length / width)] * middle);
      pen.fillStyle = colours.getPropertyValue(column / width < along ? "--mark" : "--faint");
      pen.fillRect(column, middle - height, 1, 2 * height);
    }
    pen.fillStyle = colours.getPropertyValue("--ink");
    pen.fillRect(Math.min(width - 2, along * width), 0, 2 * devicePixelRatio, canvas.height);
  }

  // ---- beginning ---------------------------------------------------------------------------------------------------

  build();
  speak(language);
  for (const button of document.querySelectorAll("[data-language]"))
    button.addEventListener("click", () => speak(button.dataset.language));
  find("loop-play").addEventListener("click", toggleLoop);
  find("mix-play").addEventListener("click", toggleMix);
  find("intensity").addEventListener("input", () => setIntensity(find("intensity").value));
  find("volume").addEventListener("input", () => { if (sound) sound.out.gain.value = Number(find("volume").value); });
  find("seek").addEventListener("change", () => seek(Number(find("seek").value)));
  find("seek").addEventListener("input", () => { if (mode === "mix") stopAll(); });
  document.querySelector(".timeline").addEventListener("click", (event) => {
    const box = find("wave").getBoundingClientRect();
    seek(total * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)));
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = act(event.key);
    if (wanted) { event.preventDefault(); wanted(); }
  });
  (function frame() { draw(); requestAnimationFrame(frame); })();
  if (cue.mix) {
    const silent = new OfflineAudioContext(1, 1, cue.rate);
    const failed = () => tell(say("failed"));
    makeSound(silent, cue, stored, decoded).decode(cue.mix).then((buffer) => { wave = measure(buffer, 2000); }, failed);
  }
})();
