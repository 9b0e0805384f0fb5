"""Matrix: the transpose of the sparse matrix C of the direct convolution.

The direct convolution maps (c_out, *o) to (c_in, *i); C has the entry w[ci, co, u] at row (ci, h),
column (co, j) wherever tap u of output h reads input j = s h + d u - p_begin. The transposed
convolution is y = C^T x, hence its name (Dumoulin & Visin, arXiv:1603.07285, section 4.1).
"""

from math import prod

import numpy as np

from tconv.oracle.formulations.arguments import Arguments, Array

SPARSE_DTYPES = "?bBhHiIlLqQfdgFDG"  # those that scipy.sparse multiplies


def conv_transpose(a: Arguments) -> Array:
    """Return the transposed convolution of valid arguments, (n, c_out, *o)."""
    n, ndim, c_out = a.x.shape[0], a.w.ndim - 2, a.groups * a.w.shape[1]
    o = tuple(_direct_size(a, axis) for axis in range(ndim))
    values, rows, columns = _channels(a, *_entries(a, o), prod(o))
    x = a.x.reshape(n, prod(a.x.shape[1:]))
    y: Array = _transposed_product(values, rows, columns, x, c_out * prod(o)).reshape(n, c_out, *o)
    if a.b is not None:
        y = y + np.expand_dims(a.b, tuple(range(1, 1 + ndim)))
    return y


def _direct_size(a: Arguments, axis: int) -> int:
    """Return the input size of the direct convolution that has i outputs and op unread inputs."""
    padded = (
        a.stride[axis] * (a.x.shape[2 + axis] - 1)
        + a.dilation[axis] * (a.w.shape[2 + axis] - 1)
        + 1
    )
    return padded + a.output_padding[axis] - (a.begin[axis] + a.end[axis])


def _entries(a: Arguments, o: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Return tap, h and j of the entries of one channel pair, each flat over the axes, int."""
    tap = row = column = np.zeros(1, np.int64)
    for axis, size in enumerate(o):
        i, k = a.x.shape[2 + axis], a.w.shape[2 + axis]
        h, u = (grid.ravel() for grid in np.indices((i, k)))
        j = a.stride[axis] * h + a.dilation[axis] * u - a.begin[axis]
        inside = (j >= 0) & (j < size)
        tap = np.add.outer(tap * k, u[inside]).ravel()
        row = np.add.outer(row * i, h[inside]).ravel()
        column = np.add.outer(column * size, j[inside]).ravel()
    return tap, row, column


def _channels(
    a: Arguments, tap: Array, row: Array, column: Array, positions: int
) -> tuple[Array, Array, Array]:
    """Return value, row and column of all entries, flat: a group is a block on the diagonal."""
    c_in, c_out_group = a.w.shape[:2]
    pixels = prod(a.x.shape[2:])
    ci, co = np.indices((c_in, c_out_group))
    co = co + ci // (c_in // a.groups) * c_out_group
    values = a.w.reshape(c_in, c_out_group, -1)[:, :, tap]
    return (
        values.ravel(),
        np.add.outer(ci * pixels, row).ravel(),
        np.add.outer(co * positions, column).ravel(),
    )


def _transposed_product(values: Array, rows: Array, columns: Array, x: Array, size: int) -> Array:
    """Return C^T x for each row of x, (n, size)."""
    if x.dtype.char in SPARSE_DTYPES:
        from scipy.sparse import coo_array  # noqa: PLC0415 - slower to load than all the rest

        c = coo_array((values, (rows, columns)), shape=(x.shape[1], size))
        return np.asarray((c.T @ x.T).T)
    y = np.zeros((size, x.shape[0]), x.dtype)
    np.add.at(y, columns, values[:, None] * x.T[rows])
    return y.T
