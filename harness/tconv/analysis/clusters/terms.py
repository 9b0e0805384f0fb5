"""The terms that a finding's predicate is made of: comparisons of a quantity of the case.

A predicate is a conjunction of terms, and the terms are all of these, so that the search for a
predicate is complete up to them: a quantity against each number that it takes, two quantities
against each other, remainders, names against their choices, and `all(...)` of each of these.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tconv.errors import PredicateError
from tconv.model.parameters import PARAMETERS
from tconv.model.predicate.cells import Cells
from tconv.model.predicate.evaluator import evaluate, parse
from tconv.model.predicate.names import Columns, Names

_AXIS: Final = ("i", "k", "s", "d", "op", "p_begin", "p_end", "K", "o")
_CHANNELS: Final = ("groups", "c_in", "c_out", "n")
_SUMS: Final = (
    "K - s", "p_begin + p_end", "min(p_begin, p_end)", "max(p_begin, p_end)", "s*i",
    "s*(i - 1) + K", "gcd(s, d)",
)  # fmt: skip
_EXCESS: Final = "o - s*(i - 1) - K + p_begin + p_end"
_RATIOS: Final = ("c_in // groups", "c_out // groups")

MAGNITUDES: Final = {
    **dict.fromkeys(("ndim", "i", "k", "s", "d", "op", "p", *_CHANNELS), 10),
    **dict.fromkeys(("p_begin", "p_end"), 11),
    **dict.fromkeys(("K", "o"), 12),
    **dict.fromkeys((*_SUMS, *_RATIOS), 25),
    _EXCESS: 40,
}
"""Quantities that are compared with numbers, and the weight of each: how much there is to read."""

REMAINDERS: Final = {
    **{f"{name} % 2": 20 for name in (*_AXIS, *_CHANNELS)},
    **{f"({name}) % 2": 28 for name in ("K - s", "p_begin + p_end", "s*(i - 1) + K")},
    **{f"{name} % 3": 21 for name in ("i", "k", "s", "K", "o", *_CHANNELS)},
    **{f"{name} % {m}": 22 for name in ("i", "o", "c_in", "c_out") for m in (4, 8, 16)},
    **{f"({name}) % {m}": 30 for name in _RATIOS for m in (2, 4, 8)},
    **{f"{name} % s": 24 for name in ("i", "k", "K", "o", "p_begin", "p_end")},
    **{f"{name} % groups": 24 for name in ("c_in", "c_out")},
    "(K - s) % 3": 30,
}
"""Quantities of which only equality is asked, and their weights."""

PAIRS: Final = {
    **dict.fromkeys(combinations(_AXIS, 2), 20),
    **dict.fromkeys(combinations(_CHANNELS, 2), 20),
    **dict.fromkeys(
        [("p_begin + p_end", "K"), ("p_begin + p_end", "s"), ("p_begin + p_end", "K - s"),
         ("p_begin", "K - s"), ("p_end", "K - s"), ("op", "K - s"),
         ("min(p_begin, p_end)", "K"), ("max(p_begin, p_end)", "K"), ("op", "max(s, d)"),
         ("o", "s*i"), ("o", "s*(i - 1) + K")], 32,
    ),
    (_EXCESS, "s"): 45,
}  # fmt: skip
"""Quantities that are compared with each other, and the weight of the pair."""

_NAMES: Final = tuple(
    name for name, each in PARAMETERS.items() if each.kind == "name" and not each.per_axis
)
_MOST_NUMBERS: Final = 48  # of one quantity; of more, the smallest and some in between
_EVERY_AXIS: Final = 15  # weight of `all(...)`
_UNIT: Final = 10**7  # of the weight in a cost; below it stands the constant
_LARGEST: Final = 10**5  # constants above count as equally large


class Term(NamedTuple):
    """One comparison.

    Attributes:
        text: how it is written.
        cost: its weight, then its constant; of two terms that say the same the cheaper is taken.
    """

    text: str
    cost: int


@dataclass(frozen=True, slots=True, eq=False)
class TermTable:
    """Terms, the cheapest first, and where each holds.

    Attributes:
        terms: each with another truth on these cases.
        holds: shape (terms, cases, axes); cases with fewer axes than others repeat their first.
    """

    terms: tuple[Term, ...]
    holds: NDArray[np.bool_]

    @classmethod
    def from_columns(
        cls, columns: Columns, count: int, overflowing: Collection[str] = ()
    ) -> "TermTable":
        """Return the terms that tell some of `count` cases from others.

        Args:
            columns: parameters of the cases.
            count: number of cases.
            overflowing: quantities to leave out.
        """
        names = _Quantities(Names(columns), overflowing)
        width = max(cells.values.shape[1] for cells in (names["i"], names["s"], names["k"]))
        terms: list[Term] = []
        blocks: list[NDArray[np.bool_]] = []
        for batch, holds in _batches(names, count, width):
            terms += batch
            blocks.append(holds)
        return cls._distinct(terms, np.concatenate(blocks))

    @classmethod
    def _distinct(cls, terms: Sequence[Term], holds: NDArray[np.bool_]) -> "TermTable":
        """Return the cheapest of the terms that hold in the same cells, without constant ones."""
        order = sorted(range(len(terms)), key=lambda at: (terms[at].cost, terms[at].text))
        flat = holds.reshape(len(terms), -1)[order]
        packed = np.packbits(flat, axis=1)
        _, firsts = np.unique(
            packed.view(np.dtype((np.void, packed.shape[1]))).ravel(), return_index=True
        )
        firsts = np.sort(firsts)
        varying = flat[firsts].any(axis=1) & ~flat[firsts].all(axis=1)
        selected = [int(at) for at in firsts[varying]]
        return cls(
            tuple(terms[order[at]] for at in selected),
            flat[selected].reshape(len(selected), *holds.shape[1:]),
        )


class _Quantities(dict[str, Cells]):
    """The cells of each quantity, computed once."""

    def __init__(self, names: Names, overflowing: Collection[str] = ()) -> None:
        super().__init__()
        self._names = names
        self._overflowing = overflowing

    def __missing__(self, text: str) -> Cells:
        if text in self._overflowing:
            raise PredicateError(f"{text} is too large in some case")
        names = self._names if text.isidentifier() else self
        cells = names[text] if text.isidentifier() else evaluate(_TREES[text], names)
        self[text] = cells
        return cells


_TREES: Final = {
    text: parse(text, "quantity", "one such as 'K - s'")
    for text in (*MAGNITUDES, *REMAINDERS, *(name for pair in PAIRS for name in pair))
    if not text.isidentifier()
}


def overflowing(columns: Columns) -> frozenset[str]:
    """Return the quantities that are too large to compute with in some of these cases."""
    names, failing = _Quantities(Names(columns)), set()
    for text in _TREES:
        try:
            names[text]
        except PredicateError:
            failing.add(text)
    return frozenset(failing)


Batch = tuple[list[Term], NDArray[np.bool_]]


def _batches(names: _Quantities, count: int, width: int) -> Iterator[Batch]:
    """Yield terms with their truths, shape (terms, cases, axes)."""
    for terms, holds in _comparisons(names):
        shape = (len(terms), count, width)
        yield terms, np.broadcast_to(holds, shape)
        if width > 1 and holds.shape[2] == width:
            yield (
                [Term(f"all({t.text})", t.cost + _EVERY_AXIS * _UNIT) for t in terms],
                np.broadcast_to(holds.all(axis=2, keepdims=True), shape),
            )


def _comparisons(names: _Quantities) -> Iterator[Batch]:
    for text, weight in MAGNITUDES.items():
        yield from _with_numbers(names, text, weight, is_ordered=True)
    for text, weight in REMAINDERS.items():
        yield from _with_numbers(names, text, weight, is_ordered=False)
    for (one, other), weight in PAIRS.items():
        yield from _with_each_other(names, one, other, weight)
    for name in _NAMES:
        texts = names[name].values
        choices = [str(choice) for choice in np.unique(texts)]
        if len(choices) > 1:
            for sign, holds in (("==", [texts == c for c in choices]),
                                ("!=", [texts != c for c in choices])):  # fmt: skip
                yield (
                    [_term(f"{name} {sign} {c!r}", 10, 0, sign) for c in choices], np.stack(holds)
                )  # fmt: skip
    bias = names["bias"].values
    yield [_term("bias", 10, 0, "=="), _term("not bias", 10, 0, "!=")], np.stack([bias, ~bias])


def _term(text: str, weight: int, constant: int, sign: str) -> Term:
    ranks = {">": 0, "==": 1, "<": 2, ">=": 3, "<=": 4, "!=": 5}
    rank = 10 * min(abs(constant), _LARGEST) + ranks[sign]
    return Term(text, weight * _UNIT + rank)


def _with_numbers(
    names: _Quantities, text: str, weight: int, *, is_ordered: bool
) -> Iterator[Batch]:
    """Yield the terms that compare a quantity with the numbers that it takes."""
    try:
        cells = names[text]
    except PredicateError:  # a number is too large to compute with
        return
    present = np.broadcast_to(cells.present, cells.values.shape)
    numbers = _numbers(cells.values[present])
    if not present.all() and len(numbers):
        absent = _term(f"not {text} >= {numbers[0]}", weight + 20, numbers[0], ">=")
        yield [absent], ~present[None]
    if len(numbers) > 1 or not present.all():
        column = np.array(numbers, dtype=np.int64)[:, None, None]
        values = cells.values[None]
        equal = (values == column) & present
        constants = [c if is_ordered else 0 for c in numbers]  # `% 2 == 1` rather than `!= 0`
        pairs = list(zip(numbers, constants, strict=True))
        yield [_term(f"{text} == {c}", weight, size, "==") for c, size in pairs], equal
        yield [_term(f"{text} != {c}", weight, size, "!=") for c, size in pairs], ~equal & present
        if is_ordered:
            above = (values > column) & present
            yield [_term(f"{text} > {c}", weight, c, ">") for c in numbers], above
            below = ~above & present
            yield [_term(f"{text} < {c + 1}", weight, c + 1, "<") for c in numbers], below


def _numbers(values: NDArray[Any]) -> list[int]:
    """Return the distinct numbers, rising; of too many, the smallest and some in between."""
    numbers = np.unique(values)
    if len(numbers) > _MOST_NUMBERS:
        near = np.sort(np.argsort(np.abs(numbers), kind="stable")[: _MOST_NUMBERS // 2])
        spread = np.linspace(0, len(numbers) - 1, _MOST_NUMBERS // 2).astype(int)
        numbers = numbers[np.union1d(near, spread)]
    return [int(number) for number in numbers if abs(int(number)) < 2**62]


def _with_each_other(names: _Quantities, one: str, other: str, weight: int) -> Iterator[Batch]:
    try:
        a, b = names[one], names[other]
    except PredicateError:  # a number is too large to compute with
        return
    present = a.present & b.present
    truths = {
        ">": a.values > b.values, "==": a.values == b.values, "<": a.values < b.values,
        ">=": a.values >= b.values, "<=": a.values <= b.values, "!=": a.values != b.values,
    }  # fmt: skip
    yield (
        [_term(f"{one} {sign} {other}", weight, 0, sign) for sign in truths],
        np.stack([truth & present for truth in truths.values()]),
    )
