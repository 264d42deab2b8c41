/**
 * What the server says, in Chinese: its remarks, reasons and refusals are English sentences with names and numbers in
 * them. What no pattern knows stays as it is.
 */

import { REASONS } from "./told_reasons.js";
import { language, name } from "./words.js";

/** Names in a list, such as `alto, bass`. */
const names = (text) => text.replace(/[\p{L}\p{N}_]+/gu, (one) => name("voice", one)).replaceAll(", ", "、");
const bars = (text) => text.replace(/^bars? /, "第 ").replace(/ and (\d+) more$/, " 等另外 $1") + " 小节";

/** @type {[RegExp, (...parts: string[]) => string][]} */
const PATTERNS = [
  // refusals of the server itself
  [/^expected at most (\d+) waiting jobs$/, (n) => `排队的任务最多 ${n} 个`],
  [/^too many are waiting for this$/, () => "排队的请求太多"],
  [/^too much is being sent at a time$/, () => "同时发送的数据太多"],
  [/^expected at most ([\d.]+) requests a second$/, (n) => `每秒最多 ${n} 个请求`],
  [/^expected at most ([\d.]+) seconds of work$/, (n) => `计算时间超过 ${n} 秒`],
  [/^the model is busy with something long$/, () => "模型正忙"],
  [/^expected enough memory for this, got none$/, () => "内存不足"],
  [/^something went wrong that should not$/, () => "出现了意外错误"],
  [/^there is no such job.*$/, () => "没有这个任务，结果只保留一刻钟"],
  [/^try again( soon)?$/, () => "请稍后再试"],
  [/^wait a little$/, () => "请稍等"],
  [/^ask for less$/, () => "请减少要求"],
  [/^see the log of credo studio$/, () => "请查看 credo studio 的日志"],
  [/^choose another model$/, () => "请换一个模型"],
  [/^change one of these wishes, or the voice's range$/, () => "请修改其中一个愿望，或声部的音域"],
  [/^unlock it first$/, () => "请先解锁"],
  // files
  [/^expected a file with something in it, got an empty one$/, () => "文件是空的"],
  [/^expected a file named with one of (.+), got (.+)$/, (known, got) => `无法读取 ${got}，可读取：${known}`],
  [/^cannot be read: (.+)$/, (why) => `无法读取：${why}`],
  [/^file: expected notes for (.+), got none that fit$/, (all) => `文件中没有适合${names(all)}的音符`],
  [/^file: expected at most (\d+) notes, got (\d+)$/, (most, got) => `文件有 ${got} 个音符，最多 ${most} 个`],
  [/^left out: all after bar (\d+), of (\d+)$/, (bar, all) => `共 ${all} 小节，第 ${bar} 小节之后的略去`],
  [/^left out: (.+)$/, (what) => `略去：${what}`],
  [/^tempo: changes during the piece are left out.*$/, () => "速度变化被略去，以第一个为准"],
  [/^metre: changes during the piece are left out.*$/, () => "拍号变化被略去，以第一个为准"],
  [/^key: changes during the piece are left out.*$/, () => "调性变化被略去，以第一个为准"],
  [/^metre: (\S+) is no whole number of steps; shown in 4\/4$/, (m) => `拍号 ${m} 不合网格，显示为 4/4`],
  [/^the upbeat begins after rests that fill its bar$/, () => "弱起小节前补了休止"],
  [/^(\d+) notes never end and were left out$/, (n) => `${n} 个没有结束的音符被略去`],
  [/^(\d+) changes of instrument inside a part were left out$/, (n) => `声部中 ${n} 次换乐器被略去`],
  [/^(\d+) groups of grace notes were left out$/, (n) => `${n} 组装饰音被略去`],
  [/^(\d+) further tunes of the book were left out( \(credo info names them\))?$/, (n) => `曲集中另外 ${n} 首被略去`],
  [
    /^(\S+): moved (up|down) by (\d+) octaves? to fit the voice$/,
    (voice, way, n) => `${names(voice)}：${way === "up" ? "升高" : "降低"} ${n} 个八度以合音域`,
  ],
  // the composer
  [
    /^warning: more like the training data than its own pieces are like one another: (\d+) new notes in a row.*$/,
    (n) => `警告：与训练数据过于相似，连续 ${n} 个新音符相同`,
  ],
  [
    /^(.+): held notes of (\S+) stay as they are in (bars? .+)$/,
    (wish, voice, where) => `${wishText(wish)}：${names(voice)}在${bars(where)}锁定的音符保持不变`,
  ],
  [
    /^(.+): not obeyed in (bars? .+), where held notes and other wishes leave no choice$/,
    (wish, where) => `${wishText(wish)}：${bars(where)}无法满足，因为锁定的音符和其他愿望没有留下选择`,
  ],
  [
    /^(\S+): a note begins after a held one in (bars? .+)$/,
    (voice, where) => `${names(voice)}：${bars(where)}锁定的音符之后另起一音`,
  ],
  [/^polyphony: \S+ writes about what is asked, and may write less$/, () => "复音数：大约照办，可能少一些"],
  [
    /^(.+): expected notes of (\S+) that obey (?:both|all), got none in (bars? .+)$/,
    (wishes, voice, where) => `${wishes.split(" and ").map(wishText).join("与")}：${names(voice)}在${bars(where)}没有可用的音`,
  ],
  [/^repeats: held notes differ from those of the original in (bars? .+)$/, (where) => `反复：${bars(where)}锁定的音符与原来的不同`],
  [/^harmonize: (.+)$/, (rest) => `配和声：${rest}`],
  [/^voice: expected the name of the melody's voice, for (.+) have notes$/, (all) => `请选择旋律声部，${names(all)}都有音符`],
  [/^voice: expected one that has notes \((.+)\), got (\S+)$/, (all, got) => `${names(got)}没有音符，有音符的是：${names(all)}`],
  [/^add: expected voices to write beside others that have notes.*$/, () => "伴奏：需要有音符的声部和要写的声部"],
  [/^revoice: expected a texture of single lines, got (.+) in (\S+)$/, (all) => `换排列：只适用于单音声部，${names(all)}不是`],
  [/^blend: expected two pieces of one metre.*$/, () => "混合：两首乐曲的拍号须相同"],
  [/^blend: expected a second piece as long as what is locked.*$/, () => "混合：另一首须与锁定部分一样长"],
  [/^form: expected letters.*$/, () => "曲式：请写 AABA 或 A A' B A 这样的字母"],
  [/^form: .*$/, () => "曲式：字母或小节数不合规则"],
  [/^humanize: expected a model that has learnt loudness and timing.*$/, () => "人性化：需要学过力度和时值的模型"],
  [/^(\S+): (\S+) cannot be asked of (\S+), .*$/, (what, value) => `${attribute(what)}：${value} 不适用于此模型`],
  [/^(.+): cannot be asked of this piece, for .*$/, (all) => `${all.split(", ").map(attribute).join("、")}：不适用于此乐曲`],
  // words and pictures
  [/^the words (.+)$/, (words) => `文字${words}`],
  [/^measured$/, () => "测量所得"],
  [/^text: nothing that is known is much like these words; their mood is a guess$/, () => "文字：没有相近的词语，情绪是猜测"],
  [/^text: the first (\d+) of (\d+) characters were read$/, (some, all) => `文字：共 ${all} 字，读了前 ${some} 字`],
  [/^text: (.+) is left open: a record cannot hold what is not wanted$/, (words) => `文字：${words}未采用，无法表示不要什么`],
  [/^text: (\S+) from (.+); (.+) says otherwise$/, (what, one, other) => `文字：${attribute(what)}取自${one}，${other}与之相反`],
];

const attribute = (one) => name("attribute", one);
/** Wishes as the composer calls them. */
const WISHES = { chords: "和弦", cadence: "终止式", scale: "音阶", ranges: "音域", rhythm: "节奏", repeats: "反复" };
const wishText = (one) => WISHES[one] ?? attribute(one);

/** A sentence of the server in the reader's language. @param {string} text */
export function translated(text) {
  if (language !== "zh" || !text) return text;
  const whole = matched(PATTERNS, text);
  if (whole !== null) return whole;
  const parts = text.split("; ").map((part) => matched(REASONS, part));
  return parts.every((part) => part !== null) ? parts.join("；") : text;
}

/** The text in Chinese by the first pattern that knows it; null if none does. */
function matched(patterns, text) {
  for (const [pattern, into] of patterns) {
    const found = pattern.exec(text);
    if (found) return into(...found.slice(1));
  }
  return null;
}
