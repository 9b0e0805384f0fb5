"""The parameters of one axis of a resolved case, and the window of the full result it got."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tconv.model.geometry import Axis, effective_kernel

Letters = dict[str, NDArray[np.int64]]
"""Quantity by its letter, one entry per point: the names that formulas and conditions use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One axis of one resolved case.

    Attributes:
        axis: the parameters.
        size: the size that came back, elements.
        begins: every crop at the start that explains what came back, ascending, elements (negative:
            zeros added); one entry is certain, none means that only the size is known. The crop
            at the end follows: begin + end = full - size.
        case: id of a case in which it was seen.
    """

    axis: Axis
    size: int
    begins: tuple[int, ...] = ()
    case: str = ""

    @property
    def is_unique(self) -> bool:
        """Whether exactly one window explains what came back."""
        return len(self.begins) == 1


def letters(axes: Sequence[Axis]) -> Letters:
    """Return the quantities that formulas are made of, as int64 arrays of shape (points,).

    `K` is d(k-1)+1, `o_requested` the requested size; `op` and `o_requested` are present only
    where every point has them.
    """
    columns: Letters = {
        name: np.array([getattr(axis, name) for axis in axes], dtype=np.int64)
        for name in ("i", "k", "s", "d", "p_begin", "p_end")
    }
    columns["K"] = np.array([effective_kernel(axis.k, axis.d) for axis in axes], dtype=np.int64)
    for name, letter in (("op", "op"), ("o", "o_requested")):
        values = [getattr(axis, name) for axis in axes]
        if None not in values:
            columns[letter] = np.array(values, dtype=np.int64)
    return columns
