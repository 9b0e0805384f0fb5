"""Readings that take the weight for another: flipped, transposed, with other channels or groups."""

from typing import Final

import numpy as np

from tconv.model.case import Case
from tconv.oracle.readings.kinds import Array, OfWeight


def _flipped(case: Case, w: Array) -> Array:
    return w[_backwards(case.ndim)] if max(case.k) > 1 else w


def _backwards(ndim: int) -> tuple[slice, ...]:
    return (slice(None), slice(None), *(slice(None, None, -1),) * ndim)


def _flipped_on(case: Case, w: Array, axis: int) -> Array | None:
    if axis >= case.ndim or sum(k > 1 for k in case.k) < 2:
        return None  # one axis to flip: "kernel flipped" says it
    return np.flip(w, 2 + axis) if case.k[axis] > 1 else w


def _axes_exchanged(case: Case, w: Array) -> Array | None:
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
    OfWeight(name="kernel axes exchanged", change=_axes_exchanged),
    OfWeight(name="input and output channels exchanged", change=_channels_exchanged),
    OfWeight(name="weight read as (c_out/groups, c_in, *k)", change=_read_output_first),
    OfWeight(name="input channels in reverse order", change=_inputs_reversed),
    OfWeight(name="output channels in reverse order", change=_outputs_reversed),
    OfWeight(name="groups in reverse order", change=_groups_reversed),
    OfWeight(name="the first group's weight for every group", change=_first_group),
    OfWeight(name="input channels of the groups interleaved", change=_inputs_interleaved),
)
