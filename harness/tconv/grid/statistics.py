"""Counts of a grid: points made, kept and dropped, and how often each value occurs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.errors import pluralize
from tconv.grid.case_table import CaseTable
from tconv.grid.covering import Coverage
from tconv.grid.product import SWEPT
from tconv.grid.requested_sizes import ABSENT
from tconv.model.parameters import PARAMETERS

_PAIR: Final = np.dtype([("begin", np.int64), ("end", np.int64)])


@dataclass(frozen=True, slots=True, kw_only=True)
class GridStatistics:
    """The counts of one expansion: `made == kept + sum(dropped.values())`.

    Attributes:
        made: combinations of values, called points.
        kept: distinct cases kept.
        dropped: points dropped, by reason in words.
        marginals: parameter -> value as text -> number of kept cases that have it. A case counts
            once for each value that a per-axis parameter has on some axis.
        coverage: for each grid, in the order of the file, the pairs of values reached.
    """

    made: int
    kept: int
    dropped: Mapping[str, int] = field(default_factory=Counter)
    marginals: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    coverage: tuple[Coverage, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the counts as plain values that JSON can hold."""
        return {
            "made": self.made,
            "kept": self.kept,
            "dropped": dict(self.dropped),
            "marginals": {name: dict(counts) for name, counts in self.marginals.items()},
            "coverage": [entry.to_dict() for entry in self.coverage],
        }

    def lines(self) -> tuple[str, ...]:
        """Return the counts as lines for people."""
        return (
            f"{pluralize(self.made, 'point')} made, {pluralize(self.kept, 'case')} kept",
            *(f"  {count:,} dropped: {reason}" for reason, count in self.dropped.items()),
            *(f"  {entry}" for entry in self.coverage),
            *(f"  {name}: {_counted(counts)}" for name, counts in self.marginals.items()),
        )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value} x {count:,}" for value, count in counts.items())


def marginals(tables: Sequence[CaseTable]) -> dict[str, dict[str, int]]:
    """Return parameter -> value -> number of cases that have it, on some axis if per axis.

    Parameters that are absent by default are left out where no case has them.
    """
    counts = {name: _marginal(tables, name) for name in SWEPT}
    absent = {name for name in SWEPT if PARAMETERS[name].default is None}
    return {name: f for name, f in counts.items() if name not in absent or f.keys() != {"none"}}


def _marginal(tables: Sequence[CaseTable], name: str) -> dict[str, int]:
    counts: Counter[Any] = Counter()
    for table in tables:
        cells = np.sort(_cells(table, name), axis=1)
        is_first = np.ones(cells.shape, dtype=np.bool_)  # of its value, in its case
        is_first[:, 1:] = cells[:, 1:] != cells[:, :-1]
        for value, number in zip(*np.unique(cells[is_first], return_counts=True), strict=True):
            counts[value.item()] += int(number)
    return {_named(name, value): count for value, count in sorted(counts.items())}


def _cells(table: CaseTable, name: str) -> NDArray[Any]:
    """Return the values of a parameter, (cases, axes) or (cases, 1); both sides of `p` in one."""
    columns = table.columns()
    if name == "ndim":
        return np.full((len(table), 1), table.ndim)
    if name == "p":
        pairs = np.empty(columns["p_begin"].shape, _PAIR)
        pairs["begin"], pairs["end"] = columns["p_begin"], columns["p_end"]
        return pairs
    return columns[name] if PARAMETERS[name].per_axis else columns[name][:, None]


def _named(name: str, value: Any) -> str:  # noqa: ANN401 # an integer, of p a pair
    if name == "p":
        begin, end = value
        return str(begin) if begin == end else f"{begin}:{end}"
    if value == ABSENT:
        return "none"
    names = ("no", "yes") if PARAMETERS[name].kind == "flag" else PARAMETERS[name].names
    return names[value] if names else str(value)
