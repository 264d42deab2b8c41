"""Train the tiny recipe and be killed: by SIGKILL, at a stage and a step, or in the middle of writing a checkpoint.

Usage: killed.py FOLDER STAGE STEP [writing]
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import tiny
from credo.training import logbook, runs

folder, stage, step, *writing = sys.argv[1:]
logbook._board = lambda _: None
savez, here = np.savez, [""]


def half_a_checkpoint(path, **arrays):
    savez(path, **arrays)
    if here == [stage, int(step)]:
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)


def progress(name, done, steps, metrics):
    here[:] = [name, done]
    if here == [stage, int(step)] and not writing:
        os.kill(os.getpid(), signal.SIGKILL)


np.savez = half_a_checkpoint
runs.train(
    tiny.corpus(),
    tiny.RECIPE,
    folder,
    resume=Path(folder, "recipe.json").exists(),
    checkpoint_seconds=0,
    chunk_steps=tiny.CHUNK,
    progress=progress,
)
