"""Readings that take a parameter for another: stride and dilation ignored or exchanged."""

from typing import Final

from tconv.model.case import Case
from tconv.oracle.readings.kinds import Ints, OfArguments

Steps = tuple[Ints, Ints]


def _dilation_ignored(case: Case) -> Steps | None:
    return None if max(case.dilation) == 1 else (case.s, (1,) * case.ndim)


def _stride_ignored(case: Case) -> Steps | None:
    return None if max(case.s) == 1 else ((1,) * case.ndim, case.dilation)


def _exchanged(case: Case) -> Steps | None:
    return None if case.s == case.dilation else (case.dilation, case.s)


def _stride_of_the_axes(case: Case) -> Steps | None:
    backwards = case.s[::-1]
    return None if case.s == backwards else (backwards, case.dilation)


def _dilation_of_the_axes(case: Case) -> Steps | None:
    backwards = case.dilation[::-1]
    return None if case.dilation == backwards else (case.s, backwards)


PARAMETERS: Final = (
    OfArguments(name="dilation ignored", steps=_dilation_ignored),
    OfArguments(name="dilation ignored, size kept", steps=_dilation_ignored, keeps_size=True),
    OfArguments(name="dilation of the axes exchanged", steps=_dilation_of_the_axes),
    OfArguments(name="stride ignored", steps=_stride_ignored),
    OfArguments(name="stride of the axes exchanged", steps=_stride_of_the_axes),
    OfArguments(name="stride and dilation exchanged", steps=_exchanged),
)
