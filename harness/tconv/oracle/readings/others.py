"""Readings that compute something else: another operation, or another input or weight."""

from dataclasses import replace
from typing import Final

import numpy as np

from tconv.model.case import Case
from tconv.model.geometry import conv_output_size, full_size
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer
from tconv.oracle.formulations import conv_transpose
from tconv.oracle.readings.kinds import Array, Ints, OfInput, OfTensors


def _reverse(sizes: Ints) -> Ints:
    return sizes[::-1]


def _input_axes_exchanged(case: Case, x: Array) -> Array | None:
    if case.ndim == 1 or case.i != _reverse(case.i):
        return None
    return x.transpose(0, 1, *range(x.ndim - 1, 1, -1))


def _input_conjugated(case: Case, x: Array) -> Array | None:
    return x.conj() if case.dtype.startswith("complex") else None


def _conjugate_shape(case: Case) -> Ints | None:
    return case.y_shape if case.dtype.startswith("complex") else None


def _weight_conjugated(case: Case, tensors: Tensors) -> Array:
    return answer(case, replace(tensors, w=tensors.w.conj()))


def _direct_shape(case: Case) -> Ints | None:
    sizes = [conv_output_size(a.i, a.k, a.s, a.p_begin, a.p_end, a.d) for a in case.axes]
    return (case.n, case.c_out, *sizes) if min(sizes) >= 1 and min(case.i) >= 1 else None


def _direct(case: Case, tensors: Tensors) -> Array:
    """Return the direct convolution: every s-th position of the unit-stride flipped one."""
    flipped = np.flip(tensors.w, tuple(range(2, tensors.w.ndim)))
    begins = [a.d * (a.k - 1) - a.p_begin for a in case.axes]
    shape = _direct_shape(case)
    assert shape is not None
    spans = [a.s * (o - 1) + 1 for a, o in zip(case.axes, shape[2:], strict=True)]
    ends = [
        full_size(a.i, a.k, 1, a.d) - begin - span
        for a, begin, span in zip(case.axes, begins, spans, strict=True)
    ]
    dense = conv_transpose(
        tensors.x, flipped, tensors.b, padding=tuple(zip(begins, ends, strict=True)),
        dilation=case.dilation, groups=case.groups,
    )  # fmt: skip
    every: tuple[slice, ...] = tuple(slice(None, None, s) for s in (1, 1, *case.s))
    return dense[every]


OTHERS: Final = (
    OfInput(name="axes of the input exchanged", change=_input_axes_exchanged),
    OfInput(name="input conjugated", change=_input_conjugated),
    OfTensors(name="weight conjugated", shape=_conjugate_shape, compute=_weight_conjugated),
    OfTensors(name="direct convolution", shape=_direct_shape, compute=_direct),
)
