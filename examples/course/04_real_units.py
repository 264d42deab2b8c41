"""Lesson 4: real numbers.

Loudness and timing are no bits. A Gaussian visible unit is normal given the hidden ones, with mean s^2 (a + Wh) and a
deviation s that is fixed beforehand. Summed over h, the machine is a mixture of 2^H normal clouds whose centres are
the corners of a parallelepiped: two hidden units, four clouds. Their shape is round and their size s, so that s
matters: if it is too large, clouds blur into one; if it is too small, the machine is sure of the wrong things. Here
the data are hits of a drum, (time early or late, loudness), four clouds of deviation 0.4, and the density is exact.
Standardise data first, keep rates low: unlike probabilities, real states have no bound.
Try next: 6 hidden units. Does the density of unseen hits rise or fall?

第四课：实数单元。

力度和时间偏移不是比特。给定隐单元，高斯可见单元服从正态分布，均值为 s^2 (a + Wh)，标准差 s 事先固定。对 h 求和后，机
器是 2^H 个正态"云团"的混合，中心位于平行多面体的顶点：两个隐单元，四个云团。云团是圆的，大小为 s，所以 s 很重要：太
大，云团糊成一片；太小，机器就会盲目自信。这里的数据是鼓点（提前或滞后的时间，力度），四个标准差为 0.4 的云团，密度可
以精确算出。先把数据标准化，学习率要低：实数状态没有界限，不像概率。
接着试：6 个隐单元。未见鼓点的密度是升还是降？
"""

import numpy as np

from credo.evaluation.likelihood import exact
from credo.models.rbm import RBM
from credo.models.units import Gaussian
from credo.sampling import gibbs
from credo.training.contrastive import Monitor, Phase, start_from, train_rbm
from credo.training.rates import Linear

CENTRES = np.array([[-0.9, -0.9], [-0.9, 0.9], [0.9, -0.9], [0.9, 0.9]])
SPREAD = 0.4


def hits(count: int, seed: int) -> np.ndarray:
    """Hits of a drum: time and loudness, standardised; shape (count, 2)."""
    rng = np.random.default_rng(seed)
    return (CENTRES[rng.integers(0, 4, count)] + SPREAD * rng.normal(size=(count, 2))).astype(np.float32)


def normal(x: np.ndarray, mean: np.ndarray, deviation: float | np.ndarray) -> np.ndarray:
    """Log density of independent normal numbers, nats a row."""
    return (-(((x - mean) / deviation) ** 2) / 2 - np.log(deviation * np.sqrt(2 * np.pi))).sum(axis=-1)


def main(steps: int = 3000) -> dict[str, float]:
    """Train machines of three deviations."""
    seen, unseen = hits(2000, 1), hits(2000, 2)
    truth = np.logaddexp.reduce(normal(unseen[:, None], CENTRES, SPREAD) - np.log(4), axis=1).mean()
    result = {"one cloud": normal(unseen, seen.mean(0), seen.std(0)).mean(), "truth": truth}
    print(f"one normal cloud for all: {result['one cloud']:.3f} nats a hit; the truth: {truth:.3f}")
    for deviation in (0.2, 0.4, 0.8):
        rbm = RBM(Gaussian(2, deviation), 2, chains=200, weight_scale=0.1, seed=1)
        start_from(rbm, seen)
        phase = Phase(steps, k=2, rate=Linear(3e-2), batch=200)
        train_rbm(rbm, seen, [phase], monitor=Monitor(every=steps))
        result[str(deviation)] = exact.log_likelihood(rbm, unseen).mean()
        print(f"machine of deviation {deviation}: {result[str(deviation)]:.3f} nats a hit")
        if deviation == SPREAD:
            drawn = gibbs.run(rbm, seen[:1000], 200, seed=3)
            near = np.linalg.norm(drawn[:, None] - CENTRES, axis=2).min(axis=1)
            result["distance"] = near.mean()
    expected = SPREAD * np.sqrt(np.pi / 2)
    print(f"its draws are {result['distance']:.2f} from the nearest centre on average; real hits about {expected:.2f}")
    return result


if __name__ == "__main__":
    main()
