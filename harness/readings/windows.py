"""Readings that return another window of the full result: another crop, another output padding."""

from collections.abc import Callable
from typing import Final, TypeAlias

from harness.case import Case
from harness.geometry import Axis, full_size, output_size
from harness.readings.kinds import Ints, OfWindow

Rule: TypeAlias = Callable[[Axis], tuple[int, int]]


def _full(axis: Axis) -> int:
    return full_size(axis.i, axis.k, axis.s, axis.d)


def _spread(case: Case, rule: Rule) -> tuple[Ints, Ints]:
    """Return begins and sizes from a rule that gives both for one axis."""
    pairs = [rule(axis) for axis in case.axes]
    return tuple(begin for begin, _ in pairs), tuple(size for _, size in pairs)


def _with_padding(name: str, rule: Rule) -> OfWindow:
    """Return a reading that has a meaning where there is padding."""
    return OfWindow(
        name=name,
        window=lambda c: _spread(c, rule) if any(c.p_begin) or any(c.p_end) else None,
    )


def _with_begin(name: str, rule: Rule) -> OfWindow:
    """Return a reading that has a meaning where the begin is cropped."""
    return OfWindow(name=name, window=lambda c: _spread(c, rule) if any(c.p_begin) else None)


def _with_end(name: str, rule: Rule) -> OfWindow:
    """Return a reading that has a meaning where the end is cropped."""
    return OfWindow(name=name, window=lambda c: _spread(c, rule) if any(c.p_end) else None)


def _with_output_padding(name: str, rule: Rule) -> OfWindow:
    """Return a reading that has a meaning where there is output padding."""
    return OfWindow(
        name=name, window=lambda c: _spread(c, rule) if any(c.output_padding or ()) else None
    )


def _always(name: str, rule: Rule) -> OfWindow:
    return OfWindow(name=name, window=lambda c: _spread(c, rule))


def _reach(axis: Axis) -> int:
    return axis.d * (axis.k - 1)


def _applied_to_the_input(axis: Axis) -> tuple[int, int]:
    """Pad x: i grows by p_begin + p_end, and each padded pixel takes s positions."""
    return -axis.s * axis.p_begin, _full(axis) + axis.s * (axis.p_begin + axis.p_end) + axis.op


def _applied_to_the_stretched_input(axis: Axis) -> tuple[int, int]:
    """Pad the zero-inserted x by p where the emulation pads K-1-p (the guide, section 4.1)."""
    size = _full(axis) - 2 * _reach(axis) + axis.p_begin + axis.p_end + axis.op
    return _reach(axis) - axis.p_begin, size


def _exchanged_between_axes(case: Case) -> tuple[Ints, Ints] | None:
    if case.ndim == 1 or (case.p_begin, case.p_end) == (case.p_begin[::-1], case.p_end[::-1]):
        return None
    total = [
        _full(axis) + axis.op - begin - end
        for axis, begin, end in zip(case.axes, case.p_begin[::-1], case.p_end[::-1], strict=True)
    ]
    return case.p_begin[::-1], tuple(total)


def _output_padding_exchanged(case: Case) -> tuple[Ints, Ints] | None:
    op = case.output_padding or ()
    if op == op[::-1]:
        return None
    return case.p_begin, tuple(
        output_size(axis) - axis.op + other for axis, other in zip(case.axes, op[::-1], strict=True)
    )


WINDOWS: Final = (
    _with_padding("padding applied to the input", _applied_to_the_input),
    OfWindow(
        name="padding applied to the stretched input",
        window=lambda c: _spread(c, _applied_to_the_stretched_input),
    ),
    _with_padding("padding ignored", lambda a: (0, _full(a) + a.op)),
    _with_begin("all of the crop at the end", lambda a: (0, output_size(a))),
    _with_end("all of the crop at the begin", lambda a: (a.p_begin + a.p_end, output_size(a))),
    _with_padding("crop on the other side", lambda a: (a.p_end, output_size(a))),
    _with_begin("begin not cropped", lambda a: (0, output_size(a) + a.p_begin)),
    _with_end("end not cropped", lambda a: (a.p_begin, output_size(a) + a.p_end)),
    _with_padding("padding twice", lambda a: (2 * a.p_begin, output_size(a) - a.p_begin - a.p_end)),
    OfWindow(name="padding of the axes exchanged", window=_exchanged_between_axes),
    _always("crop begins one too early", lambda a: (a.p_begin - 1, output_size(a))),
    _always("crop begins one too late", lambda a: (a.p_begin + 1, output_size(a))),
    _with_output_padding(
        "output padding at the begin", lambda a: (a.p_begin - a.op, output_size(a))
    ),
    _with_output_padding("output padding ignored", lambda a: (a.p_begin, output_size(a) - a.op)),
    OfWindow(name="output padding of the axes exchanged", window=_output_padding_exchanged),
)
