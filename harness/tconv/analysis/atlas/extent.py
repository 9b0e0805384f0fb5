"""The output along one axis: its size and where in the full result it lies, drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tconv.analysis.atlas.rule import Rule
from tconv.model.geometry import Axis, output_size

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


def extents_of(rule: Rule, axes: Sequence[Axis]) -> tuple[Extent, ...]:
    """Return the output along each axis by a rule, whatever its domain."""
    sizes, begins = rule.of(axes)
    starts = [None] * len(axes) if begins is None else begins.tolist()
    return tuple(
        Extent(axis=axis, size=int(size), begin=begin)
        for axis, size, begin in zip(axes, sizes, starts, strict=True)
    )


def explicit_extents(axes: Sequence[Axis]) -> tuple[Extent, ...]:
    """Return the output along each axis where padding and output padding are given in numbers.

    By arithmetic (Dumoulin & Visin, arXiv:1603.07285, relationship 14).
    """
    return tuple(Extent(axis=axis, size=output_size(axis), begin=axis.p_begin) for axis in axes)


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
