"""Which values occur in the cases of a grid, and in how many."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.grid.case_table import Block
from tconv.grid.product import NAMES, PER_AXIS, SWEPT
from tconv.grid.requested_sizes import ABSENT

_PAIR: Final = np.dtype([("begin", np.int64), ("end", np.int64)])
_NAMES: Final = {**NAMES, "bias": ("no", "yes")}
_OPTIONAL: Final = ("padding", "o", "malformed")


def marginals(blocks: Sequence[Block]) -> dict[str, dict[str, int]]:
    """Return parameter -> value -> number of cases that have it, on some axis if per axis.

    A policy, a requested size and a malformation are parameters where some case has one.
    """
    found = {name: _marginal(blocks, name) for name in SWEPT}
    return {name: f for name, f in found.items() if name not in _OPTIONAL or f.keys() != {"none"}}


def _marginal(blocks: Sequence[Block], name: str) -> dict[str, int]:
    counts: Counter[Any] = Counter()
    for block in blocks:
        cells = np.sort(_cells(block, name), axis=1)
        is_first = np.ones(cells.shape, dtype=np.bool_)  # of its value, in its case
        is_first[:, 1:] = cells[:, 1:] != cells[:, :-1]
        for value, number in zip(*np.unique(cells[is_first], return_counts=True), strict=True):
            counts[value.item()] += int(number)
    return {_named(name, value): count for value, count in sorted(counts.items())}


def _cells(block: Block, name: str) -> NDArray[Any]:
    """Return the values of a parameter, (cases, axes) or (cases, 1); both sides of `p` in one."""
    columns = block.columns()
    if name == "ndim":
        return np.full((len(block), 1), block.ndim)
    if name == "p":
        pairs = np.empty(columns["p_begin"].shape, _PAIR)
        pairs["begin"], pairs["end"] = columns["p_begin"], columns["p_end"]
        return pairs
    return columns[name] if name in {*PER_AXIS, "o"} else columns[name][:, None]


def _named(name: str, value: Any) -> str:  # noqa: ANN401 # an integer, of p a pair
    if name == "p":
        begin, end = value
        return str(begin) if begin == end else f"{begin}.{end}"
    if value == ABSENT:
        return "none"
    return _NAMES[name][value] if name in _NAMES else str(value)
