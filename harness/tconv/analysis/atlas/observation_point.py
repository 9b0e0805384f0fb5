"""What was asked along one axis, and which window of the full result came back."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray

from tconv.model.geometry import effective_kernel, full_size

Letters = dict[str, NDArray[np.int64]]
"""Quantity by its letter, one entry per point: the names that formulas and conditions use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of an open case along one axis.

    Attributes:
        i: input size, elements.
        k: kernel size, taps.
        s: stride, elements.
        d: dilation, elements.
        p_begin: crop asked for at the begin, elements; zero where a policy says it.
        p_end: crop asked for at the end, elements; zero where a policy says it.
        op: output padding, elements, or None: not given.
        o: requested output size, elements, or None: not requested.
    """

    i: int
    k: int
    s: int = 1
    d: int = 1
    p_begin: int = 0
    p_end: int = 0
    op: int | None = None
    o: int | None = None

    @property
    def full(self) -> int:
        """Size of the full result, s(i-1)+K, elements."""
        return full_size(self.i, self.k, self.s, self.d)

    def __str__(self) -> str:
        """Write the parameters as the command line reads them, defaults left out."""
        given = {name: value for name, value in self.to_dict().items() if value is not None}
        return " ".join(
            f"{name}={value}" for name, value in given.items() if value != _DEFAULTS.get(name)
        )

    def to_dict(self) -> dict[str, int | None]:
        """Return the parameters by name."""
        return dict(zip(self.__slots__, astuple(self), strict=True))


_DEFAULTS = {"d": 1, "p_begin": 0, "p_end": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One axis of one resolved case.

    Attributes:
        asked: the parameters.
        size: the size that came back, elements.
        begins: every crop at the begin that explains what came back, ascending, elements (negative:
            zeros added); one entry is certainty, none means that only the size is known. The crop
            at the end follows: begin + end = full - size.
        case: id of a case in which it was seen.
    """

    asked: Asked
    size: int
    begins: tuple[int, ...] = ()
    case: str = ""

    @property
    def is_unique(self) -> bool:
        """Whether exactly one window explains what came back."""
        return len(self.begins) == 1


def letters(asked: Sequence[Asked]) -> Letters:
    """Return the quantities that formulas are made of, as int64 arrays of shape (points,).

    `K` is d(k-1)+1, `o_requested` the requested size; `op` and `o_requested` are there only where
    every point gives them.
    """
    columns: Letters = {
        name: np.array([getattr(each, name) for each in asked], dtype=np.int64)
        for name in ("i", "k", "s", "d", "p_begin", "p_end")
    }
    columns["K"] = np.array([effective_kernel(each.k, each.d) for each in asked], dtype=np.int64)
    for name, letter in (("op", "op"), ("o", "o_requested")):
        values = [getattr(each, name) for each in asked]
        if None not in values:
            columns[letter] = np.array(values, dtype=np.int64)
    return columns
