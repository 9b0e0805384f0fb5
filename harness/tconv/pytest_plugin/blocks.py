"""Divides each target's cases into blocks, one per test item, with names that `-k` selects."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Literal

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.batch_size import fixed_batches
from tconv.model.case import Case

Size = Literal["block", "case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepBlock:
    """Cases of one target that run together.

    Attributes:
        name: `torch:eager@cpu-2d-0003`, or the case's id behind the target where it is alone.
        plan: the target.
        cases: the cases, all with the same number of axes where they can be run at all.
    """

    name: str
    plan: TargetPlan
    cases: tuple[Case, ...]


def blocks(plans: Sequence[TargetPlan], size: Size) -> tuple[SweepBlock, ...]:
    """Return the blocks of each target, the same in every process of a session.

    A target that cannot be run here is one block, as all its cases have the same result.
    """
    return tuple(
        SweepBlock(name=f"{plan.target}-{label}", plan=plan, cases=cases)
        for plan in plans
        for label, cases in _labelled(plan, size)
    )


def _labelled(plan: TargetPlan, size: Size) -> Iterator[tuple[str, tuple[Case, ...]]]:
    if plan.unavailable:
        yield "unavailable", tuple(plan.cases)
    elif size == "case":
        yield from ((case.id, (case,)) for case in plan.cases)
    else:
        ndim = attrgetter("ndim")
        for axes, cases in groupby(sorted(plan.cases, key=ndim), key=ndim):
            for number, batch in enumerate(fixed_batches(tuple(cases))):
                yield f"{axes}d-{number:04d}", tuple(batch)
