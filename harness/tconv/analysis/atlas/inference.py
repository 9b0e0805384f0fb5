"""From points to a rule: fit to the small values, verify on the large ones.

Where no description holds at every point, the one that holds at most of them is given, with its
coverage and the first counterexample: it is looked for in subsets of the points, since a subset
without the faulty ones has an exact description.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import numpy as np

from tconv.analysis.atlas.evidence import Evidence, evidence, holding
from tconv.analysis.atlas.observation_point import Letters, Point, letters
from tconv.analysis.atlas.piecewise import LEAST, parts, smallest_piecewise
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.analysis.atlas.search import Ints, closest_formula, smallest_formula

_SUBSETS: Final = 12
_ENOUGH: Final = 0.5  # of the points: a description that covers more than that is the main one


def infer(points: Sequence[Point]) -> tuple[Rule, Evidence]:
    """Return the smallest rule of the points, at least one, with its evidence.

    The rule is fitted to the points whose i, k and s are in the lower half of theirs, and verified
    on the others. Where it fails there it is fitted to all, and its evidence says that nothing is
    left to verify it on.
    """
    fitted, beyond = split(points)
    rule = fit(fitted)
    if holding(rule, points).all():
        return rule, evidence(rule, fitted, beyond)
    rule = fit(points)
    return rule, evidence(rule, points, ())


def split(points: Sequence[Point]) -> tuple[list[Point], list[Point]]:
    """Return the points whose i, k and s are all in the lower half of their values, and the rest.

    Where these are too few to fit to, all points are the first, and none the second.
    """
    bounds = (
        {name: middle({getattr(point.axis, name) for point in points}) for name in "iks"}
        if points
        else {}
    )
    inner = [all(getattr(p.axis, name) <= bound for name, bound in bounds.items()) for p in points]
    fitted = [point for point, is_inner in zip(points, inner, strict=True) if is_inner]
    beyond = [point for point, is_inner in zip(points, inner, strict=True) if not is_inner]
    return (fitted, beyond) if len(fitted) >= LEAST else (list(points), [])


def middle(values: Collection[int]) -> int:
    """Return the largest of the lower half of distinct values, at least one."""
    return sorted(values)[(len(values) - 1) // 2]


def fit(points: Sequence[Point]) -> Rule:
    """Return the smallest rule that holds at all points, at least one, or at most of them.

    Points that several windows explain count for the size only.
    """
    size = _describe(letters([p.axis for p in points]), _array([p.size for p in points]))
    unique = [point for point in points if point.is_unique]
    if not unique:
        return Rule(size=size)
    at = letters([p.axis for p in unique]) | {"o": _array([p.size for p in unique])}
    return Rule(size=size, begin=_describe(at, _array([p.begins[0] for p in unique])))


def _array(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _describe(at: Letters, values: Ints) -> Piecewise:
    """Return the smallest description of all values, else the one that covers most of them."""
    return smallest_piecewise(at, values) or _most_covering(at, values)


def _most_covering(at: Letters, values: Ints) -> Piecewise:
    """Return the description that holds at most points."""
    candidates = list(_of_subsets(at, values))
    if not candidates:
        candidates = [Piecewise(formula=closest_formula(at, values)), *_partly_right(at, values)]
    return max(candidates, key=lambda each: int((each.of(at) == values).sum()))


def _of_subsets(at: Letters, values: Ints) -> Iterator[Piecewise]:
    """Yield exact descriptions of ever smaller subsets, until one covers most of all points."""
    rng = np.random.default_rng(len(values))  # the same points, the same subsets
    for share in range(3, 3 + _SUBSETS):
        chosen = rng.permutation(len(values))[: max(2 * LEAST, len(values) // share)]
        subset = {name: column[chosen] for name, column in at.items()}
        description = smallest_piecewise(subset, values[chosen])
        if description is not None:
            yield description
            if (description.of(at) == values).sum() > _ENOUGH * len(values):
                return


def _partly_right(at: Letters, values: Ints) -> Iterator[Piecewise]:
    """Yield the descriptions that hold at every point of one piece, and at some of the other."""
    for text, inside in parts(at):
        sides = [({name: column[side] for name, column in at.items()}, values[side])
                 for side in (inside, ~inside)]  # fmt: skip
        exact = [smallest_formula(*side) for side in sides]
        if any(exact):
            first, second = (
                formula or closest_formula(*side)
                for formula, side in zip(exact, sides, strict=True)
            )
            yield Piecewise(formula=first, condition=text, otherwise=second)
