"""One row of the bench: what was measured side by side, what was wanted, and whether it was met."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from statistics import median
from typing import Any, ParamSpec, Self, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The repetitions of one measurement.

    Attributes:
        name: what was measured.
        values: one number per repetition.
        unit: of each.
        start_up: the share of the median that is spent before the first case, or None.
    """

    name: str
    values: tuple[float, ...]
    unit: str = "s"
    start_up: float | None = None

    @classmethod
    def of(cls, name: str, count: int, measure: Callable[[], float], *, unit: str = "s") -> Self:
        """Return what `count` calls of `measure` return."""
        return cls(name=name, values=tuple(measure() for _ in range(count)), unit=unit)

    @property
    def median(self) -> float:
        """The median of the repetitions."""
        return median(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A row of the bench.

    Attributes:
        name: the name by which it is chosen.
        what: what is measured, in words.
        goal: what is wanted, in words.
        found: what was found, in the same words.
        met: whether the goal was met; None where nothing could be measured.
        series: the measurements behind it.
        mix: number of cases and digest of their ids, or what else was given.
        notes: what a reader has to know: load, repetitions, what is not compared.
    """

    name: str
    what: str
    goal: str
    found: str
    met: bool | None
    series: Sequence[Series] = ()
    mix: str = ""
    notes: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON holds it, each series with its median."""
        series = [{**asdict(each), "median": each.median} for each in self.series]
        return {**asdict(self), "series": series}


def afresh(
    environment: Mapping[str, str],
    function: Callable[P, R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """Return what a function returns in a new process, which gets these variables first."""
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_set, initargs=(dict(environment),)
    ) as pool:
        return pool.submit(function, *args, **kwargs).result()


def _set(environment: Mapping[str, str]) -> None:
    os.environ.update(environment)


def cpu_seconds(function: Callable[[], object]) -> float:
    """Return the CPU time that a call takes in this process."""
    begun = time.process_time()
    function()
    return time.process_time() - begun
