"""One target's way through its cases: what they cost, and which of them ended their worker."""

from collections.abc import Sequence
from typing import Final

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.batch_size import Pace
from tconv.engine.schedule.draw_table import Choices
from tconv.engine.tasks import Order, Served
from tconv.model.case import Case

ALLOWANCE: Final = 20
"""Cases of one target that may end their worker before the rest is not run; a hundredth of its
cases where that is more."""


class Course:
    """What a run knows of one target. Not for several threads at once.

    Args:
        planned: the target and its cases.
        seed: seed of the inputs.
        suspects: ids of the cases that ended a worker of this backend, shared by its targets.
        choices: of the draws of the target's cases, shared by all targets that have the same.

    Attributes:
        planned: the target and its cases.
        pace: what its cases cost.
    """

    def __init__(
        self, planned: TargetPlan, *, seed: int, suspects: set[str], choices: Choices | None = None
    ) -> None:
        self.planned = planned
        self.pace = Pace()
        self._seed = seed
        self._suspects = suspects
        self._choices = choices
        self._allowance = max(ALLOWANCE, len(planned.cases) // 100)
        self._spent = 0

    def order(self, cases: Sequence[Case], first: int = 0) -> Order:
        """Return the order that has these cases run, the `first` and its successors."""
        return Order(
            target=self.planned.target,
            version=self.planned.version,
            cases=cases,
            seed=self._seed,
            suspects=self._suspected(cases),
            allowance=self._allowance,
            spent=self._spent,
            choices=self._choices.known(first, len(cases)) if self._choices else (),
        )

    def _suspected(self, cases: Sequence[Case]) -> frozenset[str]:
        if not self._suspects:  # nearly always; an id takes longer than to send its case
            return frozenset()
        return frozenset(case.id for case in cases if case.id in self._suspects)

    def settle(self, served: Served, first: int = 0) -> None:
        """Learn from what became of an order, whose cases began with the `first`."""
        if self._choices:
            self._choices.learn(first, served.choices)
        self._spent += len(served.ended)
        self._suspects.update(served.ended)
        self.pace.note(served.sheaf.rows, served.seconds)
