"""Children that do not outlive their parent: no orphan holds a port, a lock or a job after a kill -9."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Ask the kernel (Linux) to kill this process when its parent dies, and leave at once if it already has.

    The signal comes when the *thread* that forked ends, so fork from the main thread.
    """
    if _prctl is not None:
        _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
