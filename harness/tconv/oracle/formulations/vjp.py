"""The vector-Jacobian products of the transposed convolution, from the direct convolution.

    dx[n, ci, h] = sum over co, u of w[ci, co, u] dy[n, co, s h + d u - p_begin]
    dw[ci, co, u] = sum over n, h of x[n, ci, h] dy[n, co, s h + d u - p_begin]
    db[co] = sum over n, j of dy[n, co, j]

Complex values are not conjugated: the products are those of the bilinear map.
"""

from dataclasses import replace
from math import prod

import numpy as np

from tconv.oracle.formulations import direct
from tconv.oracle.formulations.arguments import Arguments, Array


def input_gradient(a: Arguments, dy: Array) -> Array:
    """Return dx, (n, c_in, *i): the first i positions of the direct convolution of dy."""
    return direct.convolve(replace(a, x=dy), a.x.shape[2:])


def weight_gradient(a: Arguments, dy: Array) -> Array:
    """Return dw, (c_in, c_out/groups, *k)."""
    n, c_in, *i = a.x.shape
    read = direct.columns(replace(a, x=dy), a.x.shape[2:])
    x = a.x.reshape(n, a.groups, c_in // a.groups, prod(i))
    dw: Array = np.matmul(x, read.swapaxes(2, 3)).sum(axis=0).reshape(a.w.shape)
    return dw


def bias_gradient(dy: Array) -> Array:
    """Return db, (c_out,)."""
    return np.asarray(dy.sum(axis=(0, *range(2, dy.ndim))))
