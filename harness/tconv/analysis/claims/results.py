"""The result of every claim, as the commands and the reports print it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tconv.analysis.claims.arithmetic import computed
from tconv.analysis.claims.assessment import (
    Assessment,
    Fails,
    Holds,
    HoldsOnlyWhere,
    assess,
    restricted,
)
from tconv.analysis.claims.claim import Claim, ComputedQuantity, MeasuredQuantity
from tconv.analysis.claims.document import Claims
from tconv.analysis.claims.measurement import measured
from tconv.errors import ClaimError


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """A claim or a law, and what is true of it.

    Attributes:
        name: its name.
        title: what it says, in a line.
        quotation: the source's words.
        source: author, title, place.
        formula: the claimed formula; empty for a law.
        target: the target that it speaks of; empty where it speaks of the arithmetic.
        verdict: `holds`, `fails`, `holds only where ...` or `not measured`.
        evidence: the number of points, the counterexample, the formula that holds, or the test.
    """

    name: str
    title: str
    quotation: str
    source: str
    formula: str
    target: str
    verdict: str
    evidence: str


_TRUE: Final = "true value"  # not a letter, so no formula can use it


def claim_results(
    document: Claims, rows: Iterable[Mapping[str, Any]] = ()
) -> tuple[ClaimResult, ...]:
    """Return the result of every claim and law, in the document's order.

    Args:
        document: claims and laws.
        rows: rows of a run, for the claims about targets.

    Raises:
        ClaimError: a claim has no points, or its rows contradict each other.
        PredicateError: a formula or a restriction cannot be read.
    """
    seen = measured(document.claims, rows)
    results = [_record(claim, seen) for claim in document.claims]
    return (
        *results,
        *(
            ClaimResult(name=law.name, title=law.title, quotation=law.quotation, source=law.source,
                   formula="", target="", verdict=law.verdict, evidence=f"shown by {law.test}")
            for law in document.laws
        ),
    )  # fmt: skip


def _record(claim: Claim, seen: Mapping[str, Any]) -> ClaimResult:
    verdict, evidence = _verdict(claim, seen)
    target = claim.about.target if isinstance(claim.about, MeasuredQuantity) else ""
    return ClaimResult(
        name=claim.name, title=claim.title, quotation=claim.quotation, source=claim.source,
        formula=claim.formula.text, target=target, verdict=verdict, evidence=evidence,
    )  # fmt: skip


def _verdict(claim: Claim, seen: Mapping[str, Any]) -> tuple[str, str]:
    """Return the verdict and its evidence, in words."""
    if isinstance(claim.about, ComputedQuantity):
        points = restricted(claim, claim.about.points())
        return _words(assess(claim, points, computed(claim.about.quantity, points)))
    if claim.name not in seen:
        return "not measured", f"no row of {claim.about.target} measures it"
    points, true = seen[claim.name]
    try:
        inside = restricted(claim, {**points, _TRUE: true})
    except ClaimError:
        return "not measured", f"no row of {claim.about.target} meets its restrictions"
    return _words(assess(claim, inside, inside.pop(_TRUE)))


def _words(assessment: Assessment) -> tuple[str, str]:
    match assessment:
        case Holds(points=points):
            return "holds", f"at all {points} points" if points > 1 else "at the only point"
        case HoldsOnlyWhere(condition=condition, counterexample=example, points=points):
            return f"holds only where {condition}", f"{example}; {points} points"
        case Fails(counterexample=example, points=points, right=right, instead=instead):
            holds = f"; {instead} holds" if instead else ""
            return "fails", f"{example}; right at {right} of {points} points{holds}"
