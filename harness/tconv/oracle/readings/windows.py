"""Readings that return another window of the full result: another crop, another output padding.

The right one is Window(p_begin, p_end - op) along every axis, since output padding acts before the
crop: it extends the end.
"""

from typing import Final

from tconv.model.geometry import Axis
from tconv.model.window import Window
from tconv.oracle.readings.kinds import OfWindow


def _is_padded(axis: Axis, _: Axis) -> bool:
    return axis.p_begin != 0 or axis.p_end != 0


def _is_start_cropped(axis: Axis, _: Axis) -> bool:
    return axis.p_begin != 0


def _is_end_cropped(axis: Axis, _: Axis) -> bool:
    return axis.p_end != 0


def _is_extended(axis: Axis, _: Axis) -> bool:
    return axis.extra != 0


def _has_other_padding(axis: Axis, opposite: Axis) -> bool:
    return (axis.p_begin, axis.p_end) != (opposite.p_begin, opposite.p_end)


def _has_other_output_padding(axis: Axis, opposite: Axis) -> bool:
    return axis.extra != opposite.extra


def _always(*_: Axis) -> bool:
    return True


def _applied_to_the_input(a: Axis, _: Axis) -> Window:
    """Pad x instead of cropping y: each padded pixel takes s positions."""
    return Window(begin=-a.s * a.p_begin, end=-a.s * a.p_end - a.extra)


def _applied_to_the_stretched_input(a: Axis, _: Axis) -> Window:
    """Pad the zero-inserted x by p where the emulation pads K-1-p (the guide, section 4.1)."""
    reach = a.d * (a.k - 1)
    return Window(begin=reach - a.p_begin, end=reach - a.p_end - a.extra)


WINDOWS: Final = (
    OfWindow(name="padding applied to the input", applies=_is_padded, along=_applied_to_the_input),
    OfWindow(
        name="padding applied to the stretched input", applies=_always,
        along=_applied_to_the_stretched_input,
    ),
    OfWindow(
        name="padding ignored", applies=_is_padded,
        along=lambda a, _: Window(begin=0, end=-a.extra),
    ),
    OfWindow(
        name="all of the crop at the end", applies=_is_start_cropped,
        along=lambda a, _: Window(begin=0, end=a.p_begin + a.p_end - a.extra),
    ),
    OfWindow(
        name="all of the crop at the start", applies=_is_end_cropped,
        along=lambda a, _: Window(begin=a.p_begin + a.p_end, end=-a.extra),
    ),
    OfWindow(
        name="crop on the other side", applies=_is_padded,
        along=lambda a, _: Window(begin=a.p_end, end=a.p_begin - a.extra),
    ),
    OfWindow(
        name="start not cropped", applies=_is_start_cropped,
        along=lambda a, _: Window(begin=0, end=a.p_end - a.extra),
    ),
    OfWindow(
        name="end not cropped", applies=_is_end_cropped,
        along=lambda a, _: Window(begin=a.p_begin, end=-a.extra),
    ),
    OfWindow(
        name="padding twice", applies=_is_padded,
        along=lambda a, _: Window(begin=2 * a.p_begin, end=2 * a.p_end - a.extra),
    ),
    OfWindow(
        name="padding of the axes exchanged", applies=_has_other_padding,
        along=lambda a, other: Window(begin=other.p_begin, end=other.p_end - a.extra),
    ),
    OfWindow(
        name="crop starts one too early", applies=_always,
        along=lambda a, _: Window(begin=a.p_begin - 1, end=a.p_end - a.extra + 1),
    ),
    OfWindow(
        name="crop starts one too late", applies=_always,
        along=lambda a, _: Window(begin=a.p_begin + 1, end=a.p_end - a.extra - 1),
    ),
    OfWindow(
        name="output padding at the start", applies=_is_extended,
        along=lambda a, _: Window(begin=a.p_begin - a.extra, end=a.p_end),
    ),
    OfWindow(
        name="output padding ignored", applies=_is_extended,
        along=lambda a, _: Window(begin=a.p_begin, end=a.p_end),
    ),
    OfWindow(
        name="output padding of the axes exchanged", applies=_has_other_output_padding,
        along=lambda a, other: Window(begin=a.p_begin, end=a.p_end - other.extra),
    ),
)  # fmt: skip
