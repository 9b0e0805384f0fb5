"""Which readings these tensors cannot tell from the right answer, from few evaluations.

A difference in one place is a difference. Other weights, inputs and arguments are computed at two
places only, another window is compared where it overlaps with the right one, another completion is
made from the right products. Only where that shows no difference is a reading evaluated in full.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from operator import add
from typing import Final, Self

import numpy as np

from harness.call import answer
from harness.case import Case
from harness.probe import CHANNELS, Meeting, places, seen, summed
from harness.readings import (
    READINGS,
    OfArguments,
    OfInput,
    OfResult,
    OfTensors,
    OfWeight,
    OfWindow,
    Reading,
    evaluate,
)
from harness.readings.evaluation import column, sizes_for
from harness.readings.kinds import Array, Ints
from harness.tensors import Tensors

_WEIGHTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfWeight))
_INPUTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfInput))
_ARGUMENTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfArguments))
_RESULTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfResult))
_WINDOWS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfWindow))
_OTHERS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfTensors))

_SMALL: Final = 2**12
"""Elements of a weight up to which it is kept how the readings move them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """The right answer, and the readings that give the same.

    Attributes:
        y: the right answer, (n, c_out, *o).
        same: readings that ask for the very same computation.
        alike: readings that ask for another one and get the same numbers.
    """

    y: Array
    same: tuple[Reading, ...]
    alike: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Moves:
    """What the readings of the weight do to weights of one shape.

    Attributes:
        same: readings that leave it as it is.
        changed: readings that do not.
        sources: for each of those and each of the first output channels the flat place it reads,
            (readings, c_in, channels, taps).
    """

    same: tuple[OfWeight, ...]
    changed: tuple[OfWeight, ...]
    sources: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sight:
    """The right products at two places, and what else would give there.

    Attributes:
        case: the case.
        given: its tensors.
        at: the two positions of the output (*o).
        right: what is right there, see :func:`harness.probe.seen`.
    """

    case: Case
    given: Tensors
    at: tuple[Ints, Ints]
    right: Array

    @classmethod
    def of(cls, case: Case, given: Tensors, products: Array) -> Self:
        at = places(case)
        return cls(case=case, given=given, at=at, right=seen(products, case.groups, *at))

    def meeting(self, begins: Ints, stride: Ints, dilation: Ints) -> Meeting:
        """Return the products that meet there, in the window of the full result at `begins`."""
        shifted = [tuple(map(add, position, begins)) for position in self.at]
        return Meeting.at(self.case, stride, dilation, *shifted)

    def is_right(self, meeting: Meeting, x: Array) -> bool:
        """Return whether these products of an input and the weight give what is right there."""
        taps = meeting.of_weight(self.given.w)[None]
        return _equal(summed(meeting.of_input(x), taps, self.case.groups)[0], self.right)


def answered(case: Case, given: Tensors) -> Answer:
    """Return the right answer of a case with nonempty input, and what coincides with it.

    Args:
        case: legal or extended, with n >= 1 and every i >= 1.
        given: its tensors in the dtype of the reference: integers, and a bias without zeros.
    """
    products = answer(case, given.x, given.w)
    bias = column(given.b, case.ndim, products)
    right = products if given.b is None else products + bias
    sight = _Sight.of(case, given, products)
    moves, windows = _moves_of(case), _windows(case)
    same = [*moves.same, *windows.pop(case.p_begin, ())]
    suspects = [
        *_by_weights_and_inputs(sight, moves),
        *_by_windows(sight, right, windows),
        *_by_arguments(sight),
        *(reading for reading in _OTHERS if reading.shape(case) == case.y_shape),
    ]
    alike = [reading for reading in suspects if coincide(reading, case, given, right)]
    return Answer(
        y=right,
        same=tuple(same),
        alike=(*alike, *_by_results(case, products, bias, right)),
    )


def coincide(reading: Reading, case: Case, given: Tensors, right: Array) -> bool:
    """Return whether a reading gives `right`, in shape and in every number."""
    made = evaluate(reading, case, given)
    return made is not None and _equal(made, right)


def _equal(made: Array, right: Array) -> bool:
    return made.shape == right.shape and not np.count_nonzero(made != right)


def _by_weights_and_inputs(sight: _Sight, moves: _Moves) -> Iterator[Reading]:
    """Yield the readings of another weight or input that are right where it is looked."""
    case, given = sight.case, sight.given
    meeting = sight.meeting(case.p_begin, case.s, case.dilation)
    if moves.changed:
        taps = given.w.take(moves.sources.take(meeting.taps, axis=3))
        sums = summed(meeting.of_input(given.x), taps, case.groups)
        yield from (r for r, made in zip(moves.changed, sums, strict=True)
                    if _equal(made, sight.right))  # fmt: skip
    for reading in _INPUTS:
        x = reading.change(case, given.x)
        if x is not None and sight.is_right(meeting, x):
            yield reading


def _by_windows(
    sight: _Sight, right: Array, windows: Mapping[Ints, list[OfWindow]]
) -> Iterator[Reading]:
    """Yield the windows of the right size that differ neither where they overlap nor there."""
    case = sight.case
    for begins, readings in windows.items():
        if not _differs_shifted(right, case.p_begin, begins) and sight.is_right(
            sight.meeting(begins, case.s, case.dilation), sight.given.x
        ):
            yield from readings


def _by_arguments(sight: _Sight) -> Iterator[Reading]:
    """Yield the readings of other arguments that give the right size and are right there."""
    for reading in _ARGUMENTS:
        other = reading.change(sight.case)
        if other is None or sizes_for(sight.case, other) != sight.case.y_shape[2:]:
            continue
        begins = tuple(begin for begin, _ in other["padding"])
        meeting = sight.meeting(begins, other["stride"], other["dilation"])
        if sight.is_right(meeting, sight.given.x):
            yield reading


def _moves_of(case: Case) -> _Moves:
    make = _moves if prod(case.w_shape) <= _SMALL else _moves.__wrapped__
    return make(case.k, case.c_in, case.c_out, case.groups)


@lru_cache(maxsize=2**8)
def _moves(k: Ints, c_in: int, c_out: int, groups: int) -> _Moves:
    case = Case.from_parameters(ndim=len(k), i=1, k=k, c_in=c_in, c_out=c_out, groups=groups)
    own = np.arange(prod(case.w_shape)).reshape(case.w_shape)
    moved = [(reading, reading.change(case, own)) for reading in _WEIGHTS]
    changed = [(reading, w) for reading, w in moved if w is not None and w is not own]
    sources = [w[:, :CHANNELS].reshape(c_in, -1, prod(k)) for _, w in changed]
    return _Moves(
        same=tuple(reading for reading, w in moved if w is own),
        changed=tuple(reading for reading, _ in changed),
        sources=np.stack(sources) if sources else np.empty(0),
    )


def _by_results(case: Case, products: Array, bias: Array, right: Array) -> list[Reading]:
    """Return the readings that complete the right products to the right answer."""
    made = ((reading, reading.change(case, products, bias)) for reading in _RESULTS)
    return [reading for reading, y in made if y is not None and _equal(y, right)]


def _windows(case: Case) -> dict[Ints, list[OfWindow]]:
    """Return the windows of the right size by their begins."""
    found: dict[Ints, list[OfWindow]] = {}
    for window in _WINDOWS:
        if window.applies(case) and (begins := _begins(window, case)):
            found.setdefault(begins, []).append(window)
    return found


def _begins(window: OfWindow, case: Case) -> Ints | None:
    """Return the begin on every axis, or None where the size is another on one of them."""
    begins: list[int] = []
    for axis, right in enumerate(case.y_shape[2:]):
        begin, size = window.along(case, axis)
        if size != right:
            return None
        begins.append(begin)
    return tuple(begins)


def _differs_shifted(right: Array, begin: Ints, other: Ints) -> bool:
    """Return whether two windows of one size differ where both lie inside the right one."""
    here = [slice(None), slice(None)]
    there = [slice(None), slice(None)]
    for mine, its in zip(begin, other, strict=True):
        shift = its - mine
        here.append(slice(max(shift, 0), min(shift, 0) or None))
        there.append(slice(max(-shift, 0), min(-shift, 0) or None))
    return bool(np.count_nonzero(right[tuple(here)] != right[tuple(there)]))
