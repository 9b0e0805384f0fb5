"""The pulse of a worker: what its watch can still read when the worker hangs or has died.

A small file, written in one piece at each beat: a half-written one cannot be read. Beats are
counted and not timed: the watch has a clock of its own, and needs no other to agree with it.
"""

import os
import struct
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

_FORM: Final = struct.Struct("<qqq")  # process id, place, number
_LOADING: Final = -2
_IDLE: Final = -3
_NOWHERE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The last sign of life of a worker.

    Attributes:
        pid: its process id.
        number: how many came before it in this file; a worker counts on from where another ended.
        is_idle: whether it has started and was given no work yet.
        is_loading: whether the framework is still being loaded.
        place: index in the batch of the case that is being computed; None where that is not known,
            as where several are computed together.
    """

    pid: int
    number: int
    is_idle: bool
    is_loading: bool
    place: int | None


class Pulse:
    """Written by the worker, whose process opens it; other processes read it with :func:`beat`."""

    def __init__(self, path: Path) -> None:
        before = beat(path)
        self._number = count(0 if before is None else before.number + 1)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        self._pid = os.getpid()
        self._write(_IDLE)

    def load(self) -> None:
        """Say that the framework is being loaded."""
        self._write(_LOADING)

    def beat(self, place: int | None = None) -> None:
        """Say that something was finished, and at which place of the batch the worker is now."""
        self._write(_NOWHERE if place is None else place)

    def _write(self, place: int) -> None:
        os.pwrite(self._file, _FORM.pack(self._pid, place, next(self._number)), 0)


def beat(path: Path) -> Beat | None:
    """Return the last beat that the worker of this file gave, or None: it has not begun."""
    try:
        written = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(written) != _FORM.size:
        return None
    pid, place, number = _FORM.unpack(written)
    return Beat(
        pid=pid,
        number=number,
        is_idle=place == _IDLE,
        is_loading=place == _LOADING,
        place=place if place >= 0 else None,
    )
