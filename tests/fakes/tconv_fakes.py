"""Adapters with one deliberate fault each; `Right` has none."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, InferredShape, Mode, Result, Route, Tensors
from tconv.model.route import Native, Unsupported
from tconv.oracle.formulations import conv_transpose

NOT_AN_ADAPTER = 3


def reached() -> None:
    """Leave a file, where a test waits for one, that says how far the process has come."""
    if "TCONV_REACHED" in os.environ:
        Path(os.environ["TCONV_REACHED"]).touch()


class Right(Adapter):
    """Computes with the oracle."""

    name = "fake-right"
    modes: ClassVar[tuple[Mode, ...]] = (Mode(name="call", meaning="the oracle itself"),)

    def versions(self) -> Mapping[str, str]:
        return {self.name: "1.0"}

    def route(self, case: Case, mode: str, device: str) -> Route:
        return Native(call="conv_transpose")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        y = conv_transpose(
            tensors.x,
            tensors.w,
            tensors.b,
            stride=case.s,
            padding=tuple(zip(case.p_begin, case.p_end, strict=True)),
            output_padding=case.output_padding or 0,
            dilation=case.dilation,
            groups=case.groups,
        )
        return y.astype(case.dtype)


class Halving(Right):
    """Returns s*i elements, whatever was asked, and crops the smaller half at the begin."""

    name = "fake-halving"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        totals = [(axis.k - 1) * axis.d + 1 - axis.s for axis in case.axes]
        sides = tuple((max(t, 0) // 2, t - max(t, 0) // 2) for t in totals)
        y = conv_transpose(tensors.x, tensors.w, tensors.b, stride=case.s, padding=sides,
                           dilation=case.dilation, groups=case.groups)  # fmt: skip
        return y.astype(case.dtype)


class Wrong(Right):
    """Adds one to the last element."""

    name = "fake-wrong"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        y = super().compute(case, tensors, mode, device)
        y.flat[-1] += 1
        return y


class Segfault(Right):
    """Dies of SIGSEGV where the first kernel size is 3, with a last word on stderr."""

    name = "fake-segfault"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        if case.k[0] == 3:
            os.write(2, b"native last words\n")
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().compute(case, tensors, mode, device)


class Mortal(Segfault):
    """Dies of the same cases in both of its modes."""

    name = "fake-mortal"
    modes = (Mode(name="call", meaning="once"), Mode(name="call+again", meaning="once more"))


class Idle(Right):
    """Dies of SIGKILL between two batches, as at the hands of a system that is short of memory."""

    name = "fake-idle"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return list(super().compute_many(cases, tensors, mode, device))


class Moody(Right):
    """Dies of a batch, and computes its cases one by one."""

    name = "fake-moody"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        if len(cases) > 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().compute_many(cases, tensors, mode, device)


class Sluggish(Right):
    """Computes batches together, in half a second for each case: within the limit, case by case."""

    name = "fake-sluggish"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        time.sleep(0.5 * len(cases))
        return list(super().compute_many(cases, tensors, mode, device))


class Hang(Right):
    """Never answers where the first kernel size is 3."""

    name = "fake-hang"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        if case.k[0] == 3:
            time.sleep(600)
        return super().compute(case, tensors, mode, device)


class Greedy(Right):
    """Takes a gigabyte of memory, and a while, where the first kernel size is 3."""

    name = "fake-greedy"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        if case.k[0] == 3:
            hoard = np.ones(2**27)
            time.sleep(2 * hoard[0])
        return super().compute(case, tensors, mode, device)


class SlowBatch(Right):
    """Takes a fifth of a second for every case: slow in sum, never hanging."""

    name = "fake-slow-batch"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        time.sleep(0.2)
        return super().compute(case, tensors, mode, device)


class Version(str):
    """A text that only this module can read again."""

    __slots__ = ()


class Leisurely(Right):
    """Takes three seconds to load, and three more to find its devices; has versions of its own."""

    name = "fake-leisurely"

    def __init__(self) -> None:
        reached()
        time.sleep(3)

    def devices(self) -> tuple[str, ...]:
        time.sleep(3)
        return super().devices()

    def versions(self) -> Mapping[str, str]:
        return {self.name: Version("1.0")}

    def settings(self, mode: str, device: str) -> Mapping[str, str]:
        return {"flag": Version("on")}


class Refusing(Right):
    """Raises an error for every case, though its route promises a result."""

    name = "fake-refusing"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        raise ValueError("kernel too square")


class Honest(Right):
    """Says that it is unsupported, and is."""

    name = "fake-honest"

    def route(self, case: Case, mode: str, device: str) -> Route:
        return Unsupported(reason="no squares", error_pattern=r"ValueError: .*square")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        raise ValueError("kernel too square")


class Dishonest(Right):
    """Says that it is unsupported, and computes."""

    name = "fake-dishonest"

    def route(self, case: Case, mode: str, device: str) -> Route:
        return Unsupported(reason="no squares", error_pattern=r"square")


class Misquoted(Honest):
    """Says that it is unsupported for one cause, and fails for another."""

    name = "fake-misquoted"

    def route(self, case: Case, mode: str, device: str) -> Route:
        return Unsupported(reason="no circles", error_pattern=r"circle")


class Garbage(Right):
    """Returns a list."""

    name = "fake-garbage"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        return super().compute(case, tensors, mode, device).tolist()


class Short(Right):
    """Gives one result too few."""

    name = "fake-short"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        return list(super().compute_many(cases, tensors, mode, device))[:-1]


class Lost(Right):
    """Raises in its route."""

    name = "fake-lost"

    def route(self, case: Case, mode: str, device: str) -> Route:
        raise KeyError("no map")


class Loud(Right):
    """Prints a megabyte to both streams for every case."""

    name = "fake-loud"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        sys.stdout.write("x" * 500_000)
        sys.stdout.flush()
        os.write(2, b"y" * 500_000)
        return super().compute(case, tensors, mode, device)


class Sampled(Right):
    """Has a second mode that is only sampled."""

    name = "fake-sampled"
    modes = (
        Mode(name="call", meaning="every case"),
        Mode(name="call+seldom", meaning="some cases", sample=4),
    )


class Stateful(Right):
    """Needs a process-global flag, set by its session, and an environment variable."""

    name = "fake-stateful"
    environment: ClassVar[Mapping[str, str]] = {"TCONV_FAKE": "on"}

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        before = np.geterr()
        np.seterr(all="raise")
        try:
            yield
        finally:
            np.seterr(**before)

    def settings(self, mode: str, device: str) -> Mapping[str, str]:
        return {"variable": os.environ.get("TCONV_FAKE", "absent"), "flag": np.geterr()["divide"]}

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        if np.geterr()["divide"] != "raise" or os.environ.get("TCONV_FAKE") != "on":
            raise RuntimeError("the session or the environment is not there")
        return super().compute(case, tensors, mode, device)


class Closed(Right):
    """Raises where its session begins."""

    name = "fake-closed"

    def session(self, mode: str, device: str) -> Any:
        raise RuntimeError("no way in")


class Untidy(Right):
    """Raises where its session ends."""

    name = "fake-untidy"

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        yield
        raise RuntimeError("no way out")


class Shy(Right):
    """Raises when it is asked for its devices."""

    name = "fake-shy"

    def devices(self) -> tuple[str, ...]:
        raise RuntimeError("none of your business")


class Uninstalled(Right):
    """Needs a framework that is not installed."""

    name = "fake-uninstalled"

    def __init__(self) -> None:
        import no_such_framework  # type: ignore[import-not-found] # noqa: F401, PLC0415 # it is missing on purpose


class Noted(Right):
    """Writes a line into the file `noted` of the current directory when it is made."""

    name = "fake-noted"

    def __init__(self) -> None:
        with Path("noted").open("a") as file:
            file.write("loaded\n")


class Half(Wrong):
    """Is right in one mode and wrong in the other."""

    name = "fake-half"
    modes = (Mode(name="call", meaning="right"), Mode(name="call+wrong", meaning="wrong"))

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        wrong = super().compute(case, tensors, mode, device)
        return wrong if mode == "call+wrong" else Right.compute(self, case, tensors, mode, device)


class Promising(Right):
    """Promises the shape that it returns."""

    name = "fake-promising"

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        return case.y_shape


class Boastful(Right):
    """Promises one element more on the last axis than it returns."""

    name = "fake-boastful"

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        return (*case.y_shape[:-1], case.y_shape[-1] + 1)


class Fickle(Refusing):
    """Promises a shape and refuses to compute."""

    name = "fake-fickle"

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        return case.y_shape


class Cautious(Right):
    """Raises where it is asked to promise; one case in three is."""

    name = "fake-cautious"
    infer_one_in = 3

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        raise ValueError("who knows")


class Inferring(Right):
    """Computes nothing: it gives shapes."""

    name = "fake-inferring"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        return InferredShape(shape=case.y_shape)
