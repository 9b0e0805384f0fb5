"""Gradient: the transposed Jacobian of a direct convolution, measured on unit impulses.

The transposed convolution is the vector-Jacobian product of the direct convolution with respect to
its input. The Jacobian is not derived: a direct convolution is run on one unit impulse for every
position, with every pair of channels as an output channel of its own.
"""

from dataclasses import replace
from math import prod

import numpy as np

from tconv.oracle.formulations import direct
from tconv.oracle.formulations.arguments import Arguments, Array


def conv_transpose(a: Arguments) -> Array:
    """Return the transposed convolution of valid arguments, (n, c_out, *o)."""
    n, c_in, *i = a.x.shape
    c_in_group, c_out_group, o = c_in // a.groups, a.w.shape[1], _input_sizes(a)
    jacobian = _jacobian(a, o).reshape(prod(o), a.groups, c_in_group, c_out_group, prod(i))
    x = a.x.reshape(n, a.groups, c_in_group, prod(i))
    y: Array = np.einsum("jgcmh,ngch->ngmj", jacobian, x).reshape(n, a.groups * c_out_group, *o)
    if a.b is not None:
        y = (y.T + a.b[:, None]).T
    return y


def _jacobian(a: Arguments, o: tuple[int, ...]) -> Array:
    """Return d out[ci, h] / d in[co, j] for the channel pairs of w: (j, ci * co, *h)."""
    impulses = np.eye(prod(o), dtype=a.w.dtype).reshape(prod(o), 1, *o)
    pairs = a.w.reshape(a.w.shape[0] * a.w.shape[1], 1, *a.w.shape[2:])
    return direct.convolve(replace(a, x=impulses, w=pairs, b=None, groups=1), a.x.shape[2:])


def _input_sizes(a: Arguments) -> tuple[int, ...]:
    """Return the smallest input sizes that have i outputs, plus the output padding.

    Source: Dumoulin & Visin, arXiv:1603.07285, relationship 6, solved for the input size.
    """
    return tuple(
        stride * (outputs - 1) + (k + (k - 1) * (dilation - 1)) - sum(padding) + extra
        for outputs, k, stride, dilation, extra, *padding in zip(
            a.x.shape[2:],
            a.w.shape[2:],
            a.stride,
            a.dilation,
            a.output_padding,
            a.begin,
            a.end,
            strict=True,
        )
    )
