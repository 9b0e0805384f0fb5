"""Adapters that do to a sweep what frameworks do, where the first kernel size is 3."""

import ctypes
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from tconv_fakes import Right, reached

from tconv.adapters.base import Case, Mode, Result, Tensors
from tconv.adapters.layout import CANONICAL
from tconv.adapters.snippet import Snippet

_C = ctypes.PyDLL(None)  # calls hold the interpreter's lock, as careless native code does
_FE_DIVBYZERO = 4  # of fenv.h, on x86


class Hostile(Right):
    """Computes with the oracle, and fails where the first kernel size is 3."""

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return self.fail(y) if case.k[0] == 3 else y

    def fail(self, y: NDArray[Any]) -> Any:
        """Do the harm; return what comes instead of the right result."""
        raise NotImplementedError


class Segfault(Hostile):
    """Reads address 0, with a last word on stderr."""

    name = "fake-segfault"

    def fail(self, y: NDArray[Any]) -> Any:
        os.write(2, b"native last words\n")
        ctypes.string_at(0)


class FatalFile(Right):
    """Computes rightly, and writes a call that ends the process."""

    name = "fake-fatal-file"
    modes: ClassVar[tuple[Mode, ...]] = (Mode(name="call", meaning="once", layout=CANONICAL),)

    def snippet(self, case: Case, mode: str, device: str) -> Snippet:
        return Snippet(call="os.abort()\ny = x", imports="import os")


class Mortal(Segfault):
    """Dies of the same cases in both of its modes."""

    name = "fake-mortal"
    modes = (Mode(name="call", meaning="once"), Mode(name="call+again", meaning="once more"))


class Together(Segfault):
    """Computes a batch as a list: from outside it cannot be seen which case it was at."""

    name = "hostile-together"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[Result]:
        return list(super().compute_many(cases, tensors, mode, device))


class Flaky(Hostile):
    """Dies of the first such case and of no other: a file remembers."""

    name = "hostile-flaky"

    def fail(self, y: NDArray[Any]) -> Any:
        memory = Path(os.environ["TCONV_FLAKY"])
        if not memory.exists():
            memory.touch()
            os.abort()
        return y


class Abort(Hostile):
    """Aborts, as a failed check of native code does."""

    name = "hostile-abort"

    def fail(self, y: NDArray[Any]) -> Any:
        os.abort()


class Exit0(Hostile):
    """Ends the process as if all were well."""

    name = "hostile-exit0"

    def fail(self, y: NDArray[Any]) -> Any:
        os._exit(0)


class Exit3(Hostile):
    """Ends the process with a status of its own."""

    name = "hostile-exit3"

    def fail(self, y: NDArray[Any]) -> Any:
        os._exit(3)


class CutOff(Hostile):
    """Closes every file of the process but its output, and goes on."""

    name = "hostile-cut-off"

    def fail(self, y: NDArray[Any]) -> Any:
        os.closerange(3, 256)
        time.sleep(600)


class Trap(Hostile):
    """Divides by zero where that traps, as it does where a host program has asked for it."""

    name = "hostile-trap"

    def fail(self, y: NDArray[Any]) -> Any:
        if platform.machine() == "x86_64":
            ctypes.CDLL("libm.so.6").feenableexcept(_FE_DIVBYZERO)
        else:
            _C["raise"](int(signal.SIGFPE))  # other processors do not trap
        return y / np.zeros_like(y)


class Divides(Hostile):
    """Divides an integer by zero."""

    name = "hostile-divides"

    def fail(self, y: NDArray[Any]) -> Any:
        if platform.machine() == "x86_64":
            _C.div(1, 0)
        _C["raise"](int(signal.SIGFPE))  # other processors give 0


class Killed(Hostile):
    """Is killed without a word, as by a kernel that is out of memory."""

    name = "hostile-killed"

    def fail(self, y: NDArray[Any]) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)


class Hang(Hostile):
    """Hangs in native code, deaf to everything but SIGKILL."""

    name = "hostile-hang"

    def fail(self, y: NDArray[Any]) -> Any:
        reached()
        _C.sleep(600)


class Sleep(Hostile):
    """Never answers."""

    name = "fake-hang"

    def fail(self, y: NDArray[Any]) -> Any:
        reached()
        time.sleep(600)


class Drowsy(Hostile):
    """Works for two seconds, a tenth of one at a time."""

    name = "hostile-drowsy"

    def fail(self, y: NDArray[Any]) -> Any:
        reached()
        for _ in range(20):
            time.sleep(0.1)
        return y


class Greedy(Hostile):
    """Takes more and more memory."""

    name = "hostile-greedy"

    def fail(self, y: NDArray[Any]) -> Any:
        hoard = []
        while True:
            hoard.append(np.ones(2**24))
            time.sleep(0.05)


class Exhausted(Hostile):
    """Asks for more memory than there is."""

    name = "hostile-exhausted"

    def fail(self, y: NDArray[Any]) -> Any:
        return np.ones(2**60, np.uint8)


class Exits(Hostile):
    """Raises SystemExit."""

    name = "hostile-system-exit"

    def fail(self, y: NDArray[Any]) -> Any:
        sys.exit("no kernel for you")


class Interrupts(Hostile):
    """Raises KeyboardInterrupt."""

    name = "hostile-keyboard-interrupt"

    def fail(self, y: NDArray[Any]) -> Any:
        raise KeyboardInterrupt("no kernel for you")


class EndsGenerator(Hostile):
    """Raises GeneratorExit."""

    name = "hostile-generator-exit"

    def fail(self, y: NDArray[Any]) -> Any:
        raise GeneratorExit("no kernel for you")


class StopsIteration(Hostile):
    """Raises StopIteration."""

    name = "hostile-stop-iteration"

    def fail(self, y: NDArray[Any]) -> Any:
        raise StopIteration("no kernel for you")


class OwnError(BaseException):
    """An error that `except Exception` does not catch."""


class Own(Hostile):
    """Raises an error that is no Exception."""

    name = "hostile-own"

    def fail(self, y: NDArray[Any]) -> Any:
        raise OwnError("no kernel for you")


class Unpicklable(Hostile):
    """Raises an error that cannot travel to another process."""

    name = "hostile-unpicklable"

    def fail(self, y: NDArray[Any]) -> Any:
        class LocalError(ValueError):
            """An error of a class that no other process finds, with a lock inside."""

        raise LocalError("no kernel for you", threading.Lock())


class MuteError(ValueError):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Mute(Hostile):
    """Raises an error without words."""

    name = "hostile-mute"

    def fail(self, y: NDArray[Any]) -> Any:
        raise MuteError


class Loud(Hostile):
    """Prints megabytes on both streams, through Python and past it."""

    name = "hostile-loud"

    def fail(self, y: NDArray[Any]) -> Any:
        for stream in (sys.stdout, sys.stderr):
            stream.write("x" * 5_000_000)
            stream.flush()
            os.write(stream.fileno(), b"y" * 5_000_000)
        return y


class LoudAbort(Loud):
    """Prints megabytes, and aborts with a last word."""

    name = "hostile-loud-abort"

    def fail(self, y: NDArray[Any]) -> Any:
        os.write(2, b"first word\n")
        super().fail(y)
        os.write(2, b"\nlast word\n")
        os.abort()


class Nothing(Hostile):
    """Returns None."""

    name = "hostile-nothing"

    def fail(self, y: NDArray[Any]) -> Any:
        return None


class Text(Hostile):
    """Returns a text."""

    name = "hostile-text"

    def fail(self, y: NDArray[Any]) -> Any:
        return "0.0"


class Ragged(Hostile):
    """Returns a list whose lists differ in length."""

    name = "hostile-ragged"

    def fail(self, y: NDArray[Any]) -> Any:
        return [[1.0], [1.0, 2.0]]


class Objects(Hostile):
    """Returns an array of Python's objects."""

    name = "hostile-objects"

    def fail(self, y: NDArray[Any]) -> Any:
        return y.astype(object)


class Double(Hostile):
    """Returns float64."""

    name = "hostile-double"

    def fail(self, y: NDArray[Any]) -> Any:
        return y.astype(np.float64)


class Whole(Hostile):
    """Returns small integers."""

    name = "hostile-whole"

    def fail(self, y: NDArray[Any]) -> Any:
        return y.astype(np.int16)


class ReadOnly(Hostile):
    """Returns an array that cannot be written to."""

    name = "hostile-read-only"

    def fail(self, y: NDArray[Any]) -> Any:
        y.flags.writeable = False
        return y


class Strided(Hostile):
    """Returns every second element of a larger array, from its end on."""

    name = "hostile-strided"

    def fail(self, y: NDArray[Any]) -> Any:
        room = np.zeros((*y.shape[:-1], 2 * y.shape[-1]), y.dtype)
        view = room[..., ::-2]
        view[...] = y
        return view


class Swapped(Hostile):
    """Returns the other byte order."""

    name = "hostile-swapped"

    def fail(self, y: NDArray[Any]) -> Any:
        return y.astype(y.dtype.newbyteorder())


class OneMemory(Right):
    """Returns one memory for all results: each call overwrites the result of the last."""

    name = "hostile-reusing"
    memory: ClassVar[NDArray[Any]] = np.zeros(4096, "float32")

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        self.memory[...] = np.nan
        self.memory[: y.size] = y.ravel()
        return self.memory[: y.size].reshape(y.shape)


class OneMemoryTogether(OneMemory):
    """Computes a batch as a list, and where the first kernel size is 3 in one memory."""

    name = "hostile-reusing-together"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return super().alter(case, y) if case.k[0] == 3 else y

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[Result]:
        return list(super().compute_many(cases, tensors, mode, device))
