"""Which calls of a question a target accepts: a condition on the call, and the domain it holds in.

A call is accepted where it breaks no clause. A clause speaks of the axes of a call, since
frameworks check each of them; some check all at once ("strides above 1 with dilation above 1"), so
a clause may also offer alternatives of which one has to hold on every axis.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from tconv.analysis.atlas.observation_point import Letters, letters
from tconv.model.geometry import Axis
from tconv.model.predicate.expression import Expression, PreparedPoints

Flags = NDArray[np.bool_]
Range = tuple[int, int]

_COMPARISON: Final = re.compile(r"([^<>=]+) (<=|>=|==|<|>) ([^<>=]+)")
_SIZES: Final = ("i", "k", "s", "o")
_OPTIONS: Final = ("d", "p_begin", "p_end", "op")
_PARAMETERS: Final = "i, k, s, d, p_begin, p_end, op, o_requested, o"


class Calls:
    """Calls of one question, each with one or more axes, as the letters of conditions.

    The letters are those of :func:`tconv.analysis.atlas.observation_point.letters`; `o`, the size
    by the rule, where it is known; `ndim`, the number of axes; and `d_max`, the largest d of an
    axis of the call whose kernel has more than one tap, else 1.

    Attributes:
        axes: the parameters of each axis of each call.
        letters: each letter, one entry per axis of each call, the axes of a call in sequence.
        starts: index of the first axis of each call.
    """

    def __init__(
        self, axes: Sequence[tuple[Axis, ...]], sizes: NDArray[np.int64] | None = None
    ) -> None:
        """Take in calls, at least one; `sizes` has an entry per axis of each call."""
        self.axes = axes
        counts = np.array([len(each) for each in axes], dtype=np.int64)
        self.starts = np.cumsum(counts) - counts
        columns: Letters = letters([axis for each in axes for axis in each])
        columns["ndim"] = np.repeat(counts, counts)
        dilations = np.where(columns["k"] > 1, columns["d"], 1)
        columns["d_max"] = np.repeat(np.maximum.reduceat(dilations, self.starts), counts)
        if sizes is not None:
            columns["o"] = sizes
        self.letters = PreparedPoints(columns)

    def __len__(self) -> int:
        return len(self.axes)

    def every(self, holds: Flags) -> Flags:
        """Return which calls meet a condition on every axis; the last dimension is the axes'."""
        met: Flags = np.logical_and.reduceat(holds, self.starts, axis=-1)
        return met


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """What each accepted call meets.

    Attributes:
        conditions: alternatives, each a condition on the letters of :class:`Calls`.
        of_call: whether one and the same of them has to hold on every axis; else, one on each.
        refused: calls that were refused and break it.
        reason: why these were refused, if all for the same reason; else empty.
    """

    conditions: tuple[str, ...]
    of_call: bool = False
    refused: int = 0
    reason: str = ""

    def holds(self, calls: Calls) -> Flags:
        """Return which calls meet it, shape (calls,)."""
        met = [_expression(text).holds(calls.letters) for text in self.conditions]
        if self.of_call:
            either: Flags = np.logical_or.reduce([calls.every(each) for each in met])
            return either
        return calls.every(np.logical_or.reduce(met))

    def numbers(self, calls: Calls) -> str:
        """Return the numbers that break it in the first call, as in `9 < 9`.

        They are those of the first axis that breaks it; empty where the clause is no comparison
        of two terms, or one of a letter with a number, which says all.
        """
        comparison = _COMPARISON.fullmatch(self.conditions[0])
        if len(self.conditions) > 1 or not comparison:
            return ""
        left, sign, right = comparison.groups()
        if left.isidentifier() and right.isdigit():
            return ""
        broken = np.flatnonzero(~_expression(self.conditions[0]).holds(calls.letters))
        if not len(broken):
            return ""
        values = [_expression(term).values(calls.letters)[broken[0]] for term in (left, right)]
        return f"{values[0]} {sign} {values[1]}"

    def __str__(self) -> str:
        """Write it as people do; it is valid Python as well."""
        if self.of_call:
            return " or ".join(f"all({text})" for text in self.conditions)
        return " or ".join(self.conditions)

    @property
    def source(self) -> str:
        """The clause as a Python expression of `axes`, tuples of the letters."""
        letters_of_axis = f"for {_PARAMETERS}, K, ndim, d_max in axes"
        if self.of_call:
            parts = (f"all({text} {letters_of_axis})" for text in self.conditions)
            return f"({' or '.join(parts)})" if len(self.conditions) > 1 else next(parts)
        return f"all({' or '.join(self.conditions)} {letters_of_axis})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Which calls of a question are accepted, as a conjunction of clauses, and how well known.

    Attributes:
        clauses: what an accepted call meets; none: all are accepted, or none is.
        accepted: distinct calls that were accepted; none: all were refused.
        refused: distinct calls that were refused.
        fitted: calls that the clauses were fitted to.
        verified: calls outside their range, on which they were verified.
        reason: where every call was refused, for one and the same reason: that; else empty.
        shortfalls: what is missing for it to count as known, in words; empty for nothing.
    """

    clauses: tuple[Clause, ...]
    accepted: int
    refused: int
    fitted: int
    verified: int
    reason: str = ""
    shortfalls: tuple[str, ...] = ()

    @property
    def is_sufficient(self) -> bool:
        """Whether nothing is missing for it to count as known."""
        return not self.shortfalls

    def of(self, calls: Calls) -> Flags:
        """Return which calls are accepted, shape (calls,)."""
        if not self.accepted:
            return np.zeros(len(calls), dtype=np.bool_)
        return meeting_all(self.clauses, calls)

    def broken(self, calls: Calls) -> Iterator[Clause]:
        """Yield the clauses that the first call breaks."""
        yield from (clause for clause in self.clauses if not clause.holds(calls)[0])

    def __str__(self) -> str:
        if not self.accepted:
            return "never"
        if not self.clauses:
            return "always"
        is_joined = len(self.clauses) > 1
        return " and ".join(
            f"({clause})" if is_joined and len(clause.conditions) > 1 else str(clause)
            for clause in self.clauses
        )

    def source_lines(self, name: str = "accepts") -> str:
        """Return it as the source of a Python function that imports nothing.

        The function takes a tuple (i, k, s, d, p_begin, p_end, op, o_requested, o) for each axis,
        None for what is not given; o is the size by the rule.
        """
        clauses = [clause.source for clause in self.clauses] if self.accepted else ["False"]
        return (
            f"def {name}(axes):\n"
            "    d_max = max([1, *(axis[3] for axis in axes if axis[1] > 1)])\n"
            "    axes = [(*a, a[3]*(a[1] - 1) + 1, len(axes), d_max) for a in axes]\n"
            f"    return {' and '.join(clauses) or 'True'}\n"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {"text": str(self), **asdict(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote.

        Raises:
            PredicateError: a condition cannot be read.
        """
        fields = {name: value for name, value in content.items() if name != "text"}
        clauses = tuple(
            Clause(**{**clause, "conditions": tuple(map(str, clause["conditions"]))})
            for clause in fields["clauses"]
        )
        for clause in clauses:
            any(map(_expression, clause.conditions))
        return cls(**fields | {"clauses": clauses, "shortfalls": tuple(fields["shortfalls"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Where a question was measured: the range of each parameter, over all calls that were made.

    Sizes are those of an axis, whatever the others are. What a framework may have no kernel for,
    dilation, crops and output padding, counts for the number of axes that it was tried with.

    Attributes:
        calls: distinct calls.
        sizes: least and largest value of i, k, s and, where one was requested, o.
        options: number of axes -> the same of d, p_begin, p_end and, where it was given, op.
    """

    calls: int
    sizes: Mapping[str, Range]
    options: Mapping[int, Mapping[str, Range]]

    @classmethod
    def from_calls(cls, calls: Sequence[tuple[Axis, ...]]) -> Self:
        """Return where these calls lie, at least one."""
        by_ndim: dict[int, list[Axis]] = {}
        for axes in calls:
            by_ndim.setdefault(len(axes), []).extend(axes)
        return cls(
            calls=len(calls),
            sizes=_ranges(_SIZES, [axis for axes in by_ndim.values() for axis in axes]),
            options={ndim: _ranges(_OPTIONS, axes) for ndim, axes in sorted(by_ndim.items())},
        )

    def outside(self, axes: Sequence[Axis]) -> Iterator[str]:
        """Yield, in words, which parameters of a call lie outside."""
        options = self.options.get(len(axes))
        if options is None:
            measured = ", ".join(map(str, self.options))
            verb = "was" if len(self.options) == 1 else "were"
            yield f"{len(axes)} axes were not measured; only {measured} {verb}"
        for name, (least, most) in {**self.sizes, **(options or {})}.items():
            for value in dict.fromkeys(getattr(axis, name) for axis in axes):
                if value is None or not least <= value <= most:
                    measured = f"only {least} was" if least == most else f"{least} to {most} were"
                    where = f" on {len(axes)} axes" if name in _OPTIONS and len(axes) > 1 else ""
                    yield f"{name}={value} was not measured{where}; {measured}"

    @property
    def text(self) -> str:
        """The ranges, as in `i 1..16, k 1..12, s 1..8; 1 axis: d 1..2; 2 axes: d 1`."""
        apart = (
            f"{ndim} ax{'i' if ndim == 1 else 'e'}s: {_text(ranges)}"
            for ndim, ranges in self.options.items()
        )
        return "; ".join([_text(self.sizes), *apart])

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote."""
        return cls(
            calls=content["calls"],
            sizes=_pairs(content["sizes"]),
            options={int(ndim): _pairs(ranges) for ndim, ranges in content["options"].items()},
        )


def _ranges(names: Sequence[str], axes: Sequence[Axis]) -> dict[str, Range]:
    values = {name: {getattr(axis, name) for axis in axes} for name in names}
    return {
        name: (min(present), max(present))
        for name, present in values.items()
        if None not in present
    }


def _pairs(ranges: Mapping[str, Sequence[int]]) -> dict[str, Range]:
    return {name: (least, most) for name, (least, most) in ranges.items()}


def _text(ranges: Mapping[str, Range]) -> str:
    return ", ".join(
        f"{name} {least}" if least == most else f"{name} {least}..{most}"
        for name, (least, most) in ranges.items()
    )


def meeting_all(clauses: Sequence[Clause], calls: Calls) -> Flags:
    """Return which calls meet every clause, shape (calls,)."""
    met = np.ones(len(calls), dtype=np.bool_)
    for clause in clauses:
        met &= clause.holds(calls)
    return met


@lru_cache(maxsize=4096)
def _expression(text: str) -> Expression:
    return Expression.from_text(text)
