"""Tests a claim: it holds, it fails, or it holds only where some condition does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.piecewise import LEAST
from tconv.analysis.atlas.search import smallest_formula
from tconv.analysis.claims.claim import Claim
from tconv.analysis.claims.condition import smallest_condition
from tconv.errors import ClaimError
from tconv.model.predicate.expression import Points


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
        right: at how many points it is right all the same.
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
    """Hold a claim against the true values at the points to which it restricts itself.

    Raises:
        PredicateError: its formula cannot be read.
    """
    claimed = claim.formula.values(points)
    right = claimed == true
    if right.all():
        return Holds(points=len(true))
    example = _counterexample(points, claimed, true)
    tells = right.any() and len(true) >= LEAST  # of fewer points some condition always tells apart
    condition = smallest_condition(points, right) if tells else None
    if condition is not None:
        return HoldsOnlyWhere(points=len(true), condition=condition, counterexample=example)
    return Fails(
        points=len(true), right=int(right.sum()), counterexample=example,
        instead=_formula(points, true),
    )  # fmt: skip


def _formula(points: Points, true: NDArray[np.int64]) -> str | None:
    """Return the smallest formula of the true values, None where too few points tell it."""
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
