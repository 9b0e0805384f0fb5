"""Cases of one number of axes as a matrix of integers: sorted, counted, and made on demand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.grid.requested_sizes import ABSENT, IntArray
from tconv.model.case import Case
from tconv.model.geometry import Axis, output_size
from tconv.model.parameters import PARAMETERS, Table, sweep_order

FloatArray = NDArray[np.float64]


def layout_of(table: Table = PARAMETERS) -> tuple[tuple[str, bool], ...]:
    """Return the columns of the matrix in sort order, each with whether it has one per axis."""
    return tuple(
        (field, each.per_axis)
        for each in sweep_order(table)
        for field in each.fields
        if field != "ndim"
    )


_LAYOUT: Final = layout_of()
_NAMES: Final = {each.name: each.names for each in PARAMETERS.values() if each.kind == "name"}
_FLAGS: Final = tuple(each.name for each in PARAMETERS.values() if each.kind == "flag")
_OPTIONAL: Final = tuple(each.name for each in PARAMETERS.values() if each.absent)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CaseTable:
    """Cases that share their number of axes.

    Attributes:
        ndim: number of spatial axes.
        matrix: int64, (cases, columns), as :meth:`Product.columns` gives them.
    """

    ndim: int
    matrix: IntArray

    @classmethod
    def from_columns(cls, ndim: int, columns: Mapping[str, IntArray]) -> Self:
        """Return the table of columns as :meth:`Product.columns` gives them."""
        parts = [
            columns[name] if per_axis else columns[name][:, None] for name, per_axis in _LAYOUT
        ]
        return cls(ndim=ndim, matrix=np.concatenate(parts, axis=1))

    @classmethod
    def joined(cls, tables: Sequence["CaseTable"]) -> "CaseTable":
        """Return the distinct cases of all `tables`, sorted by their columns.

        Those of each table are so already.
        """
        if len(tables) == 1:
            return tables[0]
        matrix = np.concatenate([table.matrix for table in tables])
        return cls(ndim=tables[0].ndim, matrix=matrix[distinct(matrix)])

    def __len__(self) -> int:
        return len(self.matrix)

    def columns(self) -> dict[str, IntArray]:
        """Return the columns by name: (cases, ndim) or (cases,)."""
        columns, at = {}, 0
        for name, per_axis in _LAYOUT:
            width = self.ndim if per_axis else 1
            column = self.matrix[:, at : at + width]
            columns[name] = column if per_axis else column[:, 0]
            at += width
        return columns

    def take(self, rows: IntArray) -> "CaseTable":
        """Return the table of some rows."""
        return CaseTable(ndim=self.ndim, matrix=self.matrix[rows])

    def elements(self) -> FloatArray:
        """Return how many elements x, w and y of each case have together, (cases,).

        As :class:`Case` counts them, but in floating point: those of an illegal case may not fit
        into 64 bits.
        """
        floats = {name: column.astype(np.float64) for name, column in self.columns().items()}
        op = np.where(floats["output_padding"] == ABSENT, 0, floats["output_padding"])
        axis = Axis(
            **{name: floats[name] for name in ("i", "k", "s", "p_begin", "p_end")},  # type: ignore[arg-type] # arrays
            op=op,  # type: ignore[arg-type] # an array
            d=floats["dilation"],  # type: ignore[arg-type] # an array
        )
        o = np.where(floats["o"] == ABSENT, output_size(axis), floats["o"])
        x, w, y = (sizes.prod(axis=1) for sizes in (floats["i"], floats["k"], np.maximum(o, 0)))
        n, c_in, c_out = (floats[name] for name in ("n", "c_in", "c_out"))
        per_group = c_out // np.maximum(floats["groups"], 1)
        elements: FloatArray = n * c_in * x + c_in * per_group * w + n * c_out * y
        return elements

    def cases(self) -> Iterator[Case]:
        """Yield the cases; each is constructed when it is asked for."""
        names = [name for name, _ in _LAYOUT]
        columns = self.columns()
        lists = [
            list(map(tuple, columns[name].tolist())) if per_axis else columns[name].tolist()
            for name, per_axis in _LAYOUT
        ]
        absent = {"none", (ABSENT,) * self.ndim}
        for row in zip(*lists, strict=True):
            fields = dict(zip(names, row, strict=True))
            fields |= {name: choices[fields[name]] for name, choices in _NAMES.items()}
            fields |= {name: None for name in _OPTIONAL if fields[name] in absent}
            fields |= {name: bool(fields[name]) for name in _FLAGS}
            yield Case(ndim=self.ndim, **fields)


def distinct(matrix: IntArray) -> IntArray:
    """Return the positions of the distinct rows, in sorted order; of equal rows the first."""
    if len(matrix) == 0:
        return np.empty(0, dtype=np.int64)
    order = np.lexsort(matrix.T[::-1])
    is_first = np.zeros(len(order), dtype=np.bool_)
    is_first[0] = True
    for column in matrix.T:  # one by one: a sorted copy of the matrix would be as large as it
        ordered = column[order]
        is_first[1:] |= ordered[1:] != ordered[:-1]
    return order[is_first]
