"""Which readings these tensors cannot tell from the right answer, from few evaluations.

Most readings follow from one call of the oracle: other weights ride along as further output
channels, another window is compared where it overlaps with the right one, another completion is
made from the right products. Only where that shows no difference is a reading evaluated in full.
A difference in one place is a difference, so of a large case other weights make a part only.
"""

from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np

from harness.call import arguments
from harness.case import Case
from harness.oracle import conv_transpose
from harness.readings import (
    READINGS,
    OfArguments,
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
_RESULTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfResult))
_WINDOWS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfWindow))
_OTHERS: Final = tuple(r for r in READINGS if isinstance(r, OfArguments | OfTensors))

_AT_ONCE: Final = 2**20
"""Products of a pixel and a tap that are evaluated together at most, to bound memory; in a cache of
8 MB a case takes less time, too."""


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


def answered(case: Case, given: Tensors) -> Answer:
    """Return the right answer of a case with nonempty input, and what coincides with it.

    Args:
        case: legal or extended, with n >= 1 and every i >= 1.
        given: its tensors in the dtype of the reference: integers, and a bias without zeros.
    """
    changed = [(reading, reading.change(case, given.w)) for reading in _WEIGHTS]
    products, alike = _by_weights(
        case, given, [(r, w) for r, w in changed if w is not None and w is not given.w]
    )
    same: list[Reading] = [reading for reading, w in changed if w is given.w]
    bias = column(given.b, case.ndim, products)
    right = products + bias
    alike += _by_results(case, products, bias, right)
    for begins, windows in _windows(case).items():
        if begins == case.p_begin:
            same += windows
        elif not _differs_shifted(right, case.p_begin, begins):
            alike += [window for window in windows if coincide(window, case, given, right)]
    alike += [
        reading
        for reading in _OTHERS
        if _has_shape(reading, case) and coincide(reading, case, given, right)
    ]
    return Answer(y=right, same=tuple(same), alike=tuple(alike))


def coincide(reading: Reading, case: Case, given: Tensors, right: Array) -> bool:
    """Return whether a reading gives `right`, in shape and in every number."""
    made = evaluate(reading, case, given)
    return made is not None and made.shape == right.shape and bool((made == right).all())


def _by_weights(
    case: Case, given: Tensors, changed: list[tuple[OfWeight, Array]]
) -> tuple[Array, list[Reading]]:
    """Return the right products, without bias, and the readings of the weight that give them.

    One call where all fit in memory. In a large case every reading shows the first output channel
    of each group, and only one that is right there is evaluated in full.
    """
    each = prod(case.i) * prod(case.k) * case.n * case.groups  # products of one channel per group
    if each * given.w.shape[1] * (1 + len(changed)) <= _AT_ONCE:
        y = _stacked(case, given.x, [given.w, *(w for _, w in changed)])
        return y[:, :, 0].reshape(case.y_shape), _undiffering(changed, y[:, :, 1:], y[:, :, :1])
    right = conv_transpose(given.x, given.w, **arguments(case))
    first = right.reshape(case.n, case.groups, 1, -1, *right.shape[2:])[:, :, :, :1]
    chunk = max(1, _AT_ONCE // each)
    suspects: list[Reading] = []
    for start in range(0, len(changed), chunk):
        part = changed[start : start + chunk]
        suspects += _undiffering(part, _stacked(case, given.x, [w[:, :1] for _, w in part]), first)
    plain = Tensors(x=given.x, w=given.w, b=None)
    return right, [reading for reading in suspects if coincide(reading, case, plain, right)]


def _undiffering(changed: list[tuple[OfWeight, Array]], made: Array, right: Array) -> list[Reading]:
    """Return the readings whose results, along axis 2 of `made`, are `right` everywhere."""
    differs = (made != right).any(axis=(0, 1, *range(3, made.ndim)))
    return [reading for (reading, _), other in zip(changed, differs, strict=True) if not other]


def _stacked(case: Case, x: Array, weights: list[Array]) -> Array:
    """Return the results of several weights, (n, groups, weights, c_out/groups, *o)."""
    y = conv_transpose(x, np.concatenate(weights, axis=1), **arguments(case))
    return y.reshape(case.n, case.groups, len(weights), -1, *y.shape[2:])


def _by_results(case: Case, products: Array, bias: Array, right: Array) -> list[Reading]:
    """Return the readings that complete the right products to the right answer."""
    made = ((reading, reading.change(case, products, bias)) for reading in _RESULTS)
    return [
        reading
        for reading, y in made
        if y is not None and y.shape == right.shape and bool((y == right).all())
    ]


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
    return bool((right[tuple(here)] != right[tuple(there)]).any())


def _has_shape(reading: OfArguments | OfTensors, case: Case) -> bool:
    """Return whether a reading gives the right shape, so that it must be evaluated."""
    if isinstance(reading, OfTensors):
        return reading.shape(case) == case.y_shape
    other = reading.change(case)
    return other is not None and sizes_for(case, other) == case.y_shape[2:]
