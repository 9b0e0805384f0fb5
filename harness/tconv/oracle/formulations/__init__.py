"""Computes transposed convolution by six formulations that share no arithmetic.

The result is the window [p_begin, p_begin + o) of the full result, on every axis:

    full[n, co, s h + d u] += sum over ci of x[n, ci, h] w[ci, co, u]
    o = s(i-1) + K - p_begin - p_end + output_padding,  K = d(k-1) + 1

Source: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285,
relationships 13 and 14, with dilation (15) and each end of the padding on its own. No framework is
imported, and nothing of :mod:`tconv.model`, whose geometry the formulations are to check.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypedDict, Unpack

import numpy as np

from tconv.errors import CaseError
from tconv.oracle.formulations import (
    direct,
    gather,
    gradient,
    matrix,
    scatter,
    subpixel,
    zero_insertion,
)
from tconv.oracle.formulations.arguments import Arguments, Array
from tconv.oracle.formulations.axes import Padding, PerAxis

__all__ = ["FORMULATIONS", "Arguments", "Parameters", "conv", "conv_transpose", "scatter", "vjp"]


class Parameters(TypedDict, total=False):
    """Keyword parameters of every formulation; see `conv_transpose`."""

    stride: PerAxis
    padding: Padding
    output_padding: PerAxis
    dilation: PerAxis
    groups: int


def conv_transpose(
    x: Array,
    w: Array,
    b: Array | None = None,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    output_padding: PerAxis = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """Return the transposed convolution of x with w, plus b.

    It is computed in result_type(x, w): float64, longdouble, complex, int64 and object all work;
    callers upcast narrower floats themselves. Work and memory grow with the number of products of
    a pixel and a tap.

        y[n, co, j] = b[co] + sum over ci, h, u of x[n, ci, h] w[ci, co, u]
                      where s h + d u = j + p_begin

    Args:
        x: Input, (n, c_in, *i), any number of spatial axes from 1; n and i may be 0.
        w: Weights, (c_in, c_out/groups, *k).
        b: Bias, (c_out,), or None; cast to result_type(x, w).
        stride: s, at least 1, positions per pixel; a scalar or one entry per axis, as all that
            follow but groups.
        padding: p, the crop, elements; each entry an int or (start, end). Any sign: a negative one
            adds zeros (plus bias).
        output_padding: At least 0, elements; extends the end before it is cropped, by zeros (plus
            bias) where it reaches past the full result.
        dilation: d, at least 1, positions from one tap to the next.
        groups: At least 1; divides c_in.

    Returns:
        (n, c_out, *o) of dtype result_type(x, w), o = s(i-1) + K - p_begin - p_end +
        output_padding (relationship 14). An axis with i = 0 has max(0, o) positions.

    Raises:
        CaseError: Shapes, channels or a parameter have no meaning, or o is 0 or less where i > 0.
    """
    return _formulate(
        scatter.conv_transpose,
        x,
        w,
        b,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        groups=groups,
    )


def _formulate(
    formulation: Callable[[Arguments], Array],
    x: Array,
    w: Array,
    b: Array | None = None,
    **parameters: Unpack[Parameters],
) -> Array:
    return formulation(Arguments.from_call(x, w, b, **parameters).for_transposed())


FORMULATIONS: Mapping[str, Callable[..., Array]] = MappingProxyType(
    {
        "scatter": conv_transpose,
        "gather": partial(_formulate, gather.conv_transpose),
        "matrix": partial(_formulate, matrix.conv_transpose),
        "zero_insertion": partial(_formulate, zero_insertion.conv_transpose),
        "subpixel": partial(_formulate, subpixel.conv_transpose),
        "gradient": partial(_formulate, gradient.conv_transpose),
    }
)
"""Every formulation by name, with the signature of `conv_transpose`; all can be pickled.

On finite values they agree. For infinities and NaN only scatter and matrix are right: the others
multiply zeros that stand for a missing pixel or tap.
"""


def conv(
    y: Array,
    w: Array,
    *,
    stride: PerAxis = 1,
    padding: Padding = 0,
    dilation: PerAxis = 1,
    groups: int = 1,
) -> Array:
    """Return the direct convolution (cross-correlation) of y, the adjoint of `conv_transpose`.

        out[n, ci, h] = sum over co, u of y[n, co, s h + d u - p_begin] w[ci, co, u]

    Args:
        y: Input, (n, c_out, *o); zeros are read outside it.
        w: The same weights as those of the transposed convolution, (c_in, c_out/groups, *k).
        stride: As in `conv_transpose`, like all that follow.
        padding: Zeros added; a negative one crops.
        dilation: At least 1.
        groups: At least 1; divides c_in.

    Returns:
        (n, c_in, *i), i = floor((o + p_begin + p_end - K) / s) + 1 (relationship 15), but not
        below 0; dtype result_type(y, w).

    Raises:
        CaseError: Shapes, channels or a parameter have no meaning.
    """
    a = Arguments.from_call(
        y, w, stride=stride, padding=padding, dilation=dilation, groups=groups
    ).for_direct()
    return direct.convolve(a, direct.output_sizes(a))


def vjp(
    x: Array,
    w: Array,
    b: Array | None,
    dy: Array,
    **parameters: Unpack[Parameters],
) -> tuple[Array, Array, Array | None]:
    """Return the vector-Jacobian products of `conv_transpose` at dy.

    Args:
        x: (n, c_in, *i).
        w: (c_in, c_out/groups, *k).
        b: (c_out,), or None.
        dy: (n, c_out, *o), the cotangent of the result; not conjugated where complex.
        **parameters: As in `conv_transpose`.

    Returns:
        (dx, dw, db) of the shapes of x, w and b; db is None if b is.

            dx[n, ci, h] = sum over co, u of w[ci, co, u] dy[n, co, s h + d u - p_begin]
            dw[ci, co, u] = sum over n, h of x[n, ci, h] dy[n, co, s h + d u - p_begin]
            db[co] = sum over n, j of dy[n, co, j]

        Source: the transposed convolution is the gradient of the direct one (arXiv:1603.07285,
        section 4.1), so dx is the direct convolution of dy.

    Raises:
        CaseError: As in `conv_transpose`, or dy has another shape than the result.
    """
    a = Arguments.from_call(x, w, b, **parameters).for_transposed()
    if dy.shape != (shape := (x.shape[0], w.shape[1] * a.groups, *a.output_sizes())):
        raise CaseError(f"dy.shape={dy.shape}, but should be {shape}; give the result's shape")
    db = None if b is None else np.asarray(dy.sum(axis=(0, *range(2, dy.ndim))))
    return direct.input_gradient(a, dy), direct.weight_gradient(a, dy), db
