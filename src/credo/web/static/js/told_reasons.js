/** In Chinese: why a piece is near another, why it is recommended or was composed, and what is known of a listener. */

import { name } from "./words.js";

/** The parts of a reason, which have semicolons between them. @type {[RegExp, (...parts: string[]) => string][]} */
export const REASONS = [
  [/^(harmony|melody|rhythm|texture|model) (-?[\d.]+)$/, (side, value) => `${SIDES[side]} ${value}`],
  [/^same (.+)$/, (all) => `相同：${all.split(/, | and /).map(commonText).join("、")}`],
  [
    /^the same music(?:, (\d+) semitones? (higher|lower)| at the same pitch)? \((\d+) % of its passages\)$/,
    (by, way, n) => `同一音乐${by ? `，${way === "higher" ? "高" : "低"} ${by} 个半音` : ""}（${n} % 的乐句）`,
  ],
  [/^shares (\d+) % of its passages$/, (n) => `有 ${n} % 的乐句相同`],
  [
    /^like (.+), which you like(?: \((.+)\))?$/,
    (one, sides) => `类似你喜欢的《${one}》${sides ? `（${sidesText(sides)}）` : ""}`,
  ],
  [/^(.+), as you like$/, (traits) => `${traitsText(traits)}，合你的口味`],
  [/^by a composer whom you like$/, () => "出自你喜欢的作曲家"],
  [/^nearest to what you like of what is left$/, () => "其余乐曲中最接近你喜欢的"],
  [/^to find out whether you like (.+)$/, (traits) => `想知道你是否喜欢${traitsText(traits)}`],
  [/^to find out more of your taste$/, () => "想进一步了解你的口味"],
  [/^typical of (\d+) % of your library(?:: .+)?$/, (n) => `代表曲库的 ${n} %`],
  [/^freely, for nothing is known of you$/, () => "自由创作，因为还不了解你的口味"],
  [/^between (.+) and (.+), which you like.*$/, (one, other) => `介于你喜欢的《${one}》与《${other}》之间`],
  [
    /^asked for .+, as of (.+), which you (are expected to )?like$/,
    (one, expected) => `仿照${expected ? "预计" : ""}你喜欢的《${one}》`,
  ],
  // what is known of a listener
  [
    /^pieces rated: (\d+), of which (\d+) liked and (\d+) not liked$/,
    (all, yes, no) => `已评 ${all} 首：喜欢 ${yes}，不喜欢 ${no}`,
  ],
  [/^you seem to like (.+)$/, (traits) => `你似乎喜欢${traitsText(traits)}`],
  [/^(\d+) of your (\d+) likes are in (.+)$/, (n, all, what) => `喜欢的 ${all} 首中有 ${n} 首是 ${keyText(what)}`],
  [/^(\d+) of your (\d+) likes are for (.+)$/, (n, all, what) => `喜欢的 ${all} 首中有 ${n} 首的编制是 ${what}`],
  [/^(\d+) of your (\d+) likes are by (.+)$/, (n, all, who) => `喜欢的 ${all} 首中有 ${n} 首出自 ${who}`],
  [/^what you seem to go by: (.+)$/, (ideas) => `你似乎看重：${ideasText(ideas)}`],
  [/^that is little to go by; .*$/, () => "评分还少，请多评一些"],
];
const SIDES = { harmony: "和声", melody: "旋律", rhythm: "节奏", texture: "织体", model: "网络所听" };
const sidesText = (text) => text.replace(/harmony|melody|rhythm|texture/g, (side) => SIDES[side]);
const commonText = (one) => ({ "mode (minor)": "小调", "mode (major)": "大调" })[one] ?? name("attribute", one);
const keyText = (text) => text.replace(/^(\S+) major$/, "$1 大调").replace(/^(\S+) minor$/, "$1 小调");
/** What a listener may go by, as the server calls it; the longest first, for some have commas in them. */
const IDEAS = {
  "traits such as tempo, key and register": "速度、调性、音区等特征",
  "likeness to single pieces": "与个别乐曲的相似",
  "what the network hears": "网络所听",
  "the composer": "作曲家",
  "the mood": "情绪",
};
const ideasText = (text) => {
  const known = Object.entries(IDEAS).reduce((all, [idea, word]) => all.replace(idea, word), sidesText(text));
  return known.replace(/, | and /g, "、");
};
/** Traits by the words that the server has for little and much of them. */
const TRAITS = {
  "major keys": "大调",
  "minor keys": "小调",
  "metres that are not in three": "非三拍子",
  "metres in three": "三拍子",
  "simple metres": "单拍子",
  "compound metres such as 6/8": "6/8 等复拍子",
  "slow tempi": "慢速",
  "fast tempi": "快速",
  "few notes": "音符稀疏",
  "many notes": "音符密集",
  "low registers": "低音区",
  "high registers": "高音区",
  "thin textures": "薄织体",
  "full textures": "厚织体",
  "detached notes": "断奏",
  "connected notes": "连奏",
  "soft playing": "弱奏",
  "loud playing": "强奏",
  "a dark mood": "阴暗的情绪",
  "a bright mood": "明朗的情绪",
  "a calm mood": "平静的情绪",
  "an excited mood": "激动的情绪",
};
const traitsText = (text) => text.split(/, | and /).map((one) => TRAITS[one] ?? one).join("、");
