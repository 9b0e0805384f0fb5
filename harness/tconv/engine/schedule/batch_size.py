"""How many cases go to a worker at a time: as many as keep it busy for a moment.

A batch costs a round trip to the worker and a part of the store, so it should be large. It is held
in memory, and lost if the run is interrupted, so it should not be too large. No row depends on it.
"""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

import numpy as np

from tconv.grid import Cases
from tconv.model.case import Case

AIM_SECONDS: Final = 1.0
"""Seconds that a batch should keep its worker busy."""

FIRST_SIZE: Final = 32
"""Cases in the first batch of a target, when nothing is known of it yet."""

MAX_SIZE: Final = 1024
"""Cases in a batch; well below what a worker keeps of inputs for its backend's next mode."""

MAX_GROWTH: Final = 4
"""How many times the cases of the one before a batch may have: costs may rise along the grid."""

MAX_ELEMENTS: Final = 2**23
"""Elements of input, weight and output in a batch, unless one case has more."""

FIXED_SIZE: Final = 128
"""Cases in a batch where no cost is measured, as batches must be the same each time."""


class CaseCost:
    """What the cases of one target cost, as last measured, and the batch size that follows from it.

    Attributes:
        seconds: time for each case; None before the first result.
        batch_size: cases in the next batch.
    """

    def __init__(self) -> None:
        self.seconds: float | None = None
        self.batch_size = min(FIRST_SIZE, MAX_SIZE)

    def learn(self, cases: int, seconds: float) -> None:
        """Learn that a batch of `cases` took a worker `seconds`."""
        self.seconds = seconds / cases
        fitting = int(AIM_SECONDS / self.seconds) if self.seconds else MAX_SIZE
        self.batch_size = max(1, min(fitting, MAX_GROWTH * max(cases, self.batch_size), MAX_SIZE))


def count_that_fit(cases: Sequence[Case]) -> int:
    """Return how many of the cases, from the first on, fit into :data:`MAX_ELEMENTS`, or 1."""
    elements = cases.elements() if isinstance(cases, Cases) else list(map(_elements, cases))
    beyond = np.flatnonzero(np.cumsum(elements) > MAX_ELEMENTS)
    return max(1, int(beyond[0])) if len(beyond) else len(cases)


def _elements(case: Case) -> int:
    return sum(map(prod, (case.x_shape, case.w_shape, case.y_shape)))


def fixed_batches(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    """Yield the cases in batches of :data:`FIXED_SIZE` at most, the same whatever they cost."""
    first = 0
    while first < len(cases):
        batch = tuple(cases[first : first + FIXED_SIZE])
        count = count_that_fit(batch)
        yield batch[:count]
        first += count
