"""The heartbeat of a worker process: what its parent can still read when it hangs or has died.

A small file, written in one piece at each beat, so that it is never read half-written. Beats are
counted and not timed: the parent measures time on its own clock, so the two need not agree.
"""

import os
import struct
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

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


def start(path: Path, log: int) -> None:
    """Make this process a worker that writes its heartbeat to `path` and prints to `log`."""
    global _file, _log  # noqa: PLW0603 # a process has one heartbeat
    _log = log
    _file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    beat()


def beat(place: int | None = None, *, is_inferring: bool = False) -> None:
    """Say that a case is done and which one comes next; does nothing if this is not a worker.

    Also keeps the log from growing without end, by a file descriptor of its own: a framework may
    close standard output.
    """
    _write(_NOWHERE if place is None else place, is_inferring=is_inferring)
    if _log is not None and os.fstat(_log).st_size > LOG:
        os.ftruncate(_log, 0)


def beat_while_loading() -> None:
    """Say that the framework is being loaded from now on, which may take longer than a case."""
    _write(_LOADING)


def _write(place: int, *, is_inferring: bool = False) -> None:
    if _file is not None:
        os.pwrite(_file, _FORM.pack(next(_numbers), place, is_inferring), 0)


def read_heartbeat(path: Path) -> Heartbeat | None:
    """Return the last heartbeat that was written to `path`, or None: the worker is not up yet."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(written) != _FORM.size:  # created, but not written to
        return None
    number, place, is_inferring = _FORM.unpack(written)
    return Heartbeat(
        number=number,
        is_loading=place == _LOADING,
        place=place if place >= 0 else None,
        is_inferring=bool(is_inferring),
    )
