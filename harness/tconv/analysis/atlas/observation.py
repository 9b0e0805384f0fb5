"""What rows show of each question: the points of those that were resolved, and a count of all.

A row is one call and has several axes; a rule speaks of one axis. So every axis is a point of its
own, and the points of calls with the same parameters become one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from tconv.analysis.atlas.evidence import size_order
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.question import Question
from tconv.model.geometry import Axis
from tconv.model.policies import DEFINED
from tconv.model.window import Resolution

COLUMNS: Final = (
    "case", "target", "ndim", "i", "k", "s", "p_begin", "p_end", "output_padding", "dilation",
    "padding", "o", "suite", "verdict", "observed_shape", "inferred_shape", "resolution",
    "resolutions", "reason", "call", "route", "addition", "error_text",
)  # fmt: skip
"""The columns of a row that observations are made of."""

_RESOLVED: Final = "resolved"
_COMPUTED: Final = frozenset({_RESOLVED, "unresolved", "match"})
_REFUSED: Final = frozenset({"unsupported", "rejected", "rejected_legal", "crashed"})
_SUITES: Final = frozenset({"open", "explicit", "extended"})
NATIVE: Final = "native"
"""Stands for the step beside the framework's call where there is none."""

CallAxes = tuple[Axis, ...]
"""The parameters of each axis of a call."""


@dataclass(slots=True, kw_only=True)
class Observation:
    """What was seen of one question, collected row by row.

    Attributes:
        verdicts: number of rows by verdict.
        reasons: number of rows by the reason that unsupported and rejected ones give.
        calls: number of resolved rows by the framework's call.
        merged: the points by their parameters: one each, unless answers contradict each other.
        accepted: each call that computed something, and the step that was added; :data:`NATIVE`
            where none was.
        refused: each call that was refused or not supported, and why.
        deviating: calls whose result was wrong.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    merged: dict[Axis, list[Point]] = field(default_factory=dict)
    accepted: dict[CallAxes, str] = field(default_factory=dict)
    refused: dict[CallAxes, str] = field(default_factory=dict)
    deviating: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Take in one row with the columns :data:`COLUMNS`, None where a value is absent."""
        verdict, axes = row["verdict"], _axes(row)
        self.verdicts[verdict] += 1
        if verdict in _COMPUTED:
            self.accepted[axes] = row["addition"] or NATIVE
        elif verdict in _REFUSED:
            self.refused[axes] = _why(row)
        else:
            self.deviating += 1
        if verdict == _RESOLVED:
            self.calls[row["call"]] += 1
            for point in _points(row, axes):
                self._merge(point)
        elif row["reason"]:
            self.reasons[row["reason"]] += 1

    @property
    def points(self) -> list[Point]:
        """The distinct points, the smallest first."""
        return sorted((each for points in self.merged.values() for each in points), key=size_order)

    def __add__(self, other: Self) -> "Observation":
        both = Observation(
            verdicts=self.verdicts + other.verdicts,
            reasons=self.reasons + other.reasons,
            calls=self.calls + other.calls,
            accepted=self.accepted | other.accepted,
            refused=self.refused | other.refused,
            deviating=self.deviating + other.deviating,
        )
        for point in (*self.points, *other.points):
            both._merge(point)  # of its own class
        return both

    def _merge(self, point: Point) -> None:
        """Add a point, or narrow the one with the same parameters that it agrees with.

        Two that agree are explained by the windows that they share; two that share none stay apart,
        as no rule can hold at both.
        """
        points = self.merged.setdefault(point.axis, [])
        for at, other in enumerate(points):
            shared = tuple(sorted({*other.begins} & {*point.begins}))
            has_none = not other.begins or not point.begins
            if other.size == point.size and (shared or has_none):
                points[at] = replace(other, begins=shared or other.begins or point.begins)
                return
        points.append(point)


def observe(rows: Iterable[Mapping[str, Any]]) -> dict[Question, Observation]:
    """Return what rows of open and of explicit cases show of each question, by number of axes.

    Args:
        rows: rows with the columns :data:`COLUMNS`; those of illegal cases are ignored, and those
            of policies that are defined here: no framework is called with such a policy.
    """
    observations: dict[Question, Observation] = {}
    for row in rows:
        if row["suite"] in _SUITES and row["padding"] not in DEFINED:
            observations.setdefault(Question.from_row(row), Observation()).add(row)
    return dict(sorted(observations.items(), key=lambda item: item[0].order))


def _axes(row: Mapping[str, Any]) -> CallAxes:
    absent = (None,) * row["ndim"]
    axes = zip(
        row["i"], row["k"], row["s"], row["dilation"], row["p_begin"], row["p_end"],
        row["output_padding"] or absent, row["o"] or absent, strict=True,
    )  # fmt: skip
    return tuple(Axis(**dict(zip(Axis.__slots__, values, strict=True))) for values in axes)


def _why(row: Mapping[str, Any]) -> str:
    """Return why a call was refused: the words of its route, else the framework's first line."""
    if row["verdict"] == "unsupported" and row["reason"]:
        return str(row["reason"])
    return next(iter((row["error_text"] or "").strip().splitlines()), "")


def _points(row: Mapping[str, Any], axes: CallAxes) -> Iterator[Point]:
    """Yield the point of each axis of a resolved row; its target may have inferred only a shape."""
    sizes = (row["observed_shape"] or row["inferred_shape"])[2:]
    for axis, size, begins in zip(axes, sizes, _begins(row), strict=True):
        yield Point(axis=axis, size=size, begins=begins, case=row["case"])


def _begins(row: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """Return for each axis the start crops of every window; none where not all are listed."""
    listed = [Resolution.from_text(text) for text in row["resolution"] or ()]
    if len(listed) != row["resolutions"]:
        return [()] * row["ndim"]
    per_axis = zip(*(each.axes for each in listed), strict=True)
    return [tuple(sorted({window.begin for window in windows})) for windows in per_axis]
