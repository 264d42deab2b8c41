"""Many training steps for little more than the steps themselves cost, on one worker or on many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from credo.models.backend import name, workers
from credo.strips import Strip


class Stepper:
    """Runs many training steps of a compiled model.

    On JAX a whole run of steps is one `lax.scan` over the model's own `train_step`, so that Keras' bookkeeping between
    batches is paid once a call; elsewhere it is `train_on_batch`. Of several workers each cuts out its own rows of
    every batch; one alone keeps the data where it computes.

    Args:
        model: a model on which `compile` was called.
        data: the training data, shape (n, ...) or a strip of windows, kept in memory.
    """

    def __init__(self, model: keras.Model, data: np.ndarray | Strip) -> None:
        self.model = model
        self.data = data
        self.team = workers.current()
        self._scan = self._build_scan() if name() == "jax" else None

    def run(self, batches: np.ndarray) -> dict[str, float]:
        """Train on batches of rows.

        Args:
            batches: row numbers, shape (steps, B), the same on all workers.

        Returns:
            The model's metrics, averaged over these steps.

        Raises:
            UsageError: B is no multiple of the workers.
            CredoError: a worker was lost.
        """
        if self._scan is None:
            self.model.reset_metrics()
            logs = [self.model.train_on_batch(self.data[rows], return_dict=True) for rows in batches]  # each its own
            return {key: float(np.mean([each[key] for each in logs])) for key in logs[0]}
        if self.team.count == 1:
            return self._run(self._scan, self._device_data, batches.astype(np.int32))
        share = self.data[batches[:, self.team.share(batches.shape[1])]]
        with workers.losses_told():
            return self._run(self._scan, None, workers.dealt(share))

    def _run(self, scan: Callable[..., Any], data: Any, batches: Any) -> dict[str, float]:
        model = self.model
        model.reset_metrics()
        parts = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        state, metrics = scan(
            tuple([variable.value for variable in part] for part in parts),
            [variable.value for variable in model.metrics_variables],
            data,
            batches,
        )
        for part, values in zip((*parts, model.metrics_variables), (*state, metrics), strict=True):
            for variable, value in zip(part, values, strict=True):
                variable.assign(value)
        return {key: float(value) for key, value in model.get_metrics_result().items()}

    def _build_scan(self) -> Callable[..., Any]:
        import jax
        from jax import lax

        model, alone = self.model, self.team.count == 1
        model.optimizer.build(model.trainable_variables)
        model._symbolic_build(data_batch=(self.data[:2],))  # creates the metrics' variables
        strip = self.data if isinstance(self.data, Strip) else None
        if alone:
            self._device_data = jax.device_put((strip.blocks, strip.starts.astype(np.int32)) if strip else self.data)

        def rows_of(data: Any, rows: Any) -> Any:
            if not alone:
                return rows
            return data[0][data[1][rows][:, None] + np.arange(strip.length)] if strip else data[rows]

        def scan(state: Any, metrics: Any, data: Any, batches: Any) -> Any:
            def step(carry: Any, rows: Any) -> Any:
                _, carry = model.train_step(carry, (rows_of(data, rows),))
                return carry, None

            carry, _ = lax.scan(step, (*state, metrics), batches)
            return carry[:-1], carry[-1]

        if alone:
            return jax.jit(scan, donate_argnums=0)
        parts = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        states = tuple(workers.placements([variable.value for variable in part]) for part in parts)
        metrics = workers.placements([variable.value for variable in model.metrics_variables])
        return jax.jit(scan, donate_argnums=0, out_shardings=(states, metrics))
