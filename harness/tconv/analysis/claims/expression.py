"""Formulas and conditions over named sizes, in the language of predicates.

A predicate speaks of cases; a claim speaks of the letters of a page: `i`, `k`, `s`, `p`, `d`, `op`,
`o`, and `K` = d(k-1)+1. Both are read by the same evaluator.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tconv.errors import PredicateError
from tconv.model.predicate.cells import Cells
from tconv.model.predicate.evaluator import Evaluator

Points = Mapping[str, NDArray[np.int64]]
"""Letter -> one size per point, all arrays of one length."""


class _Letters(Mapping[str, Cells]):
    def __init__(self, points: Points) -> None:
        self._points = dict(points)
        if "k" in points and "K" not in points:
            self._points["K"] = points.get("d", np.int64(1)) * (points["k"] - 1) + 1

    def __iter__(self) -> Iterator[str]:
        return iter(self._points)

    def __len__(self) -> int:
        return len(self._points)

    def __getitem__(self, name: str) -> Cells:
        if name not in self._points:
            known = ", ".join(sorted(self._points))
            raise PredicateError(f"name={name!r}, but should be one of {known}")
        return Cells.of("number", np.asarray(self._points[name], dtype=np.int64)[:, None])


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula, such as `s*(i-1) + k`, or a condition, such as `k > s`.

    Attributes:
        text: the expression as it was written.
    """

    text: str
    _tree: ast.expr = field(repr=False, compare=False, kw_only=True)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the expression that `text` writes.

        Raises:
            PredicateError: the text is no expression.
        """
        try:
            return cls(text, _tree=ast.parse(text.strip(), mode="eval").body)
        except SyntaxError as error:
            raise PredicateError(
                f"expression={text!r}, but should be one such as 's*(i-1) + k': {error.msg}"
            ) from None

    def __str__(self) -> str:
        return self.text

    def values(self, points: Points) -> NDArray[np.int64]:
        """Return the number that the formula gives at each point, (points,).

        Raises:
            PredicateError: it is outside the language, is no number or uses an unknown letter.
        """
        cells = self._read(points, Evaluator.number)
        return np.broadcast_to(cells.values[..., 0], _length(points)).astype(np.int64)

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """Return at which points the condition holds, (points,).

        Raises:
            PredicateError: it is outside the language, is no truth or uses an unknown letter.
        """
        cells = self._read(points, Evaluator.truth)
        return np.broadcast_to(cells.values[..., 0], _length(points)).copy()

    def _read(self, points: Points, read: Any) -> Cells:  # noqa: ANN401 # a method of Evaluator
        try:
            cells: Cells = read(Evaluator(_Letters(points)), self._tree)
        except PredicateError as error:
            raise PredicateError(f"expression={self.text!r}: {error}") from None
        return cells


def _length(points: Points) -> tuple[int]:
    return (len(next(iter(points.values()))),)
