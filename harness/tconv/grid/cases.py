"""The cases of a run as a sequence that constructs each case when it is asked for.

A million cases take 0.75 GB as objects, and a quarter of that as integers.
"""

from collections.abc import Iterator, Sequence
from operator import eq
from typing import Final, overload

import numpy as np

from tconv.grid.case_table import CaseTable, FloatArray
from tconv.grid.requested_sizes import IntArray
from tconv.model.case import Case

_PIECE: Final = 1024  # cases that are constructed at a time


class Cases(Sequence[Case]):
    """All cases of a grid, or some of them; taking a slice constructs none.

    Args:
        tables: the cases of the grid, by number of axes.
        places: which of them, and in which order; all where None.
    """

    def __init__(self, tables: Sequence[CaseTable], places: range | IntArray | None = None) -> None:
        self._tables = tuple(tables)
        self._bounds = np.cumsum([0, *map(len, tables)])
        self._places = range(int(self._bounds[-1])) if places is None else places

    def __len__(self) -> int:
        return len(self._places)

    def __eq__(self, other: object) -> bool:
        """Return whether the other has the same cases in the same order."""
        if not isinstance(other, Cases):
            return NotImplemented
        return len(self) == len(other) and all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(len(self))

    def __iter__(self) -> Iterator[Case]:
        for first in range(0, len(self), _PIECE):
            yield from self._construct(np.asarray(self._places[first : first + _PIECE]))

    @overload
    def __getitem__(self, index: int) -> Case: ...

    @overload
    def __getitem__(self, index: slice) -> "Cases": ...

    def __getitem__(self, index: int | slice) -> "Case | Cases":
        """Return the case at this place, or the cases of these places."""
        if isinstance(index, slice):
            return Cases(self._tables, self._places[index])
        return next(self._construct(np.asarray([self._places[index]])))

    def __reduce__(self) -> tuple[object, ...]:
        """Send the columns of these cases to another process, not those of the whole grid."""
        return Cases, (tuple(self._parts(np.asarray(self._places))),)

    def elements(self) -> FloatArray:
        """Return how many elements x, w and y of each case have together; constructs no case."""
        parts = self._parts(np.asarray(self._places))
        return np.concatenate([np.empty(0), *(part.elements() for part in parts)])

    def take(self, places: IntArray) -> "Cases":
        """Return the cases at these places."""
        return Cases(self._tables, np.asarray(self._places)[places])

    def _construct(self, places: IntArray) -> Iterator[Case]:
        for part in self._parts(places):
            yield from part.cases()

    def _parts(self, places: IntArray) -> Iterator[CaseTable]:
        """Yield the cases at these places of the grid table by table, in order."""
        if len(places) == 0:
            return
        owners = np.searchsorted(self._bounds, places, side="right") - 1
        changes = np.flatnonzero(np.diff(owners)) + 1
        for own, of in zip(np.split(places, changes), np.split(owners, changes), strict=True):
            yield self._tables[of[0]].take(own - self._bounds[of[0]])
