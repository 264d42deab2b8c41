"""Lesson 3: centring, measured.

A plain RBM cares which state of a pixel is called 1. Take a bar of one pixel that moves over nine: learning is easy.
Now swap zeros and ones: the same problem, yet plain stochastic gradients learn it far more slowly, for every weight
sees inputs whose mean is near 1, and fights with the biases. Centring subtracts the means, E = -a.v - b.h - (v -
m)'W(h - l), and both problems become one and the same. The offsets add no power: for any change of l there are biases
that leave the distribution as it was, which the last line shows.
Try next: Adam in the place of plain SGD; it hides much of the trouble. Then `centring=0.05`, offsets that follow h.

第三课：实测中心化。

普通 RBM 在意像素的哪个状态叫 1。取九个像素上移动的一个亮点：容易学。把 0 和 1 对调：问题完全相同，普通随机梯度却学得
慢得多，因为每个权重看到的输入均值都接近 1，与偏置相互牵扯。中心化减去均值，E = -a.v - b.h - (v - m)'W(h - l)，两个问
题便成为同一个。偏移并不增加表达能力：无论 l 如何改变，总有偏置使分布不变，最后一行展示了这一点。
接着试：用 Adam 代替普通 SGD，它会掩盖大部分麻烦。再试 `centring=0.05`，让偏移跟随 h。
"""

import numpy as np

from credo.evaluation.likelihood import exact
from credo.models.rbm import RBM
from credo.training.contrastive import Monitor, Phase, start_from, train_rbm

# isort: split
import keras  # after Credo, which chooses JAX where nobody chose a backend


def learned(data: np.ndarray, steps: int, *, centre: bool, seed: int) -> tuple[float, RBM]:
    """The exact log-likelihood that plain CD-1 reaches, nats a row, and the machine."""
    rbm = RBM(9, 9, weight_scale=0.1, seed=seed)
    start_from(rbm, data, centre=centre)
    train_rbm(
        rbm, data, [Phase(steps, rate=1.0, batch=9)], optimizer=keras.optimizers.SGD, monitor=Monitor(every=steps)
    )
    return float(exact.log_likelihood(rbm, data).mean()), rbm


def main(steps: int = 3000, seeds: int = 2) -> dict[str, float]:
    """Learn a moving pixel and its negative, with and without centring."""
    bar = np.eye(9, dtype=int)
    result = {"best": -np.log(9)}
    for kind, centre in (("plain", False), ("centred", True)):
        for name, data in (("bar", bar), ("negative", 1 - bar)):
            found = [learned(data, steps, centre=centre, seed=seed) for seed in range(seeds)]
            result[f"{kind} {name}"] = float(np.mean([value for value, _ in found]))
            print(f"{kind:8} {name:9} {result[f'{kind} {name}']:7.3f} nats a row (mean of {seeds} seeds)")
    print(f"at best            {result['best']:7.3f}")

    rbm = found[0][1]
    before = exact.log_likelihood(rbm, bar)
    rbm.move_hidden_offsets(np.full(9, 0.9, np.float32))
    result["moved"] = float(abs(exact.log_likelihood(rbm, bar) - before).max())
    print(f"other offsets and the biases that make up for them: likelihoods change by {result['moved']:.1e} nats")
    return result


if __name__ == "__main__":
    main()
