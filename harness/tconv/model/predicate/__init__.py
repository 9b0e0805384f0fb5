"""Predicates over cases: one language for grids, records, claims and filters.

A predicate over axis columns holds if *one and the same axis* fulfils all of it; `all(...)` asks
whether every axis does. `k > 3 and s > k` holds for a case with one axis of k = 4 and s = 5, not
for one whose first axis has k = 4 and whose second has s = 9. Division and remainder are Python's
(towards minus infinity). A division by zero is absent, and so is an output padding that is not
given; every comparison with an absent value is false. :mod:`.names` says what the names mean.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.errors import PredicateError, quoted
from tconv.model.case import Case
from tconv.model.parameters import fields_of
from tconv.model.predicate.cells import require
from tconv.model.predicate.evaluator import evaluate, parse
from tconv.model.predicate.names import Columns, Names

__all__ = ["Columns", "Predicate", "columns_of"]

_PROBE: Final = Case.from_parameters(ndim=1, i=1, k=1)


def columns_of(cases: Sequence[Case]) -> dict[str, list[Any]]:
    """Return the parameters of `cases` as columns, one entry per case."""
    return {name: [getattr(case, name) for case in cases] for name in fields_of()}


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition on cases, parsed once and evaluated on one case or on many rows.

    Attributes:
        text: the condition as it was written.
        texts: names of further text columns that it may use, such as `backend`.
    """

    text: str
    texts: tuple[str, ...] = ()
    _tree: ast.expr = field(repr=False, compare=False, kw_only=True)

    @classmethod
    def from_text(cls, text: str, texts: Sequence[str] = ()) -> Self:
        """Return the predicate that `text` writes.

        Raises:
            PredicateError: the text is outside the language, uses an unknown name or mixes kinds.
        """
        tree = parse(text, "predicate", "a condition such as 'k > 1 or s > 1'")
        predicate = cls(text, tuple(texts), _tree=tree)
        # Unknown names and mixed kinds show only when it is evaluated.
        predicate.holds_in(columns_of([_PROBE]) | {name: [""] for name in texts})
        return predicate

    def __str__(self) -> str:
        return self.text

    def holds(self, case: Case) -> bool:
        """Return whether `case` fulfils the predicate."""
        return bool(self.holds_in(columns_of([case]))[0])

    def holds_in(self, columns: Columns) -> NDArray[np.bool_]:
        """Return for each row whether it fulfils the predicate, shape (rows,).

        Args:
            columns: case parameters by name. Per-axis ones are an array (rows, axes), or one tuple
                a row, whose lengths may differ, or None where not given.

        Raises:
            PredicateError: a column that the predicate uses is missing.
        """
        rows = len(next(iter(columns.values())))
        try:
            cells = evaluate(self._tree, Names(columns, self.texts))
            truth = require("truth", cells, "the whole")
        except PredicateError as error:
            raise PredicateError(f"predicate={quoted(self.text)}: {error}") from None
        return np.broadcast_to(truth.values.any(axis=-1), (rows,)).copy()
