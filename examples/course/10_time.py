"""Lesson 10: time: machines with a memory, and music without end.

A tune climbs a scale of eight notes to the top and comes down again, with a third below it on every other frame; now
and then a note stays. Which note comes next depends on the last frame *and* on the direction, which no single frame
shows. An RNN-RBM is an RBM whose biases a recurrent memory writes anew for each frame; the RNN-NADE has the same
memory and draws its notes one by one, so that its likelihood is exact. Both are measured in nats a frame, the RBM's
by annealing one log Z a frame in both directions. A stream then goes on for as long as one asks, and its memory does
not grow.
Try next: `memory={"whole": 1, ...}`: which moves of the tune are lost first?

第十课：时间：有记忆的机器，和没有尽头的音乐。

一段旋律沿八个音的音阶爬到顶再下来，每隔一帧在下方加一个三度；偶尔停留一下。下一个音取决于上一帧*和*方向，而方向在任何
单独一帧里都看不到。RNN-RBM 是一台 RBM，其偏置由循环记忆为每一帧重新写出；RNN-NADE 有同样的记忆，逐个抽取音符，因此似
然是精确的。二者都以每帧纳特计，RBM 的似然由每帧一个 log Z 的双向退火得到。流（stream）可以一直继续下去，内存并不增
长。
接着试：`memory={"whole": 1, ...}`：旋律的哪些动作最先丢失？
"""

from itertools import islice

import numpy as np

from credo.evaluation.likelihood.temporal import Annealing, exact_frame_likelihood, frame_likelihood
from credo.models.temporal.nade import TemporalNADE
from credo.models.temporal.rbm import TemporalRBM
from credo.models.temporal.sequences import windows
from credo.models.temporal.stream import stream

# isort: split
import keras  # after Credo, which chooses JAX where nobody chose a backend

N, STAY = 8, 0.1
MEMORY = {"whole": 24, "each": 4, "reach": 3, "dropout": (0.0, 0.0, 0.0)}


def tune(length: int, rng: np.random.Generator) -> np.ndarray:
    """Frames of zeros and ones, shape (length, N)."""
    frames, place, way = np.zeros((length, N), np.uint8), int(rng.integers(0, N)), 1
    for number in range(length):
        frames[number, place] = 1
        if number % 2 == 0 and place >= 2:
            frames[number, place - 2] = 1
        way = 1 if place == 0 else -1 if place == N - 1 else way
        place += 0 if rng.random() < STAY else way
    return frames


def lawful(frames: np.ndarray) -> float:
    """The share of frames of a stream whose highest note is where the tune may go from the two frames before."""
    top = N - 1 - frames[:, ::-1].argmax(axis=1)
    steps = np.diff(top)
    turned = (steps[1:] * steps[:-1] < 0) & (top[1:-1] != 0) & (top[1:-1] != N - 1)
    return float(np.mean((abs(steps[1:]) <= 1) & ~turned & frames[2:].any(axis=1)))


def main(epochs: int = 15) -> dict[str, float]:
    """Train two machines on tunes, tell unseen ones, and let them run."""
    rng = np.random.default_rng(1)
    seen, unseen = ([tune(64, rng) for _ in range(count)] for count in (40, 4))
    strip = windows(seen, 24)  # a window starts at every frame; an eighth of them will do
    data = strip[np.arange(0, len(strip), 8)]
    mean = np.concatenate(seen).mean(axis=0)
    each = np.concatenate(unseen) * np.log(mean) + (1 - np.concatenate(unseen)) * np.log(1 - mean)
    result = {"no memory": each.sum(axis=1).mean()}
    print(f"each note for itself, no past: {result['no memory']:.3f} nats a frame")
    annealing = Annealing(runs=8, steps=60, settle=5)
    measures = {"rbm": lambda model: frame_likelihood(model, unseen, annealing=annealing)}
    measures["nade"] = lambda model: exact_frame_likelihood(model, unseen)
    models = {"rbm": TemporalRBM(N, 16, shared=0, memory=MEMORY, k=10, seed=1)}
    models["nade"] = TemporalNADE(N, 16, reach=7, dropout=0.0, memory=MEMORY, seed=1)
    for name, model in models.items():
        model.start_from(mean)
        rate = keras.optimizers.schedules.CosineDecay(2e-2, epochs * -(-len(data) // 16))
        model.compile(optimizer=keras.optimizers.Adam(rate, global_clipnorm=1.0))
        model.fit(data, batch_size=16, epochs=epochs, verbose=0)
        found = measures[name](model)
        frames = np.concatenate(list(islice(stream(model, 1, seed=2), 200)))
        result |= {name: found.mean, f"{name} error": found.standard_error, f"{name} lawful": lawful(frames)}
        print(f"{name}: {found.mean:.3f} +- {found.standard_error:.3f} nats a frame; ", end="")
        print(f"of 200 frames of a stream {result[f'{name} lawful']:.0%} go where the tune may go")
        print("\n".join("    " + "".join(".#"[x] for x in row) for row in frames[100:140, ::-1].T))
    return result


if __name__ == "__main__":
    main()
