"""What a run and its workers exchange: a task goes out, its result comes back as rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from tconv.engine.plan import TargetPlan
from tconv.inputs.draw import DrawRecipe
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Consecutive cases of one target to compute, with what the run knows of them so far.

    Attributes:
        target: the target.
        version: version of its framework.
        first: index of the first case among the target's planned cases.
        cases: the cases; the worker makes those of a grid, as their columns are sent faster than
            the cases would be.
        seed: seed of the inputs.
        crashed_before: ids of those cases that ended a worker of this backend before, on any
            target.
        crash_budget: how many cases of the target may end their worker.
        crashes: how many have done so.
        inference_deaths: of how many cases of the target inferring the shape ended the worker.
        recipes: the recipe of each case's draw, None if it is not known; empty: none is known.
    """

    target: Target
    version: str | None
    first: int = 0
    cases: Sequence[Case]
    seed: int
    crashed_before: frozenset[str]
    crash_budget: int
    crashes: int
    inference_deaths: int = 0
    recipes: tuple[DrawRecipe | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """The rows of a task, and what the run learns from it.

    Attributes:
        row_batch: a row for each case, in order.
        seconds: time that the worker took, including the cases that ended it, excluding what it
            had to repeat.
        crashed: ids of the cases that ended their worker.
        inference_deaths: how many did when their shape was inferred.
        recipes: the recipe of each case's draw, None if nothing was drawn.
    """

    row_batch: RowBatch
    seconds: float
    crashed: tuple[str, ...] = ()
    inference_deaths: int = 0
    recipes: tuple[DrawRecipe | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of consecutive cases of one target, as a run writes them.

    Attributes:
        plan: the target they belong to.
        first: index of the first of them among the target's planned cases.
        row_batch: the rows, ready to be stored.
        seconds: time that a worker took for them.
    """

    plan: TargetPlan
    first: int
    row_batch: RowBatch
    seconds: float = 0.0
