"""What the hands of a run are told, and what they tell each other."""

import threading

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.scheduler import swept
from tconv.engine.tasks import Order, Served
from tconv.inputs.draw import DrawRecipe
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=1) for i in range(1, 9))
CHOICES = {case.id: DrawRecipe(drawn="exact", attempt=at) for at, case in enumerate(CASES)}


def orders(*planned: TargetPlan) -> list[Order]:
    """Return what one hand is ordered, while it answers each order with its choices."""
    given: list[Order] = []

    def serve(_: int, order: Order) -> Served:
        given.append(order)
        ids = [case.id for case in order.cases]
        return Served(
            sheaf=RowBatch(rows=len(ids), digest="", counted={}, parquet=b""),
            seconds=0.01,
            choices=tuple(CHOICES[each] for each in ids),
        )

    list(swept(planned, serve, seed=0, hands=1, stopped=threading.Event()))
    return given


def planned(backend: str, cases: tuple[Case, ...] = CASES, **rest: object) -> TargetPlan:
    target = Target(backend=backend, mode="call", device="cpu")
    return TargetPlan(target=target, cases=cases, version="1", **rest)  # type: ignore[arg-type]


def test_second_backend_gets_the_draws_that_the_first_chose() -> None:
    first, second = orders(planned("a"), planned("b"))

    assert first.choices == (None,) * len(CASES)
    assert second.choices == tuple(CHOICES.values())


def test_resumed_backend_gets_the_draws_of_its_own_cases() -> None:
    _, second = orders(planned("a"), planned("b", left=(range(2, 5),)))

    assert second.choices == tuple(CHOICES.values())[2:5]


def test_backend_with_other_cases_gets_no_draws() -> None:
    _, second = orders(planned("a"), planned("b", CASES[1:]))

    assert set(second.choices) == {None}
