"""Readings of a part: one axis of several, one group's or channel's share, the end of an axis.

They are many, and are tried only on wrong outputs that no other reading reproduces: inputs are not
drawn so that each of them differs from the right answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

import numpy as np

from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.window import Window
from tconv.oracle.readings.kinds import (
    Array,
    Ints,
    OfArguments,
    OfResult,
    OfWeight,
    OfWindow,
    Reading,
    Steps,
    Sum,
)
from tconv.oracle.readings.windows import WINDOWS

_AXES: Final = range(3)
_BLOCKS: Final = (2, 3, 4, 8, 16, 32)
"""Channels, or elements, that kernels take at once."""


def _windows_of_one_axis() -> Iterator[OfWindow]:
    for reading, axis in ((reading, axis) for reading in WINDOWS for axis in _AXES):
        yield replace(reading, name=f"{reading.name} on axis {axis}", only=axis)


def _without_stride(axis: int) -> Callable[[Case], Steps | None]:
    def steps(case: Case) -> Steps | None:
        if case.ndim < 2 or axis >= case.ndim or case.s[axis] == 1:
            return None
        return (*case.s[:axis], 1, *case.s[axis + 1 :]), case.dilation

    return steps


def _without_dilation(axis: int) -> Callable[[Case], Steps | None]:
    def steps(case: Case) -> Steps | None:
        if case.ndim < 2 or axis >= case.ndim or case.dilation[axis] == 1:
            return None
        return case.s, (*case.dilation[:axis], 1, *case.dilation[axis + 1 :])

    return steps


def _first_for_all(values: Ints) -> Ints | None:
    return None if len(set(values)) == 1 else values[:1] * len(values)


def _first_stride(case: Case) -> Steps | None:
    first = _first_for_all(case.s)
    return None if first is None else (first, case.dilation)


def _first_dilation(case: Case) -> Steps | None:
    first = _first_for_all(case.dilation)
    return None if first is None else (case.s, first)


def _steps() -> Iterator[OfArguments]:
    for axis in _AXES:
        yield OfArguments(name=f"stride ignored on axis {axis}", steps=_without_stride(axis))
        yield OfArguments(name=f"dilation ignored on axis {axis}", steps=_without_dilation(axis))
    for name, steps in (("stride", _first_stride), ("dilation", _first_dilation)):
        yield OfArguments(name=f"{name} of the first axis for all", steps=steps)
        yield OfArguments(
            name=f"{name} of the first axis for all, size kept", steps=steps, keeps_size=True
        )


def _shifted_groups(by: int) -> Callable[[Case, Array], Array | None]:
    def change(case: Case, w: Array) -> Array | None:
        if case.groups == 1 or (case.groups == 2 and by < 0):  # two groups have one neighbour
            return None
        return np.roll(w, -by * (case.c_in // case.groups), axis=0)

    return change


def _bias_negated(case: Case, right: Sum) -> Array | None:
    return right.products - right.bias if case.bias else None


def _first_bias(case: Case, right: Sum) -> Array | None:
    return right.products + right.bias[:1] if case.bias and case.c_out > 1 else None


def _bias_of_first_group(case: Case, right: Sum) -> Array | None:
    if not case.bias or case.groups in {1, case.c_out}:
        return None
    first = right.bias[: case.c_out // case.groups]
    return np.asarray(right.products + np.tile(first, (case.groups, *(1,) * case.ndim)))


def _zero_from(y: Array, axis: int, start: int) -> Array | None:
    """Return `y` with zeros at or past `start` of an axis of the array; None where all is zero."""
    if not 0 < start < y.shape[axis]:
        return None
    changed = y.copy()
    changed[(slice(None),) * axis + (slice(start, None),)] = 0
    return changed


def _last_position(case: Case, right: Sum) -> Array:
    del case
    y = right.total.copy()
    y.reshape(*y.shape[:2], -1)[..., -1] = 0
    return y


def _last_of_axis(axis: int) -> Callable[[Case, Sum], Array | None]:
    def change(case: Case, right: Sum) -> Array | None:
        y = right.total
        if axis >= case.ndim or y.shape[2 + axis] < 2:
            return None
        return _zero_from(y, 2 + axis, y.shape[2 + axis] - 1)

    return change


def _past_blocks(axis: int, block: int) -> Callable[[Case, Sum], Array | None]:
    """Return a change that sets what is left over by whole blocks along an axis to zero."""

    def change(case: Case, right: Sum) -> Array | None:
        y = right.total
        if axis >= 2 + case.ndim:
            return None
        whole = y.shape[axis] // block * block
        return _zero_from(y, axis, whole)

    return change


def _last_image(case: Case, right: Sum) -> Array | None:
    return _zero_from(right.total, 0, case.n - 1)


def _results() -> Iterator[OfResult]:
    yield OfResult(name="bias negated", change=_bias_negated)
    yield OfResult(name="the first channel's bias for every channel", change=_first_bias)
    yield OfResult(name="the first group's bias for every group", change=_bias_of_first_group)
    yield OfResult(name="last position zero", change=_last_position)
    yield OfResult(name="last image of the batch zero", change=_last_image)
    for axis in _AXES:
        yield OfResult(name=f"last of axis {axis} zero", change=_last_of_axis(axis))
    for block in _BLOCKS:
        yield OfResult(
            name=f"channels past whole blocks of {block} zero", change=_past_blocks(1, block)
        )
        yield from (
            OfResult(
                name=f"elements past whole blocks of {block} zero on axis {axis}",
                change=_past_blocks(2 + axis, block),
            )
            for axis in _AXES
        )


def _is_uneven(axis: Axis, first: Axis) -> bool:
    return (axis.p_begin, axis.p_end) != (first.p_begin, first.p_end)


def _crop_of_first(axis: Axis, first: Axis) -> Window:
    return Window(begin=first.p_begin, end=first.p_end - axis.extra)


PARTIAL: Final[tuple[Reading, ...]] = tuple(
    chain(
        _windows_of_one_axis(),
        (OfWindow(name="padding of the first axis for all", applies=_is_uneven,
                  along=_crop_of_first, partner="first"),),
        _steps(),
        (OfWeight(name="the next group's weight", change=_shifted_groups(1)),
         OfWeight(name="the previous group's weight", change=_shifted_groups(-1))),
        _results(),
    )
)  # fmt: skip
"""Every reading of a part; their names are unique among all readings."""
