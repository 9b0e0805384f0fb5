"""Formulas and conditions over the letters of one axis, in the language of predicates.

A predicate speaks of cases; an expression speaks of `i`, `k`, `s`, `p`, `d`, `op`, `o` and of `K` =
d(k-1)+1, as rules of the atlas and claims of documents do. It is Python's own syntax with floor
semantics, so that it can be pasted into a program.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.errors import PredicateError, quoted
from tconv.model.predicate.cells import Cells, Kind, require
from tconv.model.predicate.evaluator import FUNCTIONS, evaluate, parse

Points = Mapping[str, NDArray[np.int64]]
"""Letter -> one size per point, all arrays of one length."""

_SIGNS: Final = ("+", "-", "*", "%", "<", "=", "//")


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula, such as `s*(i-1) + k`, or a condition, such as `k > s`.

    Attributes:
        text: the expression as it was written.
        letters: the letters that it uses.
        weight: how much there is to read: operators, letters and functions, each letter once.
    """

    text: str
    letters: frozenset[str] = field(compare=False, repr=False)
    weight: int = field(compare=False, repr=False)
    _tree: ast.expr = field(repr=False, compare=False, kw_only=True)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the expression that `text` writes.

        Raises:
            PredicateError: the text is not an expression.
        """
        tree = parse(text, "expression", "one such as 's*(i-1) + k'")
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        weight = sum(map(text.count, _SIGNS)) + len(names)
        return cls(text, frozenset(names) - FUNCTIONS.keys(), weight, _tree=tree)

    def __str__(self) -> str:
        return self.text

    def values(self, points: Points) -> NDArray[np.int64]:
        """Return the number that the formula gives at each point, (points,).

        Raises:
            PredicateError: it is outside the language, not a number, or uses an unknown letter.
        """
        return self._evaluate(points, "number")

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """Return at which points the condition holds, (points,).

        Raises:
            PredicateError: it is outside the language, not a truth, or uses an unknown letter.
        """
        return self._evaluate(points, "truth")

    def _evaluate(self, points: Points, kind: Kind) -> NDArray[Any]:
        prepared = points if isinstance(points, PreparedPoints) else PreparedPoints(points)
        try:
            cells = require(kind, evaluate(self._tree, prepared.cells), "the whole")
        except PredicateError as error:
            raise PredicateError(f"expression={quoted(self.text)}: {error}") from None
        values = cells.values[:, 0]
        return values.copy() if len(values) == prepared.rows else np.full(prepared.rows, values)


class PreparedPoints(dict[str, NDArray[np.int64]]):
    """Points at which many expressions are evaluated: each letter is prepared only once.

    Attributes:
        rows: number of points.
        cells: the same letters as the evaluator reads them.
    """

    def __init__(self, points: Points) -> None:
        super().__init__(points)
        self.rows = len(next(iter(points.values())))
        self.cells = _Cells(self)


class _Cells(dict[str, Cells]):
    def __init__(self, points: Points) -> None:
        super().__init__()
        self._points = points

    def __missing__(self, name: str) -> Cells:
        points = self._points
        if name in points:
            column = points[name]
        elif name == "K" and "k" in points:
            column = points.get("d", np.int64(1)) * (points["k"] - 1) + 1
        else:
            letters = sorted({*points, *(["K"] if "k" in points else [])})
            raise PredicateError(f"name={quoted(name)}, but should be one of {', '.join(letters)}")
        cells = Cells.of("number", np.asarray(column, dtype=np.int64)[:, None])
        self[name] = cells._replace(peak=cells.bound)
        return self[name]
