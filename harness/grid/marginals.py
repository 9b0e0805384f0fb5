"""Which values occur in the cases of a grid, and in how many."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from harness.grid.block import Block
from harness.grid.product import NAMES, PER_AXIS, SWEPT, IntArray
from harness.grid.requests import ABSENT

_SPAN: Final = 2**32
_NAMES: Final = {**NAMES, "bias": ("no", "yes")}
_OPEN: Final = ("padding", "o")


def marginals(blocks: Sequence[Block]) -> dict[str, dict[str, int]]:
    """Return parameter -> value -> number of cases that have it, on some axis if per axis.

    A policy and a requested size are parameters where some case has one.
    """
    found = {name: _marginal(blocks, name) for name in SWEPT}
    return {name: f for name, f in found.items() if name not in _OPEN or f.keys() != {"none"}}


def _marginal(blocks: Sequence[Block], name: str) -> dict[str, int]:
    counts: Counter[int] = Counter()
    for block in blocks:
        cells = _cells(block, name)
        for value in np.unique(cells).tolist():
            counts[value] += int((cells == value).any(axis=1).sum())
    return {_named(name, value): count for value, count in sorted(counts.items())}


def _cells(block: Block, name: str) -> IntArray:
    """Return the values of a parameter, (cases, axes) or (cases, 1); both sides of `p` in one."""
    columns = block.columns()
    if name == "ndim":
        return np.full((len(block), 1), block.ndim)
    if name == "p":
        return columns["p_begin"] * _SPAN + columns["p_end"]
    return columns[name] if name in {*PER_AXIS, "o"} else columns[name][:, None]


def _named(name: str, value: int) -> str:
    if name == "p":
        begin = (value + _SPAN // 2) // _SPAN
        end = value - begin * _SPAN
        return str(begin) if begin == end else f"{begin}.{end}"
    if value == ABSENT:
        return "none"
    return _NAMES[name][value] if name in _NAMES else str(value)
