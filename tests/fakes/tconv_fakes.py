"""Adapters with one deliberate fault each; `Right` has none."""

import os
import signal
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

    def padding(self, case: Case) -> tuple[tuple[int, int], ...]:
        return tuple(zip(case.p_begin, case.p_end, strict=True))

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        y = conv_transpose(
            tensors.x,
            tensors.w,
            tensors.b,
            stride=case.s,
            padding=self.padding(case),
            output_padding=case.output_padding or 0,
            dilation=case.dilation,
            groups=case.groups,
        )
        return self.alter(case, y.astype(case.dtype))

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        """Return what comes instead of the right result."""
        return y


class Halving(Right):
    """Returns s*i elements, whatever was asked, and crops the smaller half at the start."""

    name = "fake-halving"

    def padding(self, case: Case) -> tuple[tuple[int, int], ...]:
        totals = [(axis.k - 1) * axis.d + 1 - axis.s for axis in case.axes]
        return tuple((max(total, 0) // 2, total - max(total, 0) // 2) for total in totals)


class Wrong(Right):
    """Adds one to the last element."""

    name = "fake-wrong"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        y.flat[-1] += 1
        return y


class HalfWrong(Wrong):
    """Is right in one mode and wrong in the other."""

    name = "fake-half"
    modes = (Mode(name="call", meaning="right"), Mode(name="call+wrong", meaning="wrong"))

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        adapter = Wrong() if mode == "call+wrong" else Right()
        return adapter.compute(case, tensors, mode, device)


class DyingOnce(Right):
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


class SlowBatch(Right):
    """Takes a fifth of a second for every case: slow in sum, never hanging."""

    name = "fake-slow-batch"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        time.sleep(0.2)
        return y


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
    """Raises an error for every case, though its route promises a result; its text prints a set."""

    name = "fake-refusing"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        raise ValueError(
            f"kernel too square: not one of { {'line', 'ring', 'cube', 'ball', 'cone'} }"
        )


class Honest(Refusing):
    """Says that it is unsupported, and is."""

    name = "fake-honest"

    def route(self, case: Case, mode: str, device: str) -> Route:
        return Unsupported(reason="no squares", error_pattern=r"ValueError: .*square")


class Misquoted(Refusing):
    """Says that it is unsupported for one cause, and fails for another."""

    name = "fake-misquoted"

    def route(self, case: Case, mode: str, device: str) -> Route:
        return Unsupported(reason="no circles", error_pattern=r"circle")


class Dishonest(Right):
    """Says that it is unsupported, and computes."""

    name = "fake-dishonest"

    def route(self, case: Case, mode: str, device: str) -> Route:
        return Unsupported(reason="no squares", error_pattern=r"square")


class Garbage(Right):
    """Returns a list."""

    name = "fake-garbage"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return y.tolist()


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
        with np.errstate(all="raise"):
            yield

    def settings(self, mode: str, device: str) -> Mapping[str, str]:
        return {"variable": os.environ.get("TCONV_FAKE", "absent"), "flag": np.geterr()["divide"]}

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        if self.settings("", "") != {"variable": "on", "flag": "raise"}:
            raise RuntimeError("the session or the environment is not there")
        return y


class Closed(Right):
    """Raises where its session starts."""

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


class Promising(Right):
    """Infers the shape that it returns."""

    name = "fake-promising"

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        return case.y_shape


class Boastful(Right):
    """Infers one element more on the last axis than it returns."""

    name = "fake-boastful"

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        return (*case.y_shape[:-1], case.y_shape[-1] + 1)


class Fickle(Promising, Refusing):
    """Infers a shape and refuses to compute."""

    name = "fake-fickle"


class Cautious(Right):
    """Raises where it should infer a shape, in one case of three."""

    name = "fake-cautious"
    infer_one_in = 3

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        raise ValueError("who knows")


class Inferring(Right):
    """Computes nothing: it gives shapes."""

    name = "fake-inferring"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return InferredShape(shape=case.y_shape)
