"""One reading on one case's tensors, by the oracle."""

import numpy as np

from harness.call import Arguments, arguments
from harness.case import Case
from harness.geometry import full_size
from harness.oracle import conv_transpose
from harness.readings.kinds import (
    Array,
    Ints,
    OfArguments,
    OfBias,
    OfInput,
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
    x, w, other = given.x, given.w, arguments(case)
    match reading:
        case OfWeight(change=change_weight):
            return _compute(case, x, change_weight(case, w), given.b, other)
        case OfInput(change=change_input):
            return _compute(case, change_input(case, x), w, given.b, other)
        case OfWindow(applies=applies, along=along):
            begins, sizes = zip(*(along(case, axis) for axis in range(case.ndim)), strict=True)
            window = cut(case, begins, sizes) if applies(case) else None
            return _compute(case, x, w, given.b, window)
        case OfArguments(change=change_arguments):
            return _compute(case, x, w, given.b, change_arguments(case))
        case OfResult(change=change_result) | OfBias(change=change_result):
            y = conv_transpose(x, w, **other)
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
        full_size(i, k, s, d) - sum(p) + op
        for i, k, s, p, op, d in zip(
            case.i, case.k, other["stride"], other["padding"], other["output_padding"],
            other["dilation"], strict=True,
        )
    )  # fmt: skip


def _compute(
    case: Case, x: Array | None, w: Array | None, b: Array | None, other: Arguments | None
) -> Array | None:
    """Return the oracle's answer, or None where a part of it has no meaning."""
    if x is None or w is None or other is None or min(sizes_for(case, other)) < 1:
        return None
    return conv_transpose(x, w, b, **other)
