"""Calls of the target that keep the source's window, or more that a correction then cuts off."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import product
from typing import Final

from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.question import EXPLICIT
from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.policies import InputPadding
from tconv.model.window import Resolution, Window
from tconv.translation.windows import WindowBySize, windows_of_rule

NO_CROP: Final = Window(begin=0, end=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A call of the target, and the correction after it.

    Attributes:
        case: the call, with the input sizes of the source's.
        correction: what is cut off the call's result; negative: elements that hold the bias alone
            are added.
        dilated_by: dilations that the kernel gets before the call, by zeros between its taps, as
            the call takes none; None: the call dilates by itself.
        padding: what pads the input before the call, or None.
        split_into: groups of channels that are computed by a call each, as the call takes no
            groups; 1: there is one call.
    """

    case: Case
    correction: Resolution
    dilated_by: tuple[int, ...] | None = None
    padding: InputPadding | None = None
    split_into: int = 1

    @property
    def is_native(self) -> bool:
        """Whether the call is all there is."""
        is_bare = self.padding is None and all(cut == NO_CROP for cut in self.correction.axes)
        return self.has_whole_call and is_bare

    @property
    def has_whole_call(self) -> bool:
        """Whether one call takes the kernel as it is, with its dilation and groups."""
        return self.dilated_by is None and self.split_into == 1

    @property
    def groups(self) -> int:
        """Number of groups of the whole computation."""
        return max(self.split_into, self.case.groups)

    @property
    def split_words(self) -> str:
        """How the groups are computed where the call takes none, in words, or empty."""
        if self.split_into == 1:
            return ""
        return f"{self.split_into} calls, one per group, concatenated"

    @property
    def argument_count(self) -> int:
        """How many of the arguments that decide the window the call has."""
        case = self.case
        has_op = any(case.output_padding or ())
        return any(case.p_begin + case.p_end) + (case.padding is not None) + has_op

    @property
    def words(self) -> str:
        """The correction in words, one part for each side of an axis; empty for none."""
        return self._words(self.correction.axes)

    def words_of(self, part: Callable[[int, int], int]) -> str:
        """Return the words for what is cropped (`max`), or for what is added (`min`)."""
        return self._words(
            tuple(Window(begin=part(w.begin, 0), end=part(w.end, 0)) for w in self.correction.axes)
        )

    @staticmethod
    def _words(windows: Sequence[Window]) -> str:
        if len(windows) == 1:
            return _words(windows[0], "")
        if len(set(windows)) == 1:
            return _words(windows[0], " of every axis")
        parts = (_words(window, f" of axis {axis}") for axis, window in enumerate(windows))
        return ", ".join(part for part in parts if part)


def _words(window: Window, where: str) -> str:
    sides = (("start", window.begin), ("end", window.end))
    return ", ".join(
        f"{'crop' if count > 0 else 'pad'} the {side}{where} by {abs(count)}"
        for side, count in sides
        if count
    )


def call_by_numbers(
    case: Case, windows: Sequence[Window], correction: Sequence[Window]
) -> Candidate:
    """Return the call that is given its crops as numbers.

    What is added at the end is an output padding. A larger one would give no further case: a larger
    crop at the end would take it off again.
    """
    call = replace(
        case,
        padding=None,
        o=None,
        output_padding=tuple(max(-window.end, 0) for window in windows),
        p_begin=tuple(window.begin for window in windows),
        p_end=tuple(max(window.end, 0) for window in windows),
    )
    return Candidate(case=call, correction=Resolution(axes=tuple(correction)))


def calls_by_policy(
    case: Case, axes: Sequence[Axis], windows: Sequence[WindowBySize], entries: Sequence[Entry]
) -> Iterator[Candidate]:
    """Yield the calls with a padding policy that keep the same window at every size in question.

    Args:
        case: the source's call, whose padding is ignored.
        axes: the same by axis.
        windows: the source's windows by axis.
        entries: what the atlas knows of the target.
    """
    none = Resolution(axes=(NO_CROP,) * len(axes))
    plain = [replace(axis, p_begin=0, p_end=0, op=None, o=None) for axis in axes]
    for entry in entries:
        question = entry.question
        if question.o or question.padding == EXPLICIT or question.ndim not in {None, len(axes)}:
            continue
        options = (_output_paddings(entry, *each) for each in zip(plain, windows, strict=True))
        for output_padding in product(*options):
            call = replace(
                case,
                padding=question.padding,
                p_begin=(0,) * case.ndim,
                p_end=(0,) * case.ndim,
                o=None,
                output_padding=output_padding if question.op else None,
            )
            yield Candidate(case=call, correction=none)


def _output_paddings(entry: Entry, axis: Axis, windows: WindowBySize) -> list[int]:
    """Return the output paddings at which the entry's rule keeps these windows; 0 for none."""
    rule = entry.rule
    if rule is None:
        return []
    options = range(max(axis.s, axis.d)) if entry.question.op else (None,)
    return [
        op or 0
        for op in options
        if windows_of_rule(rule, replace(axis, op=op), tuple(windows)) == windows
    ]


Split = tuple[Window, Window]
"""What a call keeps along an axis, and the correction from there to the source's window."""


def splits(goal: Window) -> list[Split]:
    """Return every window between this one and the full result, the nearest first.

    At each side a call may crop less, and the rest is cropped afterwards; or add less, and the rest
    is added. Of two that are equally near, the one whose correction is at the end comes first.
    """
    sides = product(_towards_zero(goal.begin), _towards_zero(goal.end))
    options = [
        (Window(begin=b, end=e), Window(begin=goal.begin - b, end=goal.end - e)) for b, e in sides
    ]
    return sorted(options, key=lambda split: (_size(split), abs(split[1].begin)))


def nearest_first(options: Sequence[Sequence[Split]]) -> Iterator[tuple[Split, ...]]:
    """Yield every combination of one split per axis, those with the smallest corrections first."""
    queue = [(_total(options, first), first) for first in [(0,) * len(options)] if all(options)]
    queued = {places for _, places in queue}
    while queue:
        _, places = heappop(queue)
        yield tuple(splits[at] for splits, at in zip(options, places, strict=True))
        for axis, at in enumerate(places):
            further = (*places[:axis], at + 1, *places[axis + 1 :])
            if at + 1 < len(options[axis]) and further not in queued:
                queued.add(further)
                heappush(queue, (_total(options, further), further))


def _towards_zero(crop: int) -> range:
    return range(crop, -1, -1) if crop >= 0 else range(crop, 1)


def _size(split: Split) -> int:
    return abs(split[1].begin) + abs(split[1].end)


def _total(options: Sequence[Sequence[Split]], places: Sequence[int]) -> int:
    return sum(_size(splits[at]) for splits, at in zip(options, places, strict=True))
