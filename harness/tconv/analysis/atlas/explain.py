"""What a target makes of one open case, by its rule, and how well that is known."""

from dataclasses import dataclass
from typing import Self

from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.request import Request
from tconv.analysis.atlas.rule import Rule
from tconv.errors import AtlasError
from tconv.model.geometry import Axis
from tconv.model.target import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The output along one axis.

    Attributes:
        asked: the parameters.
        size: its size, elements.
        begin: crop at the begin, elements (negative: zeros added); None where only sizes are known.
    """

    asked: Axis
    size: int
    begin: int | None

    @property
    def end(self) -> int | None:
        """Crop at the end, elements; None where only sizes are known."""
        return None if self.begin is None else self.asked.full - self.size - self.begin


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
        """Return what the rule of the entry says of the request."""
        extents = () if entry.rule is None else tuple(_extent(entry.rule, a) for a in request.axes)
        return cls(entry=entry, extents=extents)

    @property
    def outside(self) -> tuple[str, ...]:
        """Which parameters lie outside of what was measured, for people."""
        if self.entry.evidence is None:
            return ()
        found = (self.entry.evidence.outside(extent.asked) for extent in self.extents)
        return tuple(dict.fromkeys(text for texts in found for text in texts))


def explain(atlas: Atlas, selection: Selection, request: Request) -> tuple[Explanation, ...]:
    """Return what each selected target makes of the request.

    Raises:
        AtlasError: the atlas has no such target, or none of them was asked such a question.
    """
    entries = atlas.of(selection)
    found = [
        Explanation.from_entry(each, request) for each in entries if request.is_for(each.question)
    ]
    if not found:
        asked = "; ".join(sorted({entry.question.words for entry in entries}))
        raise AtlasError(
            f"nobody asked {selection.backend} for {request}; what it was asked: {asked}"
        )
    return tuple(found)


def _extent(rule: Rule, asked: Axis) -> Extent:
    sizes, begins = rule.of([asked])
    return Extent(asked=asked, size=int(sizes[0]), begin=None if begins is None else int(begins[0]))
