"""Readings that take a parameter for another: stride and dilation ignored or exchanged."""

from collections.abc import Callable
from typing import Final

from harness.call import Arguments, arguments
from harness.case import Case
from harness.geometry import full_size, output_size
from harness.readings.kinds import OfArguments


def _dilation_ignored(case: Case) -> Arguments | None:
    if max(case.dilation) == 1:
        return None
    return {**arguments(case), "dilation": (1,) * case.ndim}


def _stride_ignored(case: Case) -> Arguments | None:
    if max(case.s) == 1:
        return None
    return {**arguments(case), "stride": (1,) * case.ndim}


def _exchanged(case: Case) -> Arguments | None:
    if case.s == case.dilation:
        return None
    return {**arguments(case), "stride": case.dilation, "dilation": case.s}


def _stride_of_the_axes(case: Case) -> Arguments | None:
    if case.s == case.s[::-1]:
        return None
    return {**arguments(case), "stride": case.s[::-1]}


def _dilation_of_the_axes(case: Case) -> Arguments | None:
    if case.dilation == case.dilation[::-1]:
        return None
    return {**arguments(case), "dilation": case.dilation[::-1]}


def _size_kept(change: Callable[[Case], Arguments | None]) -> Callable[[Case], Arguments | None]:
    """Return the change that crops, or fills, the end until the size is the right one."""

    def kept(case: Case) -> Arguments | None:
        found = change(case)
        if found is None:
            return None
        ends = [
            full_size(axis.i, axis.k, s, d) - axis.p_begin - output_size(axis)
            for axis, s, d in zip(case.axes, found["stride"], found["dilation"], strict=True)
        ]
        padding = tuple(zip(case.p_begin, ends, strict=True))
        return {**found, "padding": padding, "output_padding": (0,) * case.ndim}

    return kept


PARAMETERS: Final = (
    OfArguments(name="dilation ignored", change=_dilation_ignored),
    OfArguments(name="dilation ignored, size kept", change=_size_kept(_dilation_ignored)),
    OfArguments(name="dilation of the axes exchanged", change=_dilation_of_the_axes),
    OfArguments(name="stride ignored", change=_stride_ignored),
    OfArguments(name="stride of the axes exchanged", change=_stride_of_the_axes),
    OfArguments(name="stride and dilation exchanged", change=_exchanged),
)
