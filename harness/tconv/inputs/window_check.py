"""The readings that take another window of the right size, and whether it can be the right one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add, sub
from typing import Final

import numpy as np

from tconv.model.case import Case
from tconv.model.geometry import Axis, output_size
from tconv.oracle.readings import READINGS, OfMirroredWindow, OfWindow
from tconv.oracle.readings.kinds import Array, Ints

Window = OfWindow | OfMirroredWindow

_WINDOWS: Final = tuple(r for r in READINGS if isinstance(r, OfWindow | OfMirroredWindow))
_MOST: Final = 2**14  # axes whose windows are kept: a grid has few, and repeats them


@dataclass(frozen=True, slots=True, kw_only=True)
class _Along:
    """The windows along one axis; a set of them is an integer with a bit for each.

    Attributes:
        meant: the windows whose fault has a meaning for this axis.
        fitting: those that have the right size along it; all that depend on another axis, too.
        begins: where each begins, in positions of the full result.
    """

    meant: int
    fitting: int
    begins: Ints


def windows(case: Case) -> Mapping[Ints, Sequence[Window]]:
    """Return the windows of the right size by their begins, of a case that asks for no size."""
    along = [_along(axis) for axis in case.axes]
    meant, fitting = 0, -1
    for each in along:
        meant |= each.meant
        fitting &= each.fitting
    found: dict[Ints, list[Window]] = {}
    for at, window in _members(meant & fitting):
        if isinstance(window, OfWindow):
            begins: Ints | None = tuple(each.begins[at] for each in along)
        else:
            begins = _mirrored(case, window)
        if begins is not None:
            found.setdefault(begins, []).append(window)
    return found


@lru_cache(maxsize=_MOST)
def _along(axis: Axis) -> _Along:
    plain = [window if isinstance(window, OfWindow) else None for window in _WINDOWS]
    bounds = [window.along(axis) if window else (0, output_size(axis)) for window in plain]
    return _Along(
        meant=_bits([window is None or window.applies(axis) for window in plain]),
        fitting=_bits([size == output_size(axis) for _, size in bounds]),
        begins=tuple(begin for begin, _ in bounds),
    )


def _bits(truths: Sequence[bool]) -> int:
    return sum(truth << at for at, truth in enumerate(truths))


@lru_cache
def _members(bits: int) -> tuple[tuple[int, Window], ...]:
    """Return the windows of a set with their numbers, in their order."""
    return tuple((at, window) for at, window in enumerate(_WINDOWS) if bits >> at & 1)


def _mirrored(case: Case, window: OfMirroredWindow) -> Ints | None:
    """Return the begins, or None: it has no meaning for the case, or another size."""
    bounds = window.bounds(case)
    if bounds is None:
        return None
    begins, sizes = zip(*bounds, strict=True)
    return begins if sizes == case.y_shape[2:] else None


def differs(right: Array, shift: Ints, places: Sequence[Ints]) -> bool:
    """Return whether two windows of one size differ where both lie inside the right one.

    Args:
        right: the right answer, (n, c_out, *o).
        shift: how much later than the right one the other window begins, per axis.
        places: positions (*o) at which to look first.
    """
    return any(_differs_at(right, shift, place) for place in places) or _differs(right, shift)


def _differs_at(right: Array, shift: Ints, place: Ints) -> bool:
    """Return whether one element of the first image differs; False where it lies outside."""
    other = tuple(map(add, place, shift))
    if min(other) < 0 or min(map(sub, right.shape[2:], other)) < 1:
        return False
    return bool(right[(0, 0, *place)] != right[(0, 0, *other)])


def _differs(right: Array, shift: Ints) -> bool:
    here = [slice(None), slice(None)]
    there = [slice(None), slice(None)]
    for by in shift:
        here.append(slice(max(by, 0), min(by, 0) or None))
        there.append(slice(max(-by, 0), min(-by, 0) or None))
    return bool(np.count_nonzero(right[tuple(here)] != right[tuple(there)]))
