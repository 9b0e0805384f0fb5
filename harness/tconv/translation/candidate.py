"""Cases whose window is that of the source, or larger by a step that is made afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import product
from typing import Final

from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.question import EXPLICIT
from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.window import Resolution, Window
from tconv.translation.windows import Windows, resolved

NO_CROP: Final = Window(begin=0, end=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A call of the target, and the step after it.

    Attributes:
        case: the call, with the input sizes of the source's.
        step: what is cut off the call's result; negative: elements that hold the bias alone are
            added.
        spread: dilations that the kernel gets beforehand, by zeros between its taps, as the call
            takes none; None: the call dilates by itself.
    """

    case: Case
    step: Resolution
    spread: tuple[int, ...] | None = None

    @property
    def is_native(self) -> bool:
        """Whether the call is all there is."""
        return self.spread is None and all(window == NO_CROP for window in self.step.axes)

    @property
    def words(self) -> str:
        """The step in words, one part for each side of an axis; empty for none."""
        windows = self.step.axes
        if len(windows) == 1:
            return _words(windows[0], "")
        if len(set(windows)) == 1:
            return _words(windows[0], " of every axis")
        parts = (_words(window, f" of axis {axis}") for axis, window in enumerate(windows))
        return ", ".join(part for part in parts if part)


def _words(window: Window, of: str) -> str:
    sides = (("begin", window.begin), ("end", window.end))
    return ", ".join(
        f"{'crop' if count > 0 else 'pad'} the {side}{of} by {abs(count)}"
        for side, count in sides
        if count
    )


def explicit(case: Case, inner: Sequence[Window], step: Sequence[Window]) -> Candidate:
    """Return the call that crops by numbers.

    What is added at the end is an output padding. Further ones would be the same case: one that a
    larger crop at the end takes off again.
    """
    op = tuple(max(-window.end, 0) for window in inner)
    made = replace(
        case,
        padding=None,
        o=None,
        output_padding=op,
        p_begin=tuple(window.begin for window in inner),
        p_end=tuple(max(window.end, 0) for window in inner),
    )
    return Candidate(case=made, step=Resolution(axes=tuple(step)))


def policies(
    case: Case, asked: Sequence[Axis], wanted: Sequence[Windows], entries: Sequence[Entry]
) -> Iterator[Candidate]:
    """Yield the calls with a padding policy that keep the same window at every size in question.

    Args:
        case: the source's call, of which only what is no padding is kept.
        asked: the same by axis.
        wanted: the source's windows by axis.
        entries: what the atlas knows of the target.
    """
    none = Resolution(axes=(NO_CROP,) * len(asked))
    plain = [replace(axis, p_begin=0, p_end=0, op=None, o=None) for axis in asked]
    for entry in entries:
        question = entry.question
        if question.o or question.padding == EXPLICIT or question.ndim not in {None, len(asked)}:
            continue
        for ops in product(*(_agreeing(entry, *each) for each in zip(plain, wanted, strict=True))):
            op = ops if question.op else None
            made = replace(case, padding=question.padding, p_begin=(0,) * case.ndim,
                           p_end=(0,) * case.ndim, o=None, output_padding=op)  # fmt: skip
            yield Candidate(case=made, step=none)


def _agreeing(entry: Entry, asked: Axis, wanted: Windows) -> list[int]:
    """Return the output paddings at which the entry's rule keeps what is wanted; 0 for none."""
    if entry.rule is None:
        return []
    given = range(max(asked.s, asked.d)) if entry.question.op else (None,)
    return [
        op or 0
        for op in given
        if resolved(entry.rule, replace(asked, op=op), tuple(wanted)) == wanted
    ]


Choice = tuple[Window, Window]
"""What a call may keep along an axis, and the step from there to what is wanted."""


def choices(wanted: Window) -> list[Choice]:
    """Return every window between the wanted one and the full result, the nearest first.

    At each side a call may crop less, and the rest is cropped afterwards; or add less, and the rest
    is added. Of two that are equally near, that whose step is at the end comes first.
    """
    sides = product(_towards_zero(wanted.begin), _towards_zero(wanted.end))
    made = [
        (Window(begin=b, end=e), Window(begin=wanted.begin - b, end=wanted.end - e))
        for b, e in sides
    ]
    return sorted(made, key=lambda choice: (_excess(choice), abs(choice[1].begin)))


def nearest(options: Sequence[Sequence[Choice]]) -> Iterator[tuple[Choice, ...]]:
    """Yield every combination of one choice per axis, those with the smallest steps first."""
    queue = [(_total(options, first), first) for first in [(0,) * len(options)] if all(options)]
    seen = {places for _, places in queue}
    while queue:
        _, places = heappop(queue)
        yield tuple(each[at] for each, at in zip(options, places, strict=True))
        for axis, at in enumerate(places):
            further = (*places[:axis], at + 1, *places[axis + 1 :])
            if at + 1 < len(options[axis]) and further not in seen:
                seen.add(further)
                heappush(queue, (_total(options, further), further))


def _towards_zero(crop: int) -> range:
    return range(crop, -1, -1) if crop >= 0 else range(crop, 1)


def _excess(choice: Choice) -> int:
    return abs(choice[1].begin) + abs(choice[1].end)


def _total(options: Sequence[Sequence[Choice]], places: Sequence[int]) -> int:
    return sum(_excess(each[at]) for each, at in zip(options, places, strict=True))


def length(case: Case) -> int:
    """Return how many arguments a call has, of those that say its window."""
    return (
        any(case.p_begin + case.p_end) + (case.padding is not None) + any(case.output_padding or ())
    )
