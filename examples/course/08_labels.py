"""Lesson 8: labels on top: tell a chord, and dream one.

The top RBM of a deep belief network may see a label beside the layer below it. It then knows what goes with what, in
both directions: given notes, the label; given a label, the notes. Here the data are major and minor triads on all
twelve keys of an octave, sometimes with a note too many or too few; nobody says what makes a chord major. Greedy
layers do not know of each other. The up-down algorithm (contrastive wake-sleep) trains all layers together: a pass up
teaches the way down, a dream of the top teaches the way up.
Try next: a single layer, `hidden=(60,)` without up-down. Which of the two tasks gets worse?

第八课：顶层的标签：认出一个和弦，再梦见一个。

深度信念网络的顶层 RBM 可以在下一层旁边看到标签，于是它知道什么与什么相配，而且两个方向都行：给音符，说出标签；给标
签，写出音符。这里的数据是大三和弦与小三和弦，遍布一个八度的十二个键，有时多一个音或少一个音；没有人告诉机器什么是大、
什么是小。逐层训练时各层互不知情。上下（up-down）算法（对比唤醒-睡眠）一起训练所有层：向上走一遍，教会向下的路；顶层做
一个梦，教会向上的路。
接着试：只用一层 `hidden=(60,)`，不做 up-down。两项任务中哪一项变差？
"""

import numpy as np

from credo.models import labels
from credo.models.dbn import DBN
from credo.training.contrastive import Phase
from credo.training.greedy import pretrain
from credo.training.rates import Linear
from credo.training.updown import UpDown

# isort: split
import keras  # after Credo, which chooses JAX where nobody chose a backend

KINDS = {"major": (0, 4, 7), "minor": (0, 3, 7)}
WRONG = 0.01
KEYS = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]


def triad(kind: int, root: int) -> np.ndarray:
    """The twelve keys of an octave, 1 where the chord has a note."""
    notes = (np.array(list(KINDS.values())[kind]) + root) % 12
    return np.isin(np.arange(12), notes).astype(np.int32)


def chords(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Triads, one key in a hundred wrong; shape (count, 12), and their kinds, shape (count,)."""
    rng = np.random.default_rng(seed)
    kinds, roots = rng.integers(0, 2, count), rng.integers(0, 12, count)
    rows = np.array([triad(*pair) for pair in zip(kinds, roots, strict=True)])
    return rows ^ (rng.random(rows.shape) < WRONG), kinds


def measured(dbn: DBN, name: str) -> dict[str, float]:
    """How often the network tells unseen chords apart, and dreams a clean one of the kind that was asked for."""
    rows, kinds = chords(1000, 2)
    right = float(np.mean(dbn.classify(rows) == kinds))
    wanted = np.arange(300) % 2
    dreams = dbn.generate(300, steps=200, label=wanted, seed=3).astype(int)
    clean = [any((dream == triad(kind, root)).all() for root in range(12)) for dream, kind in zip(dreams, wanted)]  # noqa: B905
    print(f"{name}: {right:.1%} of unseen chords told; {np.mean(clean):.1%} of dreams are clean chords of their kind")
    for number, kind in enumerate(KINDS):
        print(f"    {kind} dreams: {', '.join(' '.join(np.array(KEYS)[x == 1]) for x in dreams[number:12:2])}")
    return {f"{name} told": right, f"{name} clean": float(np.mean(clean))}


def main(steps: int = 2500, epochs: int = 30) -> dict[str, float]:
    """Pretrain, measure, fine-tune, measure again."""
    keras.utils.set_random_seed(0)  # `fit` shuffles
    rows, kinds = chords(4000, 1)
    dbn = DBN(12, (32, 64), labels=2, chains=100, k=5, seed=1)
    pretrain(dbn, rows, kinds, phases=[Phase(steps, k=2, rate=Linear(2e-2), batch=100)])
    print(f"of the data themselves {(1 - WRONG) ** 12:.1%} are clean")
    result = measured(dbn, "greedy")
    updown = UpDown(dbn, seed=2)
    rate = keras.optimizers.schedules.CosineDecay(5e-3, epochs * len(rows) // 100)
    updown.compile(optimizer=keras.optimizers.Adam(rate))
    history = updown.fit(labels.join(dbn, rows, kinds), batch_size=100, epochs=epochs, verbose=0).history
    print(f"up-down: P(notes | layer above) from {history['wake_nats'][0]:.2f} to {history['wake_nats'][-1]:.2f} nats")
    return {**result, **measured(dbn, "up-down"), "nats": history["wake_nats"][-1] - history["wake_nats"][0]}


if __name__ == "__main__":
    main()
