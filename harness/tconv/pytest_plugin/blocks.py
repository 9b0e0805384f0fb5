"""Blocks of cases: what one test item runs, under a name that `-k` can select."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.batch_size import blocks as batched
from tconv.model.case import Case

Size = Literal["block", "case"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Cases of one target that run together.

    Attributes:
        name: `torch:eager@cpu-2d-0003`, or the case's id behind the target where it is alone.
        planned: the target.
        number: position among the target's blocks, from 0.
        cases: the cases, all with the same number of axes where they can be run at all.
    """

    name: str
    planned: TargetPlan
    number: int
    cases: tuple[Case, ...]


def blocks(planned: Sequence[TargetPlan], size: Size) -> tuple[Block, ...]:
    """Return the blocks of each target; the same wherever and whenever they are made.

    A target that cannot be run here is one block: there is one thing to say of it.
    """
    return tuple(
        Block(name=f"{each.target}-{label}", planned=each, number=number, cases=cases)
        for each in planned
        for number, (label, cases) in enumerate(_labelled(each, size))
    )


def _labelled(planned: TargetPlan, size: Size) -> Iterator[tuple[str, tuple[Case, ...]]]:
    if planned.unavailable:
        yield "unavailable", tuple(planned.cases)
    elif size == "case":
        yield from ((case.id, (case,)) for case in planned.cases)
    else:
        for ndim, cases in groupby(sorted(planned.cases, key=_ndim), key=_ndim):
            yield from _chunks(ndim, tuple(cases))


def _chunks(ndim: int, cases: tuple[Case, ...]) -> Iterator[tuple[str, tuple[Case, ...]]]:
    for number, batch in enumerate(batched(cases)):
        yield f"{ndim}d-{number:04d}", tuple(batch)


def _ndim(case: Case) -> int:
    return case.ndim
