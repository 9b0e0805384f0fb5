"""The parameters of the distinct cases of a run, as small arrays."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.parameters import PARAMETERS, fields_of
from tconv.model.predicate import Columns, columns_of

Index = NDArray[np.int64]
"""Numbers of cases."""

_PIECE: Final = 1 << 16  # cases that are evaluated at once

PER_AXIS: Final = tuple(
    name for each in PARAMETERS.values() if each.per_axis for name in each.fields
)
"""Fields with one value per axis; where they are absent, they are so on every axis."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedCases:
    """Parameters of cases.

    Attributes:
        arrays: field -> one entry per case: (cases, axes) for a per-axis field, whose cases with
            fewer axes than others repeat the first; numbers into `texts` for a name.
        absent: per-axis field -> where it is not given, (cases,).
        texts: field -> the texts that it may have.
    """

    arrays: Mapping[str, NDArray[Any]]
    absent: Mapping[str, NDArray[np.bool_]]
    texts: Mapping[str, NDArray[np.str_]]

    @classmethod
    def from_cases(cls, cases: Sequence[Case]) -> "JudgedCases":
        """Return the table of some cases."""
        columns = columns_of(cases)
        width = max((case.ndim for case in cases), default=1)
        arrays: dict[str, NDArray[Any]] = {}
        absent: dict[str, NDArray[np.bool_]] = {}
        texts: dict[str, NDArray[np.str_]] = {}
        for name in fields_of():
            column = columns[name]
            if name in PER_AXIS:
                rows = [row or (0,) for row in column]
                arrays[name] = smallest(
                    np.array([row + row[:1] * (width - len(row)) for row in rows], dtype=np.int64)
                )
                absent[name] = np.array([row is None for row in column], dtype=np.bool_)
            elif PARAMETERS[name].kind == "name":
                words = np.array(["none" if text is None else text for text in column], np.str_)
                texts[name], arrays[name] = np.unique(words, return_inverse=True)
            else:
                arrays[name] = smallest(np.array(column))
        return cls(arrays, absent, texts)

    def columns(self, index: Index) -> Columns:
        """Return the parameters of some cases, as predicates read them."""
        return _Columns(self, index)

    def text(self, name: str, case: int) -> str:
        """Return a parameter of one case as reports write it: 3, 3x2, none, yes."""
        value = self.arrays[name][case]
        if name in self.texts:
            return str(self.texts[name][value])
        if name not in self.absent:
            return {True: "yes", False: "no"}[bool(value)] if value.dtype == bool else str(value)
        axes = value[: int(self.arrays["ndim"][case])]
        return "none" if self.absent[name][case] else "x".join(map(str, axes))

    def extremes(self) -> Index:
        """Return cases that have the smallest and the largest value of every parameter."""
        numbers = [a.reshape(len(a), -1) for a in self.arrays.values() if a.dtype.kind == "i"]
        ends = [end(array, axis=0) for array in numbers for end in (np.argmin, np.argmax)]
        return np.unique(np.concatenate(ends))

    def pieces(self, index: Index) -> Iterator[Columns]:
        """Yield the parameters of some cases, a bounded number at a time."""
        for start in range(0, len(index), _PIECE):
            yield self.columns(index[start : start + _PIECE])


class _Columns(Mapping[str, Any]):
    """The parameters of some cases; a column is made when a predicate asks for it."""

    def __init__(self, table: JudgedCases, index: Index) -> None:
        self._table = table
        self._index = index

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.arrays)

    def __len__(self) -> int:
        return len(self._table.arrays)

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 # an array of the column's own type
        table, values = self._table, self._table.arrays[name][self._index]
        if name in table.texts:
            return table.texts[name][values]
        if name not in table.absent:
            return values
        absent = np.broadcast_to(table.absent[name][self._index][:, None], values.shape)
        return np.ma.MaskedArray(values.astype(np.int64), mask=absent)


def smallest(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in the smallest type that holds them."""
    if values.dtype.kind != "i" or not values.size:
        return values
    bounds = int(values.min()), int(values.max())
    fitting = (t for t in (np.int8, np.int16, np.int32, np.int64) if
               np.iinfo(t).min <= bounds[0] and bounds[1] <= np.iinfo(t).max)  # fmt: skip
    return values.astype(next(fitting))
