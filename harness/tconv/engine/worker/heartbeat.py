"""The heartbeat of a worker process: what its parent can still read when it hangs or has died.

A small file, written in one piece at each beat, so that it is never read half-written. Beats are
counted and not timed: the parent measures time on its own clock, so the two need not agree.
"""

import fcntl
import os
import struct
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing.reduction import DupFd
from typing import Any, Final, Self

LOG: Final = 2**22
"""Bytes that a worker may print before its log is cut, so that only the current case is in it."""

_FORM: Final = struct.Struct("<qqq")  # number, place, whether a shape is being inferred
_NOWHERE: Final = -1
_LOADING: Final = -2

_file: int | None = None  # of this process, if it is a worker
_log: int | None = None  # as above
_numbers = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The last beat of a worker.

    Attributes:
        number: how many came before it.
        is_loading: whether the framework is still being loaded.
        place: index in the batch of the case that is being computed; None where that is not known,
            as when several are computed together.
        is_inferring: whether its shape is being inferred; what it computed is known.
    """

    number: int
    is_loading: bool
    place: int | None
    is_inferring: bool = False


class SharedFile:
    """A file without a name that a worker shares with its parent: nobody can delete or replace it.

    The parent reads it when the worker is dead, or may have written anything into it.

    Args:
        descriptor: the file descriptor, open for reading and for writing at the end.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def create(cls) -> Self:
        """Return an empty file."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("tconv")
        else:
            with tempfile.TemporaryFile(prefix="tconv-") as file:
                descriptor = os.dup(file.fileno())
        return cls(descriptor)

    def __reduce__(self) -> tuple[Any, tuple[Any]]:
        """Send the file itself, to a process that is being started."""
        return _shared_file, (DupFd(self.descriptor),)

    def size(self) -> int:
        """Return how many bytes it has."""
        return os.fstat(self.descriptor).st_size

    def read(self, count: int, start: int = 0) -> bytes:
        """Return at most so many bytes from `start` on."""
        return os.pread(self.descriptor, count, start)

    def clear(self) -> None:
        """Make it empty."""
        os.ftruncate(self.descriptor, 0)

    def close(self) -> None:
        """Close this process's descriptor."""
        os.close(self.descriptor)


def _shared_file(sent: Any) -> SharedFile:  # noqa: ANN401 # multiprocessing's own class
    return SharedFile(sent.detach())


def start(file: SharedFile, log: SharedFile) -> None:
    """Make this process a worker that writes its heartbeat to `file` and prints to `log`."""
    global _file, _log  # a process has one heartbeat
    _file, _log = file.descriptor, log.descriptor
    fcntl.fcntl(_log, fcntl.F_SETFL, os.O_APPEND)  # so that it can be cut
    for stream in (1, 2):
        os.dup2(_log, stream)
    beat()


def beat(place: int | None = None, *, is_inferring: bool = False) -> None:
    """Say that a case is done and which one comes next; does nothing if this is not a worker.

    Also keeps the log from growing without end, by a file descriptor of its own: a framework may
    close standard output.
    """
    _write(_NOWHERE if place is None else place, is_inferring=is_inferring)
    with suppress(OSError):  # closed, or no longer allowed to be written
        if _log is not None and os.fstat(_log).st_size > LOG:
            os.ftruncate(_log, 0)


def beat_while_loading() -> None:
    """Say that the framework is being loaded from now on, which may take longer than a case."""
    _write(_LOADING)


def _write(place: int, *, is_inferring: bool = False) -> None:
    with suppress(OSError):  # as above; the parent then hears nothing, and waits no longer
        if _file is not None:
            os.pwrite(_file, _FORM.pack(next(_numbers), place, is_inferring), 0)


def read_heartbeat(file: SharedFile) -> Heartbeat | None:
    """Return the last heartbeat that was written, or None: the worker is not up yet.

    Something else may have written to the file, so the place is no more than a hint.
    """
    written = file.read(_FORM.size)
    if len(written) != _FORM.size:  # created, but not written to
        return None
    number, place, is_inferring = _FORM.unpack(written)
    return Heartbeat(
        number=number,
        is_loading=place == _LOADING,
        place=place if place >= 0 else None,
        is_inferring=bool(is_inferring),
    )
