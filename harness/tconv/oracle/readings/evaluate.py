"""One reading on one case's tensors, by the oracle."""

import numpy as np

from tconv.model.case import Case
from tconv.model.geometry import Axis, full_size, output_size
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import Arguments, answer, arguments
from tconv.oracle.formulations import conv_transpose
from tconv.oracle.readings.kinds import (
    Array,
    Bounds,
    Ints,
    OfArguments,
    OfBias,
    OfInput,
    OfMirroredWindow,
    OfResult,
    OfTensors,
    OfWeight,
    OfWindow,
    Reading,
    Sum,
)


def evaluate(reading: Reading, case: Case, given: Tensors) -> Array | None:
    """Return what the reading gives for the tensors of a legal or extended case.

    Args:
        reading: one of :data:`tconv.oracle.readings.READINGS`.
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
        case OfWindow() | OfMirroredWindow():
            return _compute(case, x, w, given.b, _cut(case, reading.bounds(case)))
        case OfArguments():
            return _compute(case, x, w, given.b, _changed(case, reading))
        case OfResult(change=change_result) | OfBias(change=change_result):
            return change_result(case, summed(case, given))
        case OfTensors(shape=shape, compute=compute):
            return None if shape(case) is None else compute(case, given)


def column(b: Array | None, ndim: int, y: Array) -> Array:
    """Return the bias as (c_out, 1, ...), so that it adds to y; 0 where there is none."""
    return np.zeros((), y.dtype) if b is None else b.reshape(-1, *(1,) * ndim)


def summed(case: Case, given: Tensors) -> Sum:
    """Return the right answer and what it is the sum of."""
    products = answer(case, given.x, given.w)
    bias = column(given.b, case.ndim, products)
    return Sum(products=products, bias=bias, total=products if given.b is None else products + bias)


def _cut(case: Case, bounds: Bounds | None) -> Arguments | None:
    """Return the oracle's arguments for the window of the full result with these bounds."""
    if bounds is None:
        return None
    padding = tuple(
        (begin, a.full - begin - size) for a, (begin, size) in zip(case.axes, bounds, strict=True)
    )
    return {**arguments(case), "padding": padding, "output_padding": (0,) * case.ndim}


def _changed(case: Case, reading: OfArguments) -> Arguments | None:
    """Return the oracle's arguments with the steps of a reading, or None: it has no meaning."""
    steps = reading.steps(case)
    if steps is None:
        return None
    stride, dilation = steps
    changed: Arguments = {**arguments(case), "stride": stride, "dilation": dilation}
    if reading.keeps_size:
        changed["padding"] = tuple(map(_filled, case.axes, stride, dilation))
        changed["output_padding"] = (0,) * case.ndim
    return changed


def _filled(axis: Axis, s: int, d: int) -> tuple[int, int]:
    """Return the padding that gives the right size at other steps."""
    end = full_size(axis.i, axis.k, s, d) - axis.p_begin - output_size(axis)
    return axis.p_begin, end


def _sizes_for(case: Case, other: Arguments) -> Ints:
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
    if x is None or w is None or other is None or min(_sizes_for(case, other)) < 1:
        return None
    return conv_transpose(x, w, b, **other)
