"""CPU time of an epoch of CD-1: Credo against a hand-written JAX scan of the same updates, and scikit-learn.

    pip install -e . scikit-learn
    python benchmarks/training_speed.py

The three take turns, round after round, in one process, so that a busy machine slows them alike; what counts is the
ratio in each round, of which the median is printed with the lowest and highest. The hand-written loop does what Credo
does: one-step contrastive divergence with centring, probabilities in both statistics, Adam. It draws its random
numbers with `jax.random`. scikit-learn's `BernoulliRBM` does PCD-1 with plain gradient steps.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import numpy as np

import credo.models  # noqa: F401 - chooses the backend before Keras and JAX are imported
from credo.models.backend import Stepper
from credo.models.rbm import RBM
from credo.training import greedy

SIZES = {"88x256": (20_000, 88, 256), "4096x1024": (8_192, 4_096, 1_024)}
BATCH, RATE, DENSITY = 128, 1e-3, 0.05


def credo_epoch(data: np.ndarray, hidden: int) -> Callable[[], None]:
    rbm = RBM(data.shape[1], hidden)
    steps = len(data) // BATCH
    greedy.prepare_layer(rbm, data, steps=1000 * steps, rate=RATE)
    stepper = Stepper(rbm, data)
    return lambda: stepper.run(greedy.batch_rows(len(data), BATCH, range(steps), 0))


def jax_epoch(data: np.ndarray, hidden: int) -> Callable[[], None]:
    import jax
    import jax.numpy as jnp

    rows, N = data.shape
    steps = rows // BATCH
    x = jax.device_put(data)
    mean = jnp.asarray(data.mean(0))
    W = 0.01 * jax.random.normal(jax.random.key(0), (N, hidden))
    parameters = (W, jnp.log(mean.clip(1e-3) / (1 - mean.clip(1e-3))), jnp.zeros(hidden))
    first, second = (tuple(jnp.zeros_like(p) for p in parameters) for _ in range(2))
    state = (parameters, first, second, jnp.zeros((), jnp.int32), jax.random.key(1))

    def step(state, rows):
        (W, a, b), first, second, count, key = state
        key, key_h, key_v = jax.random.split(key, 3)
        v0 = x[rows].astype(jnp.float32)
        h0 = jax.nn.sigmoid(b + (v0 - mean) @ W)
        h = (jax.random.uniform(key_h, h0.shape) < h0).astype(jnp.float32)
        logits = a + (h - 0.5) @ W.T
        v1 = (jax.random.uniform(key_v, v0.shape) < jax.nn.sigmoid(logits)).astype(jnp.float32)
        h1 = jax.nn.sigmoid(b + (v1 - mean) @ W)
        gradients = (
            ((v1 - mean).T @ (h1 - 0.5) - (v0 - mean).T @ (h0 - 0.5)) / BATCH,
            (v1 - v0).mean(0),
            (h1 - h0).mean(0),
        )
        count = count + 1
        first = tuple(0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True))
        second = tuple(0.999 * s + 0.001 * g * g for s, g in zip(second, gradients, strict=True))
        rate = RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        parameters = tuple(
            p - rate * m / (jnp.sqrt(s) + 1e-7) for p, m, s in zip((W, a, b), first, second, strict=True)
        )
        return (parameters, first, second, count, key), None

    scan = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)[0], donate_argnums=0)
    holder = [state]

    def epoch() -> None:
        batches = np.random.default_rng(0).permutation(rows)[: steps * BATCH].reshape(steps, BATCH)
        holder[0] = jax.block_until_ready(scan(holder[0], batches))

    return epoch


def sklearn_epoch(data: np.ndarray, hidden: int) -> Callable[[], None]:
    from sklearn.neural_network import BernoulliRBM

    x = data.astype(np.float32)
    return lambda: BernoulliRBM(hidden, batch_size=BATCH, n_iter=1, learning_rate=0.01, random_state=0).fit(x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    results = {}
    for size in options.sizes:
        rows, N, hidden = SIZES[size]
        data = (np.random.default_rng(0).random((rows, N)) < DENSITY).astype(np.uint8)
        epochs = {
            "credo": credo_epoch(data, hidden),
            "jax scan": jax_epoch(data, hidden),
            "scikit-learn": sklearn_epoch(data, hidden),
        }
        for epoch in epochs.values():
            epoch()  # compile, warm the caches
        seconds: dict[str, list[float]] = {name: [] for name in epochs}
        for _ in range(options.rounds):
            for name, epoch in epochs.items():
                start = time.process_time()
                epoch()
                seconds[name].append(time.process_time() - start)
        for peer in ("jax scan", "scikit-learn"):
            ratios = [ours / theirs for ours, theirs in zip(seconds["credo"], seconds[peer], strict=True)]
            results[f"{size}: credo / {peer}"] = [min(ratios), statistics.median(ratios), max(ratios)]
        for name, values in seconds.items():
            results[f"{size}: {name}, CPU s an epoch"] = [min(values), statistics.median(values), max(values)]
    if options.json:
        print(json.dumps(results, indent=2))
        return
    print(f"{'':44} {'lowest':>9} {'median':>9} {'highest':>9}")
    for name, values in results.items():
        print(f"{name:44} " + " ".join(f"{value:9.3f}" for value in values))


if __name__ == "__main__":
    main()
