"""Lesson 5: a machine of two modes, and chains that stick.

Sixteen units like to agree: either nearly all are on or nearly all are off, with little between. The weights are set
by hand, and all 65536 states are gone through, so that the share of each mode is known. Block Gibbs stays where it
began, and looking at one chain one would never know. R-hat compares chains: 1 means they tell the same story, and
chains that start in *different* places are what it needs. Tempering runs a ladder of machines from one that mixes
easily to the one that is wanted, and lets neighbours swap states by a rule that keeps every one's distribution exact.
Try next: all chains starting "all on": R-hat looks fine, and is deceived. Then fewer temperatures: watch the swaps.

第五课：有两个模态的机器，和走不动的链。

十六个单元喜欢一致：要么几乎全开，要么几乎全关，中间很少。权重是手工设定的，65536 个状态全部列举，因此每个模态的份额是
已知的。块吉布斯停留在出发之处，只看一条链永远发现不了。R-hat 比较多条链：1 表示说法一致；为此链必须从不同的地方出发。
回火（tempering）运行一架"梯子"：从容易混合的机器到想要的机器，相邻两级按照保持各自分布精确不变的规则交换状态。
接着试：让所有的链都从"全开"出发：R-hat 看来很好，却被骗了。再减少温度的级数，看交换率如何。
"""

import numpy as np

from credo.evaluation.likelihood import exact
from credo.models.rbm import RBM
from credo.sampling import diagnostics, gibbs, tempering
from credo.sampling.ladders import temperature_ladder

N, H, CHAINS, DRAWS = 16, 4, 8, 1000


def two_modes() -> RBM:
    """A machine whose units agree with each other, and rather all on than all off."""
    rbm = RBM(N, H)
    rbm.W.assign(np.full((N, H), 2.2, np.float32))
    rbm.a.assign(np.full(N, 0.05, np.float32))
    rbm.m.assign(np.full(N, 0.5, np.float32))
    rbm.l.assign(np.full(H, 0.5, np.float32))
    return rbm


def told(name: str, kept: np.ndarray, truth: float, acceptance: np.ndarray | None = None) -> tuple[float, float]:
    """Print what chains say of the share of the mode "on", and how they went."""
    on = kept.mean(axis=2)  # the share of the units that are on: a number that tells the modes apart
    report = diagnostics.report(on, acceptance)
    jumps = diagnostics.mode_jumps(on > 0.5).sum()
    print(f"{name}: mode 'on' {np.mean(on > 0.5):.3f} (truth {truth:.3f}), {jumps} jumps between modes")
    print(f"    {report.text()}")
    return float(np.mean(on > 0.5)), report.rhat


def main() -> dict[str, float]:
    """Sample one machine in two ways."""
    rbm = two_modes()
    codes, log_p = exact.conditional(rbm, np.zeros(N, int), np.zeros(N, int))
    ones = codes.sum(axis=1)
    truth = np.exp(log_p) @ ((ones > N / 2) + 0.0)
    middle = np.exp(log_p) @ (ones == N / 2)
    print(f"exact: mode 'on' {truth:.3f}; half on, half off: {middle:.1e}")

    start = np.repeat([[1.0], [0.0]], CHAINS // 2, axis=0) * np.ones(N)  # half of the chains in each mode
    plain = gibbs.trace(rbm, start, DRAWS, every=4, seed=1).kept
    share, rhat = told("block Gibbs", plain, truth)

    ladder = temperature_ladder(rbm, np.linspace(0.2, 1, 9))
    run = tempering.run(rbm, ladder, start, 4 * DRAWS, every=4, seed=2)
    tempered_share, tempered_rhat = told("tempering", run.kept, truth, run.acceptance)
    print(f"    {run.round_trips.sum()} round trips along the ladder; it costs {len(ladder)} machines instead of one")
    return {
        "truth": truth,
        "gibbs": share,
        "gibbs rhat": rhat,
        "tempered": tempered_share,
        "tempered rhat": tempered_rhat,
    }


if __name__ == "__main__":
    main()
