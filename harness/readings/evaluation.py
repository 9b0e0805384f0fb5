"""One reading on one case's tensors, by the oracle."""

import numpy as np

from harness.call import Arguments, arguments
from harness.case import Case
from harness.geometry import Axis, full_size, output_size
from harness.oracle import conv_transpose
from harness.readings.kinds import (
    Array,
    Ints,
    OfArguments,
    OfBias,
    OfResult,
    OfTensors,
    OfWeight,
    OfWindow,
    Reading,
)
from harness.tensors import Tensors


def evaluate(reading: Reading, case: Case, given: Tensors) -> Array | None:
    """Return what the reading gives for the tensors of a legal or extended case.

    Args:
        reading: one of :data:`harness.readings.READINGS`.
        case: the case.
        given: its tensors, in the dtype of the reference.

    Returns:
        The output, of whatever shape the reading gives, or None where it has none here.
    """
    match reading:
        case OfWeight(change=change_weight):
            w = change_weight(case, given.w)
            return None if w is None else _compute(case, given, w, arguments(case))
        case OfWindow(applies=applies, along=along):
            if not applies(case):
                return None
            begins, sizes = zip(*(along(case, axis) for axis in range(case.ndim)), strict=True)
            return _compute(case, given, given.w, cut(case, begins, sizes))
        case OfArguments(change=change_arguments):
            other = change_arguments(case)
            return None if other is None else _compute(case, given, given.w, other)
        case OfResult(change=change_result) | OfBias(change=change_result):
            y = conv_transpose(given.x, given.w, **arguments(case))
            return change_result(case, y, column(given.b, case.ndim, y))
        case OfTensors(shape=shape, compute=compute):
            return None if shape(case) is None else compute(case, given)


def column(b: Array | None, ndim: int, y: Array) -> Array:
    """Return the bias as (c_out, 1, ...), so that it adds to y; 0 where there is none."""
    return np.zeros((), y.dtype) if b is None else b.reshape(-1, *(1,) * ndim)


def cut(case: Case, begins: Ints, sizes: Ints) -> Arguments:
    """Return the oracle's arguments for the window of the full result with these bounds."""
    ends = (
        full_size(a.i, a.k, a.s, a.d) - begin - size
        for a, begin, size in zip(case.axes, begins, sizes, strict=True)
    )
    return {
        **arguments(case),
        "padding": tuple(zip(begins, ends, strict=True)),
        "output_padding": (0,) * case.ndim,
    }


def sizes_for(case: Case, other: Arguments) -> Ints:
    """Return the output sizes that the oracle gives for other arguments; may be below 1."""
    return tuple(
        output_size(Axis(i=i, k=k, s=s, p_begin=p[0], p_end=p[1], op=op, d=d))
        for i, k, s, p, op, d in zip(
            case.i, case.k, other["stride"], other["padding"], other["output_padding"],
            other["dilation"], strict=True,
        )
    )  # fmt: skip


def _compute(case: Case, given: Tensors, w: Array, other: Arguments) -> Array | None:
    if min(sizes_for(case, other)) < 1:
        return None
    return conv_transpose(given.x, w, given.b, **other)
