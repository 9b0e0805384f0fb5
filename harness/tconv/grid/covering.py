"""Covering designs: few rows of a grid in which every achievable pair of values occurs."""

import functools
import itertools
import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

import covertable
import numpy as np
from numpy.typing import NDArray

from tconv.grid.requested_sizes import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How many pairs of values of a grid's swept parameters occur together in a kept case.

    Attributes:
        table: the grid, as in [[grid]] 1.
        strategy: pairwise or random.
        budget: the most cases the grid may keep.
        rows: cases kept.
        achievable: pairs that occur in at least one case that the grid could keep.
        reached: pairs that occur in at least one case that it does keep.
    """

    table: str
    strategy: str
    budget: int
    rows: int
    achievable: int
    reached: int

    def __str__(self) -> str:
        share = 100 * self.reached / self.achievable if self.achievable else 100.0
        return (
            f"{self.table}: {self.strategy}, budget {self.budget:,}: {self.rows:,} cases reach "
            f"{self.reached:,} of {self.achievable:,} achievable pairs of values ({share:.1f} %)"
        )

    def to_dict(self) -> dict[str, str | int]:
        """Return the fields as plain values."""
        return asdict(self)


def choose(codes: IntArray, budget: int, strategy: str) -> IntArray:
    """Return the sorted positions of `budget` rows of `codes`, or of all where there are fewer.

    *pairwise*: the rows of a covering design first, as far as the budget goes, then a sample.
    *random*: a sample. The sample is a property of the rows, the same in every run.

    Args:
        codes: distinct rows, (rows, parameters), each value a position among its parameter's.
        budget: 1 or more.
        strategy: pairwise or random.
    """
    if len(codes) <= budget:
        return np.arange(len(codes))
    design = covering_design(codes, budget) if strategy == "pairwise" else _NOTHING
    sample = np.setdiff1d(_shuffled(codes), design, assume_unique=True)
    return np.sort(np.concatenate([design, sample[: budget - len(design)]]))


def pairs_reached(codes: IntArray) -> int:
    """Return how many pairs of values occur together in a row of `codes`, (rows, parameters)."""
    columns = itertools.combinations(codes.T, 2)
    return sum(len(np.unique(a * (b.max(initial=0) + 1) + b)) for a, b in columns)


def covering_design(codes: IntArray, budget: int) -> IntArray:
    """Return the positions of at most `budget` rows that reach the pairs greedily, in order.

    Given enough rows, every pair that occurs in `codes` is reached. The design is covertable's. Its
    one constraint asks whether some row of `codes` completes a partly chosen row, so that only rows
    of `codes` are chosen, whatever rules and conditions they come from.
    """
    if codes.shape[1] < 2:
        return _NOTHING
    factors = {at: np.unique(column).tolist() for at, column in enumerate(codes.T)}
    members = {at: {value: _bits(codes[:, at] == value) for value in values}
               for at, values in factors.items()}  # fmt: skip

    def completable(chosen: Mapping[int, int]) -> bool | None:
        rows = (members[at][value] for at, value in chosen.items())
        return None if functools.reduce(operator.and_, rows) else False

    constraint = {"operator": "fn", "requires": [], "evaluate": completable}
    designed = covertable.make_async(factors, constraints=[constraint])
    place = {tuple(row): at for at, row in enumerate(codes.tolist())}
    rows = [place[tuple(row[at] for at in factors)] for row in itertools.islice(designed, budget)]
    return np.array(rows, dtype=np.int64)


_NOTHING: Final = np.empty(0, dtype=np.int64)


def _bits(mask: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(mask).tobytes())


def _shuffled(codes: IntArray) -> IntArray:
    """Return the positions of the rows in an order that looks random and follows from the rows."""
    hashes = np.zeros(len(codes), dtype=np.uint64)
    for column in codes.T.astype(np.uint64):
        hashes = (hashes ^ column) * np.uint64(0x9E3779B97F4A7C15)  # odd, near 2^64 / golden ratio
        hashes ^= hashes >> np.uint64(29)
    return np.argsort(hashes, kind="stable")
