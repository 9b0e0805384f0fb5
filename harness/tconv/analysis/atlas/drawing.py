"""A window drawn in characters: where each input element falls, and what of the result is kept."""

from typing import Final

from tconv.model.geometry import Axis

WIDEST: Final = 100
"""Characters of a drawing; a wider result is not drawn."""

_ROWS: Final = 6  # inputs drawn one by one; of more, the first and the last


def picture(asked: Axis, size: int, begin: int) -> list[str]:
    """Return the lines of a drawing of one axis, none where it is too wide.

    `#` is a tap of the kernel at one input; of the full result `=` is kept, `-` cropped; `0` is an
    element that was added.

    Args:
        asked: the parameters of the axis.
        size: size of the output, elements.
        begin: crop at the begin, elements.
    """
    first, last = min(0, begin), max(asked.full, begin + size)
    if last - first > WIDEST:
        return []
    lines = [("full", "".join("=" if 0 <= at < asked.full else " " for at in range(first, last)))]
    kept = "".join(
        _mark(begin <= at < begin + size, 0 <= at < asked.full) for at in range(first, last)
    )
    lines.append(("kept", kept))
    return [f"{label:6}{line}".rstrip() for label, line in [*_inputs(asked, first), *lines]]


def _mark(is_kept: bool, is_inside: bool) -> str:
    if is_kept:
        return "=" if is_inside else "0"
    return "-" if is_inside else " "


def _inputs(asked: Axis, first: int) -> list[tuple[str, str]]:
    """Return a line for each input, or for the first and the last of many."""
    kernel = (" " * (asked.d - 1)).join("#" * asked.k)
    shown = list(range(asked.i))
    lines = [(f"x[{at}]", " " * (asked.s * at - first) + kernel) for at in shown]
    middle = (_ROWS - 1) * (asked.i > _ROWS)
    return [*lines[:middle], ("...", ""), lines[-1]] if middle else lines
