"""Who takes part in the measurements of training speed: Credo, loops written by hand, and other libraries.

Each contestant makes a `Trainer` of a `Task`. All train the same machine, binary units on both sides, from small random
weights and, where the library lets one, from visible biases at the data's logits; the rate falls along half a cosine
for all of them, set from outside where a library has no schedule. What differs is told in `CONTESTANTS`.
"""

# ruff: noqa: D102 - the protocol says what `run` and `parameters` do

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from speed_peers import Learnergy, Rbms, ScikitLearn
from speed_task import Parameters, Rows, Task, Trainer


class Credo:
    """`credo.models.rbm.RBM`, centred, on whichever backend is chosen."""

    def __init__(self, task: Task, *, adam: bool) -> None:
        import keras

        import credo.models  # noqa: F401 - chooses the backend before Keras is imported
        from credo.models.backend.stepper import Stepper
        from credo.models.rbm import RBM
        from credo.training import greedy

        self._rows = Rows(task)
        self.rbm = RBM(task.data.shape[1], task.hidden, k=task.k, chains=task.chains, seed=task.seed)
        greedy.prepare_layer(self.rbm, task.data, steps=task.steps, rate=task.rate)
        if not adam:
            self.rbm.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(task.rate, task.steps)))
        self._stepper = Stepper(self.rbm, task.data)

    def run(self, steps: int) -> None:
        self._stepper.run(np.stack([self._rows.next() for _ in range(steps)]))

    def parameters(self) -> Parameters:
        import keras

        W, a, b, m, l = (keras.ops.convert_to_numpy(getattr(self.rbm, name)) for name in "Wabml")  # noqa: E741
        return W, a - W @ l, b - m @ W


class FusedNumpy:
    """A loop by hand: four products, all else in place in float32; the updates that Credo makes.

    Products of the two statistics are one, of twice the rows; Adam goes over the weights in strips that fit a cache.
    """

    STRIP = 1 << 16

    def __init__(self, task: Task, *, adam: bool) -> None:
        self.task, self.adam, self._rows, self._done = task, adam, Rows(task), 0
        self._dice = np.random.Generator(np.random.SFC64(task.seed))
        N, H, B, f32 = task.data.shape[1], task.hidden, task.batch, np.float32
        self.W = (0.01 * self._dice.standard_normal((N, H), f32)).astype(f32)
        self.a, self.b = task.logits(), np.zeros(H, f32)
        self.m, self.l = task.data.mean(0, dtype=np.float64).astype(f32), f32(0.5)
        self._v, self._h = np.empty((2 * B, N), f32), np.empty((2 * B, H), f32)  # model above, data below
        self._h_sample, self._h_dice, self._v_dice = (np.empty((B, n), f32) for n in (H, H, N))
        self._gradient = np.empty((N, H), f32)
        if task.chains:
            self._chain = task.data[self._dice.integers(0, len(task.data), B)] - self.m
        sizes = (N * H, N, H)
        self._moments = [(np.zeros(n, f32), np.zeros(n, f32)) for n in sizes] if adam else []
        self._scratch = np.empty(min(max(sizes), self.STRIP), f32)

    def _mean_h(self, v: np.ndarray, out: np.ndarray) -> np.ndarray:
        np.matmul(v, self.W, out=out)
        out += self.b
        return _sigmoid(out)

    def _chain_steps(self, v: np.ndarray, h: np.ndarray) -> None:
        """From hidden means h to visible states (less the offsets) and their hidden means, k times; both in place."""
        for _ in range(self.task.k):
            self._dice.random(dtype=np.float32, out=self._h_dice)
            np.less(self._h_dice, h, out=self._h_sample)
            self._h_sample -= self.l
            np.matmul(self._h_sample, self.W.T, out=v)
            v += self.a
            _sigmoid(v)
            self._dice.random(dtype=np.float32, out=self._v_dice)
            np.less(self._v_dice, v, out=v)
            v -= self.m
            self._mean_h(v, h)

    def run(self, steps: int) -> None:
        B, data = self.task.batch, self.task.data
        v1, v0, h1, h0 = self._v[:B], self._v[B:], self._h[:B], self._h[B:]
        for _ in range(steps):
            np.subtract(data[self._rows.next()], self.m, out=v0)
            self._mean_h(v0, h0)
            if self.task.chains:
                v1[:] = self._chain
                self._mean_h(v1, h1)
            else:
                h1[:] = h0
            self._chain_steps(v1, h1)
            if self.task.chains:
                self._chain[:] = v1
            bias_gradients = (v1.mean(0) - v0.mean(0), h1.mean(0) - h0.mean(0))
            self._h -= self.l
            h0 *= -1
            np.matmul(self._v.T, self._h, out=self._gradient)
            self._update(1 / B, *bias_gradients)

    def _update(self, scale: float, gradient_a: np.ndarray, gradient_b: np.ndarray) -> None:
        rate = self.task.rate_at(self._done)
        self._done += 1
        gradients = (self._gradient.reshape(-1), gradient_a, gradient_b)
        scales, places = (scale, 1.0, 1.0), (self.W.reshape(-1), self.a, self.b)
        if not self.adam:
            for gradient, each, place in zip(gradients, scales, places, strict=True):
                gradient *= np.float32(-rate * each)
                place += gradient
            return
        rate *= math.sqrt(1 - 0.999**self._done) / (1 - 0.9**self._done)
        for gradient, each, place, moments in zip(gradients, scales, places, self._moments, strict=True):
            for start in range(0, len(place), self.STRIP):
                here = slice(start, start + self.STRIP)
                self._adam(gradient[here], each, place[here], moments[0][here], moments[1][here], rate)

    def _adam(self, g: np.ndarray, scale: float, place: np.ndarray, m: np.ndarray, s: np.ndarray, rate: float) -> None:
        scratch = self._scratch[: len(g)]
        m *= np.float32(0.9)
        np.multiply(g, np.float32(0.1 * scale), out=scratch)
        m += scratch
        s *= np.float32(0.999)
        g *= g
        g *= np.float32(0.001 * scale * scale)
        s += g
        np.sqrt(s, out=scratch)
        scratch += np.float32(1e-7)
        np.divide(m, scratch, out=scratch)
        scratch *= np.float32(rate)
        place -= scratch

    def parameters(self) -> Parameters:
        return self.W, self.a - self.W.sum(1) * self.l, self.b - self.m @ self.W


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """In place; exp of what is below -80 would overflow, and nothing is that certain."""
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    return np.reciprocal(x, out=x)


class JaxScan:
    """A `lax.scan` by hand over an epoch; the updates that Credo makes, random numbers of `jax.random`."""

    def __init__(self, task: Task, *, adam: bool) -> None:
        import jax
        import jax.numpy as jnp

        self._rows, x = Rows(task), jax.device_put(task.data)
        N, H, B = task.data.shape[1], task.hidden, task.batch
        self._mean = mean = jnp.asarray(task.data.mean(0), jnp.float32)
        parameters = (0.01 * jax.random.normal(jax.random.key(task.seed), (N, H)), jnp.asarray(task.logits()))
        parameters = (*parameters, jnp.zeros(H))
        moments = [tuple(jnp.zeros_like(p) for p in parameters) for _ in range(2)] if adam else [(), ()]
        dice = np.random.default_rng(task.seed).integers(0, len(task.data), B)
        chain = x[dice].astype(jnp.float32) if task.chains else jnp.zeros(())
        self._state = (parameters, *moments, jnp.zeros((), jnp.int32), jax.random.key(task.seed + 1), chain)

        def step(state: Any, rows: Any) -> Any:
            (W, a, b), first, second, count, key, chain = state
            v0 = x[rows].astype(jnp.float32)
            h0 = jax.nn.sigmoid(b + (v0 - mean) @ W)
            h1 = jax.nn.sigmoid(b + (chain - mean) @ W) if task.chains else h0
            for _ in range(task.k):
                key, key_h, key_v = jax.random.split(key, 3)
                h = (jax.random.uniform(key_h, h1.shape) < h1).astype(jnp.float32)
                logits = a + (h - 0.5) @ W.T
                v1 = (jax.random.uniform(key_v, v0.shape) < jax.nn.sigmoid(logits)).astype(jnp.float32)
                h1 = jax.nn.sigmoid(b + (v1 - mean) @ W)
            g_W = ((v1 - mean).T @ (h1 - 0.5) - (v0 - mean).T @ (h0 - 0.5)) / B
            gradients = (g_W, (v1 - v0).mean(0), (h1 - h0).mean(0))
            rate = task.rate * (0.5 + 0.5 * jnp.cos(jnp.pi * jnp.minimum(count / task.steps, 1.0)))
            count = count + 1
            if adam:
                first = tuple(0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True))
                second = tuple(0.999 * s + 0.001 * g * g for s, g in zip(second, gradients, strict=True))
                rate = rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
                gradients = tuple(m / (jnp.sqrt(s) + 1e-7) for m, s in zip(first, second, strict=True))
            parameters = tuple(p - rate * g for p, g in zip((W, a, b), gradients, strict=True))
            return (parameters, first, second, count, key, v1 if task.chains else chain), None

        self._scan = jax.jit(lambda state, batches: jax.lax.scan(step, state, batches)[0], donate_argnums=0)

    def run(self, steps: int) -> None:
        import jax

        batches = np.stack([self._rows.next() for _ in range(steps)])
        self._state = jax.block_until_ready(self._scan(self._state, batches))

    def parameters(self) -> Parameters:
        (W, a, b), mean = self._state[0], self._mean
        return tuple(np.asarray(x) for x in (W, a - 0.5 * W.sum(1), b - mean @ W))


class Contestant(NamedTuple):
    """Who takes part.

    Attributes:
        make: makes a trainer.
        pip: what to install.
        methods: what it can do, of "cd" and "pcd".
        updates: how it steps.
        backend: of Keras, where one is needed.
    """

    make: Callable[[Task], Trainer]
    pip: str
    methods: tuple[str, ...]
    updates: str
    backend: str = ""


_BOTH = ("cd", "pcd")


def _pair(kind: Callable[..., Trainer], pip: str, backend: str = "") -> tuple[Contestant, Contestant]:
    return (
        Contestant(lambda task: kind(task, adam=True), pip, _BOTH, "Adam", backend),
        Contestant(lambda task: kind(task, adam=False), pip, _BOTH, "plain", backend),
    )


CONTESTANTS: dict[str, Contestant] = {}
for _name, _kind, _pip, _backend in (
    ("credo", Credo, "-e .", "jax"),
    ("credo on torch", Credo, "-e '.[torch]'", "torch"),
    ("credo on tensorflow", Credo, "-e '.[tensorflow]'", "tensorflow"),
    ("numpy by hand", FusedNumpy, "numpy", ""),
    ("jax by hand", JaxScan, "jax", ""),
):
    CONTESTANTS[_name], CONTESTANTS[f"{_name}, plain"] = _pair(_kind, _pip, _backend)
CONTESTANTS |= {
    "scikit-learn": Contestant(ScikitLearn, "scikit-learn", ("pcd",), "plain"),
    "rbms": Contestant(Rbms, "rbms", _BOTH, "plain, gradient normalised"),
    "learnergy": Contestant(Learnergy, "learnergy", ("cd",), "plain"),
}
