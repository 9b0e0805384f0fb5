"""Finds the readings that give the right answer on the tensors of a case, so cannot be ruled out.

Evaluating each of more than fifty readings would take longer than everything else a case needs.
So those of the weight and the input are computed in one call, windows are compared where they
overlap with the right one, and only readings that do not differ there are evaluated in full.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from operator import eq
from typing import Final

import numpy as np

from tconv.model.case import Case
from tconv.model.geometry import Axis, full_size
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer, arguments, lowered
from tconv.oracle.formulations import Arguments, scatter
from tconv.oracle.readings import READINGS, Reading, evaluate
from tconv.oracle.readings.evaluate import with_bias
from tconv.oracle.readings.kinds import (
    Array,
    Ints,
    OfArguments,
    OfInput,
    OfPadding,
    OfResult,
    OfTensors,
    OfWeight,
    OfWindow,
)

_WEIGHTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfWeight))
_INPUTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfInput))
_WINDOWS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfWindow))
_ARGUMENTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfArguments))
_RESULTS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfResult))
_PADDINGS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfPadding))
_OTHERS: Final = tuple(reading for reading in READINGS if isinstance(reading, OfTensors))

_SMALL: Final = 2**10
"""Largest output, in elements, for which readings of weight and input are computed as a whole, and
largest weight whose gathers are cached."""
_CHANNELS: Final = 4
"""How many output channels of each group they are computed for."""
_CORNER: Final = 8
"""How many positions along each axis they are computed for if the output is larger."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discrimination:
    """The right answer, and the readings that give the same.

    Attributes:
        y: the right answer, (n, c_out, *o).
        equivalent: readings that ask for the very same computation in this case.
        coinciding: readings that compute something else and get the same numbers.
    """

    y: Array
    equivalent: tuple[Reading, ...]
    coinciding: tuple[Reading, ...]


def discriminate(case: Case, tensors: Tensors) -> Discrimination:
    """Return the right answer of a case with nonempty input, and what coincides with it.

    Args:
        case: legal or extended, with n >= 1, every i >= 1 and no requested size.
        tensors: in the dtype of the reference: integers, and a bias without zeros.
    """
    outputs: list[tuple[Reading, Array | None]] = []
    if case.input_padding is not None:
        outputs = [(reading, evaluate(reading, case, tensors)) for reading in _PADDINGS]
    case, tensors = lowered(case, tensors)
    gathers, (own_windows, windows) = _gathers(case), _windows(case)
    products, suspects = _by_weights_and_inputs(case, tensors, gathers)
    right = with_bias(tensors.b, products)
    suspects += [*_by_windows(windows, right.total), *_by_arguments(case)]
    suspects += [reading for reading in _OTHERS if reading.shape(case) == case.y_shape]
    coinciding = [r for r in suspects if coincide(r, case, tensors, right.total)]
    # Not OfBias: they always differ where the bias has no zeros.
    outputs += [(reading, reading.change(case, right)) for reading in _RESULTS]
    coinciding += [r for r, y in outputs if y is not None and _equal(y, right.total)]
    return Discrimination(
        y=right.total,
        equivalent=(*gathers.unchanged, *own_windows),
        coinciding=tuple(coinciding),
    )


def coincide(reading: Reading, case: Case, tensors: Tensors, right: Array) -> bool:
    """Return whether a reading gives `right`, in shape and in every number."""
    y = evaluate(reading, case, tensors)
    return y is not None and _equal(y, right)


def _equal(y: Array, right: Array) -> bool:
    return y.shape == right.shape and not np.count_nonzero(y != right)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Gathers:
    """The readings of the weight for weights of one shape, as gathers of its elements.

    Attributes:
        unchanged: readings that leave the weight as it is.
        changed: readings that do not.
        sources: flat index of each element that the right weight and every changed one hold,
            (c_in, 1 + changed, channels, *k).
    """

    unchanged: tuple[OfWeight, ...]
    changed: tuple[OfWeight, ...]
    sources: Array


def _gathers(case: Case) -> _Gathers:
    make = _gathers_of if prod(case.w_shape) <= _SMALL else _gathers_of.__wrapped__
    return make(case.k, case.c_in, case.c_out, case.groups)


@lru_cache(maxsize=2**8)
def _gathers_of(k: Ints, c_in: int, c_out: int, groups: int) -> _Gathers:
    case = Case.from_parameters(ndim=len(k), i=1, k=k, c_in=c_in, c_out=c_out, groups=groups)
    own = np.arange(prod(case.w_shape)).reshape(case.w_shape)
    moved = [(reading, reading.change(case, own)) for reading in _WEIGHTS]
    changed = [(reading, w) for reading, w in moved if w is not None and w is not own]
    return _Gathers(
        unchanged=tuple(reading for reading, w in moved if w is own),
        changed=tuple(reading for reading, _ in changed),
        sources=np.stack([w[:, :_CHANNELS] for w in (own, *(w for _, w in changed))], axis=1),
    )


def _by_weights_and_inputs(
    case: Case, tensors: Tensors, gathers: _Gathers
) -> tuple[Array, list[Reading]]:
    """Return the right products, and the readings of another weight or input that may give them.

    One call computes all of them: another weight as more output channels, another input as more
    images. Of a large case only a corner of the first image and channels is computed: readings that
    differ there differ.
    """
    is_small = prod(case.y_shape) <= _SMALL
    x = tensors.x if is_small else tensors.x[:1]
    changed = [(reading, reading.change(case, x)) for reading in _INPUTS]
    inputs = [(reading, other) for reading, other in changed if other is not None]
    images = np.concatenate([x, *(other for _, other in inputs)]) if inputs else x
    w = tensors.w.take(gathers.sources if is_small else gathers.sources[:, :, :1])
    weights, channels = w.shape[1:3]
    stack = arguments(case, Tensors(x=images, w=w.reshape(len(w), -1, *case.k), b=None))
    y = scatter.conv_transpose(stack if is_small else _corner(case, stack))
    y = y.reshape(1 + len(inputs), len(x), case.groups, weights, -1)
    right = y[0, :, :, :1]
    differ = (y[0] != right).any(axis=(0, 1, 3)).tolist()
    suspects: list[Reading] = [
        reading for reading, differs in zip(gathers.changed, differ[1:], strict=True) if not differs
    ]
    suspects += [
        reading for at, (reading, _) in enumerate(inputs, 1) if _equal(y[at, :, :, :1], right)
    ]
    if is_small and channels == case.w_shape[1]:
        return right.reshape(case.y_shape), suspects
    return answer(case, replace(tensors, b=None)), suspects


def _corner(case: Case, a: Arguments) -> Arguments:
    """Return the arguments for the first positions of every axis, with the pixels they need.

    The first m pixels alone contribute to the positions of the full result below s m.
    """
    ends: list[int] = []
    pixels: list[slice] = [slice(None), slice(None)]
    for axis, o in zip(case.axes, case.y_shape[2:], strict=True):
        m = min(axis.i, -(-(max(axis.p_begin, 0) + _CORNER) // axis.s))
        stop = axis.p_begin + o
        pixels.append(slice(m))
        ends.append(
            full_size(m, axis.k, axis.s, axis.d) - (min(stop, axis.s * m) if m < axis.i else stop)
        )
    return replace(a, x=a.x[tuple(pixels)], end=tuple(ends), output_padding=(0,) * case.ndim)


@dataclass(frozen=True, slots=True, kw_only=True)
class _OtherWindow:
    """A window of the right size that is not the right one.

    Attributes:
        readings: those that return it.
        here: the part of the right window that it shares, as an index of (n, c_out, *o).
        there: where that part lies in the other window.
    """

    readings: tuple[OfWindow, ...]
    here: tuple[slice, ...]
    there: tuple[slice, ...]


def _windows(case: Case) -> tuple[tuple[OfWindow, ...], tuple[_OtherWindow, ...]]:
    """Return the readings of the right window, and the other windows of the right size."""
    op = case.output_padding or (0,) * case.ndim
    return _windows_of(case.k, case.s, case.p_begin, case.p_end, op, case.dilation)


@lru_cache(maxsize=2**12)
def _windows_of(*parameters: Ints) -> tuple[tuple[OfWindow, ...], tuple[_OtherWindow, ...]]:
    """Return the same from k, s, p_begin, p_end, output padding and dilation, in this order.

    They do not depend on i, so that a few patterns of parameters serve a whole grid.
    """
    axes = [
        Axis(i=1, k=k, s=s, p_begin=p_begin, p_end=p_end, op=op, d=d)
        for k, s, p_begin, p_end, op, d in zip(*parameters, strict=True)
    ]
    pairs = tuple(zip(axes, axes[::-1], strict=True))
    crops = [axis.p_begin + axis.p_end - axis.extra for axis in axes]
    by_shift: dict[Ints, list[OfWindow]] = {(0,) * len(axes): []}
    for reading in _WINDOWS:
        windows = [reading.along(*pair) for pair in pairs]
        if any(reading.applies(*pair) for pair in pairs) and crops == [
            window.begin + window.end for window in windows
        ]:
            shift = tuple(w.begin - axis.p_begin for w, axis in zip(windows, axes, strict=True))
            by_shift.setdefault(shift, []).append(reading)
    (_, own), *shifted = by_shift.items()
    return tuple(own), tuple(
        _OtherWindow(
            readings=tuple(readings), here=_shared(shift), there=_shared([-by for by in shift])
        )
        for shift, readings in shifted
    )


def _shared(shift: Sequence[int]) -> tuple[slice, ...]:
    """Return the part of a window that it shares with one that is shifted by so much."""
    every = slice(None)
    return (every, every, *(slice(max(by, 0), min(by, 0) or None) for by in shift))


def _by_windows(windows: Sequence[_OtherWindow], right: Array) -> Iterator[Reading]:
    """Yield the readings of windows that are equal to the right one where they overlap."""
    for window in windows:
        if not np.count_nonzero(right[window.here] != right[window.there]):
            yield from window.readings


def _by_arguments(case: Case) -> Iterator[Reading]:
    """Yield the readings of other steps that give the right size."""
    for reading in _ARGUMENTS:
        steps = reading.steps(case)
        if steps is not None and (reading.keeps_size or _is_as_large(case, *steps)):
            yield reading


def _is_as_large(case: Case, stride: Ints, dilation: Ints) -> bool:
    """Return whether the full result has the same size with other steps; then so has the window."""
    own = map(full_size, case.i, case.k, case.s, case.dilation)
    return all(map(eq, map(full_size, case.i, case.k, stride, dilation), own))
