"""The right answer of a case, and the readings that coincide with it on these tensors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import eq, sub
from typing import Any, Final

import numpy as np

from tconv.inputs.spot_check import Sight
from tconv.inputs.weight_gathers import Moves, moves
from tconv.inputs.window_check import Window, differs, windows
from tconv.model.case import Case
from tconv.model.geometry import full_size
from tconv.model.tensors import Tensors
from tconv.oracle.readings import (
    READINGS,
    OfArguments,
    OfInput,
    OfResult,
    OfTensors,
    Reading,
    Sum,
    evaluate,
)
from tconv.oracle.readings.evaluate import summed
from tconv.oracle.readings.kinds import Array, Ints

_INPUTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfInput))
_ARGUMENTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfArguments))
_RESULTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfResult))
_OTHERS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfTensors))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discrimination:
    """The right answer, and the readings that give the same.

    Attributes:
        y: the right answer, (n, c_out, *o).
        equivalent: readings that ask for the very same computation.
        coinciding: readings that ask for another one and get the same numbers.
    """

    y: Array
    equivalent: tuple[Reading, ...]
    coinciding: tuple[Reading, ...]


def discriminate(case: Case, given: Tensors) -> Discrimination:
    """Return the right answer of a case with nonempty input, and what coincides with it.

    Args:
        case: legal or extended, with n >= 1 and every i >= 1; asks for no size.
        given: its tensors in the dtype of the reference: integers, and a bias without zeros.
    """
    right = summed(case, given)
    sight = Sight.of(case, given, right.products)
    moved, others = moves(case), dict(windows(case))
    equivalent = (*moved.same, *others.pop(case.p_begin, ()))
    suspects = [
        *_by_weights_and_inputs(sight, moved),
        *_by_windows(sight, right.total, others),
        *_by_arguments(sight),
        *(reading for reading in _OTHERS if reading.shape(case) == case.y_shape),
    ]
    coinciding = [reading for reading in suspects if coincide(reading, case, given, right.total)]
    coinciding += _by_results(sight, right)
    return Discrimination(y=right.total, equivalent=equivalent, coinciding=tuple(coinciding))


def coincide(reading: Reading, case: Case, given: Tensors, right: Array) -> bool:
    """Return whether a reading gives `right`, in shape and in every number."""
    made = evaluate(reading, case, given)
    return made is not None and _equal(made, right)


def _equal(made: Array, right: Array) -> bool:
    return made.shape == right.shape and not np.count_nonzero(made != right)


def _by_weights_and_inputs(sight: Sight, moved: Moves) -> Iterator[Reading]:
    """Yield the readings of another weight or input that are right where it is looked."""
    case, given = sight.case, sight.given
    meeting = sight.meeting(case.p_begin, case.s, case.dilation)
    if moved.changed:
        taps = given.w.take(moved.sources.take(meeting.taps, axis=3))
        right = sight.are_right(meeting.of_input(given.x), taps)
        yield from (reading for reading, is_right in zip(moved.changed, right, strict=True)
                    if is_right)  # fmt: skip
    for reading in _INPUTS:
        x = reading.change(case, given.x)
        if x is not None and sight.is_right(meeting, x):
            yield reading


def _by_windows(
    sight: Sight, right: Array, others: Mapping[Ints, Sequence[Window]]
) -> Iterator[Reading]:
    """Yield the windows of the right size that differ neither where they overlap nor there."""
    case = sight.case
    for begins, readings in others.items():
        shift = tuple(map(sub, begins, case.p_begin))
        if not differs(right, shift, sight.at) and sight.is_right(
            sight.meeting(begins, case.s, case.dilation), sight.given.x
        ):
            yield from readings


def _by_arguments(sight: Sight) -> Iterator[Reading]:
    """Yield the readings of other steps that give the right size and are right there."""
    case = sight.case
    for reading in _ARGUMENTS:
        steps = reading.steps(case)
        if steps is None or not (reading.keeps_size or _is_as_large(case, *steps)):
            continue
        if sight.is_right(sight.meeting(case.p_begin, *steps), sight.given.x):
            yield reading


def _is_as_large(case: Case, stride: Ints, dilation: Ints) -> bool:
    """Return whether the full result has the same size with other steps, so the window has, too."""
    own = map(full_size, case.i, case.k, case.s, case.dilation)
    return all(map(eq, map(full_size, case.i, case.k, stride, dilation), own))


def _by_results(sight: Sight, right: Sum) -> list[Reading]:
    """Return the readings that complete the right products to the right answer."""
    case, y = sight.case, right.total
    looks = [
        (index, y[index]) for index in ((0, 0, *sight.at[0]), tuple(size - 1 for size in y.shape))
    ]
    found: list[Reading] = []
    for reading in _RESULTS:
        if reading.at is None or _is_right_at(reading, case, right, looks):
            made = reading.change(case, right)
            if made is not None and _equal(made, y):
                found.append(reading)
    return found


def _is_right_at(
    reading: OfResult, case: Case, right: Sum, looks: Sequence[tuple[Ints, Any]]
) -> bool:
    """Return whether a reading gives what is right in the elements that are looked at."""
    assert reading.at is not None
    for index, element in looks:
        made = reading.at(case, right, index)
        if made is None or made != element:
            return False
    return True
