"""Readings that return another window of the full result: another crop, another output padding."""

from collections.abc import Callable
from typing import Final

from harness.case import Case
from harness.geometry import Axis, full_size, output_size
from harness.readings.kinds import OfWindow


def _full(axis: Axis) -> int:
    return full_size(axis.i, axis.k, axis.s, axis.d)


def _always(case: Case) -> bool:
    del case
    return True


def _is_padded(case: Case) -> bool:
    return any(case.p_begin) or any(case.p_end)


def _is_begin_cropped(case: Case) -> bool:
    return any(case.p_begin)


def _is_end_cropped(case: Case) -> bool:
    return any(case.p_end)


def _is_extended(case: Case) -> bool:
    return any(case.output_padding or ())


def _has_other_padding_backwards(case: Case) -> bool:
    return case.p_begin != case.p_begin[::-1] or case.p_end != case.p_end[::-1]


def _has_other_output_padding_backwards(case: Case) -> bool:
    op = case.output_padding or ()
    return op != op[::-1]


def _window(
    name: str, applies: Callable[[Case], bool], rule: Callable[[Axis], tuple[int, int]]
) -> OfWindow:
    """Return a reading whose begin and size along an axis depend on that axis alone."""
    return OfWindow(name=name, applies=applies, along=lambda case, axis: rule(case.axes[axis]))


def _reach(axis: Axis) -> int:
    return axis.d * (axis.k - 1)


def _applied_to_the_input(axis: Axis) -> tuple[int, int]:
    """Pad x: i grows by p_begin + p_end, and each padded pixel takes s positions."""
    return -axis.s * axis.p_begin, _full(axis) + axis.s * (axis.p_begin + axis.p_end) + axis.op


def _applied_to_the_stretched_input(axis: Axis) -> tuple[int, int]:
    """Pad the zero-inserted x by p where the emulation pads K-1-p (the guide, section 4.1)."""
    size = _full(axis) - 2 * _reach(axis) + axis.p_begin + axis.p_end + axis.op
    return _reach(axis) - axis.p_begin, size


def _padding_exchanged(case: Case, axis: int) -> tuple[int, int]:
    here, begin, end = case.axes[axis], case.p_begin[-1 - axis], case.p_end[-1 - axis]
    return begin, _full(here) + here.op - begin - end


def _output_padding_exchanged(case: Case, axis: int) -> tuple[int, int]:
    here, other = case.axes[axis], case.axes[-1 - axis]
    return here.p_begin, output_size(here) - here.op + other.op


WINDOWS: Final = (
    _window("padding applied to the input", _is_padded, _applied_to_the_input),
    _window("padding applied to the stretched input", _always, _applied_to_the_stretched_input),
    _window("padding ignored", _is_padded, lambda a: (0, _full(a) + a.op)),
    _window("all of the crop at the end", _is_begin_cropped, lambda a: (0, output_size(a))),
    _window(
        "all of the crop at the begin",
        _is_end_cropped,
        lambda a: (a.p_begin + a.p_end, output_size(a)),
    ),
    _window("crop on the other side", _is_padded, lambda a: (a.p_end, output_size(a))),
    _window("begin not cropped", _is_begin_cropped, lambda a: (0, output_size(a) + a.p_begin)),
    _window("end not cropped", _is_end_cropped, lambda a: (a.p_begin, output_size(a) + a.p_end)),
    _window(
        "padding twice",
        _is_padded,
        lambda a: (2 * a.p_begin, output_size(a) - a.p_begin - a.p_end),
    ),
    OfWindow(
        name="padding of the axes exchanged",
        applies=_has_other_padding_backwards,
        along=_padding_exchanged,
    ),
    _window("crop begins one too early", _always, lambda a: (a.p_begin - 1, output_size(a))),
    _window("crop begins one too late", _always, lambda a: (a.p_begin + 1, output_size(a))),
    _window(
        "output padding at the begin", _is_extended, lambda a: (a.p_begin - a.op, output_size(a))
    ),
    _window("output padding ignored", _is_extended, lambda a: (a.p_begin, output_size(a) - a.op)),
    OfWindow(
        name="output padding of the axes exchanged",
        applies=_has_other_output_padding_backwards,
        along=_output_padding_exchanged,
    ),
)
