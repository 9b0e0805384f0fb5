"""Adapters that break their contract, each in one way; the adapter check must name it."""

import itertools
import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from tconv_fakes import Right

from tconv.adapters.base import Case, Mode, Result, Route, Tensors
from tconv.model.route import Unsupported


class Transposed(Right):
    """Takes the last two axes for each other."""

    name = "fault-transposed"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return y.swapaxes(-1, -2) if case.ndim > 1 else y


class Flipped(Right):
    """Correlates instead of convolving."""

    name = "fault-flipped"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        w = np.flip(tensors.w, tuple(range(2, tensors.w.ndim)))
        return super().compute(case, replace(tensors, w=w), mode, device)


class Unsided(Right):
    """Takes the two sides of an axis for each other."""

    name = "fault-unsided"

    def padding(self, case: Case) -> tuple[tuple[int, int], ...]:
        return tuple(zip(case.p_end, case.p_begin, strict=True))


class Unpadded(Right):
    """Says that it pads x, and forgets to."""

    name = "fault-unpadded"
    pads_input = True


class Biasless(Right):
    """Forgets the bias."""

    name = "fault-biasless"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        return super().compute(case, replace(tensors, b=None), mode, device)


class Widened(Right):
    """Returns float64 whatever it was given."""

    name = "fault-widened"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return y.astype(np.float64)


class Masked(Right):
    """Returns a masked array."""

    name = "fault-masked"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return np.ma.masked_array(y)


class Overclaiming(Right):
    """Has a native route for dilation and refuses it."""

    name = "fault-overclaiming"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        if any(d > 1 for d in case.dilation):
            raise NotImplementedError("no dilation here")
        return y


class Unproved(Overclaiming):
    """Says that dilation is unsupported, with a pattern that any error would give."""

    name = "fault-unproved"

    def route(self, case: Case, mode: str, device: str) -> Route:
        if any(d > 1 for d in case.dilation):
            return Unsupported(reason="no dilation", error_pattern=".*")
        return super().route(case, mode, device)


class Inconsistent(Right):
    """Changes its mind about a route from one call to the next."""

    name = "fault-moody"
    turns: ClassVar[Iterator[int]] = itertools.count()

    def route(self, case: Case, mode: str, device: str) -> Route:
        if next(self.turns) % 2:
            return Unsupported(reason="not today", error_pattern="today")
        return super().route(case, mode, device)


class Overwriting(Right):
    """Scales its input in place where it may."""

    name = "fault-overwriting"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        y = super().compute(case, tensors, mode, device)
        if tensors.x.flags.writeable:
            tensors.x.fill(0)
        return y


class Demanding(Right):
    """Wants arrays that it may write to."""

    name = "fault-demanding"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        tensors.w[...] = tensors.w
        return super().compute(case, tensors, mode, device)


class Reusing(Right):
    """Returns the same memory for every result of one shape."""

    name = "fault-reusing"

    def __init__(self) -> None:
        self.buffers: dict[tuple[Any, ...], NDArray[Any]] = {}

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        buffer = self.buffers.setdefault((y.shape, y.dtype.str), np.empty_like(y))
        buffer[...] = y
        return buffer


class Restless(Right):
    """Is off by one in every second call."""

    name = "fault-restless"
    turns: ClassVar[Iterator[int]] = itertools.count()

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return y + np.asarray(next(self.turns) % 2, y.dtype)


class Threaded(Right):
    """Gives another result where there are several threads."""

    name = "fault-threaded"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        return y if os.environ["OMP_NUM_THREADS"] == "1" else y + np.asarray(1, y.dtype)


class BatchDiffers(Right):
    """Is off by one where cases come together."""

    name = "fault-batch-differs"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        for result in super().compute_many(cases, tensors, mode, device):
            yield -result if isinstance(result, np.ndarray) and len(cases) > 1 else result


class BatchShort(Right):
    """Loses the last of several results."""

    name = "fault-batch-short"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        results = list(super().compute_many(cases, tensors, mode, device))
        return results[:-1] if len(results) > 1 else results


class BatchFails(Right):
    """Lets one refused case end the batch."""

    name = "fault-batch-fails"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        for case, arrays in zip(cases, tensors, strict=True):
            yield self.compute(case, arrays, mode, device)


class BatchRefuses(Right):
    """Refuses all cases of a batch where one of them is refused."""

    name = "fault-batch-refuses"

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        results = list(super().compute_many(cases, tensors, mode, device))
        error = next((result for result in results if isinstance(result, Exception)), None)
        return results if error is None else [error] * len(results)


class Swallowing(Right):
    """Returns zeros where the framework raises."""

    name = "fault-swallowing"

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        try:
            return super().compute(case, tensors, mode, device)
        except Exception:  # noqa: BLE001 # the fault
            return np.zeros(case.y_shape, case.dtype)


class Leaky(Right):
    """Leaves NumPy's error handling as its session needs it."""

    name = "fault-leaky"

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        np.seterr(divide="raise")
        yield


class LeakyVariable(Right):
    """Leaves another environment variable behind in each session."""

    name = "fault-leaky-variable"
    turns: ClassVar[Iterator[int]] = itertools.count()

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        os.environ["TCONV_LEAK"] = str(next(self.turns))
        yield


class Seeding(Right):
    """Seeds the global random generator."""

    name = "fault-seeding"
    turns: ClassVar[Iterator[int]] = itertools.count()

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        random.seed(next(self.turns))
        return y


class LeakyOnError(Right):
    """Restores what its session set, unless there is an error."""

    name = "fault-leaky-on-error"

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        before = np.seterr(divide="raise")
        yield
        np.seterr(**before)


class Soothing(Right):
    """Swallows errors in its session."""

    name = "fault-soothing"

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        with suppress(Exception):
            yield


class Misnamed(Right):
    """Has another name than it is registered under."""

    name = "fault-named-otherwise"


class Unsorted(Right):
    """Has a mode whose qualifiers are not sorted."""

    name = "fault-unsorted"
    modes = (Mode(name="call+b+a", meaning="qualifiers"),)


class Unversioned(Right):
    """Does not say the version of its framework."""

    name = "fault-unversioned"

    def versions(self) -> Mapping[str, str]:
        return {"kernels": "1.0"}


class Untexted(Right):
    """Has a setting that is no text."""

    name = "fault-untexted"

    def settings(self, mode: str, device: str) -> Mapping[str, str]:
        return {"threads": 1}  # type: ignore[dict-item] # the fault


class Mortal(Right):
    """Dies where there are groups."""

    name = "fault-mortal"

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        if case.groups > 1:
            os._exit(7)
        return y
