"""Lesson 9: hold some units, sample the rest: the one act behind every musical task.

The machine learns all triads of C major for three voices, each a one-hot group of seven notes (`Softmax` units). Hold
nothing, and it composes. Hold the top voice, and it harmonises; hold two, and it fills the third in. None of these
was trained for: with some units held, Gibbs steps on the others leave exactly P(others | held) as it is. All 343
chords can be gone through, so that the drawn shares stand beside the exact ones. Their distance (total variation:
half the sum of differences) is compared with that of as many independent, perfect draws.
Try next: hold a note in the middle voice; hold two notes that no chord has together, such as C and D.

第九课：固定一些单元，采样其余的：每项音乐任务背后的同一个动作。

机器学习 C 大调的所有三和弦，三个声部，每个声部是七个音的一个独热组（`Softmax` 单元）。什么都不固定，就是作曲；固定高
声部，就是配和声；固定两个声部，就是补上第三个。没有一项是专门训练的：固定一些单元后，对其余单元的吉布斯步恰好保持 P(
其余 | 固定)。343 个和弦可以全部列举，因此抽样的份额可与精确值并列。二者的距离（总变差：差的绝对值之和的一半）再与同样
多次独立而完美的抽样相比。
接着试：固定中声部的一个音；固定任何和弦都不会同时有的两个音，例如 C 和 D。
"""

from itertools import permutations

import numpy as np

from credo.evaluation.likelihood import exact
from credo.models.rbm import RBM
from credo.models.units import Softmax
from credo.sampling import gibbs
from credo.training.contrastive import Monitor, Phase, start_from, train_rbm
from credo.training.rates import Linear

NAMES = np.array(list("CDEFGAB"))
CHORDS = np.array([x for root in range(7) for x in permutations([root, (root + 2) % 7, (root + 4) % 7])])
DRAWS = 2000


def distance(numbers: np.ndarray, p: np.ndarray) -> float:
    """Total variation between what was drawn and what is exact."""
    return float(abs(np.bincount(numbers, minlength=len(p)) / len(numbers) - p).sum() / 2)


def task(rbm: RBM, name: str, codes: list[int], known: list[int]) -> dict[str, float]:
    """Sample the voices that are free, and compare with the exact conditional."""
    rows, log_p = exact.conditional(rbm, np.array(codes), np.array(known))
    p, rng = np.exp(log_p), np.random.default_rng(1)
    v = rng.integers(0, 7, (DRAWS, 3))
    v[:, np.array(known) == 1] = np.array(codes)[np.array(known) == 1]
    start = np.eye(7)[v].reshape(DRAWS, 21)
    drawn = gibbs.run(rbm, start, 300, known=np.tile(known, (DRAWS, 1)), seed=1).reshape(DRAWS, 3, 7).argmax(axis=2)
    place = {tuple(row): number for number, row in enumerate(rows)}
    off = distance(np.array([place[tuple(row)] for row in drawn]), p)
    perfect = distance(rng.choice(len(p), DRAWS, p=p / p.sum()), p)
    good = {tuple(chord) for chord in CHORDS}
    triads = np.mean([tuple(row) in good for row in drawn])
    kept = bool((drawn == v)[:, np.array(known) == 1].all())
    print(f"{name}: {triads:.1%} are triads, held notes kept: {kept}")
    print(f"    distance from the exact conditional {off:.3f}; of perfect draws {perfect:.3f}")
    for number in np.argsort(-p)[:3]:
        share = (drawn == rows[number]).all(axis=1).mean()
        print(f"    {' '.join(NAMES[rows[number]])}: exact {p[number]:.3f}, drawn {share:.3f}")
    return {f"{name} off": off, f"{name} perfect": perfect, f"{name} triads": float(triads), f"{name} kept": kept}


def main(steps: int = 3000) -> dict[str, float]:
    """Train once, then ask for three things."""
    rbm = RBM(Softmax(3, 7), 32, chains=128, seed=1)
    start_from(rbm, CHORDS)
    phase = Phase(steps, k=2, rate=Linear(1e-2), batch=84)
    train_rbm(rbm, np.repeat(CHORDS, 4, axis=0), [phase], monitor=Monitor(every=steps))
    print(f"{exact.log_likelihood(rbm, CHORDS).mean():.3f} nats a chord; at best {-np.log(len(CHORDS)):.3f}")
    asked = {"compose": [0, 0, 0], "harmonise C": [1, 0, 0], "fill in C _ G": [1, 0, 1]}
    found = [task(rbm, name, [0, 0, 4], known) for name, known in asked.items()]
    return {key: value for each in found for key, value in each.items()}


if __name__ == "__main__":
    main()
