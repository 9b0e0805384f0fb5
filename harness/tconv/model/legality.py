"""Classifies parameters as legal, extended or illegal, and says which rule decides.

*illegal*: no output exists or the operation is not defined, so an error is the right answer.
*extended*: the arithmetic has an answer, and frameworks disagree on whether to give it.
The arithmetic gives no size to an open case unless one is requested: that size must be 1 or more,
whatever p and op would give. It is legal to request a size that no direct convolution maps to i; a
framework may refuse it or choose its own window.

A result with more elements than 32 bits can count is *illegal* too: no framework is expected to
compute it, and the harness could not say what is right.

Each rule is written once and works on two forms: an axis of integers (one case), and an axis whose
fields are integer arrays of one shape (many grid points at once).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any, Final, Generic, Literal, Self, TypeVar

from tconv.model.geometry import Axis, effective_kernel, output_size
from tconv.model.policies import Margin

Legality = Literal["legal", "extended", "illegal"]

LEGALITIES: Final[tuple[Legality, ...]] = ("illegal", "extended", "legal")
"""Every legality, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The parameters of a case that belong to no axis: integers, or integer arrays of one shape.

    Attributes:
        n: batch size.
        c_in: channels of the input.
        c_out: channels of the output.
        groups: number of groups.
        malformed: how the tensors do not fit together, in words, empty where they do; or booleans.
    """

    n: Any
    c_in: Any
    c_out: Any
    groups: Any
    malformed: Any = ""


LARGEST_SIZE: Final = 2**31 - 1
"""Most elements that a result may have."""

_CACHE_SIZE: Final = 2**14  # a grid has few distinct axes, and repeats them


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How much is computed: an integer, or an array of numbers.

    Attributes:
        elements: of the full result or of the requested window, whichever is larger on each axis.
    """

    elements: Any

    @classmethod
    def of(cls, axes: Iterable[Axis], channels: Channels) -> Self:
        """Return the volume of a case of integers."""
        return cls(elements=channels.n * channels.c_out * prod(map(_extent, axes)))


Subject = TypeVar("Subject", Axis, Channels, Margin, Volume)


@dataclass(frozen=True, slots=True)
class LegalityRule(Generic[Subject]):
    """One condition of legality.

    Attributes:
        legality: that of a case that breaks the rule.
        words: how the rule is broken, without numbers: the key under which points are counted.
        is_broken: whether the subject breaks it, elementwise for arrays.
        reason: how one subject of integers breaks it, with its numbers.
    """

    legality: Legality
    words: str
    is_broken: Callable[[Subject], Any]
    reason: Callable[[Subject], str]


@lru_cache(maxsize=_CACHE_SIZE)
def is_huge(axis: Axis) -> bool:
    """Return whether a parameter other than i and k, on an axis of integers, exceeds 32 bits.

    Where i or k does, the volume of the result is illegal anyway.
    """
    parameters = (axis.s, axis.p_begin, axis.p_end, axis.extra, axis.d, axis.o or 0)
    return max(map(abs, parameters)) > LARGEST_SIZE


@lru_cache(maxsize=_CACHE_SIZE)
def _extent(axis: Axis) -> int:
    """Return the size of the full result along an axis or of the window, the larger of the two."""
    return max(axis.full, output_size(axis), axis.o or 0, 0)


def _reach(axis: Axis) -> int:
    return effective_kernel(axis.k, axis.d) - 1


def _size_of(axis: Axis) -> Any:  # noqa: ANN401 # an integer or an integer array
    """Return the size that is requested, or else the explicit one."""
    return output_size(axis) if axis.o is None else axis.o


AXIS_RULES: Final[tuple[LegalityRule[Axis], ...]] = (
    LegalityRule("illegal", "s below 1", lambda a: a.s < 1, lambda a: f"s={a.s} is below 1"),
    LegalityRule("illegal", "k below 1", lambda a: a.k < 1, lambda a: f"k={a.k} is below 1"),
    LegalityRule("illegal", "d below 1", lambda a: a.d < 1, lambda a: f"d={a.d} is below 1"),
    LegalityRule("illegal", "op negative", lambda a: a.extra < 0,
                 lambda a: f"op={a.extra} is negative"),
    LegalityRule("extended", "empty input", lambda a: a.i == 0,
                 lambda _: "i=0 leaves an empty input"),
    LegalityRule("illegal", "o below 1", lambda a: _size_of(a) < 1,
                 lambda a: f"o={_size_of(a)} is below 1"),
    LegalityRule("extended", "op not below s", lambda a: a.extra >= a.s,
                 lambda a: f"op={a.extra} is not below s={a.s}"),
    LegalityRule("extended", "p negative", lambda a: (a.p_begin < 0) | (a.p_end < 0),
                 lambda a: f"p={min(a.p_begin, a.p_end)} is negative"),
    LegalityRule("extended", "p above K-1",
                 lambda a: (a.p_begin > _reach(a)) | (a.p_end > _reach(a)),
                 lambda a: f"p={max(a.p_begin, a.p_end)} is above K-1={_reach(a)}"),
)  # fmt: skip
"""Every rule of one axis; the first that is broken gives the axis its legality."""

MARGIN_RULES: Final[tuple[LegalityRule[Margin], ...]] = (
    LegalityRule("extended", "padding longer than the input",
                 lambda m: (m.before > m.most) | (m.after > m.most),
                 lambda m: f"the policy pads the input by {max(m.before, m.after)} elements, "
                 f"above the {m.most} that it has to copy"),
)  # fmt: skip
"""Every rule of what a policy copies to the ends of an axis: a copy of copies is made by some."""

CHANNEL_RULES: Final[tuple[LegalityRule[Channels], ...]] = (
    LegalityRule("illegal", "tensors do not fit", lambda c: c.malformed,
                 lambda c: str(c.malformed)),
    LegalityRule("illegal", "groups below 1", lambda c: c.groups < 1,
                 lambda c: f"groups={c.groups} is below 1"),
    LegalityRule("illegal", "c_in below 1", lambda c: c.c_in < 1,
                 lambda c: f"c_in={c.c_in} is below 1"),
    LegalityRule("illegal", "c_out below 1", lambda c: c.c_out < 1,
                 lambda c: f"c_out={c.c_out} is below 1"),
    LegalityRule("illegal", "groups do not divide c_in",
                 lambda c: _remainder(c.c_in, c.groups) != 0,
                 lambda c: f"groups={c.groups} does not divide c_in={c.c_in}"),
    LegalityRule("illegal", "groups do not divide c_out",
                 lambda c: _remainder(c.c_out, c.groups) != 0,
                 lambda c: f"groups={c.groups} does not divide c_out={c.c_out}"),
    LegalityRule("extended", "empty batch", lambda c: c.n == 0,
                 lambda _: "n=0 leaves an empty batch"),
)  # fmt: skip
"""Every rule of the channels and the batch; the first that is broken gives the legality."""


VOLUME_RULES: Final[tuple[LegalityRule[Volume], ...]] = (
    LegalityRule("illegal", "result beyond 2^31-1 elements", lambda v: v.elements > LARGEST_SIZE,
                 lambda v: f"the result needs {v.elements} elements, above 2^31-1"),
)  # fmt: skip
"""Every rule of the whole result."""


def _remainder(channels: Any, groups: Any) -> Any:  # noqa: ANN401 # integers or integer arrays
    """Return channels mod groups; groups below 1 have a rule of their own and count as 1 here."""
    return channels % (groups * (groups > 0) + (groups <= 0))


@lru_cache(maxsize=_CACHE_SIZE)
def axis_legality(axis: Axis) -> tuple[Legality, str]:
    """Return the legality of one axis of integers and, unless it is legal, the reason in words."""
    return _first_broken(AXIS_RULES, axis)


@lru_cache(maxsize=_CACHE_SIZE)
def channel_legality(channels: Channels) -> tuple[Legality, str]:
    """Return the legality of channels and batch and, unless they are legal, the reason."""
    return _first_broken(CHANNEL_RULES, channels)


def margin_legality(margin: Margin) -> tuple[Legality, str]:
    """Return the legality of what is copied to the ends of an axis, and the reason."""
    return _first_broken(MARGIN_RULES, margin)


def volume_legality(volume: Volume) -> tuple[Legality, str]:
    """Return the legality of the result's volume and, unless it is legal, the reason."""
    return _first_broken(VOLUME_RULES, volume)


def worst(legalities: Iterable[tuple[Legality, str]]) -> tuple[Legality, str]:
    """Return the worst legality with its reason; the first of equals."""
    return min(legalities, key=lambda item: LEGALITIES.index(item[0]))


def _first_broken(
    rules: tuple[LegalityRule[Subject], ...], subject: Subject
) -> tuple[Legality, str]:
    broken = (rule for rule in rules if rule.is_broken(subject))
    return next(((rule.legality, rule.reason(subject)) for rule in broken), ("legal", ""))
