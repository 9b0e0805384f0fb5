"""One `[[grid]]` table as plain values: what is swept, before anything is multiplied out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self, TypeAlias

from tconv.model.case import Suite
from tconv.model.parameters import PARAMETERS, Table, grid_keys
from tconv.model.predicate import Predicate

Strategy = Literal["pairwise", "random"]

STRATEGIES: Final[tuple[Strategy, ...]] = ("pairwise", "random")
"""Every way to keep within a budget."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PaddingPair:
    """The padding of one axis: crops at the start and at the end, elements."""

    begin: int
    end: int


Size: TypeAlias = int | tuple[int, ...]
"""One value of a per-axis parameter: an integer serves every axis, a tuple has one per axis."""

Padding: TypeAlias = PaddingPair | tuple[PaddingPair, ...]
"""One value of `p`: a pair serves every axis, a tuple has one per axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most cases that a grid may keep, 1 or more, and how they are chosen."""

    cases: int
    strategy: Strategy = "pairwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The values of every parameter of one grid, each tuple in the order of the table.

    Attributes:
        options: parameter -> its values; an option of `o` may be one of
            :data:`tconv.grid.requested_sizes.WORDS`, one of `p` is a pair, and one of a per-axis
            parameter may have one value per axis.
        suite: only cases of this suite are kept.
        where: predicates that a kept case fulfils, all of them.
        budget: the most cases, or None: all.
        path: the file it comes from, for messages; not compared.
        number: its place among the grids of the file, from 1; not compared.
    """

    options: Mapping[str, tuple[Any, ...]]
    suite: Suite = "explicit"
    where: tuple[Predicate, ...] = ()
    budget: Budget | None = None
    path: str = field(default="configuration", compare=False)
    number: int = field(default=1, compare=False)

    @classmethod
    def from_options(cls, table: Table = PARAMETERS, **values: Any) -> Self:  # noqa: ANN401 # values and fields of many kinds
        """Return the sweep of these options and fields; other parameters have their default."""
        defaults = {name: (table[name].default,) for name in grid_keys(table)}
        defaults["p"] = (PaddingPair(begin=0, end=0),)
        options = {name: values.pop(name, default) for name, default in defaults.items()}
        return cls(options=options, **values)

    def with_values(self, values: tuple[str, ...]) -> Self:
        """Return the sweep with the kinds of values that `[run]` names, instead of its own."""
        return replace(self, options={**self.options, "values": values})

    @property
    def points(self) -> int:
        """How many points it makes, including those whose lists fit no number of axes."""
        return math.prod(map(len, self.options.values()))

    @property
    def table(self) -> str:
        """The grid's table, as messages name it."""
        return f"[[grid]] {self.number}"
