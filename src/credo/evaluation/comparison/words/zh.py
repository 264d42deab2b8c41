"""A comparison in Chinese."""

from credo.evaluation.comparison.judge import COPIES, HELD_OUT, MARKOV, RANDOM
from credo.evaluation.comparison.words import Told

FIGURES = {
    "pitch range": Told("音域", "半音", "从最低音到最高音"),
    "pitches used": Told("所用音高数", "", "用了多少个不同的音高"),
    "pitch entropy": Told("音高熵", "比特", "各音高使用得有多均匀"),
    "mean interval": Told("平均音程", "半音", "旋律音程的大小"),
    "steps": Told("级进", "", "旋律音程中二度的比例"),
    "leaps": Told("大跳", "", "旋律音程中五度及以上的比例"),
    "repeated notes": Told("同音反复", "", "旋律音程中同度的比例"),
    "rests in lines": Told("声部内的休止", "", "声部首尾之间静默的时间"),
    "pitch classes used": Told("所用音级数", "", "十二个音级中用了几个"),
    "pitch class entropy": Told("音级熵", "比特", "各音级使用得有多均匀"),
    "scale consistency": Told("音阶一致度", "", "最相合的音阶所含音符的比例"),
    "polyphony": Told("同时发声的音高数", "", "有声之时的平均数"),
    "polyphony rate": Told("多音比例", "", "两个及以上音高同时发声的时间"),
    "triads": Told("三和弦", "", "恰为一个完整三和弦的时间"),
    "dissonance": Told("不协和", "", "成对音高中二度、三全音或七度的比例"),
    "chord changes": Told("和弦变换", "每拍", "和弦与前一拍不同的拍"),
    "progression irregularity": Told("和弦进行的不规则度", "", "相继三个和弦的不同组合占全部组合的比例"),
    "tension diameter": Told("张力：直径", "", "螺旋阵列上一拍的不协和程度"),
    "tension momentum": Told("张力：移动", "", "螺旋阵列上和声逐拍移动的距离"),
    "tension strain": Told("张力：离调", "", "螺旋阵列上一拍与调中心的距离"),
    "parallel fifths": Told("平行五度", "每千次", "两声部同时进行的次数中"),
    "parallel octaves": Told("平行八度", "每千次", "两声部同时进行的次数中"),
    "crossed parts": Told("声部交叉", "", "上方声部低于下方声部的时间"),
    "wide spacing": Told("声部间距过宽", "", "上方相邻声部相距超过八度的时间"),
    "onsets": Told("起点密度", "每四分音符", "有音符开始的时刻"),
    "onset interval": Told("起点间隔", "四分音符", "同一声部从一音到下一音"),
    "note length": Told("音符时值", "四分音符", "全部音符的平均"),
    "rhythm entropy": Told("节奏熵", "比特", "声部用了多少种时值"),
    "off the beat": Told("不在拍上", "", "不落在任何一拍上的起点"),
    "empty beats": Told("空拍", "", "无声的拍"),
    "empty bars": Told("空小节", "", "无声的小节"),
    "drum pattern consistency": Told("鼓点规整度", "", "落在十六分或三连音位置上的击奏"),
    "groove consistency": Told("相邻小节节奏一致度", "", "相邻小节的节奏有多相像"),
    "groove similarity": Told("全曲节奏相似度", "", "所有小节的节奏有多相像"),
    "entropy of a bar": Told("一小节的音级熵", "比特", "一小节内的各音级"),
    "entropy of 4 bars": Told("四小节的音级熵", "比特", "四小节内的各音级"),
    **{
        f"structureness, {bars} bars": Told(f"结构度，{bars} 小节", "", f"{bars} 小节的片段靠再现能说明乐曲的多少")
        for bars in (2, 4, 8)
    },
}
FAMILIES = {"melody": "旋律", "harmony": "和声", "rhythm": "节奏", "structure": "结构"}
FEATURES = {
    "pitch_count": "音高数",
    "pitch_range": "音域",
    "pitch_class_histogram": "音级分布",
    "pitch_class_transitions": "音级转移",
    "mean_interval": "平均音程",
    "note_count": "音符数",
    "mean_ioi": "平均起点间隔",
    "note_length_histogram": "时值分布",
    "note_length_transitions": "时值转移",
    "drum_density": "鼓点密度",
    "drum_histogram": "鼓件分布",
    "drum_place_histogram": "鼓点在小节中的位置",
}
SETS = {HELD_OUT: "真实音乐（留出）", RANDOM: "随机音符", MARKOV: "马尔可夫链（{} 阶）", COPIES: "复制品"}

_BOUND = "一段的对数概率；越高越好"
LIKELIHOODS = {
    "nats a hidden cell": Told(
        "每个隐藏单元格的奈特数", "奈特/格", "随机隐去一部分单元格，由其余的推断时的 -log P；越低越好"
    ),
    "pseudo-log-likelihood": Told(
        "伪对数似然", "奈特/格", "由其余各编码推断一个编码时的 log P，合为一格（多层网络取第一层）；越高越好"
    ),
    "free-energy gap": Told(
        "自由能之差", "奈特/段", "未学过的音乐减去训练音乐；两者相当时为 0，过拟合时增大（多层网络取第一层）"
    ),
    "log Z": Told("log Z", "奈特", "用退火估计的顶层归一化常数"),
    "log-weight deviation": Told("对数权重的标准差", "奈特", "退火的离散程度；大于 1 则不可信"),
    "effective runs": Told("有效次数", "", "退火中真正起作用的次数"),
    "log-likelihood": Told("对数似然", "奈特/段", _BOUND),
    "log-likelihood, a cell": Told("对数似然，每格", "奈特/格", "同上，除以可变的单元格数"),
    "lower bound on log P": Told("log P 的下界", "奈特/段", _BOUND),
    "lower bound on log P, a cell": Told("log P 的下界，每格", "奈特/格", "同上，除以可变的单元格数"),
}
NOTES = {
    "pseudo-log-likelihood": "伪对数似然：多层网络的 P(v) 是对所有隐藏状态求和，无法求得；这里给出第一层单独的值。",
    "free-energy gap": "自由能之差：此处没有定义，因为它比较的是未学过的音乐与训练音乐。",
    "lower bound on log P": "log P 的下界：没有定义，因为此模型的可见单元彼此耦合，P(v | h) 不是乘积；请看伪对数似然。",
    "log Z": "log Z：不可信，其对数权重过于离散，对数似然也因此可能偏高；请增加 --temperatures。",
}

REMARKS = {
    "few": "弗雷歇距离取自每组 {count} 个片段：数目少则偏大，各组都是如此。",
    "no classifier": '没有使用分类器：pip install "credo-music[evaluate]"。',
    "some remembered": "只在 {of} 首中的 {some} 首里查找了抄袭；全部查找请用 `credo originality`。",
    "misfits": "{name}：{of} 个片段中有 {placed} 个能放入 {model} 的声部，似然只算这些。",
    "no fit": "{name}：{of} 个片段中只有 {placed} 个能放入 {model} 的声部，因此没有似然。",
}

TEXT = {
    "comma": "、",
    "with_unit": "{title}（{unit}）",
    "beside": "{names} 与 {reference} 的比较",
    "beside_it": "与 {reference} 比较，{what}：",
    "passages": "片段各 {bars} 小节",
    "whole": "整首乐曲",
    "measured": "测量对象：{what}；随机种子 {seed}。",
    "pieces": "首数",
    "likeness": "相似度",
    "likeness_axis": "与参照的相似度",
    "deviations_axis": "与参照相差的标准差",
    "area": "重叠面积",
    "frechet": "弗雷歇距离",
    "told": "与真实音乐可分",
    "copied": "抄袭",
    "grade": "评分",
    "likely": "奈特/格",
    "guide_likeness": "相似度是一项数值在两组中的概率密度所共有的面积，对全部数值取平均。重叠面积按 Yang 与 Lerch"
    "（2020）：两组之间的距离与参照内部的距离相比，对各特征取平均。两者最高都是 1；"
    "留出的真实音乐说明最多能接近到什么程度。",
    "guide_told": "弗雷歇距离是在全部数值上拟合的两个高斯分布之间距离的平方，最好为 0。“与真实音乐可分”是分类器区分该组"
    "与参照的 ROC 曲线下面积：0.5 等于猜测，1 表示总能分出。远低于 0.5 表示抄袭：它学到的真实音乐在另一边又出现了。",
    "guide_copied": "抄袭是两小节的片段（可以移调）在训练音乐中出现的比例；对留出的音乐和各基线而言，"
    "是在参照中出现的比例。评分是“Bach or Mock”（Fang 等，2020）的中位数，越低越好。",
    "guide_likely": "奈特/格是指随机隐去一部分单元格（一个声部、键或鼓在一步上的状态）时，模型 {model} 由其余的推断它们"
    "有多不准：越低表示越可能。这只是模型自己的看法，不是质量：它自己写的音乐可以比真实音乐更“可能”；若它是用参照训练的，"
    "留出的一半和复制品也是它学过的音乐。",
    "guide_means": "区间为 95 %，由重新抽取乐曲求得。没有哪项数值越高越好或越低越好，要看它与真实音乐相差多少；"
    "而且没有哪项数值能听音乐。",
    "near": "{name}：{of} 项数值中有 {near} 项与 {reference} 相差不到半个标准差；相似度 {likeness}，"
    "真实音乐为 {real}。",
    "furthest": "相差最大的：{figures}。",
    "against": "{figure} {ours}（参照 {theirs}）",
    "classifier": "分类器区分它与真实音乐，曲线下面积为 {area}（真实音乐之间：{real}）。",
    "of_bars": "其两小节片段有 {share} 出现在训练音乐中（留出的音乐：{real}）。",
    "copies": "其两小节片段有 {share} 出现在训练音乐中（留出的音乐：{real}），可见它在抄袭。",
    "under": "在 {model} 看来，它每个隐藏单元格为 {ours} 奈特，真实音乐为 {real}。",
    "all_sets": "各组音乐",
    "all_figures": "全部数值",
    "all_figures_text": "各项数值的含义见页末。",
    "features": "Yang 与 Lerch 的特征",
    "features_text": "两组之间的重叠面积、生成组内部的重叠面积（均与参照内部的距离相比），以及 KL 散度（奈特）。",
    "meanings": "各项数值的含义",
    "figure": "数值",
    "family": "类别",
    "meaning": "含义",
    "difference": "差（标准差）",
    "overlap": "重叠",
    "feature": "特征",
    "of_feature": "{name}：之间 / 内部 / KL",
    "left_out": "未采用的文件",
    "file": "文件",
    "set": "组",
    "why": "原因",
    "value": "值",
    "unit": "单位",
    "likelihoods": "似然",
    "on_corpus": "{model} 在 {corpus} 的 {split} 部分：{rows} 个片段，每段 {beats} 拍",
    "note": "注：{note}",
    "forest": "各项平均值与参照之差，以参照的标准差为单位，区间为 95 %。",
    "words_of_likeness": "相似度：{all}",
    "left_out_of": "{name}：未采用 {count} 个文件",
    "others": "等等；--json 和 --out 列出全部",
}
