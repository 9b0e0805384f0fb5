"""What goes to a worker and what comes back, in whatever process and on whatever machine."""

from collections.abc import Sequence
from dataclasses import dataclass

from tconv.inputs.draw import DrawRecipe
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A batch of one target's cases, with what is known of the target by now.

    Attributes:
        target: the target.
        version: version of its framework.
        cases: the cases; those of a grid are made where they are looked at, which takes longer
            than to send their columns.
        seed: seed of the inputs.
        suspects: ids of those cases that ended a worker of this backend before, on any target.
        allowance: how many cases of the target may end their worker.
        spent: how many have done so.
        choices: of each case's draw, as far as they are known; empty: none is.
    """

    target: Target
    version: str | None
    cases: Sequence[Case]
    seed: int
    suspects: frozenset[str]
    allowance: int
    spent: int
    choices: tuple[DrawRecipe | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What became of an order.

    Attributes:
        sheaf: a row for each of its cases, in order.
        seconds: time the worker took, with that of the cases that ended it, and without what it
            had to do again.
        ended: ids of the cases that ended their worker.
        choices: of each case's draw, None where nothing was drawn.
    """

    sheaf: RowBatch
    seconds: float
    ended: tuple[str, ...] = ()
    choices: tuple[DrawRecipe | None, ...] = ()
