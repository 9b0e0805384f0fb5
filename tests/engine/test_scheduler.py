"""What the slots of a run learn from each other."""

import threading

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.scheduler import Scheduler
from tconv.engine.tasks import Task, TaskResult
from tconv.inputs.draw import DrawRecipe
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=1) for i in range(1, 9))
RECIPES = {case.id: DrawRecipe(drawn="exact", attempt=at) for at, case in enumerate(CASES)}


def tasks(*plans: TargetPlan) -> list[Task]:
    """Return the tasks that one slot gets, while each result has the recipes of its cases."""
    taken: list[Task] = []

    def compute(_: int, task: Task) -> TaskResult:
        taken.append(task)
        ids = [case.id for case in task.cases]
        return TaskResult(
            row_batch=RowBatch(rows=len(ids), digest="", counted={}, parquet=b""),
            seconds=0.01,
            recipes=tuple(RECIPES[case_id] for case_id in ids),
        )

    list(Scheduler(plans, compute, seed=0, slots=1, stopped=threading.Event()).parts())
    return taken


def plan(backend: str, cases: tuple[Case, ...] = CASES, **fields: object) -> TargetPlan:
    target = Target(backend=backend, mode="call", device="cpu")
    return TargetPlan(target=target, cases=cases, version="1", **fields)  # type: ignore[arg-type]


def test_second_backend_gets_the_recipes_of_the_first() -> None:
    first, second = tasks(plan("a"), plan("b"))

    assert first.recipes == (None,) * len(CASES)
    assert second.recipes == tuple(RECIPES.values())


def test_backend_that_is_resumed_gets_the_recipes_of_its_own_cases() -> None:
    _, second = tasks(plan("a"), plan("b", left=(range(2, 5),)))

    assert second.recipes == tuple(RECIPES.values())[2:5]


def test_backend_with_other_cases_gets_none() -> None:
    _, second = tasks(plan("a"), plan("b", CASES[1:]))

    assert set(second.recipes) == {None}
