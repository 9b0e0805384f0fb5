"""Values of many rows at once, some of which may be absent, and the operations on them.

Every intermediate value of a predicate is such a table. It has one row per case and one column per
axis, or a single column for what belongs to no axis; operations broadcast between the two. An
absent cell (an output padding that is not given, a remainder by zero) stays absent through
arithmetic, and every comparison with it is false.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tconv.errors import PredicateError, quoted

Kind = Literal["number", "text", "truth"]

_LARGEST: Final = 2**63 - 1
_ALL: Final = np.ones((1, 1), dtype=np.bool_)


class Cells(NamedTuple):
    """A table of values of one kind.

    Attributes:
        kind: number (whole), text or truth.
        values: (rows, axes), (rows, 1) or (1, 1); int64, str or bool.
        present: bool, broadcasts to `values`; false where the cell is absent.
        peak: upper bound of the absolute values, or None where it is not known yet; carried along
            because finding it costs more than the operation itself.
    """

    kind: Kind
    values: NDArray[Any]
    present: NDArray[np.bool_]
    peak: int | None = None

    @classmethod
    def of(cls, kind: Kind, values: NDArray[Any]) -> "Cells":
        """Return cells that are all given."""
        return cls(kind, values, _ALL)

    @property
    def bound(self) -> int:
        """The peak, computed where it is not known yet."""
        if self.peak is not None:
            return self.peak
        return max(int(self.values.max(initial=0)), -int(self.values.min(initial=0)))


@functools.lru_cache(maxsize=1024, typed=True)  # True and 1 are different literals
def from_constant(value: object) -> Cells:
    """Return the one cell that a literal writes.

    Raises:
        PredicateError: the literal is neither a whole number below 2^63, nor text, nor a truth.
    """
    if isinstance(value, bool):
        return Cells.of("truth", np.full((1, 1), value))
    if isinstance(value, int) and value <= _LARGEST:
        return Cells("number", np.full((1, 1), value, dtype=np.int64), _ALL, abs(value))
    if isinstance(value, str):
        return Cells.of("text", np.full((1, 1), value))
    raise PredicateError(
        f"literal={quoted(value)}, but should be a whole number below 2^63, a text, True or False"
    )


def require(kind: Kind, cells: Cells, what: str) -> Cells:
    """Return `cells`, which must be of this kind.

    Raises:
        PredicateError: they are of another kind.
    """
    if cells.kind != kind:
        raise PredicateError(f"{what} has a {cells.kind}, but should have a {kind}")
    return cells


def _arithmetic(
    sign: str, compute: Callable[[Any, Any], Any], bound: Callable[[int, int], int]
) -> Callable[[Cells, Cells], Cells]:
    def apply(a: Cells, b: Cells) -> Cells:
        left, right = require("number", a, sign).values, require("number", b, sign).values
        peak = bound(a.bound, b.bound)
        if peak > _LARGEST:
            raise PredicateError(f"a result of {sign} is beyond 2^63; use smaller numbers")
        return Cells("number", compute(left, right), a.present & b.present, peak)

    return apply


def _division(sign: str, compute: Callable[[Any, Any], Any]) -> Callable[[Cells, Cells], Cells]:
    def apply(a: Cells, b: Cells) -> Cells:
        left, right = require("number", a, sign).values, require("number", b, sign).values
        defined = right != 0
        values = compute(left, np.where(defined, right, 1))
        return Cells("number", values, a.present & b.present & defined, max(a.bound, b.bound))

    return apply


def _comparison(sign: str, compute: Callable[[Any, Any], Any]) -> Callable[[Cells, Cells], Cells]:
    def apply(a: Cells, b: Cells) -> Cells:
        if a.kind != b.kind:
            raise PredicateError(
                f"{sign} compares a {a.kind} with a {b.kind}, but should compare like with like"
            )
        if sign not in {"==", "!="}:
            require("number", a, sign)
        return Cells.of("truth", compute(a.values, b.values) & a.present & b.present)

    return apply


def negative(cells: Cells) -> Cells:
    """Return the numbers with their signs changed."""
    return Cells("number", -require("number", cells, "-").values, cells.present, cells.peak)


def inversion(cells: Cells) -> Cells:
    """Return `not` of truths, cell by cell."""
    return Cells.of("truth", ~require("truth", cells, "not").values)


def conjunction(parts: list[Cells]) -> Cells:
    """Return `and` of truths, cell by cell; every part is evaluated."""
    values = (require("truth", part, "and").values for part in parts)
    return Cells.of("truth", functools.reduce(operator.and_, values))


def disjunction(parts: list[Cells]) -> Cells:
    """Return `or` of truths, cell by cell; every part is evaluated."""
    values = (require("truth", part, "or").values for part in parts)
    return Cells.of("truth", functools.reduce(operator.or_, values))


add: Final = _arithmetic("+", operator.add, operator.add)
subtract: Final = _arithmetic("-", operator.sub, operator.add)
multiply: Final = _arithmetic("*", operator.mul, operator.mul)
quotient: Final = _division("//", operator.floordiv)
remainder: Final = _division("%", operator.mod)
equal: Final = _comparison("==", operator.eq)
unequal: Final = _comparison("!=", operator.ne)
less: Final = _comparison("<", operator.lt)
less_or_equal: Final = _comparison("<=", operator.le)
greater: Final = _comparison(">", operator.gt)
greater_or_equal: Final = _comparison(">=", operator.ge)
