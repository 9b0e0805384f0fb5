"""One published statement: who says it, in which words, and the formula that it amounts to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from tconv.model.predicate.expression import Expression, Points

LONGEST_QUOTATION: Final = 15
"""Words of a source that a claim may quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredQuantity:
    """Which rows of a run a claim speaks of.

    Attributes:
        target: a target, or the start of its name, such as `keras-tensorflow:layer`.
        quantity: `size`, `begin` or `end`: the output size, or a crop of the resolution.
        arguments: what `padding`, `output_padding` and `o` must be in the call: a policy, `given`
            or `none`; one that is left out may be anything.
    """

    target: str
    quantity: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputedQuantity:
    """What the arithmetic itself says.

    Attributes:
        quantity: a name of :data:`tconv.analysis.claims.arithmetic.QUANTITIES`.
        domain: letter -> its values; every combination is a point.
    """

    quantity: str
    domain: Mapping[str, tuple[int, ...]]

    def points(self) -> Points:
        """Return every combination of the domain's values, the first letter slowest."""
        grids = np.meshgrid(*self.domain.values(), indexing="ij")
        return {
            name: grid.ravel().astype(np.int64)
            for name, grid in zip(self.domain, grids, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A statement that a formula gives a quantity.

    Attributes:
        name: short and unique, such as `guide-14`.
        title: what it says, in a line.
        quotation: the source's own words, at most 15 of them.
        source: author, title, place.
        about: the quantity, and where its true value comes from.
        formula: what the source says it is, over the points' letters.
        where: the source's own restrictions.
    """

    name: str
    title: str
    quotation: str
    source: str
    about: ComputedQuantity | MeasuredQuantity
    formula: Expression
    where: tuple[Expression, ...] = ()
