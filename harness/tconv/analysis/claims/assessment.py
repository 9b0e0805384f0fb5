"""Tests a claim: it holds, it fails, or it holds only where some condition does."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.piecewise import LEAST
from tconv.analysis.atlas.search import smallest_formula
from tconv.analysis.claims.claim import Claim
from tconv.errors import ClaimError
from tconv.model.predicate.expression import Expression, Points

_TERMS: Final = {
    "(i + 2*p - k) % s": ("i", "p", "k", "s"),
    "i % s": ("i", "s"),
    "(K - s) % 2": ("k", "s"),
}
"""Remainders that conditions may ask to be 0, and the letters that they need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refutation:
    """The smallest point at which a claim is wrong.

    Attributes:
        point: letter -> size.
        claimed: what the claim's formula gives there.
        true: what was computed or measured there.
    """

    point: tuple[tuple[str, int], ...]
    claimed: int
    true: int

    def __str__(self) -> str:
        letters = " ".join(f"{name}={value}" for name, value in self.point)
        return f"at {letters} it gives {self.claimed}, but {self.true} is true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """The formula is right at every point."""

    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsOnlyWhere:
    """The formula is right exactly where a condition holds."""

    points: int
    condition: str
    counterexample: Refutation


@dataclass(frozen=True, slots=True, kw_only=True)
class Fails:
    """The formula is wrong, and no short condition says where it is right.

    Attributes:
        right: number of points at which it is right.
        instead: a formula that is right at every point, None where no short one is.
    """

    points: int
    right: int
    counterexample: Refutation
    instead: str | None


Assessment = Holds | HoldsOnlyWhere | Fails


def restricted(claim: Claim, points: Points) -> dict[str, NDArray[np.int64]]:
    """Return the points to which the claim restricts itself.

    Raises:
        ClaimError: there is none.
        PredicateError: a restriction cannot be read.
    """
    inside = np.ones(len(next(iter(points.values()))), dtype=np.bool_)
    for condition in claim.where:
        inside &= condition.holds(points)
    if not inside.any():
        raise ClaimError(f"points of claim {claim.name}=0, but should be 1 or more; widen it")
    return {name: column[inside] for name, column in points.items()}


def assess(claim: Claim, points: Points, true: NDArray[np.int64]) -> Assessment:
    """Check a claim against the true values at the points to which it restricts itself.

    Raises:
        PredicateError: its formula cannot be read.
    """
    claimed = claim.formula.values(points)
    right = claimed == true
    if right.all():
        return Holds(points=len(true))
    example = _counterexample(points, claimed, true)
    is_enough = right.any() and len(true) >= LEAST  # with fewer points some condition always fits
    condition = smallest_condition(points, right) if is_enough else None
    if condition is not None:
        return HoldsOnlyWhere(points=len(true), condition=condition, counterexample=example)
    return Fails(
        points=len(true), right=int(right.sum()), counterexample=example,
        instead=_formula(points, true),
    )  # fmt: skip


def _formula(points: Points, true: NDArray[np.int64]) -> str | None:
    """Return the smallest formula of the true values, None where there are too few points."""
    letters = {name: column for name, column in points.items() if len(np.unique(column)) > 1}
    if "p" in letters:
        letters["p_begin"] = letters.pop("p")
    if "k" in letters:
        letters["K"] = points["d"] * (points["k"] - 1) + 1 if "d" in points else points["k"]
    formula = smallest_formula(letters, true) if len(true) >= LEAST else None
    return None if formula is None else str(formula).replace("p_begin", "p")


def _counterexample(
    points: Points, claimed: NDArray[np.int64], true: NDArray[np.int64]
) -> Refutation:
    wrong = np.flatnonzero(claimed != true)
    at = min(wrong, key=lambda row: (sum(int(column[row]) for column in points.values()), row))
    point = tuple((name, int(column[at])) for name, column in points.items())
    return Refutation(point=point, claimed=int(claimed[at]), true=int(true[at]))


def smallest_condition(points: Points, holds: NDArray[np.bool_]) -> str | None:
    """Return the shortest condition that is true exactly where `holds` is, or None.

    Candidates are comparisons of two letters, of a letter with 0 or 1, parities, the remainders of
    a stated list, and two of these joined by `and` or `or`.
    """
    atoms = {text: Expression.from_text(text).holds(points) for text in _atoms(points)}
    # Of texts that are true at the same points one is enough, also in the pairs below.
    distinct = {truth.tobytes(): text for text, truth in reversed(atoms.items())}
    texts = sorted(distinct.values(), key=lambda text: (len(text), text))
    if text := next((text for text in texts if (atoms[text] == holds).all()), None):
        return text
    for first, second in combinations(texts, 2):
        if ((atoms[first] & atoms[second]) == holds).all():
            return f"{first} and {second}"
        if ((atoms[first] | atoms[second]) == holds).all():
            return f"{first} or {second}"
    return None


def _atoms(points: Points) -> Iterator[str]:
    letters = [*points, *(["K"] if "k" in points and "d" in points else [])]
    for name in letters:
        yield from (f"{name} == 0", f"{name} == 1", f"{name} > 0", f"{name} > 1")
        yield from (f"{name} % 2 == 0", f"{name} % 2 == 1")
    for first, second in permutations(letters, 2):
        yield from (f"{first} < {second}", f"{first} <= {second}")
        if first < second:
            yield f"{first} == {second}"
    for term, needed in _TERMS.items():
        if set(needed) <= set(points):
            yield f"{term} == 0"
