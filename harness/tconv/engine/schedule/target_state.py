"""What a run learns of one target while it computes: what its cases cost, and which crashed."""

from collections.abc import Sequence
from typing import Final

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.batch_size import CaseCost
from tconv.engine.schedule.draw_table import DrawTable
from tconv.engine.tasks import Part, Task, TaskResult
from tconv.model.case import Case

CRASH_BUDGET: Final = 20
"""Cases of one target that may end their worker before the rest is not run; a hundredth of its
cases where that is more."""


class TargetState:
    """The state of one target; not safe to use from several threads at once.

    Args:
        plan: the target and its cases.
        seed: seed of the inputs.
        crashed: ids of the cases that ended a worker of this backend, shared by its targets.
        draw_table: draws of the target's cases, shared by all targets that have the same cases.

    Attributes:
        plan: the target and its cases.
        cost: what its cases cost.
    """

    def __init__(
        self,
        plan: TargetPlan,
        *,
        seed: int,
        crashed: set[str],
        draw_table: DrawTable | None = None,
    ) -> None:
        self.plan = plan
        self.cost = CaseCost()
        self._seed = seed
        self._crashed = crashed
        self._draw_table = draw_table
        self._crash_budget = max(CRASH_BUDGET, len(plan.cases) // 100)
        self._crashes = 0
        self._inference_deaths = 0

    def task(self, first: int, cases: Sequence[Case]) -> Task:
        """Return the task that computes these cases; `first` is the index of the first of them."""
        crashed: frozenset[str] = frozenset()
        if self._crashed:  # nearly never; making an id takes longer than sending its case
            crashed = frozenset(case.id for case in cases if case.id in self._crashed)
        return Task(
            target=self.plan.target,
            version=self.plan.version,
            first=first,
            cases=cases,
            seed=self._seed,
            crashed_before=crashed,
            crash_budget=self._crash_budget,
            crashes=self._crashes,
            inference_deaths=self._inference_deaths,
            recipes=self._draw_table.recipes(first, len(cases)) if self._draw_table else (),
        )

    def settle(self, task: Task, result: TaskResult) -> Part:
        """Learn from the result of a task, and return its rows as a part of the run."""
        if self._draw_table:
            self._draw_table.learn(task.first, result.recipes)
        self._crashes += len(result.crashed)
        self._inference_deaths += result.inference_deaths
        self._crashed.update(result.crashed)
        self.cost.learn(result.row_batch.rows, result.seconds)
        return Part(
            plan=self.plan,
            first=task.first,
            row_batch=result.row_batch,
            seconds=result.seconds,
        )
