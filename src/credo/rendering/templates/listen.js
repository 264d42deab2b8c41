"use strict";
// The page of a listening test. It shows excerpts by letter alone, keeps all answers in the browser, and sends nothing.
(() => {
  const find = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(find(id).textContent);
  const words = read("words"), test = read("data");
  const memory = "credo-listen-" + test.test;
  const LEVELS = ["none", "amateur", "student", "professional"];
  const EQUIPMENT = ["headphones", "loudspeakers", "builtin"];
  const LETTERS = ["A", "B"];
  const sides = test.kind === "pairs" ? [0, 1] : [0];
  const wanted = new URLSearchParams(location.search);

  let state = recall();
  let language = (state && state.language) || wanted.get("lang") || ((navigator.language || "").startsWith("zh") ? "zh" : "en");
  if (!words[language]) language = "en";
  let players = [], shownAt = 0, lastPlayed = 0;

  // ---- words -------------------------------------------------------------------------------------------------------

  function say(word, values = {}) {
    const text = words[language][word] ?? words[language][`${word}_${test.kind}`] ?? word;
    return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
  }

  const tell = (text) => { find("status").textContent = text; };
  const name = (side) => (sides.length > 1 ? LETTERS[side] : say("piece"));

  function speak(chosen) {
    language = chosen;
    document.documentElement.lang = words[language].language;
    for (const node of document.querySelectorAll("[data-word]"))
      node.textContent = say(node.dataset.word, { hear: test.hear, minutes: test.minutes });
    for (const button of document.querySelectorAll("[data-language]"))
      button.setAttribute("aria-pressed", String(button.dataset.language === language));
    find("contact").textContent = test.contact ? say("contact", { contact: test.contact }) : "";
    find("keys").textContent = say("keys");
    tell("");
    if (state) { state.language = language; keep(); }
    if (state && !state.finished) askAgain();
  }

  // ---- what is kept ------------------------------------------------------------------------------------------------

  function recall() {
    try {
      const kept = JSON.parse(localStorage.getItem(memory));
      return kept && kept.test === test.test ? kept : null;
    } catch { return null; }
  }

  function keep() {
    try { localStorage.setItem(memory, JSON.stringify(state)); }
    catch { find("memory").hidden = false; }
  }

  function begin() {
    const typed = find("number").value.trim(), given = typed !== "";
    const missing = !find("expertise").value ? "expertise" : !find("equipment").value ? "equipment"
      : given && !/^[1-9][0-9]{0,5}$/.test(typed) ? "number" : !find("consent").checked ? "consent" : "";
    if (missing) { tell(say("need_" + missing)); find(missing).focus(); return; }
    const drawn = crypto.getRandomValues(new Uint32Array(5));
    const listener = given ? Number(typed) : 1 + (drawn[0] % 999999);
    state = {
      format: "credo-listening-answers", version: 1, test: test.test,
      session: "s" + [...drawn.slice(1)].map((part) => part.toString(16).padStart(8, "0")).join(""),
      listener, given, slot: (listener - 1) % test.slots.length, consent: true,
      expertise: find("expertise").value, equipment: find("equipment").value, language,
      started: new Date().toISOString(), finished: null, comment: "", answers: [], now: null,
    };
    keep();
    tell("");
    show();
  }

  // ---- a trial -----------------------------------------------------------------------------------------------------

  const slot = () => test.slots[state.slot];
  const ready = () => sides.every(enough) && test.scales.every((scale) => state.now.chosen[scale]);
  const heard = (side) => Math.max(state.now.heard[side], players[side] ? union(players[side].audio.played) : 0);
  const enough = (side) => state.now.ended[side] || heard(side) >= test.hear;

  function union(ranges) {
    let seconds = 0;
    for (let range = 0; range < ranges.length; range++) seconds += ranges.end(range) - ranges.start(range);
    return seconds;
  }

  function node(kind, fields = {}, ...children) {
    const made = Object.assign(document.createElement(kind), fields);
    made.append(...children);
    return made;
  }

  function show() {
    const place = state ? state.answers.length : 0;
    for (const section of ["welcome", "trial", "end"])
      find(section).hidden = section !== (!state ? "welcome" : state.finished ? "end" : "trial");
    if (!state) return;
    silence();
    if (state.finished) { find("comment").value = state.comment; find("done").focus(); return; }
    if (!state.now || state.now.trial !== place) {
      const none = sides.map(() => 0);
      state.now = { trial: place, chosen: {}, heard: none, plays: [...none], ended: sides.map(() => false),
                    shown: new Date().toISOString(), seconds: 0 };
      keep();
    }
    shownAt = performance.now() - 1000 * state.now.seconds;
    lastPlayed = 0;
    players = slot()[place].filter(Boolean).map(makePlayer);
    find("players").replaceChildren(...players.map((player) => player.box));
    askAgain();
    find("prompt").focus();
    window.scrollTo(0, 0);
  }

  function silence() {
    for (const player of players) { player.audio.pause(); URL.revokeObjectURL(player.audio.src); }
    players = [];
  }

  function makePlayer(excerpt, side) {
    const bytes = Uint8Array.from(atob(test.sounds[excerpt]), (letter) => letter.charCodeAt(0));
    const audio = new Audio(URL.createObjectURL(new Blob([bytes], { type: test.mime })));
    const button = node("button", { type: "button", id: "play-" + LETTERS[side] });
    const bar = node("progress", { max: 1, value: 0 });
    const line = node("p");
    const box = node("div", { className: "player" }, button, bar, line);
    const player = { audio, button, bar, line, box };
    button.addEventListener("click", () => toggle(side));
    for (const event of ["play", "pause", "timeupdate", "durationchange"]) audio.addEventListener(event, () => listen(side));
    audio.addEventListener("play", () => {
      if (audio.currentTime < 0.05) state.now.plays[side] += 1;
      players.forEach((other, number) => { if (number !== side) other.audio.pause(); });
    });
    audio.addEventListener("ended", () => {
      state.now.ended[side] = true;
      listen(side);
      tell(`${name(side)}: ${say("heard_end")}`);
    });
    audio.addEventListener("error", () => { if (players[side] === player) tell(say("failed")); });
    return player;
  }

  function toggle(side) {
    const { audio } = players[side];
    lastPlayed = side;
    if (!audio.paused) audio.pause();
    else audio.play().catch(() => tell(say("failed")));
  }

  // The piece that the space bar means: what plays; else what was stopped too early; else what was not heard; else the last.
  function turn() {
    const places = [
      sides.find((side) => !players[side].audio.paused),
      sides.find((side) => players[side].audio.currentTime > 0 && !players[side].audio.ended && !enough(side)),
      sides.find((side) => !enough(side)), lastPlayed,
    ];
    return places.find((side) => side !== undefined);
  }

  function listen(side) {
    const player = players[side];
    if (!player) return;
    const { audio } = player, before = state.now.heard[side];
    state.now.heard[side] = heard(side);
    player.bar.max = audio.duration || 1;
    player.bar.value = audio.currentTime;
    player.box.classList.toggle("playing", !audio.paused);
    paintPlayer(side);
    paintNext();
    if (Math.floor(before) !== Math.floor(state.now.heard[side]) || audio.paused) rememberTime();
  }

  function rememberTime() {
    if (!state || state.finished || !state.now) return;
    state.now.seconds = (performance.now() - shownAt) / 1000;
    keep();
  }

  // ---- questions ---------------------------------------------------------------------------------------------------

  const digits = (scale) => (test.kind === "pairs" || scale === "human" ? 2 : 7);

  function option(scale, digit) {
    if (test.kind === "pairs") return say("choice", { digit, name: LETTERS[digit - 1] });
    return scale === "human" ? say(digit === 1 ? "person" : "computer") : String(digit);
  }

  function question(scale) {
    const choices = node("div", { className: digits(scale) === 2 ? "choices words" : "choices" });
    for (let digit = 1; digit <= digits(scale); digit++) {
      const input = node("input", { type: "radio", name: scale, value: digit, checked: state.now.chosen[scale] === digit });
      input.addEventListener("change", () => choose(scale, digit));
      choices.append(node("label", {}, input, option(scale, digit)));
    }
    const set = node("fieldset", { id: "scale-" + scale }, node("legend", { textContent: say(scale) }));
    if (digits(scale) === 7) set.append(node("p", { className: "ends" },
      node("span", { textContent: say("lowest") }), node("span", { textContent: say("highest") })));
    set.append(choices);
    return set;
  }

  function askAgain() {
    find("place").textContent = say("place", { place: state.answers.length + 1, count: slot().length });
    find("all").max = slot().length;
    find("all").value = state.answers.length;
    find("all").setAttribute("aria-label", find("place").textContent);
    find("prompt").textContent = say("prompt");
    find("questions").replaceChildren(...test.scales.map(question));
    find("next").textContent = say(state.answers.length + 1 === slot().length ? "last" : "next");
    sides.forEach(paintPlayer);
    paintNow();
  }

  const open = () => test.scales.find((scale) => !state.now.chosen[scale]);

  function paintPlayer(side) {
    const { audio, button, bar, line } = players[side];
    button.textContent = say(audio.paused ? "play" : "pause", { name: name(side) });
    bar.setAttribute("aria-label", name(side));
    line.textContent = state.now.ended[side] ? "✓ " + say("heard_end") : enough(side) ? "✓ " + say("heard_enough")
      : say("heard_part", { heard: Math.floor(heard(side)), hear: test.hear });
  }

  function paintNow() {
    for (const scale of test.scales) find("scale-" + scale).classList.toggle("now", scale === open());
    paintNext();
  }

  function paintNext() {
    const silent = sides.filter((side) => !enough(side)).map(name);
    const unanswered = test.scales.filter((scale) => !state.now.chosen[scale]).length;
    const missing = [silent.length ? say("missing_sound", { names: silent.join(", ") }) : "",
                     unanswered ? say("missing_answers", { count: unanswered }) : ""];
    const text = ready() ? say("ready") : missing.filter(Boolean).join(" ");
    if (find("missing").textContent !== text) find("missing").textContent = text;
    find("next").setAttribute("aria-disabled", String(!ready()));
  }

  function choose(scale, digit) {
    state.now.chosen[scale] = digit;
    for (const input of find("scale-" + scale).querySelectorAll("input")) input.checked = Number(input.value) === digit;
    rememberTime();
    paintNow();
    tell(say("answered", { question: say(scale), answer: option(scale, digit) }) + (ready() ? " " + say("ready") : ""));
  }

  function unchoose() {
    const scale = test.scales.filter((each) => state.now.chosen[each]).pop();
    if (!scale) return;
    delete state.now.chosen[scale];
    for (const input of find("scale-" + scale).querySelectorAll("input")) input.checked = false;
    rememberTime();
    paintNow();
    tell(say("missing_answers", { count: test.scales.filter((each) => !state.now.chosen[each]).length }));
  }

  function next() {
    if (!ready()) { tell(find("missing").textContent); return; }
    rememberTime();
    const { trial, chosen, plays, ended, shown, seconds } = state.now;
    const [first, second] = slot()[trial];
    const rounded = state.now.heard.map((part) => Math.round(part * 10) / 10);
    state.answers.push({ trial, first, second, chosen: { ...chosen }, plays, heard: rounded, ended, shown,
                         answered: new Date().toISOString(), seconds: Math.round(seconds * 10) / 10 });
    state.now = null;
    if (state.answers.length === slot().length) state.finished = new Date().toISOString();
    keep();
    tell("");
    show();
  }

  // ---- saving ------------------------------------------------------------------------------------------------------

  function asJson() {
    const { now, ...answers } = state;
    return JSON.stringify(answers, null, 1) + "\n";
  }

  // One row a trial. A text that a spreadsheet would take for a formula gets an apostrophe.
  function asCsv() {
    const cell = (value) => {
      const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value ?? "");
      return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    };
    const about = ["format", "version", "test", "session", "listener", "given", "slot", "consent", "expertise", "equipment",
                   "language", "started", "finished", "comment"];
    const parts = ["plays", "heard", "ended"];
    const head = [...about, "trial", "first", "second", ...parts.flatMap((part) => sides.map((side) => `${part}_${side + 1}`)),
                  "shown", "answered", "seconds", ...test.scales];
    const rows = state.answers.map((answer) => [...about.map((field) => state[field]), answer.trial, answer.first, answer.second,
      ...parts.flatMap((part) => sides.map((side) => answer[part][side])), answer.shown, answer.answered, answer.seconds,
      ...test.scales.map((scale) => answer.chosen[scale])]);
    return "\ufeff" + [head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  function save(text, kind, suffix) {
    const link = node("a", { href: URL.createObjectURL(new Blob([text], { type: kind })) });
    link.download = `answers-${test.test}-${state.listener}-${state.session.slice(1, 5)}.${suffix}`;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    tell(say("saved", { name: link.download }));
  }

  // ---- hands on keys -----------------------------------------------------------------------------------------------

  function pressed(event) {
    if (!state || state.finished || event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target, kind = target.tagName, key = event.key;
    const native = kind === "BUTTON" || kind === "SELECT" || kind === "TEXTAREA" || kind === "A";
    const focused = target.closest("fieldset");
    if (key === " " && !native && kind !== "INPUT") toggle(turn());
    else if (key === "Enter" && !native) next();
    else if (key === "Backspace") unchoose();
    else if (sides.length > 1 && LETTERS.includes(key.toUpperCase())) toggle(LETTERS.indexOf(key.toUpperCase()));
    else if (/^[1-9]$/.test(key)) {
      const scale = focused ? focused.id.slice("scale-".length) : open();
      if (!scale || Number(key) > digits(scale)) return;
      choose(scale, Number(key));
    } else return;
    event.preventDefault();
  }

  function fill(id, values) {
    for (const value of values) {
      const choice = node("option", { value });
      choice.dataset.word = value;
      find(id).append(choice);
    }
  }

  fill("expertise", LEVELS);
  fill("equipment", EQUIPMENT);
  find("checks").hidden = !test.checks;
  if (/^[1-9][0-9]{0,5}$/.test(wanted.get("listener") || "")) find("number").value = wanted.get("listener");
  for (const button of document.querySelectorAll("[data-language]"))
    button.addEventListener("click", () => speak(button.dataset.language));
  find("start").addEventListener("click", begin);
  find("next").addEventListener("click", next);
  find("comment").addEventListener("input", () => { state.comment = find("comment").value; keep(); });
  find("save-json").addEventListener("click", () => save(asJson(), "application/json", "json"));
  find("save-csv").addEventListener("click", () => save(asCsv(), "text/csv", "csv"));
  find("again").addEventListener("click", () => {
    if (!confirm(say("sure"))) return;
    state = null;
    try { localStorage.removeItem(memory); } catch { /* nothing was kept */ }
    show();
    speak(language);
  });
  document.addEventListener("keydown", pressed);
  window.addEventListener("pagehide", rememberTime);
  try { localStorage.setItem(memory + "-try", "1"); localStorage.removeItem(memory + "-try"); }
  catch { find("memory").hidden = false; }

  const resumed = state && !state.finished && (state.answers.length || state.now);
  show();
  speak(language);
  if (resumed) tell(say("resumed"));
})();
