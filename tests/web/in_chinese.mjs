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
  "2 further tunes of the book were left out (credo info names them)": "曲集中另外 2 首被略去",
  "the words 'calm'": "文字'calm'",
  "same metre, key and density; harmony 0.91; melody -0.40": "相同：拍号、调、密度；和声 0.91；旋律 -0.40",
  "the same music, 2 semitones higher (80 % of its passages); rhythm 1.00":
    "同一音乐，高 2 个半音（80 % 的乐句）；节奏 1.00",
  "minor keys and slow tempi, as you like; like Air, which you like (harmony 0.91)":
    "小调、慢速，合你的口味；类似你喜欢的《Air》（和声 0.91）",
  "asked for mode minor, metre 3/4, as of Air, which you are expected to like; to find out more of your taste":
    "仿照预计你喜欢的《Air》；想进一步了解你的口味",
  "3 of your 6 likes are in A major": "喜欢的 6 首中有 3 首是 A 大调",
  "what you seem to go by: traits such as tempo, key and register, harmony and the mood":
    "你似乎看重：速度、调性、音区等特征、和声、情绪",
  "harmony 0.91; and something that nobody knows": "harmony 0.91; and something that nobody knows",
  "a sentence that nobody knows": "a sentence that nobody knows",
  "": "",
};
for (const [told, expected] of Object.entries(sentences)) assert.equal(translated(told), expected);
setLanguage("en");
for (const told of Object.keys(sentences)) assert.equal(translated(told), told);
console.log(`${Object.keys(sentences).length} sentences as they should be`);
