"""A training that one of several workers takes part in; `test_workers` starts it in processes of its own.

python together.py RANK COUNT ADDRESS KIND OUT
"""

import os
import sys

os.environ["KERAS_BACKEND"] = "jax"

import numpy as np

from credo.models.backend import workers
from credo.models.backend.stepper import Stepper
from credo.models.dbn import DBN
from credo.models.rbm import RBM
from credo.training import finetune, greedy

STEPS = 200


def network(kind: str):
    if kind == "fine-tuning":
        return DBN(30, [16, 8], seed=1)
    return RBM(30, 12, k=2, chains=64 if kind == "pcd" else 0, seed=1)


def main(rank: int, count: int, address: str, kind: str, out: str) -> None:
    workers.join(address, rank, count, patience=60)
    dice = np.random.default_rng(0)
    data = (dice.random((1000, 30)) < dice.random((1000, 1))).astype(np.uint8)
    model = network(kind)
    if kind == "fine-tuning":
        finetune.prepare(model, steps=STEPS, rate=1e-2)
    else:
        greedy.prepare_layer(model, data, steps=STEPS, rate=1e-2)
    Stepper(model, data).run(greedy.batch_rows(len(data), 32, range(STEPS), 5))
    np.savez(out, *[workers.whole(variable) for variable in model.variables])
    workers.leave()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
