"""Workers: processes that train one network together, each on its share of every batch.

The parameters are copied to all workers, and the batch and the persistent chains are dealt out. A step is one program
over all of them (`keras.distribution` on JAX; gloo between CPUs, NCCL between GPUs), in which gradients alone travel.
As `models.random` hashes the place of each number in the whole batch, the streams are dealt out like the rows: any
number of workers draws what one would, and the parameters differ by the rounding of sums alone.

One worker, which is the rule, needs nothing of this: `Workers()` is what `current` gives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from credo.errors import CredoError, UsageError
from credo.models.backend import name
from credo.models.backend.meeting import meet
from credo.models.backend.watch import Watch

#: Seconds within which all workers have to come, and after which a silent one counts as lost.
PATIENCE = 60
#: The axis of the mesh along which batches and chains are dealt out.
AXIS = "batch"
_LOST = re.compile(r"gloo|nccl|connection|coordination|deadline|unavailable", re.IGNORECASE)


@dataclass(frozen=True)
class Workers:
    """The processes of a training.

    Attributes:
        rank: number of this one, from 0.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and talks."""
        return self.rank == 0

    def share(self, rows: int, what: str = "batch") -> slice:
        """This worker's part of so many rows.

        Raises:
            UsageError: the rows cannot be dealt out evenly.
        """
        if rows % self.count:
            raise UsageError(f"{what}: expected a multiple of {self.count} workers, got {rows}")
        size = rows // self.count
        return slice(self.rank * size, (self.rank + 1) * size)


_workers = Workers()
_watch: Watch | None = None


def current() -> Workers:
    """The workers that this process is one of."""
    return _workers


def join(address: str, rank: int, count: int, *, patience: int = PATIENCE) -> Workers:
    """Meet the other workers. To be called before anything is computed, and before a network is made.

    Args:
        address: host and port where the first worker listens, "10.0.0.1:1234".
        rank: number of this process, from 0.
        count: how many there are.
        patience: seconds within which all have to come. A worker that is silent for as long later is lost.

    Raises:
        UsageError: the backend is not JAX, or a number makes no sense.
        CredoError: the others do not come, or do not see each other.
    """
    global _workers, _watch  # one for the process, as JAX has it
    if name() != "jax":
        raise UsageError(f"workers: expected the backend jax, got {name()}", hint="set KERAS_BACKEND=jax")
    if not 0 <= rank < count or patience < 1:
        raise UsageError(f"workers: expected 0 <= rank < count and patience >= 1, got {rank}, {count}, {patience}")
    if count == 1:
        return _workers
    met = meet(address, rank, count, patience)
    import jax

    where = f"{count} workers at {address}"
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(
        address,
        count,
        rank,
        initialization_timeout=patience,
        heartbeat_timeout_seconds=patience,
        shutdown_timeout_seconds=patience,
    )
    _listen_at(met.own)
    _watch = Watch(met.lines, rank, patience)
    _watch.start()
    seen = jax.process_count()
    devices = [_name_of(device) for device in jax.devices()]
    if seen != count or len(devices) % count:
        raise CredoError(f"workers: expected {where}, worker {rank} sees {seen} with {len(devices)} devices")
    mesh = keras.distribution.DeviceMesh((len(devices),), (AXIS,), devices)
    layout = keras.distribution.LayoutMap(mesh)
    layout[".*chain"] = (AXIS,)
    keras.distribution.set_distribution(
        keras.distribution.ModelParallel(layout_map=layout, batch_dim_name=AXIS, auto_shard_dataset=False)
    )
    _workers = Workers(rank, count)
    ranks = gathered(np.array([rank])).tolist()
    if ranks != list(range(count)):
        raise CredoError(f"workers: expected the ranks 0 to {count - 1}, got {ranks}")
    return _workers


def leave() -> None:
    """Take leave of the others, so that none takes this one's end for a loss."""
    global _workers, _watch
    if _workers.count > 1:
        import jax

        jax.distributed.shutdown()
        _workers = Workers()
    if _watch is not None:
        _watch.close()
        _watch = None


def gathered(share: np.ndarray) -> np.ndarray:
    """The shares of all workers, one behind the other: (n, ...) to (count n, ...)."""
    if _workers.count == 1:
        return share
    from jax.experimental import multihost_utils

    with losses_told():
        return np.asarray(multihost_utils.process_allgather(share, tiled=True))


def wait() -> None:
    """Wait until all workers are here."""
    gathered(np.zeros(1, np.int32))


def agreed(value: int) -> int:
    """A number as the first worker has it."""
    return int(gathered(np.array([value]))[0])


def check_same(what: str, data: bytes) -> None:
    """See to it that all workers have the same.

    Raises:
        CredoError: they have not.
    """
    if _workers.count > 1:
        digests = gathered(np.frombuffer(hashlib.sha256(data).digest(), np.uint8)[None])
        others = [rank for rank, digest in enumerate(digests) if not np.array_equal(digest, digests[0])]
        if others:
            raise CredoError(f"workers: expected the same {what} as worker 0 has, got another at {others}")


@contextmanager
def losses_told() -> Iterator[None]:
    """Say clearly that another worker was lost while something is computed together.

    Raises:
        CredoError: one was lost.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:  # JAX hands on what gloo or NCCL say as one or the other
        if not _LOST.search(str(error)):
            raise
        raise CredoError(
            f"workers: worker {_workers.rank} lost another of {_workers.count}",
            hint="start all of them again with --resume; nothing before the last checkpoint is lost",
        ) from error


def whole(variable: Any) -> np.ndarray:
    """The numbers of a variable, those that are dealt out put together; a call for all workers at once."""
    value = getattr(variable, "value", variable)
    if _workers.count == 1 or value.is_fully_replicated:
        return np.asarray(keras.ops.convert_to_numpy(variable))
    from jax.experimental import multihost_utils

    with losses_told():
        return np.asarray(multihost_utils.process_allgather(value, tiled=True))


@contextmanager
def alone() -> Iterator[None]:
    """Make networks that are this worker's only, such as the copy that is saved."""
    there = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(there)


def dealt(rows: np.ndarray) -> Any:
    """Batches of which each worker has its share, as one array; (steps, B / count, ...) to (steps, B, ...)."""
    import jax

    distribution = keras.distribution.distribution()
    mesh = distribution.device_mesh.backend_mesh
    spec = jax.sharding.PartitionSpec(None, AXIS)
    return jax.make_array_from_process_local_data(jax.sharding.NamedSharding(mesh, spec), rows)


def placements(values: Sequence[Any]) -> list[Any]:
    """Where each array lies."""
    return [value.sharding for value in values]


def _listen_at(own: str) -> None:
    """Have gloo give the others the address by which they reach this worker.

    By itself it gives what the computer's name leads to, which is the loopback on many. JAX has no option for it.
    """
    from jax._src import distributed, xla_bridge
    from jax._src.lib import _jax

    def client() -> Any:
        gloo = _jax.make_gloo_tcp_collectives(distributed_client=distributed.global_state.client, hostname=own)
        return xla_bridge.make_cpu_client(gloo)

    xla_bridge.register_backend_factory("cpu", client, priority=0, fail_quietly=False)


def _name_of(device: Any) -> str:
    return f"{device.platform}:{device.id}"
