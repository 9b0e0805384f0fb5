"""From calls that were accepted or refused to the condition that separates them.

Every comparison of a quantity with a small number is tried, and every "or" of two; kept is what
each accepted call meets. Of these the fewest that refuse every refused call are taken, by an exact
search. Where none separates the two exactly, nothing is inferred.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.condition import Calls, Clause, Condition, Flags, meeting_all
from tconv.analysis.atlas.features import FULL
from tconv.analysis.atlas.inference import middle
from tconv.analysis.atlas.observation import CallAxes
from tconv.analysis.atlas.piecewise import LEAST
from tconv.errors import PredicateError
from tconv.model.geometry import Axis
from tconv.model.predicate.expression import Expression

_EXPLICIT: Final = f"{FULL} - p_begin - p_end"
_PAIRS: Final = (
    ("k", ""), ("s", ""), ("d", ""), ("p_begin", ""), ("p_end", ""), ("op", ""),
    ("ndim", ""), ("o", ""), ("p_begin", "p_end"), ("p_begin", "K"), ("p_end", "K"), ("K", "s"),
    ("K", "k"), ("d", "d_max"), ("op - p_end", "s"),
    ("k", "s"), ("op", "s"), ("op", "d"), ("op", "max(s, d)"), ("op", "p_end"),
    ("op + p_begin - p_end", ""), ("op + p_begin - p_end", "s"),
    ("op + p_begin - p_end", "max(s, d)"), ("p_begin - p_end", "max(s, d)"),
    ("o_requested", FULL), ("o_requested", f"{FULL} + s"),
    ("o_requested", _EXPLICIT), ("o_requested", f"{_EXPLICIT} + s"),
    ("o_requested", f"{_EXPLICIT} + max(s, d)"), ("o_requested", f"{_EXPLICIT} + op"),
    ("o_requested", "i"), ("o_requested", "s*i"), ("o_requested", "s*(i - 1)"),
    ("o_requested", "o"), ("o", "s*i"), ("o", "s*(i - 1)"), ("o", "s*(i - 1) + K % 2"),
    ("o", "s*i + K % 2"), ("o", FULL), ("p_begin", f"max({FULL} - o, 0)//2"),
)  # fmt: skip
"""Left and right side of the comparisons; a right side that is empty is 0."""

_POSITIVE: Final = frozenset({"i", "k", "s", "d", "ndim"})
_CONSTANTS: Final = range(-2, 4)
_MOST: Final = 5
"""Clauses that a condition may have."""

_NEEDED: Final = 5
"""Accepted calls that each of two alternatives has to be needed for: fewer fit many others."""

_RELATIONS: Final[tuple[tuple[str, Callable[..., Flags]], ...]] = (
    ("<=", np.less_equal), (">=", np.greater_equal), ("==", np.equal),
)  # fmt: skip

Cost = tuple[int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Atom:
    """A comparison, what it costs to read, and on which axes it holds."""

    text: str
    cost: Cost
    holds: Flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ClauseCandidate:
    """A clause that every accepted call meets, and which refused calls break it."""

    clause: Clause
    cost: tuple[int, Cost]
    breaks: Flags


def infer_condition(
    accepted: Sequence[CallAxes],
    refused: Mapping[CallAxes, str],
    size_of: Callable[[Sequence[Axis]], NDArray[np.int64] | None] = lambda _: None,
) -> Condition | None:
    """Return the smallest condition that separates the calls exactly, or None: none was found.

    It is fitted to the calls whose i, k and s are in the lower half of theirs, and verified on the
    others. Those at which it fails are added to the fitted ones, until it fails nowhere.

    Args:
        accepted: distinct calls that were accepted.
        refused: distinct calls that were refused, and why; at least one call in both.
        size_of: returns the size by the rule at each axis, None where it is not known.
    """
    axes = [*accepted, *refused]
    flat = [axis for each in axes for axis in each]
    calls = Calls(axes, size_of(flat))
    is_accepted = np.arange(len(axes)) < len(accepted)
    reasons = list(refused.values())
    if not accepted:
        return _with_shortfalls(Condition(
            clauses=(), accepted=0, refused=len(axes), fitted=len(axes), verified=0,
            reason=_common(reasons),
        ))  # fmt: skip
    chosen = _inner(calls)
    if chosen.sum() < LEAST:
        chosen[:] = True
    while True:
        clauses = _clauses(calls, is_accepted, chosen)
        if clauses is None and chosen.all():
            return None
        if clauses is None:  # too few need each alternative among these
            chosen[:] = True
            continue
        failing = meeting_all(clauses, calls) != is_accepted
        if not failing.any():
            break
        chosen |= failing
    fitted = int(chosen.sum())
    return _with_shortfalls(Condition(
        clauses=tuple(_counted(clause, calls, is_accepted, reasons) for clause in clauses),
        accepted=len(accepted), refused=len(refused), fitted=fitted, verified=len(axes) - fitted,
    ))  # fmt: skip


def _inner(calls: Calls) -> Flags:
    """Return the calls whose i, k and s are in the lower half of their range on every axis."""
    at = calls.letters
    bounds = {name: middle({*at[name].tolist()}) for name in "iks"}
    return calls.every(np.logical_and.reduce([at[name] <= bounds[name] for name in "iks"]))


def _clauses(calls: Calls, is_accepted: Flags, among: Flags) -> tuple[Clause, ...] | None:
    """Return the fewest clauses that separate the calls `among` all, or None."""
    chosen = np.flatnonzero(among)
    counts = np.diff([*calls.starts, len(calls.letters["i"])])
    sizes = calls.letters.get("o")
    some = Calls(
        [calls.axes[at] for at in chosen.tolist()],
        None if sizes is None else sizes[np.repeat(among, counts)],
    )
    accepted = is_accepted[among]
    if accepted.all():
        return ()
    candidates = _distinct(_candidates(some, accepted))
    return _smallest_cover(candidates) if candidates else None


def _atoms(calls: Calls) -> list[_Atom]:
    """Return every comparison that holds on some axes; of those that are equal, the simplest."""
    simplest: dict[bytes, _Atom] = {}
    for left, right in _PAIRS:
        difference = Expression.from_text(f"{left} - ({right})" if right else left)
        if not difference.letters <= calls.letters.keys():
            continue
        if "o" in difference.letters and "o_requested" in calls.letters and left != "o_requested":
            continue  # the size that comes back is the one that was requested, or tells nothing
        try:
            values = difference.values(calls.letters)
        except PredicateError:  # a difference beyond 2^63: what was called with such a size decides
            continue
        weight = Expression.from_text(f"{left} <= {right}" if right else left).weight
        for constant in _CONSTANTS:
            for sign, relation in _RELATIONS:
                if left == "ndim" and sign != "<=":  # no framework has kernels of more axes alone
                    continue
                holds = relation(values, constant)
                if not holds.any() or holds.all():
                    continue
                cost = (weight + (constant != 0 and bool(right)), abs(constant),
                        _preference(left, sign, constant))  # fmt: skip
                text = _comparison(left, sign, right, constant)
                atom = _Atom(text=text, cost=cost, holds=holds)
                lightest = simplest.setdefault(holds.tobytes(), atom)
                if (cost, text) < (lightest.cost, lightest.text):
                    simplest[holds.tobytes()] = atom
    return sorted(simplest.values(), key=lambda atom: (atom.cost, atom.text))


def _preference(left: str, sign: str, constant: int) -> str:
    """Return the sort key of relations: `s == 1` says no more than `s <= 1`, and reads better."""
    is_least = constant == (1 if left in _POSITIVE else 0)  # that is all that can be
    return "" if sign == "==" and is_least else sign


def _comparison(left: str, sign: str, right: str, constant: int) -> str:
    if right and (sign, constant) in {("<=", -1), (">=", 1)}:
        return f"{left} {sign[0]} {right}"
    if not right:
        return f"{left} {sign} {constant}"
    shift = f" {'-' if constant < 0 else '+'} {abs(constant)}" if constant else ""
    return f"{left} {sign} {right}{shift}"


def _candidates(calls: Calls, accepted: Flags) -> Iterator[_ClauseCandidate]:
    """Yield each clause that all accepted calls meet and some refused ones break."""
    atoms = _atoms(calls)
    if not atoms:
        return
    on_axes = np.array([atom.holds for atom in atoms])
    on_calls = calls.every(on_axes)
    counts = np.diff([*calls.starts, on_axes.shape[1]])
    is_single = on_calls[:, accepted].all(axis=1)
    for at in np.flatnonzero(is_single):
        yield _ClauseCandidate(
            clause=Clause(conditions=(atoms[at].text,)), cost=(1, atoms[at].cost),
            breaks=~on_calls[at, ~accepted],
        )  # fmt: skip
    optional = np.flatnonzero(~is_single)
    # Where axes that would tell were not measured together, the stricter reading is the safe one.
    is_joint = bool((counts > 1).any())
    for of_call, holds, needed in (
        (False, on_axes, np.repeat(accepted, counts)),
        (True, on_calls, accepted),
    ):
        for first, second in _covering_pairs(holds[optional][:, needed]):
            pair = atoms[optional[first]], atoms[optional[second]]
            either = holds[optional[first]] | holds[optional[second]]
            of_accepted = on_calls[[optional[first], optional[second]]][:, accepted]
            if (~of_accepted).sum(axis=1).min() < _NEEDED:
                continue
            breaks = ~(either if of_call else calls.every(either))[~accepted]
            if breaks.any():
                weight, size = (pair[0].cost[at] + pair[1].cost[at] for at in (0, 1))
                yield _ClauseCandidate(
                    clause=Clause(conditions=(pair[0].text, pair[1].text), of_call=of_call),
                    cost=(2, (weight, size, "" if of_call == is_joint else "other")),
                    breaks=breaks,
                )


def _covering_pairs(holds: Flags) -> Iterator[tuple[int, int]]:
    """Yield each two rows of which one holds in every column."""
    fails = (~holds).astype(np.float32)
    for first, second in np.argwhere(np.triu(fails @ fails.T == 0, 1)):
        yield int(first), int(second)


def _distinct(candidates: Iterator[_ClauseCandidate]) -> list[_ClauseCandidate]:
    """Return the simplest of the clauses that refuse the same calls, the simplest first."""
    ordered = sorted(candidates, key=lambda each: (each.cost, str(each.clause)))
    simplest: dict[bytes, _ClauseCandidate] = {}
    for candidate in ordered:
        simplest.setdefault(candidate.breaks.tobytes(), candidate)
    return list(simplest.values())


def _smallest_cover(candidates: Sequence[_ClauseCandidate]) -> tuple[Clause, ...] | None:
    """Return the fewest clauses that together refuse every refused call; the simplest of these."""
    breaks = np.unique(np.array([each.breaks for each in candidates]), axis=1)
    if not breaks.any(axis=0).all():
        return None
    for most in range(1, _MOST + 1):
        covers = list(_covers(breaks, np.zeros(breaks.shape[1], dtype=np.bool_), (), most))
        if covers:
            best = min(covers, key=lambda chosen: _cost([candidates[at] for at in chosen]))
            return tuple(candidates[at].clause for at in sorted(best))
    return None


def _covers(
    breaks: Flags, covered: Flags, chosen: tuple[int, ...], most: int
) -> Iterator[tuple[int, ...]]:
    """Yield every choice of at most `most` rows that covers all columns."""
    if covered.all():
        yield chosen
        return
    missing = ~covered
    gains = breaks[:, missing].sum(axis=1)
    left = most - len(chosen)
    if not left or np.sort(gains)[-left:].sum() < missing.sum():
        return
    counts = breaks[:, missing].sum(axis=0)
    hardest = np.flatnonzero(missing)[counts.argmin()]
    for at in np.flatnonzero(breaks[:, hardest]):
        if left > 1 or gains[at] == missing.sum():
            yield from _covers(breaks, covered | breaks[at], (*chosen, int(at)), most)


def _cost(chosen: Sequence[_ClauseCandidate]) -> tuple[object, ...]:
    """Return how much there is to read: conditions, letters, constants, then the text."""
    return (
        sum(each.cost[0] for each in chosen),
        sum(each.cost[1][0] for each in chosen),
        sum(each.cost[1][1] for each in chosen),
        sorted((each.cost[1][2], str(each.clause)) for each in chosen),
    )


def _counted(clause: Clause, calls: Calls, is_accepted: Flags, reasons: Sequence[str]) -> Clause:
    """Return the clause with the number of calls that it refuses, and their common reason."""
    broken = ~clause.holds(calls)[~is_accepted]
    why = [reason for reason, is_broken in zip(reasons, broken, strict=True) if is_broken]
    return replace(clause, refused=len(why), reason=_common(why))


def _common(reasons: Sequence[str]) -> str:
    return reasons[0] if len({*reasons}) == 1 else ""


def _with_shortfalls(condition: Condition) -> Condition:
    return replace(condition, shortfalls=tuple(_shortfalls(condition)))


def _shortfalls(condition: Condition) -> Iterator[str]:
    if not condition.accepted:
        if condition.refused < LEAST:
            yield f"only {condition.refused} calls were made; {LEAST} are required"
        return
    if condition.verified < LEAST:
        yield (
            f"checked on {condition.verified} calls outside the fitted range; {LEAST} are required"
        )
    for clause in condition.clauses:
        if clause.refused < LEAST:
            yield f"only {clause.refused} calls break {clause}; {LEAST} are required"
