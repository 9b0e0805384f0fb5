"""One `[[grid]]` table as plain values: what is swept, before anything is multiplied out."""

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from tconv.grid.requested_sizes import Request
from tconv.model.case import Suite
from tconv.model.predicate import Predicate

Strategy = Literal["pairwise", "random"]

STRATEGIES: Final[tuple[Strategy, ...]] = ("pairwise", "random")
"""Every way to keep within a budget."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PaddingPair:
    """The padding of one axis: crops at the begin and at the end, elements."""

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
        suite: only cases of this suite are kept.
        ndim: numbers of spatial axes.
        i: input sizes; `k`, `s`, `p`, `output_padding`, `dilation` likewise per axis.
        padding: padding policies, None: none, `p` says it.
        o: requested output sizes, also as the words of :data:`WORDS`; None:
            no size is requested.
        malformed: malformations of the tensors, None: they fit.
        where: predicates that a kept case fulfils, all of them.
        budget: the most cases, or None: all.
        path: the file it comes from, for messages; no part of its value.
        number: its place among the grids of the file, from 1; no part of its value either.
    """

    suite: Suite = "explicit"
    ndim: tuple[int, ...]
    i: tuple[Size, ...]
    k: tuple[Size, ...]
    s: tuple[Size, ...] = (1,)
    p: tuple[Padding, ...] = (PaddingPair(begin=0, end=0),)
    output_padding: tuple[Size | None, ...] = (0,)
    dilation: tuple[Size, ...] = (1,)
    groups: tuple[int, ...] = (1,)
    n: tuple[int, ...] = (1,)
    c_in: tuple[int, ...] = (2,)
    c_out: tuple[int, ...] = (4,)
    dtype: tuple[str, ...] = ("float32",)
    bias: tuple[bool, ...] = (True,)
    padding: tuple[str | None, ...] = (None,)
    o: tuple[Request, ...] = (None,)
    malformed: tuple[str | None, ...] = (None,)
    where: tuple[Predicate, ...] = ()
    budget: Budget | None = None
    path: str = field(default="configuration", compare=False)
    number: int = field(default=1, compare=False)

    @property
    def table(self) -> str:
        """The grid's table, as messages name it."""
        return f"[[grid]] {self.number}"
