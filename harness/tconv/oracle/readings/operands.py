"""Readings that compute with another weight, input, stride or dilation, or another operation."""

from dataclasses import replace
from typing import Final

import numpy as np

from tconv.model.case import Case
from tconv.model.geometry import conv_output_size, full_size
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer
from tconv.oracle.formulations import conv_transpose
from tconv.oracle.readings.kinds import (
    Array,
    Ints,
    OfArguments,
    OfInput,
    OfPadding,
    OfTensors,
    OfWeight,
    Steps,
)


def _flipped(case: Case, w: Array) -> Array:
    return np.flip(w, tuple(range(2, w.ndim))) if max(case.k) > 1 else w


def _flipped_on(case: Case, w: Array, axis: int) -> Array | None:
    if axis >= case.ndim or sum(k > 1 for k in case.k) < 2:
        return None  # with one axis to flip it is "kernel flipped"
    return np.flip(w, 2 + axis) if case.k[axis] > 1 else w


def _kernel_axes_exchanged(case: Case, w: Array) -> Array | None:
    if case.ndim == 1 or case.k != case.k[::-1]:
        return None
    return w.transpose(0, 1, *range(w.ndim - 1, 1, -1)) if max(case.k) > 1 else w


def _grouped(case: Case, w: Array) -> Array:
    return w.reshape(case.groups, case.c_in // case.groups, *w.shape[1:])


def _channels_exchanged(case: Case, w: Array) -> Array | None:
    if case.c_in != case.c_out or w.shape[1] == 1:
        return None
    return _grouped(case, w).swapaxes(1, 2).reshape(w.shape)


def _read_output_first(case: Case, w: Array) -> Array | None:
    if case.c_in == 1 or w.shape[1] == 1:
        return None
    return w.reshape(w.shape[1], w.shape[0], *w.shape[2:]).swapaxes(0, 1)


def _inputs_reversed(case: Case, w: Array) -> Array | None:
    if case.c_in == case.groups:
        return None
    return _grouped(case, w)[:, ::-1].reshape(w.shape)


def _outputs_reversed(case: Case, w: Array) -> Array | None:
    del case
    return None if w.shape[1] == 1 else w[:, ::-1]


def _groups_reversed(case: Case, w: Array) -> Array | None:
    return None if case.groups == 1 else _grouped(case, w)[::-1].reshape(w.shape)


def _first_group(case: Case, w: Array) -> Array | None:
    if case.groups == 1:
        return None
    return np.tile(w[: case.c_in // case.groups], (case.groups, *(1,) * (w.ndim - 1)))


def _inputs_interleaved(case: Case, w: Array) -> Array | None:
    if case.groups in {1, case.c_in}:
        return None
    per_group = case.c_in // case.groups
    return w.reshape(per_group, case.groups, *w.shape[1:]).swapaxes(0, 1).reshape(w.shape)


WEIGHTS: Final = (
    OfWeight(name="kernel flipped", change=_flipped),
    OfWeight(name="kernel flipped on axis 0", change=lambda c, w: _flipped_on(c, w, 0)),
    OfWeight(name="kernel flipped on axis 1", change=lambda c, w: _flipped_on(c, w, 1)),
    OfWeight(name="kernel flipped on axis 2", change=lambda c, w: _flipped_on(c, w, 2)),
    OfWeight(name="kernel axes exchanged", change=_kernel_axes_exchanged),
    OfWeight(name="input and output channels exchanged", change=_channels_exchanged),
    OfWeight(name="weight read as (c_out/groups, c_in, *k)", change=_read_output_first),
    OfWeight(name="input channels in reverse order", change=_inputs_reversed),
    OfWeight(name="output channels in reverse order", change=_outputs_reversed),
    OfWeight(name="groups in reverse order", change=_groups_reversed),
    OfWeight(name="the first group's weight for every group", change=_first_group),
    OfWeight(name="input channels of the groups interleaved", change=_inputs_interleaved),
)


def _dilation_ignored(case: Case) -> Steps | None:
    return None if max(case.dilation) == 1 else (case.s, (1,) * case.ndim)


def _stride_ignored(case: Case) -> Steps | None:
    return None if max(case.s) == 1 else ((1,) * case.ndim, case.dilation)


def _stride_and_dilation_exchanged(case: Case) -> Steps | None:
    return None if case.s == case.dilation else (case.dilation, case.s)


def _stride_of_the_axes(case: Case) -> Steps | None:
    backwards = case.s[::-1]
    return None if case.s == backwards else (backwards, case.dilation)


def _dilation_of_the_axes(case: Case) -> Steps | None:
    backwards = case.dilation[::-1]
    return None if case.dilation == backwards else (case.s, backwards)


STEPS: Final = (
    OfArguments(name="dilation ignored", steps=_dilation_ignored),
    OfArguments(name="dilation ignored, size kept", steps=_dilation_ignored, keeps_size=True),
    OfArguments(name="dilation of the axes exchanged", steps=_dilation_of_the_axes),
    OfArguments(name="stride ignored", steps=_stride_ignored),
    OfArguments(name="stride of the axes exchanged", steps=_stride_of_the_axes),
    OfArguments(name="stride and dilation exchanged", steps=_stride_and_dilation_exchanged),
)


def _input_axes_exchanged(case: Case, x: Array) -> Array | None:
    if case.ndim == 1 or case.i != case.i[::-1]:
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


PADDINGS: Final = (
    OfPadding(name="input padded with zeros", filling="zeros"),
    OfPadding(name="input padded with its outermost elements", filling="edge"),
    OfPadding(name="input padded circularly", filling="wrap"),
    OfPadding(name="input reflected without its outermost elements", filling="reflect"),
    OfPadding(name="input reflected with its outermost elements", filling="symmetric"),
    OfPadding(name="result of the padded input starts one too early", shift=-1),
    OfPadding(name="result of the padded input starts one too late", shift=1),
)
