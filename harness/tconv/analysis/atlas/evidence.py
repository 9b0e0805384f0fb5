"""The evidence for a rule: how many points it holds at, their ranges, the first counterexample."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.observation_point import Point, letters
from tconv.analysis.atlas.piecewise import LEAST
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.model.geometry import Axis

Range = Mapping[str, tuple[int, int]]

_RANGED: Final = ("i", "k", "s", "d", "p_begin", "p_end", "op", "o")
_VARIED: Final = ("i", "k", "s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A point at which a rule fails.

    Attributes:
        asked: the parameters.
        case: id of a case in which it was seen.
        said: output size and start crop by the rule; None where it says none.
        size: the size that came back.
        begins: the start crops that explain what came back.
    """

    asked: Axis
    case: str
    said: tuple[int, int | None]
    size: int
    begins: tuple[int, ...]

    def __str__(self) -> str:
        size, begin = self.said
        says = f"o={size}" + ("" if begin is None else f" begin={begin}")
        seen = f"o={self.size}" + (f" begin={_either(self.begins)}" if self.begins else "")
        return f"{self.asked}: the rule says {says}, what came back has {seen}"


def _either(begins: Sequence[int]) -> str:
    return " or ".join(map(str, begins))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a rule was inferred from, and how far it holds.

    Attributes:
        points: distinct points, both those it was fitted to and those it was verified on.
        holding: points of these at which it holds; where several windows explain what came back,
            one of them has to be the rule's.
        fitted: points that it was fitted to.
        fitted_range: least and largest value of each parameter among these.
        verified: points outside that range.
        verified_range: the same for those.
        counterexample: the smallest point at which it fails, None where it always holds.
        shortfalls: what is missing for it to count as a rule, in words; empty for nothing.
    """

    points: int
    holding: int
    fitted: int
    fitted_range: Range
    verified: int
    verified_range: Range
    counterexample: Counterexample | None
    shortfalls: tuple[str, ...]

    @property
    def coverage(self) -> float:
        """Share of the points at which the rule holds, 0 to 1."""
        return self.holding / self.points if self.points else 0.0

    @property
    def is_sufficient(self) -> bool:
        """Whether the rule holds everywhere and nothing is missing."""
        return self.holding == self.points and not self.shortfalls

    def outside(self, axis: Axis) -> Iterator[str]:
        """Yield, in words, which parameters lie outside the range that was measured."""
        for name, (low, high) in self.fitted_range.items():
            checked = self.verified_range.get(name, (low, high))
            least, most = min(low, checked[0]), max(high, checked[1])
            value = getattr(axis, name)
            if not least <= value <= most:
                measured = f"only {least} was" if least == most else f"{least} to {most} were"
                yield f"{name}={value} was not measured; {measured}"

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote."""
        fields = dict(content)
        if (failed := fields["counterexample"]) is not None:
            fields["counterexample"] = Counterexample(
                asked=Axis(**failed["asked"]),
                case=failed["case"],
                said=tuple(failed["said"]),
                size=failed["size"],
                begins=tuple(failed["begins"]),
            )
        for name in ("fitted_range", "verified_range"):
            fields[name] = {letter: tuple(ends) for letter, ends in fields[name].items()}
        return cls(**fields | {"shortfalls": tuple(fields["shortfalls"])})


def evidence(rule: Rule, fitted: Sequence[Point], beyond: Sequence[Point]) -> Evidence:
    """Return how well the points support the rule.

    Args:
        rule: the rule.
        fitted: the points that it was fitted to, distinct.
        beyond: further points, outside their range.
    """
    points = [*fitted, *beyond]
    does_hold = holding(rule, points)
    failing = [point for point, holds in zip(points, does_hold, strict=True) if not holds]
    return Evidence(
        points=len(points),
        holding=int(does_hold.sum()),
        fitted=len(fitted),
        fitted_range=_range(fitted),
        verified=len(beyond),
        verified_range=_range(beyond),
        counterexample=_counterexample(rule, min(failing, key=size_order)) if failing else None,
        shortfalls=tuple(_shortfalls(rule, points, beyond)),
    )


def holding(rule: Rule, points: Sequence[Point]) -> NDArray[np.bool_]:
    """Return whether the rule holds at each point, shape (points,)."""
    sizes, begins = rule.of([point.axis for point in points])
    right: NDArray[np.bool_] = sizes == np.array([point.size for point in points], dtype=np.int64)
    if begins is None:
        return right
    explained = [_explains(point, int(begin)) for point, begin in zip(points, begins, strict=True)]
    return np.logical_and(right, np.array(explained, dtype=np.bool_))


def _explains(point: Point, begin: int) -> bool:
    """Return whether a start crop explains the point.

    A window that lies wholly outside the full result holds the same zeros wherever it is, and only
    the nearest on each side is listed.
    """
    nearest = min(max(begin, -point.size), point.axis.full)
    return not point.begins or begin in point.begins or nearest in point.begins


def size_order(point: Point) -> tuple[int, ...]:
    """Return the sort key of points, the smallest first: the sum of the parameters, then each."""
    values = tuple(value or 0 for value in point.axis.to_dict().values())
    return (sum(map(abs, values)), *values, point.size)


def _counterexample(rule: Rule, point: Point) -> Counterexample:
    sizes, begins = rule.of([point.axis])
    by_rule = int(sizes[0]), None if begins is None else int(begins[0])
    return Counterexample(
        asked=point.axis, case=point.case, said=by_rule, size=point.size, begins=point.begins
    )


def _range(points: Sequence[Point]) -> Range:
    values = {name: {getattr(point.axis, name) for point in points} for name in _RANGED}
    return {
        name: (min(present), max(present))
        for name, present in values.items()
        if present and None not in present
    }


def _shortfalls(rule: Rule, points: Sequence[Point], beyond: Sequence[Point]) -> list[str]:
    gaps = _unverified(len(beyond))
    sizes, _ = rule.of([point.axis for point in points])
    for name, quantity in (("o", rule.size), ("begin", rule.begin)):
        sized = [
            (point, size)
            for point, size in zip(points, sizes, strict=True)
            if name == "o" or point.is_unique
        ]
        if quantity is not None and sized:
            gaps += _thin_pieces(name, quantity, *map(list, zip(*sized, strict=True)))
    return gaps


def _unverified(count: int) -> list[str]:
    if count >= LEAST:
        return []
    if not count:
        return ["not checked outside the fitted range"]
    return [f"checked at {count} points outside the fitted range; {LEAST} are required"]


def _thin_pieces(
    name: str, quantity: Piecewise, points: Sequence[Point], sizes: Sequence[int]
) -> list[str]:
    """Return which pieces of `quantity` rest on too few points, or on too uniform ones."""
    gaps = []
    at = letters([point.axis for point in points]) | {"o": np.array(sizes, dtype=np.int64)}
    for condition, formula, inside in quantity.pieces(at):
        where = f"{name} = {formula}" + (f" where {condition}" if condition else "")
        count = int(inside.sum())
        if count < LEAST:
            gaps.append(f"{where}: seen at {count} points; {LEAST} are required")
        elif formula.is_constant and formula.terms:
            gaps.append(f"{where}: a constant is no rule")
        elif sum(len(np.unique(at[letter][inside])) > 1 for letter in _VARIED) < 2:
            gaps.append(f"{where}: fewer than two of i, k and s vary")
    return gaps
