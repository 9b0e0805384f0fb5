"""The right products at two places, and what other tensors or other steps would give there."""

from dataclasses import dataclass
from operator import add
from typing import Any, Self

from tconv.inputs.probe import Meeting, places, seen, summed
from tconv.model.case import Case
from tconv.model.tensors import Tensors
from tconv.oracle.readings.kinds import Array, Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """The right products at two places; comparison is by numbers of Python, quick for so few.

    Attributes:
        case: the case.
        given: its tensors.
        at: the two positions of the output (*o).
        right: what is right there, see :func:`tconv.inputs.probe.seen`, as nested lists.
    """

    case: Case
    given: Tensors
    at: tuple[Ints, Ints]
    right: list[Any]

    @classmethod
    def of(cls, case: Case, given: Tensors, products: Array) -> Self:
        """Return what is right at two places, from the right result without bias."""
        at = places(case)
        return cls(case=case, given=given, at=at, right=seen(products, case.groups, *at).tolist())

    def meeting(self, begins: Ints, stride: Ints, dilation: Ints) -> Meeting:
        """Return the products that meet there, in the window of the full result at `begins`."""
        first, last = self.at
        return Meeting.at(
            self.case,
            stride,
            dilation,
            tuple(map(add, first, begins)),
            tuple(map(add, last, begins)),
        )

    def are_right(self, pixels: Array, taps: Array) -> list[bool]:
        """Return for each of several weights whether it gives what is right there.

        Args:
            pixels: (c_in, products), see :func:`tconv.inputs.probe.summed`.
            taps: (weights, c_in, channels, products).
        """
        return [made == self.right for made in summed(pixels, taps, self.case.groups).tolist()]

    def is_right(self, meeting: Meeting, x: Array) -> bool:
        """Return whether these products of an input and the weight give what is right there."""
        taps = meeting.of_weight(self.given.w)[None]
        return self.are_right(meeting.of_input(x), taps)[0]
