"""Calls near a refused one that the same target accepts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.extent import explicit_extents, extents_of
from tconv.analysis.atlas.question import EXPLICIT
from tconv.analysis.atlas.request import Request
from tconv.model.geometry import Axis
from tconv.model.parameters import POLICIES
from tconv.model.policies import DEFINED

MOST: Final = 3
"""Calls that are named."""

_ASKED: Final = 12  # calls that a framework is asked about where no condition is known
_PER_AXIS: Final = 5
_STEPS: Final = (-3, -2, -1, 0, 1, 2, 3)
_NEW_WORD: Final = 4  # a call with other words is as far as one that differs by so much

Options = list[tuple[int, Axis]]
"""Axes with their distance from the one that was refused."""


def nearest_accepted(
    request: Request,
    entries: Sequence[Entry],
    ask: Callable[[Sequence[Request]], Iterable[bool]] | None,
) -> tuple[Request, ...]:
    """Return the accepted calls that are nearest to a refused one, the nearest first.

    Args:
        request: the refused call.
        entries: what the atlas knows of the target.
        ask: returns whether the framework accepts each call, where no condition tells; None: it
            cannot be asked.
    """
    accepted: list[tuple[int, Request]] = []
    undecided: list[tuple[int, Request]] = []
    for distance, variant in _variants(request):
        entry = next((each for each in entries if variant.is_for(each.question)), None)
        has_crop = variant.padding == EXPLICIT
        options = [_options(axis, has_crop=has_crop) for axis in variant.axes]
        nearest = tuple(of_axis[0][1] for of_axis in options)
        if entry is not None and entry.accepts(nearest) is not None:
            near = _accepted(entry, variant, options)
            accepted += [(distance + further, call) for further, call in near]
        else:
            near = _together(variant, options)
            undecided += [(distance + further, call) for further, call in near]
    accepted = _ordered(accepted, request)
    tried = _ordered(undecided, request)[:_ASKED]
    if tried and not accepted and ask is not None:
        replies = ask([call for _, call in tried])
        accepted = [pair for pair, is_accepted in zip(tried, replies, strict=True) if is_accepted]
    return tuple(call for _, call in accepted[:MOST])


def _ordered(calls: Iterable[tuple[int, Request]], request: Request) -> list[tuple[int, Request]]:
    distinct: dict[Request, int] = {}
    for distance, call in calls:
        if call != request:
            distinct[call] = min(distance, distinct.get(call, distance))
    return sorted(
        ((d, call) for call, d in distinct.items()), key=lambda each: (each[0], str(each[1]))
    )


def _variants(request: Request) -> Iterator[tuple[int, Request]]:
    """Yield the request, and those with other words: a policy, op or o given or not."""
    axes = request.axes
    has_op, has_o = axes[0].op is not None, axes[0].o is not None
    yield 0, request
    if has_op:
        yield _NEW_WORD, _with(request, op=None)
    if has_o:
        yield _NEW_WORD, _with(request, o=None)
    else:
        sized = [_natural_size(axis, request.padding) for axis in axes]
        if min(sized) >= 1:
            resized = tuple(replace(axis, o=o) for axis, o in zip(axes, sized, strict=True))
            yield _NEW_WORD, replace(request, axes=resized)
            if has_op:
                yield 2 * _NEW_WORD, _with(replace(request, axes=resized), op=None)
    for policy in (*POLICIES, EXPLICIT):
        if policy == request.padding or policy in DEFINED:
            continue
        uncropped = tuple(replace(axis, p_begin=0, p_end=0) for axis in axes)
        other = replace(request, padding=policy, axes=uncropped)
        yield 2 * _NEW_WORD, other
        if has_op:
            yield 3 * _NEW_WORD, _with(other, op=None)
        if has_o:
            yield 3 * _NEW_WORD, _with(other, o=None)
        else:
            sizes = [_natural_size(axis, policy) for axis in uncropped]
            resized = tuple(replace(axis, o=o) for axis, o in zip(uncropped, sizes, strict=True))
            yield 3 * _NEW_WORD, _with(replace(other, axes=resized), op=None)


def _with(request: Request, **values: int | None) -> Request:
    return replace(request, axes=tuple(replace(axis, **values) for axis in request.axes))  # type: ignore[arg-type] # op and o alone, which may be None


def _natural_size(axis: Axis, padding: str) -> int:
    """Return a size that frameworks agree to give under a policy, or by arithmetic."""
    if padding.startswith("same"):
        return axis.s * axis.i
    return axis.full - axis.p_begin - axis.p_end + axis.extra


def _options(axis: Axis, *, has_crop: bool) -> Options:
    """Return the axis and those that differ little from it, the nearest first.

    A size and an output padding are the easiest to change, a stride changes the most.
    """
    distances: dict[Axis, int] = {axis: 0}

    def add(distance: int, **values: int) -> None:
        near = replace(axis, **values)
        is_sound = min(near.s, near.d) >= 1 and (near.op or 0) >= 0
        if is_sound and (near.o is None or near.o >= 1) and min(near.p_begin, near.p_end) >= 0:
            distances[near] = min(distance, distances.get(near, distance))

    def add_crop(begin: int, end: int) -> None:
        if has_crop:
            add(2 * max(abs(begin - axis.p_begin), abs(end - axis.p_end)), p_begin=begin, p_end=end)

    for step in _STEPS:
        far = abs(step)
        add_crop(axis.p_begin + step, axis.p_end + step)
        add_crop(axis.p_begin + step, axis.p_end)
        add_crop(axis.p_begin, axis.p_end + step)
        add(3 * far, d=axis.d + step)
        add(4 * far, s=axis.s + step)
        if axis.op is not None:
            add(far, op=axis.op + step)
    add_crop(0, 0)
    add_crop(axis.p_end, axis.p_end)
    add(3 * (axis.d - 1), d=1)
    add(4 * (axis.s - 1), s=1)
    if axis.op is not None:
        add(axis.op, op=0)
        add(abs(axis.op - axis.s + 1), op=max(axis.s - 1, 0))
    if axis.o is not None:
        crop = axis.p_begin + axis.p_end
        last = axis.full - crop + axis.s - 1
        bounds = (axis.s * axis.i, axis.s * (axis.i - 1) + 1, axis.i, axis.full, axis.full - crop)
        for o in (*(axis.o + step for step in _STEPS), *bounds, last, last - 1, last + crop):
            add(abs(o - axis.o), o=o)
    return sorted(((d, near) for near, d in distances.items()), key=lambda each: each[0])


def _accepted(
    entry: Entry, variant: Request, options: Sequence[Options]
) -> Iterator[tuple[int, Request]]:
    """Yield the calls near a variant that are accepted by the condition of an entry."""
    alone = [
        [(distance, axes[0]) for distance, axes in _computed(entry, of_axis)][:_PER_AXIS]
        for of_axis in ([(distance, (axis,)) for distance, axis in each] for each in options)
    ]
    if not all(alone):
        return
    together = [(distance, call.axes) for distance, call in _together(variant, alone)]
    for distance, axes in _computed(entry, together):
        yield distance, replace(variant, axes=axes)


def _computed(
    entry: Entry, calls: Sequence[tuple[int, tuple[Axis, ...]]]
) -> list[tuple[int, tuple[Axis, ...]]]:
    """Return which of these calls give a result by the condition and the rule of an entry."""
    verdicts = entry.accepts_each([axes for _, axes in calls])
    accepted = [call for call, verdict in zip(calls, verdicts, strict=True) if verdict]
    return [(distance, axes) for distance, axes in accepted if _smallest(entry, axes) >= 1]


def _smallest(entry: Entry, axes: tuple[Axis, ...]) -> int:
    """Return the smallest size along an axis, 0 where no rule is known."""
    if entry.question.is_explicit:
        return min(extent.size for extent in explicit_extents(axes))
    if entry.rule is None:
        return 0
    return min(extent.size for extent in extents_of(entry.rule, axes))


def _together(variant: Request, options: Sequence[Options]) -> Iterator[tuple[int, Request]]:
    """Yield the calls whose axes are each one of these, up to some per axis."""
    for chosen in product(*(of_axis[: 2 * _PER_AXIS] for of_axis in options)):
        distances, axes = zip(*chosen, strict=True)
        yield sum(distances), replace(variant, axes=axes)
