"""Places among workers, as launchers tell them."""

import pytest

from credo.errors import UsageError
from credo.training.launchers import Place, place


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"RANK": "0", "WORLD_SIZE": "1"}, None),
        ({"SLURM_NTASKS": "4", "SLURM_PROCID": "0"}, None),  # in a batch script, outside srun
        ({"RANK": "3", "WORLD_SIZE": "8", "MASTER_ADDR": "a", "MASTER_PORT": "500"}, Place(3, 8, "a:500")),
        (
            {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "500", "TORCHELASTIC_RUN_ID": "x"},
            Place(1, 2, "a:501"),
        ),
        (
            {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NODELIST": "gpu[07-12,20]"},
            Place(2, 4, "gpu07:29400"),
        ),
        (
            {"SLURM_PROCID": "2", "SLURM_STEP_NUM_TASKS": "4", "SLURM_STEP_NODELIST": "a,b", "SLURM_JOB_ID": "2007"},
            Place(2, 4, "a:29407"),
        ),
        (
            {"CREDO_RANK": "1", "CREDO_WORKERS": "2", "CREDO_ADDRESS": "h:1", "RANK": "0", "WORLD_SIZE": "9"},
            Place(1, 2, "h:1"),
        ),
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "CREDO_ADDRESS": "h:7"}, Place(1, 2, "h:7")),
    ],
)
def test_the_place_of_a_worker(environment, expected):
    assert place(environment) == expected


@pytest.mark.parametrize(
    "environment",
    [
        {"WORLD_SIZE": "2", "MASTER_ADDR": "a"},
        {"RANK": "2", "WORLD_SIZE": "2", "MASTER_ADDR": "a"},
        {"RANK": "x", "WORLD_SIZE": "2", "MASTER_ADDR": "a"},
        {"RANK": "1", "WORLD_SIZE": "2"},
    ],
)
def test_contradictions_are_told(environment):
    with pytest.raises(UsageError, match="workers: expected"):
        place(environment)
