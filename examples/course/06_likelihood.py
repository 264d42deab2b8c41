"""Lesson 6: how likely? Annealed importance sampling, from both sides.

P(v) needs log Z, and log Z cannot be summed for machines of any size. Annealing carries chains from a machine without
weights, whose Z is known, to the one in question, and weighs each on the way; the mean weight estimates Z. Too few
temperatures make log Z too *low* on average, so that the machine looks *better* than it is. Annealing back, from
states of the machine, errs on the other side, and the two make a bracket. One warning sign costs nothing: the
deviation of the log weights. Beyond one nat the mean hangs on a few chains, the standard error comes out too small,
and the estimate is rejected (`trusted` is false). This machine is small enough for the truth to stand beside.
Try next: 3 runs in the place of 64 at 600 temperatures. What changes: the estimate, its error, or the rule's verdict?

第六课：有多可能？从两侧进行退火重要性采样（AIS）。

P(v) 需要 log Z，而稍大的机器无法直接求和。退火把链从一台没有权重、Z 已知的机器带到目标机器，沿途给每条链加权，平均权
重估计 Z。温度级数太少时，log Z 平均偏*低*，于是机器看起来比实际*更好*。从机器自己的状态倒着退火，误差偏向另一侧，二者
构成一个区间。有一个不花钱的警报：对数权重的标准差。超过 1 纳特时，平均值只取决于少数几条链，标准误差偏小，估计被拒绝
（`trusted` 为假）。这台机器足够小，真值可以列在旁边。
接着试：600 级温度，用 3 条链代替 64 条。变化的是估计值、误差，还是判决？
"""

import numpy as np

from credo.evaluation.likelihood import ais, exact, reverse
from credo.models.rbm import RBM
from credo.sampling.ladders import base_rate, temperature_ladder
from credo.sampling.tempering import run as tempered


def machine(seed: int = 0) -> RBM:
    """A machine of 20 visible and 12 hidden units with strong weights of both signs."""
    rng = np.random.default_rng(seed)
    rbm = RBM(20, 12, seed=seed)
    rbm.W.assign(rng.normal(0, 2.25, (20, 12)).astype(np.float32))
    rbm.a.assign(rng.normal(0, 0.5, 20).astype(np.float32))
    rbm.m.assign(np.full(20, 0.5, np.float32))
    rbm.l.assign(np.full(12, 0.5, np.float32))
    return rbm


def main() -> dict[str, list[float]]:
    """Put brackets around a likelihood that is known."""
    rbm = machine()
    ladder = temperature_ladder(rbm, np.linspace(0, 1, 9), base_rate(rbm, np.full(20, 0.5)))
    chance = np.random.default_rng(1).integers(0, 2, (128, 20))
    states = tempered(rbm, ladder, chance, 500, seed=1).v  # near enough to exact draws
    data, starts = states[:64], states[64:]
    truth = exact.log_likelihood(rbm, data).mean()
    print(f"exact: {truth:.3f} nats a row")

    result = {"truth": [truth], "gap": [], "trusted": [], "off": [], "claimed": []}
    mean = truth + exact.log_z(rbm)
    for steps in (2, 30, 600):
        found = reverse.bracket(rbm, starts, data, steps=steps, runs=64, seed=0)
        ends, trusted = found.log_likelihood, found.log_z.trusted
        forward = [ais.log_z(rbm, steps=steps, runs=64, seed=seed) for seed in range(1, 7)]
        off = float(np.sqrt(np.mean([(mean - each.log_z - truth) ** 2 for each in forward])))
        claimed = float(np.mean([each.error for each in forward]))
        verdict = "trusted" if trusted else "rejected"
        print(f"{steps:4} temperatures: from {ends.low:.3f} to {ends.high:.3f}, {verdict}")
        print(f"     six times forward: off by {off:.3f} (root mean square), claims +-{claimed:.3f}")
        for name, value in (("gap", ends.gap), ("trusted", float(trusted)), ("off", off), ("claimed", claimed)):
            result[name].append(value)
    return result


if __name__ == "__main__":
    main()
