"""The crop that an adapter makes itself where no call of its framework gives the case's window."""

from collections.abc import Iterable

from tconv.model.route import Composed, Native
from tconv.model.window import Window

Crop = tuple[Window, ...]
"""What is cut off along each spatial axis, 0 or more at each end; empty where nothing is cut."""


def crop_of(starts: Iterable[int], ends: Iterable[int]) -> Crop:
    """Return the crop of these many elements at the start and at the end of each axis."""
    windows = tuple(Window(begin=b, end=e) for b, e in zip(starts, ends, strict=True))
    return windows if any(w.begin or w.end for w in windows) else ()


def route_with(crop: Crop, call: str) -> Native | Composed:
    """Return that `call` is all there is, or that it is composed with this crop."""
    if not crop:
        return Native(call=call)
    sides = (("start", any(w.begin for w in crop)), ("end", any(w.end for w in crop)))
    words = " and ".join(side for side, is_cut in sides if is_cut)
    return Composed(call=call, addition=f"crop the {words}")
