"""One row of the bench: what was measured side by side, the goal, and whether it was met."""

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
        start_up: seconds of the median that pass before the first case, or None.
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
class Measurement:
    """A row of the bench.

    Attributes:
        name: the name that `--row` takes.
        what: what is measured, in words.
        goal: the goal, in words.
        result: what was measured, in the words of the goal.
        met: whether the goal was met; None where something could not be measured.
        series: the repetitions behind the result.
        workload: number of cases and digest of their ids, or what else was measured.
        notes: what a reader must know: load, repetitions, what is not compared.
    """

    name: str
    what: str
    goal: str
    result: str
    met: bool | None
    series: Sequence[Series] = ()
    workload: str = ""
    notes: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON holds it, each series with its median."""
        series = [{**asdict(each), "median": each.median} for each in self.series]
        return {**asdict(self), "series": series}


def in_new_process(
    environment: Mapping[str, str],
    function: Callable[P, R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """Return what a function returns in a new process, whose variables are set before it starts."""
    with ProcessPoolExecutor(
        1,
        mp_context=get_context("spawn"),
        initializer=_set_variables,
        initargs=(dict(environment),),
    ) as pool:
        return pool.submit(function, *args, **kwargs).result()


def _set_variables(environment: Mapping[str, str]) -> None:
    os.environ.update(environment)


def cpu_seconds(function: Callable[[], object]) -> float:
    """Return the CPU time that a call takes in this process."""
    start = time.process_time()
    function()
    return time.process_time() - start
