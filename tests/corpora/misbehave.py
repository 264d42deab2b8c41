"""Functions for reading processes that do what damaged files make C libraries do."""

import os
import signal
import sys
import time

import numpy as np

from credo.corpora.reading.prepare import prepare


def badly(job, settings):
    """Crash, hang or fill the memory if the file's name says so; print to stdout as C libraries do."""
    os.write(1, b"Warning: something\n")
    if "segfault" in job["name"]:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "exit" in job["name"]:
        os._exit(3)
    if "hang" in job["name"]:
        time.sleep(600)
    if "memory" in job["name"]:
        filled = [np.ones(1 << 25) for _ in range(64)]  # 16 GiB
        return {"filled": len(filled)}
    if "bug" in job["name"]:
        sys.exit("a bug")
    return prepare(job, settings)


def slowly(job, settings):
    """Take a while."""
    time.sleep(0.3)
    return prepare(job, settings)


def echo(job, settings):
    """Give back what came."""
    return {**job, **settings}
