"""The smallest description of values by one formula, or by two that a condition splits."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.features import CONDITIONS
from tconv.analysis.atlas.observation_point import Letters
from tconv.analysis.atlas.rule import SPLIT, Piecewise
from tconv.analysis.atlas.search import MOST, Ints, smallest_formula
from tconv.model.predicate.expression import PreparedPoints

Flags = NDArray[np.bool_]

LEAST: Final = 20
"""Least number of points of each of two pieces: with fewer, too many formulas fit."""


def smallest_piecewise(letters: Letters, values: Ints) -> Piecewise | None:
    """Return the cheapest description that gives `values` at all points, None where none does.

    Args:
        letters: the quantities at each point.
        values: what it must give, int64, shape (points,).
    """
    single = smallest_formula(letters, values)
    best = None if single is None else Piecewise(formula=single)
    for text, inside in parts(letters):
        pair = _split(text, letters, values, inside, best)
        if pair and (best is None or pair.cost < best.cost):
            best = pair
    return best


def parts(letters: Letters) -> Iterator[tuple[str, Flags]]:
    """Yield each condition that splits the points into two large enough sets, and where it holds.

    Of conditions that split them the same way only the first is yielded.
    """
    seen: set[bytes] = set()
    points = PreparedPoints(letters)
    for text, condition in CONDITIONS.items():
        if condition.letters <= letters.keys():
            inside = condition.holds(points)
            if min(inside.sum(), (~inside).sum()) >= LEAST and inside.tobytes() not in seen:
                seen.add(inside.tobytes())
                yield text, inside


def _split(
    text: str, letters: Letters, values: Ints, inside: Flags, best: Piecewise | None
) -> Piecewise | None:
    """Return the cheapest pair of formulas, split by `inside`, that may cost less than `best`."""
    budget = best.cost[0] - SPLIT if best else 2 * MOST
    formulas = []
    for side in (inside, ~inside):
        if budget < 0:
            return None
        at = {name: column[side] for name, column in letters.items()}
        formula = smallest_formula(at, values[side], most=min(budget, MOST))
        if formula is None:
            return None
        formulas.append(formula)
        budget -= len(formula.terms)
    return Piecewise(formula=formulas[0], condition=text, otherwise=formulas[1])
