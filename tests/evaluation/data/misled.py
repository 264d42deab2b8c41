"""What damaged files make C libraries do, for reading processes."""

import os
import signal
import time

from credo.evaluation.data.look import look


def badly(job, settings):
    """Crash or hang for some names, as readers do for some files."""
    if job["name"] == "a.mid":
        os.kill(os.getpid(), signal.SIGSEGV)
    if job["name"] == "higher.mid":
        time.sleep(600)
    return look(job, settings)
