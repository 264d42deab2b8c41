// What the server says, in Chinese. Ends with an error at the first sentence that is not as it should be.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = process.argv[2];
const words = JSON.parse(readFileSync(`${folder}/../words.json`, "utf8"));
globalThis.fetch = async () => ({ json: async () => words });
globalThis.localStorage = { getItem: () => "zh", setItem() {} };
const load = (name) => import(pathToFileURL(`${folder}/${name}`));
const { loadWords, setLanguage } = await load("words.js");
const { translated } = await load("told.js");
await loadWords();

const sentences = {
  "expected at most 32 waiting jobs": "排队的任务最多 32 个",
  "alto: moved up by 2 octaves to fit the voice": "女低音：升高 2 个八度以合音域",
  "cadence: held notes of soprano stay as they are in bars 3, 5": "终止式：女高音在第 3, 5 小节锁定的音符保持不变",
  "chords and cadence: expected notes of bass that obey both, got none in bar 8":
    "和弦与终止式：男低音在第 8 小节没有可用的音",
  "the words 'calm'": "文字'calm'",
  "a sentence that nobody knows": "a sentence that nobody knows",
  "": "",
};
for (const [told, expected] of Object.entries(sentences)) assert.equal(translated(told), expected);
setLanguage("en");
for (const told of Object.keys(sentences)) assert.equal(translated(told), told);
console.log(`${Object.keys(sentences).length} sentences as they should be`);
