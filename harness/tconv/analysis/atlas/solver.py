"""Finds the whole numbers for which a rule gives a size, in time that their sizes do not set.

A rule is evaluated on ranges of its letters at once, which bounds what it gives in them (affine
arithmetic: J. Stolfi and L. H. de Figueiredo, 1997). Ranges that cannot hold the size are dropped,
others are halved until the rule gives one size everywhere in them: some hundred evaluations,
however large the numbers are. Everything is an exact Python integer.
"""

import ast
import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import gcd, inf
from typing import Final

from tconv.errors import PredicateError

Range = tuple[int, int]
"""Least and largest value."""

Box = dict[str, Range]
"""The range of each unknown."""

_STEPS: Final = 20_000
_Function = Callable[[Mapping[str, "_Sum"], Box], "_Sum"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Ranges of the unknowns in which a rule gives one size.

    Attributes:
        unknowns: the range of each unknown; every combination gives the size.
        size: the size.
    """

    unknowns: Mapping[str, Range]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sum:
    """What an expression gives in a box: start + slopes . unknowns + something from 0 to spread."""

    start: int
    slopes: Mapping[str, int] = field(default_factory=dict)
    spread: int = 0

    def plus(self, other: "_Sum", factor: int = 1) -> "_Sum":
        """Return this and a multiple of the other."""
        slopes = dict(self.slopes)
        for name, slope in other.slopes.items():
            slopes[name] = slopes.get(name, 0) + factor * slope
        return _Sum(
            start=self.start + factor * other.start + min(factor, 0) * other.spread,
            slopes={name: slope for name, slope in slopes.items() if slope},
            spread=self.spread + abs(factor) * other.spread,
        )

    def bounds(self, box: Box) -> Range:
        """Return the least and the largest value in a box."""
        low, high = self.start, self.start + self.spread
        for name, slope in self.slopes.items():
            ends = slope * box[name][0], slope * box[name][1]
            low, high = low + min(ends), high + max(ends)
        return low, high

    def distance(self, box: Box, size: int) -> int:
        """Return a bound on how far the values in a box are from a size; 0: it may be one."""
        low, high = self.bounds(box)
        if not low <= size <= high:
            return max(low - size, size - high)
        steps = [s for name, s in self.slopes.items() if box[name][0] < box[name][1]]
        if self.spread or not steps:
            return 0
        step = gcd(*steps)
        return min((size - low) % step, (low - size) % step)


def _interval(low: int, high: int) -> _Sum:
    return _Sum(start=low, spread=high - low)


def solutions(
    formula: str, constants: Mapping[str, int], unknowns: Box, size: int
) -> Iterator[Solution]:
    """Yield where a formula gives `size`, then where it gives other sizes, the nearest first.

    Of equals those with the smallest unknowns come first, in the order of `unknowns`.

    Args:
        formula: a formula, or two with a condition, over letters, as rules of the atlas print it.
        constants: the value of each letter that is known.
        unknowns: the range of each other letter.
        size: the wanted size.

    Raises:
        PredicateError: the formula uses something that rules have not, or takes too many steps.
    """
    function = _function(formula)
    letters = {name: _Sum(start=value) for name, value in constants.items()}
    letters |= {name: _Sum(start=0, slopes={name: 1}) for name in unknowns}
    queue: list[tuple[int, tuple[int, ...], int, Box, _Sum]] = []
    serial = 0  # breaks ties, since boxes have no order

    def push(box: Box, total: _Sum) -> None:
        nonlocal serial
        serial += 1
        least = tuple(low for low, _ in box.values())
        heapq.heappush(queue, (total.distance(box, size), least, serial, box, total))

    push(unknowns, function(letters, unknowns))
    for _ in range(_STEPS):
        if not queue:
            return
        *_, box, total = heapq.heappop(queue)
        low, high = total.bounds(box)
        if low == high:
            yield Solution(unknowns=box, size=low)
            continue
        splits = [_halves(box, name) for name, (first, last) in box.items() if first < last]
        if total.spread:
            pairs = [[(part, function(letters, part)) for part in halves] for halves in splits]
        else:
            pairs = [[(part, total) for part in halves] for halves in splits]
        for part, value in min(pairs, key=_width):
            push(part, value)
    raise PredicateError(f"{formula!r} is not solved for {size} in {_STEPS} steps")


def _halves(box: Box, name: str) -> tuple[Box, Box]:
    """Return the box, cut in two in the middle of an unknown."""
    first, last = box[name]
    middle = (first + last) // 2
    return {**box, name: (first, middle)}, {**box, name: (middle + 1, last)}


def _width(pair: Iterable[tuple[Box, _Sum]]) -> int:
    """Return how far apart the bounds in two halves of a box are, at most."""
    return max(high - low for box, value in pair for low, high in [value.bounds(box)])


@lru_cache(maxsize=256)
def _function(formula: str) -> _Function:
    return _compiled(ast.parse(formula, mode="eval").body)


def _compiled(node: ast.expr) -> _Function:  # noqa: PLR0911 # one per kind of node
    """Return the function that says what an expression gives in a box."""
    match node:
        case ast.Name(id=name):
            return lambda letters, _: letters[name]
        case ast.Constant(value=int(value)):
            return lambda *_: _Sum(start=value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _apply(lambda _, a: _Sum(start=0).plus(a, -1), operand)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _apply(lambda _, a: _Sum(start=1).plus(a, -1), operand)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATORS:
            return _apply(_OPERATORS[type(op)], left, right)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            least, most = _COMPARISONS[type(op)]
            return _apply(lambda box, a, b: _is_between(box, a, b, least, most), left, right)
        case ast.BoolOp(op=op, values=values):
            pick = min if isinstance(op, ast.And) else max
            return _apply(lambda box, *parts: _joined(box, parts, pick), *values)
        case ast.Call(func=ast.Name(id="min" | "max" as name), args=[left, right]):
            return _apply(lambda box, a, b: _extreme(box, a, b, name), left, right)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _apply(_choice, test, body, orelse)
    raise PredicateError(f"{ast.unparse(node)!r} cannot be solved")


def _apply(function: Callable[..., _Sum], *operands: ast.expr) -> _Function:
    functions = [_compiled(operand) for operand in operands]
    return lambda letters, box: function(box, *(each(letters, box) for each in functions))


def _product(box: Box, a: _Sum, b: _Sum) -> _Sum:
    for constant, other in ((a, b), (b, a)):
        low, high = constant.bounds(box)
        if low == high:
            return _Sum(start=0).plus(other, low)
    ends = [x * y for x in a.bounds(box) for y in b.bounds(box)]
    return _interval(min(ends), max(ends))


def _quotient(box: Box, a: _Sum, b: _Sum) -> _Sum:
    divisor = _divisor(box, b)
    low, high = a.bounds(box)
    return _interval(low // divisor, high // divisor)


def _remainder(box: Box, a: _Sum, b: _Sum) -> _Sum:
    divisor = _divisor(box, b)
    low, high = a.bounds(box)
    if low // divisor == high // divisor:
        return a.plus(_Sum(start=low // divisor * divisor), -1)
    return _interval(0, divisor - 1)


def _divisor(box: Box, b: _Sum) -> int:
    low, high = b.bounds(box)
    if low != high or low < 1:
        raise PredicateError(f"a divisor of a rule is from {low} to {high}; only one is solved")
    return low


def _is_between(box: Box, a: _Sum, b: _Sum, least: float, most: float) -> _Sum:
    """Return 1 where a - b is from `least` to `most`, 0 where it is not, or either."""
    low, high = a.plus(b, -1).bounds(box)
    return _interval(least <= low and high <= most, low <= most and least <= high)


def _joined(box: Box, parts: Iterable[_Sum], pick: Callable[[Iterable[int]], int]) -> _Sum:
    fails, holds = zip(*(part.bounds(box) for part in parts), strict=True)
    return _interval(pick(fails), pick(holds))


def _extreme(box: Box, a: _Sum, b: _Sum, name: str) -> _Sum:
    low, high = a.plus(b, -1).bounds(box)
    if low >= 0 or high <= 0:
        return a if (low >= 0) == (name == "max") else b
    pick = max if name == "max" else min
    (a_low, a_high), (b_low, b_high) = a.bounds(box), b.bounds(box)
    return _interval(pick(a_low, b_low), pick(a_high, b_high))


def _choice(box: Box, test: _Sum, body: _Sum, orelse: _Sum) -> _Sum:
    fails, holds = test.bounds(box)
    if fails == holds:
        return body if holds else orelse
    (a, b), (c, d) = body.bounds(box), orelse.bounds(box)
    return _interval(min(a, c), max(b, d))


_OPERATORS: Final[Mapping[type[ast.AST], Callable[[Box, _Sum, _Sum], _Sum]]] = {
    ast.Add: lambda _, a, b: a.plus(b),
    ast.Sub: lambda _, a, b: a.plus(b, -1),
    ast.Mult: _product,
    ast.FloorDiv: _quotient,
    ast.Mod: _remainder,
}

_COMPARISONS: Final[Mapping[type[ast.AST], tuple[float, float]]] = {
    ast.Lt: (-inf, -1), ast.LtE: (-inf, 0), ast.Eq: (0, 0), ast.GtE: (0, inf), ast.Gt: (1, inf),
}  # fmt: skip
"""The least and the greatest difference, in whole numbers, at which a comparison holds."""
