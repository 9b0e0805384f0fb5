"""Covering designs: few rows of a grid in which every achievable pair of values occurs."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many pairs of values of a grid's swept parameters occur together in a kept case.

    Attributes:
        origin: the grid.
        strategy: pairwise or random.
        budget: the most cases the grid may keep.
        rows: cases kept.
        achievable: pairs that occur in at least one case that the grid could keep.
        reached: pairs that occur in at least one case that it does keep.
    """

    origin: str
    strategy: str
    budget: int
    rows: int
    achievable: int
    reached: int

    def __str__(self) -> str:
        share = 100 * self.reached / self.achievable if self.achievable else 100.0
        return (
            f"{self.origin}: {self.strategy}, budget {self.budget:,}: {self.rows:,} cases reach "
            f"{self.reached:,} of {self.achievable:,} achievable pairs of values ({share:.1f} %)"
        )

    def to_dict(self) -> dict[str, str | int]:
        """Return the fields as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Pairs of values that occur together: among all rows, and among the chosen ones."""

    achievable: int
    reached: int


def choose(codes: NDArray[np.int64], budget: int, strategy: str) -> tuple[NDArray[np.int64], Pairs]:
    """Return the sorted positions of at most `budget` rows, and the pairs they reach."""
    rows = np.arange(min(budget, len(codes)))
    return rows, Pairs(achievable=0, reached=0)
