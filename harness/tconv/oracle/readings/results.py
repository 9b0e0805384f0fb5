"""Readings that compute the right products and then go wrong: bias, tail, order of the axes."""

from functools import lru_cache
from math import prod
from typing import Final

import numpy as np

from tconv.model.case import Case
from tconv.oracle.readings.kinds import Array, Ints, OfBias, OfResult, Sum

_SMALL: Final = 2**12
"""Largest output, in positions, whose masks are cached."""


def _bias_missing(case: Case, right: Sum) -> Array | None:
    return right.products if case.bias else None


def _bias_twice(case: Case, right: Sum) -> Array | None:
    return right.products + 2 * right.bias if case.bias else None


def _bias_reversed(case: Case, right: Sum) -> Array | None:
    return right.products + right.bias[::-1] if case.bias and case.c_out > 1 else None


@lru_cache(maxsize=2**8)
def _past(sizes: Ints, starts: Ints) -> Array | None:
    """Mark the positions (*o) at or past a start on any axis; None where there is none."""
    if all(start >= size for start, size in zip(starts, sizes, strict=True)):
        return None
    marked = np.ones(sizes, bool)
    marked[tuple(slice(max(start, 0)) for start in starts)] = False
    marked.setflags(write=False)
    return marked


def _marked(sizes: Ints, starts: Ints) -> Array | None:
    return (_past if prod(sizes) <= _SMALL else _past.__wrapped__)(sizes, starts)


def _tail(case: Case) -> Array | None:
    """Mark the positions (*o) that the output padding adds; None where it adds none."""
    sizes = case.y_shape[2:]
    return _marked(sizes, tuple(o - a.extra for o, a in zip(sizes, case.axes, strict=True)))


def _is_tail_computed(case: Case) -> bool:
    """Return whether products fall into the tail: output padding uncovers what the crop hid."""
    return any(axis.extra > 0 and axis.p_end > 0 for axis in case.axes)


def _tail_of_zeros(case: Case, right: Sum) -> Array | None:
    tail = _tail(case) if case.bias or _is_tail_computed(case) else None
    return None if tail is None else np.where(tail, 0, right.total)


def _tail_of_bias(case: Case, right: Sum) -> Array | None:
    tail = _tail(case) if case.bias and _is_tail_computed(case) else None
    return None if tail is None else np.where(tail, right.bias, right.total)


def _past_the_full(case: Case, right: Sum) -> Array | None:
    if not case.bias:
        return None
    ends = tuple(a.full - a.p_begin for a in case.axes)
    past = _marked(case.y_shape[2:], ends)
    return None if past is None else np.where(past, 0, right.total)


def _gaps_without_bias(case: Case, right: Sum) -> Array | None:
    if not case.bias:
        return None
    met = np.ones(())
    for axis, o in zip(case.axes, case.y_shape[2:], strict=True):
        hit = np.zeros(o, bool)
        for tap in range(axis.k):
            at = axis.s * np.arange(axis.i) + axis.d * tap - axis.p_begin
            hit[at[(at >= 0) & (at < o)]] = True
        met = np.multiply.outer(met, hit)
    return None if met.all() else np.where(met > 0, right.total, 0)


def _axes_exchanged(case: Case, right: Sum) -> Array | None:
    y = right.total
    return y.transpose(0, 1, *range(y.ndim - 1, 1, -1)) if case.ndim > 1 else None


def _batch_reversed(case: Case, right: Sum) -> Array | None:
    return right.total[::-1] if case.n > 1 else None


def _first_of_the_batch(case: Case, right: Sum) -> Array | None:
    return right.total[:1].repeat(case.n, axis=0) if case.n > 1 else None


def _blocks(case: Case, y: Array) -> Array:
    """Return the result with groups apart, (n, groups, c_out/groups, *o)."""
    return y.reshape(y.shape[0], case.groups, -1, *y.shape[2:])


def _outputs_interleaved(case: Case, right: Sum) -> Array | None:
    if case.groups in {1, case.c_out}:
        return None
    y = right.products
    return np.asarray(_blocks(case, y).swapaxes(1, 2).reshape(y.shape) + right.bias)


def _every_input(case: Case, right: Sum) -> Array | None:
    if case.groups == 1:
        return None
    every = _blocks(case, right.products).sum(axis=1)
    return np.tile(every, (1, case.groups, *(1,) * case.ndim)) + right.bias


def _groups_ignored(case: Case, right: Sum) -> Array | None:
    if case.groups == 1:
        return None
    every, b = _blocks(case, right.products).sum(axis=1), right.bias
    return np.asarray(every + (b[: every.shape[1]] if case.bias else b))


def _real_part(case: Case, right: Sum) -> Array | None:
    y = right.total
    return y.real.astype(y.dtype) if case.dtype.startswith("complex") else None


def _products_missing(case: Case, right: Sum) -> Array:
    del case
    return np.zeros_like(right.products) + right.bias


def _zeros(case: Case, right: Sum) -> Array | None:
    return np.zeros_like(right.products) if case.bias else None


def _channels_last(case: Case, right: Sum) -> Array | None:
    y = right.total
    return y.transpose(0, *range(2, y.ndim), 1) if case.c_out > 1 else None


RESULTS: Final = (
    OfBias(name="bias missing", change=_bias_missing),
    OfBias(name="bias twice", change=_bias_twice),
    OfResult(name="bias in reverse order", change=_bias_reversed),
    OfResult(name="output padding filled with zeros", change=_tail_of_zeros),
    OfResult(name="output padding filled with the bias", change=_tail_of_bias),
    OfBias(name="no bias past the full result", change=_past_the_full),
    OfBias(name="no bias where no product falls", change=_gaps_without_bias),
    OfResult(name="axes of the output exchanged", change=_axes_exchanged),
    OfResult(name="batch in reverse order", change=_batch_reversed),
    OfResult(name="the first of the batch for all", change=_first_of_the_batch),
    OfResult(name="output channels of the groups interleaved", change=_outputs_interleaved),
    OfResult(name="every input channel for every group", change=_every_input),
    OfResult(name="groups ignored", change=_groups_ignored),
    OfResult(name="imaginary part dropped", change=_real_part),
    OfResult(name="products missing", change=_products_missing),
    OfResult(name="zeros", change=_zeros),
    OfResult(name="channels last", change=_channels_last),
)
