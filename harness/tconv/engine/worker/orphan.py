"""Lets no worker outlive the process that started it, not even one that hangs in native code.

The kernel is asked to kill the worker when its parent is gone: a thread of the worker that looks
out for the parent could not run while native code holds the interpreter's lock. The kernel takes
the *thread* that started a process for its parent, so that one has to live as long as the worker;
:class:`tconv.engine.process.process.Lane` sees to it.
"""

import ctypes
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def end_with(parent: int) -> None:
    """Have this process killed when `parent` ends, the process that started it; Linux only.

    Elsewhere a worker ends when it next asks for work, and finds that nobody is there.
    """
    try:
        prctl = ctypes.CDLL(None).prctl
    except AttributeError:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)
