"""Readings with the right products: another bias, another fill of the tail, another order."""

from functools import lru_cache
from typing import Final

import numpy as np

from harness.case import Case
from harness.geometry import full_size
from harness.readings.kinds import Array, Ints, OfBias, OfResult


def _bias_missing(case: Case, y: Array, b: Array) -> Array | None:
    del b
    return y if case.bias else None


def _bias_twice(case: Case, y: Array, b: Array) -> Array | None:
    return y + 2 * b if case.bias else None


def _bias_reversed(case: Case, y: Array, b: Array) -> Array | None:
    return y + b[::-1] if case.bias and case.c_out > 1 else None


def _tail(case: Case) -> Array | None:
    """Mark the positions (*o) that the output padding adds; None where it adds none."""
    if not any(_op(case)):
        return None
    sizes = case.y_shape[2:]
    return _beyond(sizes, tuple(o - op for o, op in zip(sizes, _op(case), strict=True)))


def _op(case: Case) -> tuple[int, ...]:
    return case.output_padding or (0,) * case.ndim


@lru_cache(maxsize=2**8)
def _beyond(sizes: Ints, begins: Ints) -> Array | None:
    """Mark the positions (*o) that lie at or past a begin on any axis; None where none does."""
    if all(begin >= size for begin, size in zip(begins, sizes, strict=True)):
        return None
    marked = np.ones(sizes, bool)
    marked[tuple(slice(max(begin, 0)) for begin in begins)] = False
    marked.setflags(write=False)
    return marked


def _tail_of_zeros(case: Case, y: Array, b: Array) -> Array | None:
    if not case.bias and not _is_tail_computed(case):
        return None
    tail = _tail(case)
    return None if tail is None else np.where(tail, 0, y + b)


def _tail_of_bias(case: Case, y: Array, b: Array) -> Array | None:
    if not case.bias or not _is_tail_computed(case):
        return None
    tail = _tail(case)
    return None if tail is None else np.where(tail, b, y + b)


def _is_tail_computed(case: Case) -> bool:
    """Whether products fall into the tail, as the output padding uncovers what was cropped."""
    return any(axis.op > 0 and axis.p_end > 0 for axis in case.axes)


def _past_the_full(case: Case, y: Array, b: Array) -> Array | None:
    if not case.bias:
        return None
    ends = tuple(full_size(a.i, a.k, a.s, a.d) - a.p_begin for a in case.axes)
    past = _beyond(case.y_shape[2:], ends)
    return None if past is None else np.where(past, 0, y + b)


def _gaps_without_bias(case: Case, y: Array, b: Array) -> Array | None:
    if not case.bias:
        return None
    met = np.ones(())
    for axis, o in zip(case.axes, case.y_shape[2:], strict=True):
        hit = np.zeros(o, bool)
        for tap in range(axis.k):
            at = axis.s * np.arange(axis.i) + axis.d * tap - axis.p_begin
            hit[at[(at >= 0) & (at < o)]] = True
        met = np.multiply.outer(met, hit)
    return None if met.all() else np.where(met > 0, y + b, 0)


def _axes_exchanged(case: Case, y: Array, b: Array) -> Array | None:
    return (y + b).transpose(0, 1, *range(y.ndim - 1, 1, -1)) if case.ndim > 1 else None


def _batch_reversed(case: Case, y: Array, b: Array) -> Array | None:
    return (y + b)[::-1] if case.n > 1 else None


def _first_of_the_batch(case: Case, y: Array, b: Array) -> Array | None:
    return (y[:1] + b).repeat(case.n, axis=0) if case.n > 1 else None


def _blocks(case: Case, y: Array) -> Array:
    """Return the result with groups apart, (n, groups, c_out/groups, *o)."""
    return y.reshape(y.shape[0], case.groups, -1, *y.shape[2:])


def _outputs_interleaved(case: Case, y: Array, b: Array) -> Array | None:
    if case.groups in {1, case.c_out}:
        return None
    return np.asarray(_blocks(case, y).swapaxes(1, 2).reshape(y.shape) + b)


def _every_input(case: Case, y: Array, b: Array) -> Array | None:
    if case.groups == 1:
        return None
    total = _blocks(case, y).sum(axis=1)
    return np.tile(total, (1, case.groups, *(1,) * case.ndim)) + b


def _groups_ignored(case: Case, y: Array, b: Array) -> Array | None:
    if case.groups == 1:
        return None
    total = _blocks(case, y).sum(axis=1)
    return np.asarray(total + (b[: total.shape[1]] if case.bias else b))


def _real_part(case: Case, y: Array, b: Array) -> Array | None:
    return (y + b).real.astype(y.dtype) if case.dtype.startswith("complex") else None


def _channels_last(case: Case, y: Array, b: Array) -> Array | None:
    return (y + b).transpose(0, *range(2, y.ndim), 1) if case.c_out > 1 else None


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
    OfResult(name="products missing", change=lambda c, y, b: np.zeros(y.shape, y.dtype) + b),  # noqa: ARG005 # one signature for all
    OfResult(name="zeros", change=lambda c, y, b: np.zeros(y.shape, y.dtype) if c.bias else None),  # noqa: ARG005 # one signature for all
    OfResult(name="channels last", change=_channels_last),
)
