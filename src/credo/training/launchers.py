"""Who started this process: a launcher that tells each worker its number through the environment.

| launcher | what it sets |
|---|---|
| torchrun, `torch.distributed.run`, Kubernetes' PyTorchJob | `RANK`, `WORLD_SIZE`, `MASTER_ADDR`, `MASTER_PORT` |
| Slurm (`srun`) | `SLURM_PROCID`, `SLURM_STEP_NUM_TASKS`, `SLURM_STEP_NODELIST` |
| Open MPI (`mpirun`) | `OMPI_COMM_WORLD_RANK`, `OMPI_COMM_WORLD_SIZE` |
| any other, and by hand | `CREDO_RANK`, `CREDO_WORKERS`, `CREDO_ADDRESS` |

Where it says nothing of where the first worker listens, `CREDO_ADDRESS` does. torchrun listens at its own port itself,
so the next one is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from credo.errors import UsageError

#: Where the first worker listens when nobody says.
PORT = 29400
_FAMILIES = (
    ("CREDO_RANK", "CREDO_WORKERS"),
    ("RANK", "WORLD_SIZE"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
)


@dataclass(frozen=True)
class Place:
    """A worker's place among the others.

    Attributes:
        rank: its number, from 0.
        count: how many there are.
        address: where the first one listens, "host:port".
    """

    rank: int
    count: int
    address: str


def place(environment: Mapping[str, str]) -> Place | None:
    """This worker's place, or None for one that is alone.

    Args:
        environment: as `os.environ`.

    Raises:
        UsageError: a launcher's variables contradict each other, or leave out where the first worker listens.
    """
    for rank_name, count_name in _FAMILIES:
        if count_name not in environment:
            continue
        count = _number(environment, count_name)
        if count == 1:
            continue
        if rank_name not in environment:
            raise UsageError(f"workers: expected {rank_name} beside {count_name}={count}, got none")
        rank = _number(environment, rank_name)
        if not 0 <= rank < count:
            raise UsageError(f"workers: expected {rank_name} from 0 to {count - 1}, got {rank}")
        return Place(rank, count, _address(environment))
    return None


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment[name]
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"workers: expected a whole number in {name}, got {text!r}")
    return int(text)


def _address(environment: Mapping[str, str]) -> str:
    if "CREDO_ADDRESS" in environment:
        return environment["CREDO_ADDRESS"]
    if "MASTER_ADDR" in environment:
        own = "TORCHELASTIC_RUN_ID" in environment
        port = _number(environment, "MASTER_PORT") + own if "MASTER_PORT" in environment else PORT
        return f"{environment['MASTER_ADDR']}:{port}"
    nodes = environment.get("SLURM_STEP_NODELIST", "")
    if nodes:
        return f"{_first_node(nodes)}:{PORT + int(environment.get('SLURM_JOB_ID', '0')) % 2000}"
    raise UsageError(
        "workers: expected CREDO_ADDRESS, where the first worker listens, got none", hint="CREDO_ADDRESS=host:29400"
    )


def _first_node(nodes: str) -> str:
    """The first of Slurm's hosts; "node[03-07,12],other" is node03."""
    head, bracket, rest = nodes.partition("[")
    if not bracket or "," in head:
        return nodes.split(",")[0]
    return head + rest.split("]")[0].split(",")[0].split("-")[0]
