"""A case: the parameters of one transposed convolution, and what follows from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import chain, product
from operator import attrgetter
from typing import Any, Final, Literal, Self

from tconv.errors import CaseError, quoted
from tconv.model.case_id import read_id, write_id
from tconv.model.geometry import Axis, output_size
from tconv.model.legality import (
    Channels,
    Legality,
    Volume,
    axis_legality,
    channel_legality,
    is_huge,
    margin_legality,
    volume_legality,
    worst,
)
from tconv.model.malformed import MALFORMED, MALFORMED_BIAS
from tconv.model.parameters import PARAMETERS, REQUIRED
from tconv.model.policies import DEFINED, InputPadding, Margin, fill_of, lower

Suite = Literal["explicit", "open", "extended", "illegal"]
Ints = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """All parameters of one transposed convolution; per-axis ones have one entry per axis.

    :data:`~.parameters.PARAMETERS` says what each field means and which values it may have. A case
    is always well formed: its tuples have `ndim` entries and its names are known. It need not be
    legal, see :attr:`legality`.
    """

    ndim: int
    i: Ints
    k: Ints
    c_in: int
    c_out: int
    s: Ints
    p_begin: Ints
    p_end: Ints
    output_padding: Ints | None
    dilation: Ints
    groups: int = 1
    padding: str | None = None
    o: Ints | None = None
    n: int = 1
    dtype: str = "float32"
    bias: bool = True
    values: str = "exact"
    malformed: str | None = None

    def __post_init__(self) -> None:
        """Check that the case is well formed.

        Raises:
            CaseError: a tuple does not have `ndim` entries, a size is negative or a name unknown.
        """
        if self.ndim < 1:
            raise _error("ndim", self.ndim, "1 or more")
        # All at once: one by one, these checks would cost as much as the rest of a small case.
        per_axis = [value for value in _per_axis_values(self) if value is not None]
        if (
            {*map(type, per_axis)} != _TUPLE
            or {*map(len, per_axis)} != {self.ndim}
            or {*map(type, chain.from_iterable(per_axis))} != _INT
        ):
            raise _axes_error(self)
        if min(map(min, _axis_sizes(self))) < 0 or min(_scalar_sizes(self)) < 0:
            raise _size_error(self)
        if _names(self) not in _COMBINATIONS:
            raise _name_error(self)
        if self.malformed in MALFORMED_BIAS and not self.bias:
            raise _error("malformed", self.malformed, "one of x or w, as the case has no bias")
        if self.padding is not None and any(self.p_begin + self.p_end):
            raise _error("p", self.p_begin + self.p_end, "absent where a policy is given")
        if self.padding in DEFINED:
            _require_nothing_else(self)

    @classmethod
    def from_parameters(
        cls,
        *,
        ndim: int,
        i: int | Sequence[int],
        k: int | Sequence[int],
        p: int | Sequence[int | tuple[int, int]] = 0,
        **parameters: object,
    ) -> Self:
        """Return a case; an integer serves every axis, and `p` has integers or (start, end) pairs.

        Parameters that are not given have their default in :data:`~.parameters.PARAMETERS`.

        Raises:
            CaseError: as for the class.
        """
        fields: dict[str, Any] = {**_DEFAULTS, "i": i, "k": k, **parameters}
        for name in _SPREAD:
            value = fields[name]
            if isinstance(value, int):
                fields[name] = (value,) * ndim
            elif value is not None:
                fields[name] = tuple(value)
        begin, end = _sides(p, ndim)
        return cls(ndim=ndim, p_begin=begin, p_end=end, **fields)

    @classmethod
    def from_id(cls, case_id: str) -> Self:
        """Return the case that has this id.

        Raises:
            CaseError: the text is not a case id; the message names the part that is not understood.
        """
        case = cls.from_parameters(**read_id(case_id))
        if case.id != case_id:
            raise CaseError(
                f"case id={quoted(case_id)}, but should be {case.id!r}, the one id of the case"
            )
        return case

    def __getstate__(self) -> dict[str, object]:
        """Leave out cached values that are quicker to compute again than to send to a process."""
        return {name: value for name, value in vars(self).items() if name not in _NOT_SENT}

    @cached_property
    def id(self) -> str:
        """The case's stable id, of the characters `[a-z0-9.x-]`; minus is written m."""
        return write_id(self)

    @cached_property
    def axes(self) -> tuple[Axis, ...]:
        """The parameters along each axis."""
        op = self.output_padding or (None,) * self.ndim
        o = self.o or (None,) * self.ndim
        return tuple(
            map(_axis, self.i, self.k, self.s, self.p_begin, self.p_end, op, self.dilation, o)
        )

    @property
    def x_shape(self) -> Ints:
        """Shape of the input, (n, c_in, *i)."""
        return (self.n, self.c_in, *self.i)

    @property
    def w_shape(self) -> Ints:
        """Shape of the weight, (c_in, c_out / groups, *k)."""
        return (self.c_in, self.c_out // max(self.groups, 1), *self.k)

    @property
    def b_shape(self) -> Ints:
        """Shape of the bias, (c_out,)."""
        return (self.c_out,)

    @cached_property
    def y_shape(self) -> Ints:
        """Shape of an explicit case's output, (n, c_out, *o); a size below zero counts as 0.

        Of an open case: the requested size, or that of op = 0 where none is requested.
        """
        return (self.n, self.c_out, *map(_size, self.lowered.axes))

    @cached_property
    def uncropped(self) -> "Case":
        """The explicit case of the full result: no crop, no output padding, no size requested."""
        none = (0,) * self.ndim
        return replace(self, p_begin=none, p_end=none, output_padding=none, padding=None, o=None)

    @property
    def is_open(self) -> bool:
        """Whether no single answer is right.

        That is so under a policy that frameworks define, without an output padding, or where a size
        is requested.
        """
        if self.padding is not None:
            return self.padding not in DEFINED
        return self.output_padding is None or self.o is not None

    @property
    def lowered(self) -> "Case":
        """The explicit case of the padded input that a defined policy is; else the case itself.

        See :mod:`.policies`. Its `i` is the size after :attr:`input_padding`.
        """
        return self._lowered if self.padding in DEFINED else self

    @property
    def input_padding(self) -> InputPadding | None:
        """What the input of :attr:`lowered` is padded with, or None: it is not padded.

        Nothing pads malformed tensors, which may have other axes.
        """
        fill = fill_of(self.padding)
        if fill is None or self.malformed is not None:
            return None
        sides = tuple((margin.before, margin.after) for _, margin in self._lowered_axes)
        return InputPadding(fill=fill, sides=sides) if any(map(any, sides)) else None

    @cached_property
    def _lowered(self) -> "Case":
        axes = [axis for axis, _ in self._lowered_axes]
        return replace(
            self, padding=None, i=tuple(axis.i for axis in axes),
            p_begin=tuple(axis.p_begin for axis in axes), p_end=tuple(a.p_end for a in axes),
            output_padding=tuple(axis.extra for axis in axes),
        )  # fmt: skip

    @cached_property
    def _lowered_axes(self) -> tuple[tuple[Axis, Margin], ...]:
        assert self.padding is not None
        return tuple(_lowered_axis(self.padding, axis) for axis in self.axes)

    @cached_property
    def legality(self) -> tuple[Legality, str]:
        """The worst legality of the case's parts and its reason, empty where legal."""
        channels = _channels(self.n, self.c_in, self.c_out, self.groups, self.malformed)
        axes = self.lowered.axes
        parts = [channel_legality(channels), *map(axis_legality, axes)]
        if fill_of(self.padding):
            parts += [margin_legality(margin) for _, margin in self._lowered_axes]
        return worst([*parts, volume_legality(Volume.of(axes, channels))])

    @property
    def is_huge(self) -> bool:
        """Whether a parameter does not fit into 32 bits.

        Readings of such a case may have sizes that cannot be computed, and a framework that checks
        its arguments may refuse it before it looks at anything else.
        """
        return any(map(is_huge, self.axes))

    @cached_property
    def suite(self) -> Suite:
        """The suite that judges this case: open, or explicit, extended or illegal."""
        legality = self.legality[0]
        if legality == "illegal":
            return "illegal"
        if self.is_open:
            return "open"
        return "explicit" if legality == "legal" else "extended"


_NOT_SENT: Final = frozenset({"axes", "uncropped", "_lowered", "_lowered_axes"})
_CACHE_SIZE: Final = 2**14  # a grid has few distinct axes, and repeats them


@lru_cache(maxsize=_CACHE_SIZE)
def _axis(
    i: int, k: int, s: int, p_begin: int, p_end: int, op: int | None, d: int, o: int | None
) -> Axis:
    """Return the axis with these parameters, the same object for equal ones."""
    return Axis(i=i, k=k, s=s, p_begin=p_begin, p_end=p_end, op=op, d=d, o=o)


@lru_cache(maxsize=_CACHE_SIZE)
def _lowered_axis(policy: str, axis: Axis) -> tuple[Axis, Margin]:
    """Return what the policy is on one axis; an illegal axis stays as it is."""
    return lower(policy, axis) if min(axis.s, axis.k, axis.d) >= 1 else (axis, Margin())


@lru_cache(maxsize=_CACHE_SIZE)
def _channels(n: int, c_in: int, c_out: int, groups: int, malformed: str | None) -> Channels:
    words = MALFORMED[malformed].words if malformed else ""
    return Channels(n=n, c_in=c_in, c_out=c_out, groups=groups, malformed=words)


@lru_cache(maxsize=_CACHE_SIZE)
def _size(axis: Axis) -> int:
    return max(output_size(axis) if axis.o is None else axis.o, 0)


_PER_AXIS: Final = tuple(n for each in PARAMETERS.values() if each.per_axis for n in each.fields)
_SIZES: Final = tuple(each for each in PARAMETERS.values() if each.is_size)
_NAMED: Final = {
    each.name: (*each.choices, *([None] if each.absent else []))
    for each in PARAMETERS.values()
    if each.kind == "name"
}
_COMBINATIONS: Final = frozenset(product(*_NAMED.values()))
_TUPLE: Final = {tuple}
_INT: Final = {int}
_SPREAD: Final = tuple(
    each.name for each in PARAMETERS.values() if each.per_axis and each.kind != "pair"
)
_DEFAULTS: Final = {
    each.name: each.default
    for each in PARAMETERS.values()
    if each.default is not REQUIRED and each.kind != "pair"
}
_per_axis_values: Final = attrgetter(*_PER_AXIS)
_axis_sizes: Final = attrgetter(*(each.name for each in _SIZES if each.per_axis))
_scalar_sizes: Final = attrgetter(*(each.name for each in _SIZES if not each.per_axis))
_names: Final = attrgetter(*_NAMED)


def _error(name: str, value: object, expected: str) -> CaseError:
    return CaseError(f"{name}={quoted(value)}, but should be {expected}")


def _require_nothing_else(case: Case) -> None:
    """Refuse what would ask for another result than the one that the case's policy defines."""
    if case.o is not None:
        raise _error("o", case.o, f"absent: padding {case.padding!r} defines the size")
    if case.output_padding is None or any(case.output_padding):
        raise _error("output_padding", case.output_padding, f"0 where padding is {case.padding!r}")


def _axes_error(case: Case) -> CaseError:
    """Return the error of the first value that does not have one integer per axis."""
    for name in _PER_AXIS:
        value = getattr(case, name)
        is_tuple = isinstance(value, tuple) and len(value) == case.ndim
        if value is not None and not (is_tuple and {*map(type, value)} == _INT):
            return _error(name, value, f"a tuple of {case.ndim} integers, one per axis")
    raise AssertionError


def _size_error(case: Case) -> CaseError:
    """Return the error of the first negative size."""
    values = ((each.name, getattr(case, each.name)) for each in _SIZES)
    name, value = next((n, v) for n, v in values if (min(v) if isinstance(v, tuple) else v) < 0)
    return _error(name, value, "0 or more: no array has a negative size")


def _name_error(case: Case) -> CaseError:
    """Return the error of the first name that is unknown."""
    name = next(name for name in _NAMED if getattr(case, name) not in _NAMED[name])
    choices = ", ".join(choice for choice in _NAMED[name] if choice)
    return _error(name, getattr(case, name), f"one of {choices}")


def _sides(p: int | Sequence[int | tuple[int, int]], ndim: int) -> tuple[Ints, Ints]:
    pairs = [(p, p)] * ndim if isinstance(p, int) else [_pair(entry) for entry in p]
    return tuple(begin for begin, _ in pairs), tuple(end for _, end in pairs)


def _pair(entry: int | tuple[int, int]) -> tuple[int, int]:
    return (entry, entry) if isinstance(entry, int) else (entry[0], entry[1])
