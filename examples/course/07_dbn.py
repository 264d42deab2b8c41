"""Lesson 7: a deep belief network, and why a second layer helps.

An RBM says P(v) = sum_h P(v | h) P(h), with a P(h) that its own weights imply. A deep belief network keeps P(v | h)
and lets a second RBM learn a better P(h). Started as the first one turned upside down, the second implies the same
P(h), so that the stack is exactly the machine it stands on; from there, training the second layer raises a lower
bound of log P(v) = log E_q[P(v, h) / q(h | v)]. One sample of h a row gives the bound; the mean of many inside the
logarithm comes nearer to the truth, which for 8 hidden units can be summed out and stands beside.
Try next: a first layer of 20 units, which already knows nearly everything. What is left for the second layer?

第七课：深度信念网络，以及第二层为什么有用。

RBM 给出 P(v) = sum_h P(v | h) P(h)，其中 P(h) 由它自己的权重决定。深度信念网络保留 P(v | h)，让第二个 RBM 学习更好的
P(h)。把第一台机器倒过来作为第二台的起点，它给出同样的 P(h)，此时整个堆叠恰好等于下面的那台机器；由此出发，训练第二层
会提高log P(v) = log E_q[P(v, h) / q(h | v)] 的下界。每行只取一个 h 样本得到下界；在对数内取多个样本的平均，则更接近真
值；隐单元只有 8 个，真值可以求和得到，列在旁边。
接着试：第一层用 20 个单元，它几乎已无所不知。第二层还剩下什么可学？
"""

from itertools import product

import numpy as np

from credo.evaluation.likelihood import exact
from credo.evaluation.likelihood.bound import lower_bound
from credo.models.dbn import DBN
from credo.training.contrastive import Monitor, Phase, start_from, train_rbm
from credo.training.greedy import layer_data
from credo.training.rates import Linear
from credo.training.stack import start_upside_down


def bars_and_stripes(size: int) -> np.ndarray:
    """All bars and stripes, each once; shape (2^(size + 1) - 2, size^2), zeros and ones."""
    lines = np.array(list(product((0, 1), repeat=size)))
    bars = np.repeat(lines[:, None], size, axis=1).reshape(-1, size * size)
    stripes = np.repeat(lines[:, :, None], size, axis=2).reshape(-1, size * size)
    return np.unique(np.concatenate([bars, stripes]), axis=0)


def main(steps: int = 2000) -> dict[str, float]:
    """Train a layer, put another on top, and measure."""
    pictures = bars_and_stripes(4)
    dbn = DBN(16, (8, 40), chains=100, seed=1)
    first, second = dbn.rbms
    start_from(first, pictures)
    often, watch = np.repeat(pictures, 20, axis=0), Monitor(every=steps)
    train_rbm(first, often, [Phase(steps, k=5, rate=Linear(1e-2), batch=60)], monitor=watch)
    result = {"one layer": exact.log_likelihood(first, pictures).mean(), "best": -np.log(30)}
    print(f"one layer: {result['one layer']:.4f} nats a picture, exactly; at best {result['best']:.4f}")

    def measure(name: str) -> None:
        log_z = exact.log_z(second)
        for samples in (1, 10, 100):
            bound = lower_bound(dbn, often, log_z, samples=samples, seed=3).mean
            result[f"{name} {samples}"] = bound
            print(f"    bound by {samples:3} samples: {bound:.4f}")
        result[name] = exact.log_likelihood(dbn, pictures).mean()
        print(f"    exact:                {result[name]:.4f}")

    start_upside_down(second, first)
    print("two layers, the second one upside down, untrained:")
    measure("start")

    codes = layer_data(first, often, seed=2)  # a sample of h for each row
    second.start_chains(codes[np.random.default_rng(0).integers(0, len(codes), 100)].astype(np.float32))
    train_rbm(second, codes, [Phase(2 * steps, k=5, rate=Linear(5e-3), batch=100)], monitor=watch)
    print("two layers, trained:")
    measure("trained")
    return result


if __name__ == "__main__":
    main()
