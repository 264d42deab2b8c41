"""Other libraries of restricted Boltzmann machines, as trainers for the measurements of speed.

They are trained as they are, by their own steps; what none of them does is told in `speed_contestants.py`.
"""

# ruff: noqa: D102 - the protocol says what `run` and `parameters` do

from __future__ import annotations

import numpy as np
from speed_task import Parameters, Rows, Task


class ScikitLearn:
    """`BernoulliRBM.partial_fit`, which is persistent contrastive divergence with one step."""

    def __init__(self, task: Task) -> None:
        from sklearn.neural_network import BernoulliRBM

        self.task, self._rows, self._done = task, Rows(task), 0
        self._data = task.data.astype(np.float32)
        self.rbm = BernoulliRBM(task.hidden, batch_size=task.batch, random_state=task.seed)
        self.rbm.learning_rate = 1e-12  # zero is refused
        self.rbm.partial_fit(self._data[: task.batch])  # makes the arrays
        self.rbm.intercept_visible_[:] = task.logits()

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.rbm.learning_rate = max(self.task.rate_at(self._done), 1e-12)
            self.rbm.partial_fit(self._data[self._rows.next()])
            self._done += 1

    def parameters(self) -> Parameters:
        return self.rbm.components_.T, self.rbm.intercept_visible_, self.rbm.intercept_hidden_


class Rbms:
    """The step of `rbms.training.pcd.train`, without the file that `train` writes in each step; centred."""

    def __init__(self, task: Task) -> None:
        import torch
        from rbms.bernoulli_bernoulli.classes import BBRBM
        from rbms.dataset.dataset_class import RBMDataset
        from rbms.training.pcd import fit_batch_pcd

        torch.set_num_threads(1)
        torch.manual_seed(task.seed)
        self.task, self._done, self._torch, self._step = task, 0, torch, fit_batch_pcd
        n, f32 = len(task.data), torch.float32
        ones, data = np.ones(n, np.float32), task.data.astype(np.float32)
        self.dataset = RBMDataset(data, np.zeros(n), ones, np.arange(n), "rows", True, "cpu", f32)
        self.rbm = BBRBM.init_parameters(task.hidden, self.dataset, torch.device("cpu"), f32, 0.01)
        self.rbm.init_grad()
        self._optimizer = torch.optim.SGD(self.rbm.parameters(), lr=task.rate, maximize=True)
        rows = torch.randperm(n)[: task.batch]
        self._chains = self.rbm.init_chains(task.batch, start_v=self.dataset.data[rows])

    def run(self, steps: int) -> None:
        torch, task = self._torch, self.task
        with torch.no_grad():
            for _ in range(steps):
                self._optimizer.param_groups[0]["lr"] = task.rate_at(self._done)
                rows = torch.randperm(len(self.dataset))[: task.batch]
                batch = self.dataset.data[rows], self.dataset.weights[rows]
                if not task.chains:
                    self._chains = self.rbm.init_chains(task.batch, weights=batch[1], start_v=batch[0])
                self._optimizer.zero_grad(set_to_none=False)
                self._chains, _ = self._step(batch, self._chains, self.rbm, task.k, 1.0)
                self._optimizer.step()
                self._done += 1

    def parameters(self) -> Parameters:
        return tuple(x.numpy() for x in (self.rbm.weight_matrix, self.rbm.vbias, self.rbm.hbias))


class Learnergy:
    """`learnergy.models.bernoulli.RBM.fit`; the rate is set between calls."""

    def __init__(self, task: Task) -> None:
        import torch
        from learnergy.models.bernoulli import RBM
        from torch.utils.data import TensorDataset

        torch.set_num_threads(1)
        torch.manual_seed(task.seed)
        self.task, self._rows, self._done, self._dataset = task, Rows(task), 0, TensorDataset
        self._data = torch.from_numpy(task.data.astype(np.float32))
        self.rbm = RBM(task.data.shape[1], task.hidden, steps=task.k, learning_rate=task.rate)
        with torch.no_grad():
            self.rbm.a.copy_(torch.from_numpy(task.logits()))

    def run(self, steps: int) -> None:
        self.rbm.optimizer.param_groups[0]["lr"] = self.task.rate_at(self._done)
        rows = self._data[np.concatenate([self._rows.next() for _ in range(steps)])]
        self.rbm.fit(self._dataset(rows, rows[:, 0]), batch_size=self.task.batch, epochs=1)
        self._done += steps

    def parameters(self) -> Parameters:
        return tuple(x.detach().numpy() for x in (self.rbm.W, self.rbm.a, self.rbm.b))
