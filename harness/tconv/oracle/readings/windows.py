"""Readings that return another window of the full result: another crop, another output padding."""

from typing import Final

from tconv.model.geometry import Axis, output_size
from tconv.oracle.readings.kinds import OfMirroredWindow, OfWindow


def _always(axis: Axis) -> bool:
    del axis
    return True


def _is_padded(axis: Axis) -> bool:
    return axis.p_begin != 0 or axis.p_end != 0


def _is_begin_cropped(axis: Axis) -> bool:
    return axis.p_begin != 0


def _is_end_cropped(axis: Axis) -> bool:
    return axis.p_end != 0


def _is_extended(axis: Axis) -> bool:
    return axis.extra != 0


def _has_other_padding(here: Axis, opposite: Axis) -> bool:
    return (here.p_begin, here.p_end) != (opposite.p_begin, opposite.p_end)


def _has_other_output_padding(here: Axis, opposite: Axis) -> bool:
    return here.extra != opposite.extra


def _reach(axis: Axis) -> int:
    return axis.d * (axis.k - 1)


def _applied_to_the_input(axis: Axis) -> tuple[int, int]:
    """Pad x: i grows by p_begin + p_end, and each padded pixel takes s positions."""
    return -axis.s * axis.p_begin, axis.full + axis.s * (axis.p_begin + axis.p_end) + axis.extra


def _applied_to_the_stretched_input(axis: Axis) -> tuple[int, int]:
    """Pad the zero-inserted x by p where the emulation pads K-1-p (the guide, section 4.1)."""
    size = axis.full - 2 * _reach(axis) + axis.p_begin + axis.p_end + axis.extra
    return _reach(axis) - axis.p_begin, size


def _padding_exchanged(here: Axis, opposite: Axis) -> tuple[int, int]:
    begin, end = opposite.p_begin, opposite.p_end
    return begin, here.full + here.extra - begin - end


def _output_padding_exchanged(here: Axis, opposite: Axis) -> tuple[int, int]:
    return here.p_begin, output_size(here) - here.extra + opposite.extra


WINDOWS: Final = (
    OfWindow(name="padding applied to the input", applies=_is_padded, along=_applied_to_the_input),
    OfWindow(
        name="padding applied to the stretched input",
        applies=_always,
        along=_applied_to_the_stretched_input,
    ),
    OfWindow(name="padding ignored", applies=_is_padded, along=lambda a: (0, a.full + a.extra)),
    OfWindow(
        name="all of the crop at the end",
        applies=_is_begin_cropped,
        along=lambda a: (0, output_size(a)),
    ),
    OfWindow(
        name="all of the crop at the begin",
        applies=_is_end_cropped,
        along=lambda a: (a.p_begin + a.p_end, output_size(a)),
    ),
    OfWindow(
        name="crop on the other side", applies=_is_padded, along=lambda a: (a.p_end, output_size(a))
    ),
    OfWindow(
        name="begin not cropped",
        applies=_is_begin_cropped,
        along=lambda a: (0, output_size(a) + a.p_begin),
    ),
    OfWindow(
        name="end not cropped",
        applies=_is_end_cropped,
        along=lambda a: (a.p_begin, output_size(a) + a.p_end),
    ),
    OfWindow(
        name="padding twice",
        applies=_is_padded,
        along=lambda a: (2 * a.p_begin, output_size(a) - a.p_begin - a.p_end),
    ),
    OfMirroredWindow(
        name="padding of the axes exchanged",
        applies=_has_other_padding,
        along=_padding_exchanged,
    ),
    OfWindow(
        name="crop begins one too early",
        applies=_always,
        along=lambda a: (a.p_begin - 1, output_size(a)),
    ),
    OfWindow(
        name="crop begins one too late",
        applies=_always,
        along=lambda a: (a.p_begin + 1, output_size(a)),
    ),
    OfWindow(
        name="output padding at the begin",
        applies=_is_extended,
        along=lambda a: (a.p_begin - a.extra, output_size(a)),
    ),
    OfWindow(
        name="output padding ignored",
        applies=_is_extended,
        along=lambda a: (a.p_begin, output_size(a) - a.extra),
    ),
    OfMirroredWindow(
        name="output padding of the axes exchanged",
        applies=_has_other_output_padding,
        along=_output_padding_exchanged,
    ),
)
