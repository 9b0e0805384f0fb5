"""Which readings these tensors cannot tell from the right answer, from few evaluations.

Most readings follow from one call of the oracle: other weights ride along as further output
channels, another window is compared where it overlaps with the right one, another completion is
made from the right products. Only where that shows no difference is a reading evaluated in full.
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
_WINDOWS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfWindow))
_ARGUMENTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfArguments))
_RESULTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfResult))
_TENSORS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfTensors))

_AT_ONCE: Final = 2**21
"""Output elements that are evaluated together at most, to bound memory."""


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


def answer(case: Case, given: Tensors) -> Answer:
    """Return the right answer of a case with nonempty input, and what coincides with it.

    Args:
        case: legal or extended, with n >= 1 and every i >= 1.
        given: its tensors in the dtype of the reference, with integer values.
    """
    products, same, alike = _by_weights(case, given)
    bias = column(given.b, case.ndim, products)
    right = products + bias
    for window in _WINDOWS:
        found = window.window(case)
        if found is None or found[1] != right.shape[2:]:
            continue
        if found[0] == case.p_begin:
            same.append(window)
        elif not _differs_shifted(right, case.p_begin, found[0]):
            alike += _where_alike(window, case, given, right)
    for result in _RESULTS:
        made = result.change(case, products, bias)
        if made is not None and made.shape == right.shape and bool((made == right).all()):
            alike.append(result)
    for changed in _ARGUMENTS:
        other = changed.change(case)
        if other is not None and sizes_for(case, other) == right.shape[2:]:
            alike += _where_alike(changed, case, given, right)
    for tensors in _TENSORS:
        if tensors.shape(case) == right.shape:
            alike += _where_alike(tensors, case, given, right)
    return Answer(y=right, same=tuple(same), alike=tuple(alike))


def coincide(reading: Reading, case: Case, given: Tensors, right: Array) -> bool:
    """Return whether a reading gives `right`, in shape and in every number."""
    made = evaluate(reading, case, given)
    return made is not None and made.shape == right.shape and bool((made == right).all())


def _where_alike(reading: Reading, case: Case, given: Tensors, right: Array) -> list[Reading]:
    return [reading] if coincide(reading, case, given, right) else []


def _by_weights(case: Case, given: Tensors) -> tuple[Array, list[Reading], list[Reading]]:
    """Return the right products without bias, and the readings of the weight that give them."""
    same: list[Reading] = []
    changed: list[tuple[Reading, Array]] = []
    for reading in _WEIGHTS:
        w = reading.change(case, given.w)
        if w is given.w:
            same.append(reading)
        elif w is not None:
            changed.append((reading, w))
    alike: list[Reading] = []
    chunk = max(1, _AT_ONCE // max(1, prod(case.y_shape)))
    right = None
    for start in range(0, max(len(changed), 1), chunk):
        part = changed[start : start + chunk]
        stacked = _stacked(case, given.x, [given.w, *(w for _, w in part)])
        right = stacked[:, :, 0]
        differs = (stacked[:, :, 1:] != stacked[:, :, :1]).any(axis=(0, 1, *range(3, stacked.ndim)))
        alike += [reading for (reading, _), other in zip(part, differs, strict=True) if not other]
    assert right is not None
    return right.reshape(case.y_shape), same, alike


def _stacked(case: Case, x: Array, weights: list[Array]) -> Array:
    """Return the results of several weights, (n, groups, weights, c_out/groups, *o)."""
    y = conv_transpose(x, np.concatenate(weights, axis=1), **arguments(case))
    return y.reshape(case.n, case.groups, len(weights), -1, *y.shape[2:])


def _differs_shifted(right: Array, begin: Ints, other: Ints) -> bool:
    """Return whether two windows of one size differ where both lie inside the right one."""
    here = [slice(None), slice(None)]
    there = [slice(None), slice(None)]
    for mine, its in zip(begin, other, strict=True):
        shift = its - mine
        here.append(slice(max(shift, 0), min(shift, 0) or None))
        there.append(slice(max(-shift, 0), min(-shift, 0) or None))
    return bool((right[tuple(here)] != right[tuple(there)]).any())
