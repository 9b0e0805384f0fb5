"""What a worker process starts with: it answers requests, and loads the adapter of one backend.

What is computed of it comes with a request, so that no process imports more than it needs.

The parent watches two files that it shares with the worker: the *log*, to which everything
printed goes, native code included, and the *heartbeat*, which says that another case was finished
and which one is being computed.
"""

import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.reduction import ForkingPickler
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tconv.adapters import registry
from tconv.adapters.guard import GuardedAdapter, environment_of, fault_of, kind_of, text_of
from tconv.engine.worker import heartbeat
from tconv.engine.worker.heartbeat import SharedFile
from tconv.errors import TargetError, UnavailableError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
ERROR_STATE: Final[Any] = np.geterr()
"""What NumPy does about errors, as it is before a framework is loaded."""

_OWN_ERRORS: Final = {"builtins", "tconv.errors"}
"""Modules of the errors that are sent; any other's would be imported by the parent."""

_adapters: dict[str, GuardedAdapter] = {}  # this process's only one, by its backend
_forking: int | None = None  # the process whose main thread is forking
_variables_of_run: set[str] = set()  # variables that the run sets, whatever an adapter wants


def serve(
    pipe: "Connection[Any, Any]",
    environment: Mapping[str, str],
    log: SharedFile,
    heartbeat_file: SharedFile,
    parent: int,
) -> None:
    """Answer the requests that come through `pipe`, one after the other, until it is closed.

    A request is a function with its arguments, pickled. An answer says whether the function
    returned, with what it returned, or its error and the traceback.

    Args:
        pipe: the worker's end; once the parent has closed the other, the worker ends.
        environment: variables to set before a framework is loaded, and before its adapter's own.
        log: file for all that is printed, native code included.
        heartbeat_file: file for the heartbeat.
        parent: id of the parent process; this one ends when it does, for whatever reason.
    """
    os.setpgid(0, 0)  # whatever the framework starts is in this group, and is killed with it
    die_with_parent(parent)
    os.register_at_fork(before=_note_forking_thread, after_in_child=_die_with_worker)
    os.environ.update(environment)
    _variables_of_run.update(environment)
    sys.stdout.flush()
    heartbeat.start(heartbeat_file, log)
    pipe.send_bytes(b"up")
    worker = os.getpid()
    with suppress(EOFError):
        while True:
            request = pipe.recv_bytes()
            heartbeat.beat()  # the request is taken: it is to blame for whatever happens from here
            answer = _answer(request)
            if os.getpid() != worker:  # a child that the framework forked, and that came back here
                os._exit(0)
            pipe.send_bytes(answer)


def _answer(request: bytes) -> memoryview:
    try:
        function, args, kwargs = ForkingPickler.loads(request)
        return ForkingPickler.dumps((True, function(*args, **kwargs), ""))
    except BaseException as error:  # noqa: BLE001 # raised in the parent
        text = traceback.format_exc()
        if type(error).__module__ in _OWN_ERRORS and isinstance(error, Exception):
            with suppress(Exception):  # of what cannot be pickled, or not unpickled
                answer = ForkingPickler.dumps((False, error, text))
                ForkingPickler.loads(answer)
                return answer
        substitute = RuntimeError(f"{kind_of(error)}: {text_of(error)}")
        return ForkingPickler.dumps((False, substitute, text))


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent`, which started it, ends; Linux only.

    A thread that watched the parent from here could not run while native code holds the
    interpreter's lock. The kernel means the *thread* that started this process, so that thread has
    to live as long as the worker; `WorkerProcess` keeps one. On other systems a worker ends when it
    next waits for a request and finds the pipe closed.
    """
    try:
        prctl = ctypes.CDLL(None).prctl
    except AttributeError:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the call above
        os.kill(os.getpid(), signal.SIGKILL)


def _note_forking_thread() -> None:
    global _forking  # noqa: PLW0603 # a process forks once at a time
    is_main = threading.current_thread() is threading.main_thread()
    _forking = os.getpid() if is_main else None


def _die_with_worker() -> None:
    """Have a child that Python forked end with its worker, even if that is killed with its parent.

    A child of another thread would end with that thread.
    """
    if _forking is not None:
        die_with_parent(_forking)


def load_adapter(backend: str) -> GuardedAdapter:
    """Return the adapter of `backend`, the only one of this process; the first call makes it.

    Raises:
        UnavailableError: its framework is not installed or does not import.
    """
    adapter = adapter_being_loaded(backend)
    heartbeat.beat()
    return adapter


def adapter_being_loaded(backend: str) -> GuardedAdapter:
    """Return what :func:`load_adapter` does, where more follows that counts as loading."""
    if backend not in _adapters:
        heartbeat.beat_while_loading()
        _adapters[backend] = _load(backend)
    return _adapters[backend]


def _load(backend: str) -> GuardedAdapter:
    """Make the adapter; whatever that raises, an exit or an interrupt too, makes it unavailable."""
    try:
        for name, value in environment_of(registry.adapter_class(backend)).items():
            if name not in _variables_of_run:
                os.environ[name] = value
        return GuardedAdapter(registry.load(backend), backend)
    except (TargetError, UnavailableError):
        raise
    except BaseException as error:  # noqa: BLE001 # a third party's code
        fault = fault_of("loading it", error)
        raise UnavailableError(f"{backend} does not start: {fault}") from None
