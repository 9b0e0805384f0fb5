"""What one reading gives for a case and its tensors, computed by the oracle."""

from dataclasses import replace

import numpy as np

from tconv.model.case import Case
from tconv.model.geometry import full_size, output_size
from tconv.model.tensors import Tensors
from tconv.model.window import Window
from tconv.oracle.case_answer import answer, arguments, lowered
from tconv.oracle.formulations import Arguments, scatter
from tconv.oracle.input_padding import padded, sources
from tconv.oracle.readings.kinds import (
    Array,
    OfArguments,
    OfBias,
    OfInput,
    OfPadding,
    OfResult,
    OfTensors,
    OfWeight,
    OfWindow,
    Reading,
    Sum,
)


def evaluate(reading: Reading, case: Case, tensors: Tensors) -> Array | None:
    """Return what the reading gives for the tensors of a legal or extended case.

    Args:
        reading: one of :data:`tconv.oracle.readings.READINGS`.
        case: the case, with n >= 1 and every i >= 1.
        tensors: in the dtype of the reference.

    Returns:
        The output, of whatever shape the reading gives, or None where it has none here.
    """
    if isinstance(reading, OfPadding):
        return _with_padding(reading, case, tensors)
    case, tensors = lowered(case, tensors)
    match reading:
        case OfResult(change=change_result) | OfBias(change=change_result):
            products = answer(case, replace(tensors, b=None))
            return change_result(case, with_bias(tensors.b, products))
        case OfTensors(shape=shape, compute=compute):
            return None if shape(case) is None else compute(case, tensors)
        case _:
            changed = _other_arguments(reading, case, arguments(case, tensors))
            if changed is None or min(changed.output_sizes()) < 1:
                return None
            return scatter.conv_transpose(changed)


def _with_padding(reading: OfPadding, case: Case, tensors: Tensors) -> Array | None:
    """Return the answer with another padding of the input, None where it is the same one."""
    padding = case.input_padding
    if padding is None:
        return None
    filling, shift = reading.filling or padding.fill, reading.shift
    if not shift and all(
        (sources(i, *sides, filling) == sources(i, *sides, padding.fill)).all()
        for i, sides in zip(case.i, padding.sides, strict=True)
    ):
        return None
    more = abs(shift)  # an element more on each side, of which the crop takes s
    sides = tuple((before + more, after + more) for before, after in padding.sides)
    right = arguments(case.lowered, replace(tensors, x=padded(tensors.x, sides, filling)))
    other = replace(
        right,
        begin=tuple(p + s * more + shift for p, s in zip(right.begin, case.s, strict=True)),
        end=tuple(p + s * more - shift for p, s in zip(right.end, case.s, strict=True)),
    )
    return scatter.conv_transpose(other)


def _other_arguments(
    reading: OfWeight | OfInput | OfWindow | OfArguments, case: Case, right: Arguments
) -> Arguments | None:
    """Return the arguments that the reading computes with, or None where it has no meaning."""
    match reading:
        case OfWeight(change=change_weight):
            w = change_weight(case, right.w)
            return None if w is None else replace(right, w=w)
        case OfInput(change=change_input):
            x = change_input(case, right.x)
            return None if x is None else replace(right, x=x)
        case OfWindow():
            return _with_window(reading, case, right)
        case OfArguments():
            return _with_steps(reading, case, right)


def _with_window(reading: OfWindow, case: Case, right: Arguments) -> Arguments | None:
    partners = case.axes[::-1] if reading.partner == "opposite" else case.axes[:1] * case.ndim
    pairs = tuple(zip(case.axes, partners, strict=True))
    changed = [pair for at, pair in enumerate(pairs) if reading.only in {None, at}]
    if not any(reading.applies(*pair) for pair in changed):
        return None
    if reading.only is not None and case.ndim == 1:
        return None  # on a single axis it is the reading of all axes
    windows = [
        reading.along(*pair) if reading.only in {None, at}
        else Window(begin=pair[0].p_begin, end=pair[0].p_end - pair[0].extra)
        for at, pair in enumerate(pairs)
    ]  # fmt: skip
    begin, end = tuple(w.begin for w in windows), tuple(w.end for w in windows)
    return replace(right, begin=begin, end=end, output_padding=(0,) * case.ndim)


def _with_steps(reading: OfArguments, case: Case, right: Arguments) -> Arguments | None:
    steps = reading.steps(case)
    if steps is None:
        return None
    stride, dilation = steps
    other = replace(right, stride=stride, dilation=dilation)
    if not reading.keeps_size:
        return other
    end = tuple(
        full_size(a.i, a.k, s, d) - a.p_begin - output_size(a)
        for a, s, d in zip(case.axes, stride, dilation, strict=True)
    )
    return replace(other, end=end, output_padding=(0,) * case.ndim)


def bias_column(b: Array | None, ndim: int, y: Array) -> Array:
    """Return the bias as (c_out, 1, ...), so that it adds to y; 0 where there is none."""
    return np.zeros((), y.dtype) if b is None else b.reshape(-1, *(1,) * ndim)


def with_bias(b: Array | None, products: Array) -> Sum:
    """Return the right answer from the result without bias, (n, c_out, *o)."""
    bias = bias_column(b, products.ndim - 2, products)
    return Sum(products=products, bias=bias, total=products if b is None else products + bias)
