"""Whether one-hot groups are faster looked up than multiplied: a step of CD-1 with softmax visible groups.

    pip install -e '.[torch,tensorflow]'
    python benchmarks/sparse_groups_speed.py --backends jax torch tensorflow

Of G groups with C categories each, G of G C visible units are on. What the hidden units hear is then a sum of G rows of
the weights, and the statistics of a row of data are added to G rows: G H sums instead of G C H products, but of rows
that lie apart. Three ways are measured, each compiled where the backend compiles, on one processor and one thread:

    dense     both phases with one-hot states and matrix products, as `RBM` does
    data      the data, whose codes are known, looked up; the model's statistics a product
    all       also what the model draws is looked up, and both statistics are scattered
    one up    the product up from the data alone looked up; statistics one product of both phases

They make the same update from the same draws, which is checked. Printed are milliseconds a step, interleaved medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

SIZES = {"128 groups of 32, 1024 hidden": (128, 32, 1024), "4 groups of 48, 256 hidden": (4, 48, 256)}
BATCH = 128
WAYS = ("dense", "data", "all", "one up")


def make_step(way: str, groups: int, categories: int) -> Callable[..., Any]:
    """A step: W, b, codes (B, G), uniforms (B, H) and (B, G) to the gradient of W, shape (N, H)."""
    from keras import ops

    N, first = groups * categories, np.arange(groups, dtype="int32") * categories

    def one_hot(codes: Any) -> Any:
        return ops.reshape(ops.one_hot(codes, categories, dtype="float32"), (-1, N))

    def heard(W: Any, codes: Any, look_up: bool) -> Any:
        if look_up:
            return ops.sum(ops.take(W, codes + first, axis=0), axis=1)  # (B, G, H) to (B, H)
        return ops.matmul(one_hot(codes), W)

    def outer(codes: Any, h: Any, scatter: bool) -> Any:
        if not scatter:
            return ops.matmul(ops.transpose(one_hot(codes)), h)
        units = ops.reshape(codes + first, (-1,))
        return ops.segment_sum(ops.repeat(h, groups, axis=0), units, num_segments=N)

    def step(W: Any, b: Any, codes: Any, uniform_h: Any, uniform_v: Any) -> Any:
        h0 = ops.sigmoid(b + heard(W, codes, way != "dense"))
        h = ops.cast(uniform_h < h0, "float32")
        logits = ops.reshape(ops.matmul(h, ops.transpose(W)), (-1, groups, categories))
        cumulative = ops.cumsum(ops.exp(logits - ops.max(logits, axis=-1, keepdims=True)), axis=-1)
        below = cumulative <= ops.expand_dims(uniform_v, -1) * cumulative[..., -1:]
        drawn = ops.sum(ops.cast(below, "int32"), axis=-1)
        h1 = ops.sigmoid(b + heard(W, drawn, way == "all"))
        if way == "one up":
            both = ops.concatenate([one_hot(drawn), one_hot(codes)], axis=0)
            return ops.matmul(ops.transpose(both), ops.concatenate([h1, -h0], axis=0)) / BATCH
        return (outer(drawn, h1, way == "all") - outer(codes, h0, way != "dense")) / BATCH

    return step


def serve(sizes: list[str], rounds: int) -> None:
    """Measure on the backend of this process, and print JSON."""
    import keras

    name = keras.backend.backend()
    found: dict[str, dict[str, list[float]]] = {}
    for size in sizes:
        groups, categories, hidden = SIZES[size]
        dice = np.random.default_rng(0)
        arrays = (
            0.01 * dice.standard_normal((groups * categories, hidden), np.float32),
            np.zeros(hidden, np.float32),
            dice.integers(0, categories, (BATCH, groups)).astype(np.int32),
            dice.random((BATCH, hidden), np.float32),
            dice.random((BATCH, groups), np.float32),
        )
        tensors = [keras.ops.convert_to_tensor(x) for x in arrays]
        steps = {way: compiled(name, make_step(way, groups, categories)) for way in WAYS}
        truth = keras.ops.convert_to_numpy(steps["dense"](*tensors))
        for way, step in steps.items():
            if not np.allclose(keras.ops.convert_to_numpy(step(*tensors)), truth, atol=1e-4):
                raise RuntimeError(f"{way} on {name}: expected the update of dense")
        times: dict[str, list[float]] = {way: [] for way in WAYS}
        often = max(1, 300_000_000 // (BATCH * groups * categories * hidden))
        for _ in range(rounds):
            for way, step in steps.items():
                began = time.process_time()
                for _ in range(often):
                    result = step(*tensors)
                keras.ops.convert_to_numpy(result[:1])  # waits until it is done
                times[way].append(1e3 * (time.process_time() - began) / often)
        found[size] = times
    print(json.dumps(found))


def compiled(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
    """As `credo.models.backend.compiled` does."""
    if name == "jax":
        import jax

        return jax.jit(step)
    if name == "tensorflow":
        import tensorflow as tf

        return tf.function(step, jit_compile=False, autograph=False)
    import torch

    torch.set_num_threads(1)
    return torch.no_grad()(step)


def main() -> None:
    from speed_workers import THREADS
    from training_speed import markdown, processors

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", nargs="*", default=["jax"], choices=["jax", "torch", "tensorflow"])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cpu", type=int, default=max(processors()), help="number of the processor")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {options.cpu})
        serve(options.sizes, options.rounds)
        return
    rows = [["", "backend", *(f"{way}, ms" for way in WAYS), *(f"{way} / dense" for way in WAYS[1:])]]
    results = {}
    for backend in options.backends:
        command = [sys.executable, __file__, "--serve", "--cpu", str(options.cpu), "--rounds", str(options.rounds)]
        environment = {**os.environ, **THREADS, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run([*command, "--sizes", *options.sizes], env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            print(f"{backend}: left out; pip install -e '.[{backend}]' if it is not installed", file=sys.stderr)
            continue
        results[backend] = json.loads(done.stdout.splitlines()[-1])
        for size, times in results[backend].items():
            medians = {way: statistics.median(times[way]) for way in WAYS}
            ratios = [
                statistics.median(ours / dense for ours, dense in zip(times[way], times["dense"], strict=True))
                for way in WAYS[1:]
            ]
            rows.append([size, backend, *(f"{x:.2f}" for x in medians.values()), *(f"{x:.2f}" for x in ratios)])
    print(json.dumps(results, indent=2) if options.json else markdown(rows))


if __name__ == "__main__":
    main()
