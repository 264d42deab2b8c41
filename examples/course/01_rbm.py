"""Lesson 1: a restricted Boltzmann machine learns bars and stripes.

A picture of 3 x 3 pixels is a *bar* picture if every column is all on or all off, and a *stripe* picture if every row
is. There are 14 of them among 512 pictures. An RBM has visible units v (the pixels), hidden units h, and an energy
E(v, h) = -a.v - b.h - v'Wh; a state is the likelier the lower its energy: P(v, h) = exp(-E) / Z. Given one side, the
units of the other are independent, each on with the probability sigmoid(its input). Summing the hidden units out
gives the free energy F(v), and P(v) = exp(-F(v)) / Z. This machine is so small that Z, and with it every likelihood,
is exact.

What to look at: the likelihood can never exceed -log 14, reached if all 14 pictures and nothing else are drawn.
Try next: `hidden=2`. How much can so small a machine know? How many hidden units does it take?

第一课：受限玻尔兹曼机（RBM）学习"横条与竖条"。

3 x 3 像素的图片，若每一列全亮或全暗，就是竖条图；每一行全亮或全暗，就是横条图。512 张图片中共有 14 张。RBM 有可见单元
v（像素）、隐单元 h 和能量 E(v, h) = -a.v - b.h - v'Wh；能量越低，状态越可能：P(v, h) = exp(-E) / Z。给定一侧，另一侧
各单元相互独立，以 sigmoid(输入) 的概率开启。对隐单元求和得到自由能 F(v)，于是 P(v) = exp(-F(v)) / Z。这台机器很小，Z
和每个似然都能精确算出。

看什么：似然不可能超过 -log 14，只有恰好画出这 14 张图时才能达到。
接着试：`hidden=2`。这么小的机器能知道多少？需要多少隐单元？
"""

from itertools import product

import numpy as np

from credo.evaluation.likelihood import exact
from credo.models.rbm import RBM
from credo.sampling import gibbs
from credo.training.contrastive import Phase, start_from, train_rbm
from credo.training.rates import Linear

# isort: split
from keras import ops  # after Credo, which chooses JAX where nobody chose a backend


def bars_and_stripes(size: int) -> np.ndarray:
    """All bars and stripes, each once; shape (2^(size + 1) - 2, size^2), zeros and ones."""
    lines = np.array(list(product((0, 1), repeat=size)))
    bars = np.repeat(lines[:, None], size, axis=1).reshape(-1, size * size)
    stripes = np.repeat(lines[:, :, None], size, axis=2).reshape(-1, size * size)
    return np.unique(np.concatenate([bars, stripes]), axis=0)


def main(hidden: int = 12, steps: int = 2000) -> dict[str, float]:
    """Train a machine and look into it."""
    pictures = bars_and_stripes(3)
    rbm = RBM(9, hidden, chains=64, seed=1)
    start_from(rbm, pictures)
    before = exact.log_likelihood(rbm, pictures).mean()
    train_rbm(rbm, np.repeat(pictures, 8, axis=0), [Phase(steps, k=5, rate=Linear(1e-2), batch=56)])
    after = exact.log_likelihood(rbm, pictures).mean()

    # The free energy is what is left of the energy when all hidden states are summed out.
    v = pictures[5:6].astype(np.float32)
    hs = np.array(list(product((0, 1), repeat=hidden)), np.float32)
    energies = ops.convert_to_numpy(rbm.energy(np.repeat(v, len(hs), axis=0), hs)).astype(float)
    by_hand = -np.log(np.exp(-energies).sum())
    free_energy = exact.free_energies(rbm, v)[0]
    # P(h = 1 | v): the share of the states with that unit on, or simply sigmoid(b + input).
    share = np.exp(-energies) @ hs / np.exp(-energies).sum()
    mean_h = ops.convert_to_numpy(rbm.mean_h_from_v(ops.convert_to_tensor(v)))[0]

    noise = np.random.default_rng(0).integers(0, 2, (500, 9))
    drawn = gibbs.run(rbm, noise, 500, seed=2)
    known = {tuple(picture) for picture in pictures}
    good = np.mean([tuple(row) in known for row in drawn.astype(int)])
    print(f"free energy of a picture: {free_energy:.3f} nats; summed over {len(hs)} hidden states: {by_hand:.3f}")
    print(f"P(h = 1 | v): {mean_h[:4].round(3)}; from the energies: {share[:4].round(3)}")
    print(f"exact log-likelihood: {before:.3f} nats a picture before, {after:.3f} after; best {-np.log(14):.3f}")
    print(f"of 500 drawn pictures, {good:.0%} are bars or stripes (by chance {14 / 512:.1%})")
    for rows in drawn[:10].reshape(10, 3, 3).transpose(1, 0, 2).astype(int):
        print("   ".join("".join(".#"[x] for x in row) for row in rows))
    error = max(abs(free_energy - by_hand), abs(mean_h - share).max())
    return {"before": before, "after": after, "best": -np.log(14), "good": good, "error": error}


if __name__ == "__main__":
    main()
