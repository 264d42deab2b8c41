"""Lesson 2: CD against PCD, the falling rate, a k raised late, and when to stop.

The likelihood's gradient has two halves: statistics of the data, and of the machine's own states. The second come
from Gibbs chains. CD-k starts them at the data and takes k steps: cheap, but it never visits what the machine dreams
far from the data. PCD lets chains go on for ever and so finds these dreams; as the weights grow, chains slow down,
and the rate must fall (or k rise) for them to keep up. Here the likelihood is exact, so that one sees which of them
works.

The second half trains far too long on 40 noisy pictures. The free energy of unseen rows rises above that of training
rows (the *gap*): the machine learns its rows by heart. A `Monitor` with patience goes back to the best weights.
Try next: `Phase(..., k=25)` from the start: better? and how much slower? What if `chains=4`?

第二课：CD 与 PCD、下降的学习率、后期提高 k，以及何时停止。

似然的梯度分两半：数据的统计量，和机器自身状态的统计量；后者来自吉布斯链。CD-k 从数据出发走 k 步：便宜，但永远走不到远
离数据的"梦境"。PCD 让链一直走下去，因而能找到它们；权重越大，链越慢，学习率必须下降（或 k 上升），链才跟得上。这里的
似然是精确的，谁有效一看便知。

后半部分用 40 张带噪图片训练过久：未见数据的自由能高出训练数据（即 gap）：机器在死记硬背。带 patience 的 `Monitor` 会
取回最好的权重。
接着试：从一开始就用 `Phase(..., k=25)`：更好吗？慢多少？若 `chains=4` 又如何？
"""

from itertools import product

import numpy as np

from credo.evaluation.likelihood import exact
from credo.models.rbm import RBM
from credo.training.contrastive import Monitor, Phase, start_from, train_rbm
from credo.training.rates import Linear


def bars_and_stripes(size: int) -> np.ndarray:
    """All bars and stripes, each once; shape (2^(size + 1) - 2, size^2), zeros and ones."""
    lines = np.array(list(product((0, 1), repeat=size)))
    bars = np.repeat(lines[:, None], size, axis=1).reshape(-1, size * size)
    stripes = np.repeat(lines[:, :, None], size, axis=2).reshape(-1, size * size)
    return np.unique(np.concatenate([bars, stripes]), axis=0)


def trained(data: np.ndarray, phases: list[Phase], chains: int) -> float:
    """The exact log-likelihood that some phases reach, nats a picture."""
    rbm = RBM(16, 14, chains=chains, seed=1)
    start_from(rbm, data)
    train_rbm(rbm, data, phases, monitor=Monitor(every=1000))
    return float(exact.log_likelihood(rbm, data).mean())


def main(steps: int = 3000) -> dict[str, float]:
    """Compare ways to train, and stop one early."""
    pictures = bars_and_stripes(4)
    result = {"best": -np.log(len(pictures))}
    late = [Phase(steps // 2, 1, 1e-2, 30), Phase(steps // 2, 1, Linear(1e-2), 30)]
    raised = [Phase(steps // 2, 1, 1e-2, 30), Phase(steps // 4, 5, Linear(1e-2, 3e-3), 30)]
    ways = {
        "cd": ("CD-1, constant rate", [Phase(steps, 1, 1e-2, 30)], 0),
        "pcd": ("PCD-1, constant rate", [Phase(steps, 1, 1e-2, 30)], 64),
        "falling": ("PCD-1, the rate falls", late, 64),
        "raised": ("PCD, k 1 > 5 > 25, the rate falls", [*raised, Phase(steps // 4, 25, Linear(3e-3), 30)], 64),
    }
    for name, (text, phases, chains) in ways.items():
        result[name] = trained(pictures, phases, chains)
        print(f"{text:36}{result[name]:8.3f} nats a picture")
    print(f"{'all 30 pictures and nothing else':36}{result['best']:8.3f}")

    rng = np.random.default_rng(1)
    rows = pictures[rng.integers(0, 30, 540)] ^ (rng.random((540, 16)) < 0.1)
    seen, valid, test = rows[:40], rows[40:240], rows[240:]
    for name, patience in (("long", 0), ("stopped", 5)):
        rbm = RBM(16, 14, chains=40, seed=2)
        start_from(rbm, seen)
        monitor = Monitor(every=50, patience=patience)
        history = train_rbm(rbm, seen, [Phase(steps // 2, 1, 1e-2, 40)], valid=valid, monitor=monitor)
        result[name] = float(exact.log_likelihood(rbm, test).mean())
        gap = history.records[-1 if not patience else history.best // 50 - 1]["gap"]
        result[f"{name} gap"] = gap
        print(f"40 noisy rows, {name:7}: {history.step:5} steps, gap {gap:6.2f}, unseen rows {result[name]:.2f} nats")
    return result


if __name__ == "__main__":
    main()
