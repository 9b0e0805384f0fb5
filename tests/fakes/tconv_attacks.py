"""An adapter that attacks the harness itself, in the way that the variable TCONV_ATTACK names.

It strikes where the first kernel size is 3, in the method that :data:`ATTACKS` names, or before any
case is computed; else it computes with the oracle.
"""

import builtins
import gc
import os
import resource
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, repeat
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
from tconv_fakes import Right, reached

from tconv.adapters.base import Case, Result, Route, Tensors
from tconv.inputs.draw import Draw

MATCH: Final = frozenset({"match"})
CRASHED: Final = frozenset({"crashed"})
LATE: Final = frozenset({"timeout"})
DEAD: Final = frozenset({"crashed", "timeout"})
FAULT: Final = frozenset({"adapter_error"})
RESOLVED: Final = frozenset({"resolved"})
ABSENT: Final = frozenset({"unavailable"})
ANY: Final = DEAD | FAULT | {"match", "rejected_legal"}
"""Whatever an attack on the process leads to, it is the row of the case; a match is right, too, as
the oracle computed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack.

    Attributes:
        strike: does the harm; in a method it returns what comes instead of the right result.
        method: where it strikes: a method, or `alter`, after the oracle has computed.
        verdicts: what the case may get; `unavailable` for the whole backend.
    """

    strike: Callable[[], Any]
    method: str = "alter"
    verdicts: frozenset[str] = ANY


class HostileClass(type):
    """A class that raises whenever it is looked at."""

    @property
    def __name__(cls) -> str:  # type: ignore[override] # the attack
        raise RuntimeError("no name")

    def __hash__(cls) -> int:
        raise RuntimeError("no hash")

    def __instancecheck__(cls, instance: object) -> bool:
        raise RuntimeError("no instances")


class HostileObject:
    """An object that raises whenever it is looked at, even at its class."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


def raise_error() -> Any:
    """Raise an error that cannot be described, and ends whoever unpickles it.

    Its class is made here, as it disturbs everybody who looks at the classes of errors.
    """

    class HostileError(Exception, metaclass=HostileClass):
        def __str__(self) -> str:
            raise KeyboardInterrupt

        __repr__ = __str__

        def __reduce__(self) -> Any:
            return os._exit, (9,)

    raise HostileError


def hang() -> Any:
    time.sleep(600)


def interrupt() -> Any:
    raise KeyboardInterrupt


def close_output() -> None:
    """Close what Python and the kernel have for standard output and errors."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.close()
    for descriptor in (1, 2):
        with suppress(OSError):
            os.close(descriptor)


def close_files() -> None:
    """Close every file of the process."""
    os.closerange(0, 256)


def lower(limit: int, most: int) -> Callable[[], None]:
    """Return a strike that lowers a limit of the process."""
    return lambda: resource.setrlimit(limit, (most, most))


def purge() -> None:
    """Forget every module of the harness."""
    for name in list(sys.modules):
        if name.startswith(("tconv.", "numpy", "pyarrow")):
            del sys.modules[name]


def patch() -> None:
    """Break what everybody relies on."""
    builtins.isinstance = lambda *_: raise_error()


def shared_files() -> list[int]:
    """Return the descriptors of the heartbeat and the log."""
    files = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # of the listing itself
            if "memfd:tconv" in str(link.readlink()):
                files.append(int(link.name))
    return files


def zero_inputs() -> Any:
    """Write zeros to all that the harness has drawn for the case, and answer 0."""
    drawn = next(
        each for each in gc.get_objects() if type(each) is Draw and each.tensors.w.shape[-1] == 3
    )
    for array in (drawn.tensors.x, drawn.tensors.w, drawn.tensors.b, drawn.answer):
        if array is not None:
            array.setflags(write=True)
            array.fill(0)
    assert drawn.answer is not None
    return np.zeros(drawn.answer.shape, np.float32)


def claim(pause: float) -> Callable[[], None]:
    """Return a strike that claims progress for ever, and hangs."""

    def strike() -> None:
        def beat() -> None:
            for number in count(10**6):
                for descriptor in shared_files():
                    with suppress(OSError):
                        os.pwrite(descriptor, struct.pack("<qqq", number, number % 7, 0), 0)
                time.sleep(pause)

        threading.Thread(target=beat, daemon=True).start()
        hang()

    return strike


def scribble() -> None:
    """Fill the heartbeat and the log with nonsense."""
    for descriptor in shared_files():
        os.pwrite(descriptor, b"\xff" * 100, 0)


def cut() -> None:
    """Empty the heartbeat and the log, and close them."""
    for descriptor in shared_files():
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def pipe() -> int:
    """Return the descriptor of the pipe to the parent."""
    return next(each.fileno() for each in gc.get_objects() if type(each) is Connection)


def answer_with(message: bytes) -> Callable[[], None]:
    """Return a strike that writes to the pipe, as to any file."""
    return lambda: void(os.write(pipe(), struct.pack("!i", len(message)) + message))


def void(*_: object) -> None:
    """Drop a result."""


def announce_much() -> None:
    """Announce an answer of more bytes than any memory has."""
    os.write(pipe(), struct.pack("!iQ", -1, 2**62))


def dribble() -> None:
    """Announce an answer, and send a byte of it now and then."""
    os.write(pipe(), struct.pack("!i", 10**6))
    while True:
        os.write(pipe(), b"x")
        time.sleep(0.1)


def fork_and_die() -> None:
    """Leave a child behind, in the same group."""
    if os.fork() == 0:
        time.sleep(600)
    os.abort()


def fork_and_hang() -> None:
    """Leave a child behind, say so, and hang."""
    if os.fork() != 0:
        reached()
    hang()


def fork_and_return() -> None:
    """Leave a child behind, and go on."""
    if os.fork() == 0:
        time.sleep(600)


def fork_away() -> None:
    """Leave a child behind in a session of its own, and hang."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(600)
    hang()


def interrupt_later() -> None:
    """Interrupt the main thread while the harness judges."""
    threading.Timer(0.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def endless() -> Iterable[Any]:
    return repeat(np.zeros((1, 1, 1), np.float32))


class EndlessList(list[Any]):
    """A list that never ends."""

    def __iter__(self) -> Any:
        return iter(endless())

    __len__ = None  # type: ignore[assignment] # the attack


ATTACKS: Final[Mapping[str, Attack]] = {
    # before any case is computed
    "init-raises": Attack(strike=raise_error, method="init", verdicts=ABSENT),
    "init-interrupts": Attack(strike=interrupt, method="init", verdicts=ABSENT),
    "init-aborts": Attack(strike=os.abort, method="init", verdicts=ABSENT),
    "init-purges": Attack(strike=purge, method="init", verdicts=ABSENT | ANY),
    "init-patches": Attack(strike=patch, method="init", verdicts=ABSENT | ANY),
    "init-closes-files": Attack(strike=close_files, method="init", verdicts=ABSENT | ANY),
    "devices-purges": Attack(strike=purge, method="devices", verdicts=ABSENT | ANY),
    "versions-aborts": Attack(strike=os.abort, method="versions", verdicts=ABSENT),
    "devices-endless": Attack(strike=endless, method="devices", verdicts=ABSENT),
    "settings-hostile": Attack(strike=HostileObject, method="settings", verdicts=MATCH),
    # in the methods of a case
    "route-aborts": Attack(strike=os.abort, method="route", verdicts=CRASHED),
    "route-hangs": Attack(strike=hang, method="route", verdicts=LATE),
    "route-hostile": Attack(strike=HostileObject, method="route", verdicts=FAULT),
    "result-hostile": Attack(strike=HostileObject, verdicts=FAULT),
    "error-hostile": Attack(strike=raise_error, verdicts=frozenset({"rejected_legal"})),
    "batch-endless": Attack(strike=endless, method="compute_many", verdicts=FAULT),
    "batch-endless-list": Attack(strike=EndlessList, method="compute_many", verdicts=FAULT),
    "batch-hostile": Attack(strike=HostileObject, method="compute_many", verdicts=FAULT),
    "inference-aborts": Attack(strike=os.abort, method="infer_shape", verdicts=RESOLVED),
    "inference-hangs": Attack(strike=hang, method="infer_shape", verdicts=RESOLVED),
    "inference-hostile": Attack(strike=HostileObject, method="infer_shape", verdicts=RESOLVED),
    "inference-huge": Attack(strike=lambda: (10**30, -1), method="infer_shape", verdicts=RESOLVED),
    # on the process
    "output-closed": Attack(strike=close_output),
    "files-closed": Attack(strike=close_files),
    "files-limited": Attack(strike=lower(resource.RLIMIT_NOFILE, 0)),
    "file-size-limited": Attack(strike=lower(resource.RLIMIT_FSIZE, 0)),
    "memory-limited": Attack(strike=lower(resource.RLIMIT_AS, 2**20)),
    "time-limited": Attack(strike=lower(resource.RLIMIT_CPU, 0)),
    "modules-purged": Attack(strike=purge),
    "builtins-patched": Attack(strike=patch),
    "recursion-limited": Attack(strike=lambda: sys.setrecursionlimit(60)),
    "interrupted-later": Attack(strike=interrupt_later),
    "stopped": Attack(strike=lambda: os.kill(os.getpid(), signal.SIGSTOP), verdicts=LATE),
    "traced": Attack(strike=lambda: sys.settrace(lambda *_: raise_error())),
    "numpy-raises": Attack(strike=lambda: void(np.seterr(all="raise"))),
    # on the judge
    "inputs-zeroed": Attack(strike=zero_inputs, verdicts=FAULT),
    # on what parent and worker share
    "heartbeat-claims": Attack(strike=claim(0.01), verdicts=LATE),
    "heartbeat-scribbled": Attack(strike=scribble),
    "heartbeat-cut": Attack(strike=cut),
    "pipe-pickle": Attack(strike=answer_with(b"cos\n_exit\n(I9\ntR."), verdicts=ANY),
    "pipe-garbage": Attack(strike=answer_with(b"garbage"), verdicts=DEAD),
    "pipe-announces": Attack(strike=announce_much, verdicts=DEAD),
    "pipe-dribbles": Attack(strike=dribble, verdicts=LATE),
    # on what is left behind
    "child-of-dead": Attack(strike=fork_and_die, verdicts=CRASHED),
    "child-of-living": Attack(strike=fork_and_return),
    "child-of-hanging": Attack(strike=fork_and_hang, verdicts=LATE),
    "child-that-left": Attack(strike=fork_away, verdicts=LATE),
}  # fmt: skip


class Attacker(Right):
    """Attacks as the environment says."""

    name = "attacker"
    attack: ClassVar[Attack] = ATTACKS.get(os.environ.get("TCONV_ATTACK", ""), Attack(strike=void))

    def __init__(self) -> None:
        self.strike("init", None)

    def strike(self, method: str, right: Any) -> Any:
        """Return what comes in a method instead of the right answer."""
        if method != self.attack.method:
            return right
        harm = self.attack.strike()
        return right if harm is None else harm

    def versions(self) -> Any:
        return self.strike("versions", super().versions())

    def devices(self) -> Any:
        return self.strike("devices", super().devices())

    def settings(self, mode: str, device: str) -> Any:
        return self.strike("settings", super().settings(mode, device))

    def route(self, case: Case, mode: str, device: str) -> Route:
        route = super().route(case, mode, device)
        return self.strike("route", route) if case.k[0] == 3 else route

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        results = super().compute_many(cases, tensors, mode, device)
        is_struck = len(cases) == 1 and cases[0].k[0] == 3
        if self.attack.method == "compute_many" and len(cases) > 1:
            raise RuntimeError("one by one, please")
        return self.strike("compute_many", results) if is_struck else results

    def infer_shape(self, case: Case, mode: str, device: str) -> Any:
        return self.strike("infer_shape", case.y_shape) if case.k[0] == 3 else case.y_shape

    def alter(self, case: Case, y: Any) -> Any:
        return self.strike("alter", y) if case.k[0] == 3 else y
