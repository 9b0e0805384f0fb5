"""Applies a rule to one open case: which window a target returns, and how certain that is."""

from dataclasses import dataclass
from typing import Final, Self

from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.question import EXPLICIT
from tconv.analysis.atlas.request import Request
from tconv.analysis.atlas.rule import Rule
from tconv.errors import AtlasError
from tconv.model.geometry import Axis, output_size
from tconv.model.target import Selection

WIDEST: Final = 100
"""Characters of a drawing; a wider result is not drawn."""

_ROWS: Final = 6  # inputs drawn one by one; of more, the first and the last


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The output along one axis.

    Attributes:
        axis: its parameters.
        size: its size, elements.
        begin: crop at the start, elements (negative: zeros added); None where only sizes are known.
    """

    axis: Axis
    size: int
    begin: int | None

    @property
    def end(self) -> int | None:
        """Crop at the end, elements; None where only sizes are known."""
        return None if self.begin is None else self.axis.full - self.size - self.begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer of an entry to a request.

    Attributes:
        entry: the entry of the atlas.
        extents: the output along each axis, none where the entry has no rule.
    """

    entry: Entry
    extents: tuple[Extent, ...]

    @classmethod
    def from_entry(cls, entry: Entry, request: Request) -> Self:
        """Return what the rule of the entry gives for the request."""
        extents = () if entry.rule is None else tuple(_extent(entry.rule, a) for a in request.axes)
        return cls(entry=entry, extents=extents)

    @property
    def outside(self) -> tuple[str, ...]:
        """Which parameters lie outside the range that was measured, in words."""
        if self.entry.evidence is None:
            return ()
        per_axis = (self.entry.evidence.outside(extent.axis) for extent in self.extents)
        return tuple(dict.fromkeys(text for texts in per_axis for text in texts))


def explain(atlas: Atlas, selection: Selection, request: Request) -> tuple[Explanation, ...]:
    """Return what each selected target makes of the request.

    Raises:
        AtlasError: the request is no open case, the atlas has no such target, or none was measured
            on such a case.
    """
    entries = atlas.of(selection)
    first = request.axes[0]
    if request.padding == EXPLICIT and first.op is not None and first.o is None:
        sizes = "x".join(str(output_size(axis)) for axis in request.axes)
        raise AtlasError(
            f"{request} leaves nothing open, o is {sizes} on every target; to ask what a target "
            "chooses, leave out op, request a size o or give a padding policy"
        )
    explanations = [
        Explanation.from_entry(each, request) for each in entries if request.is_for(each.question)
    ]
    if not explanations:
        measured = "; ".join(sorted({entry.question.words for entry in entries}))
        raise AtlasError(
            f"{selection.backend} was not measured with {request}; it was with {measured}"
        )
    return tuple(explanations)


def _extent(rule: Rule, axis: Axis) -> Extent:
    sizes, begins = rule.of([axis])
    return Extent(axis=axis, size=int(sizes[0]), begin=None if begins is None else int(begins[0]))


def draw_axis(axis: Axis, size: int, begin: int) -> list[str]:
    """Return the lines of a drawing of one axis, none where it is too wide.

    `#` is a tap of the kernel at one input; of the full result `=` is kept, `-` cropped; `0` is an
    element that was added.

    Args:
        axis: the parameters of the axis.
        size: size of the output, elements.
        begin: crop at the start, elements.
    """
    first, last = min(0, begin), max(axis.full, begin + size)
    if last - first > WIDEST:
        return []
    full = "".join("=" if 0 <= at < axis.full else " " for at in range(first, last))
    window = "".join(
        _mark(begin <= at < begin + size, 0 <= at < axis.full) for at in range(first, last)
    )
    lines = [*_inputs(axis, first), ("full", full), ("kept", window)]
    return [f"{label:6}{line}".rstrip() for label, line in lines]


def _mark(is_kept: bool, is_inside: bool) -> str:
    if is_kept:
        return "=" if is_inside else "0"
    return "-" if is_inside else " "


def _inputs(axis: Axis, first: int) -> list[tuple[str, str]]:
    """Return a line for each input, or for the first and the last of many."""
    kernel = (" " * (axis.d - 1)).join("#" * axis.k)
    shown = list(range(axis.i))
    lines = [(f"x[{at}]", " " * (axis.s * at - first) + kernel) for at in shown]
    middle = (_ROWS - 1) * (axis.i > _ROWS)
    return [*lines[:middle], ("...", ""), lines[-1]] if middle else lines
