"""One grid point, its validity, and its readable id.

The id is the seed of the inputs, the pytest id, the frame key and the reproducer's argument, so it
must never change: parameters at their default are left out of it, and a new parameter joins with a
default that keeps every old id as it was.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Final, Literal, Self

from tconv.errors import CaseError
from tconv.model.geometry import Axis, output_size
from tconv.model.legality import (
    Channels,
    Legality,
    Volume,
    axis_legality,
    channel_legality,
    is_huge,
    volume_legality,
    worst,
)
from tconv.model.malformed import MALFORMED, MALFORMED_BIAS
from tconv.model.parameters import DTYPES, POLICIES, VALUES

Suite = Literal["explicit", "open", "extended", "illegal"]
Ints = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """All parameters of one transposed convolution; per-axis ones have one entry per axis.

    A case that exists is well formed: its tuples have `ndim` entries and its names are known. It
    need not be legal, see :meth:`legality`.

    Attributes:
        ndim: number of spatial axes, at least 1.
        i: input sizes, elements.
        k: kernel sizes, taps.
        c_in: channels of the input.
        c_out: channels of the output.
        s: strides.
        p_begin: crops at the begin; zero where a policy is given.
        p_end: crops at the end; zero where a policy is given.
        output_padding: extra sizes at the end, or None: not given (an open case).
        dilation: dilations of the kernel.
        groups: number of groups.
        padding: a policy of :data:`POLICIES`, or None: `p_begin` and `p_end` say it.
        o: requested output sizes, or None: not requested.
        n: batch size.
        dtype: name of the element type, one of :data:`DTYPES`.
        bias: whether a bias is added.
        values: kind of the input values, one of :data:`VALUES`.
        malformed: how the tensors do not fit together, one of :data:`MALFORMED`, or
            None: they fit. The other parameters say what they would be if they did.
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
        """Refuse what no case can be.

        Raises:
            CaseError: a tuple has not `ndim` entries, or a name is unknown.
        """
        if self.ndim < 1:
            raise _error("ndim", self.ndim, "1 or more")
        for name in _PER_AXIS:
            value = getattr(self, name)
            if value is not None and not _is_per_axis(value, self.ndim):
                raise _error(name, value, f"a tuple of {self.ndim} integers, one per axis")
        _require_sizes(self)
        if self.dtype not in DTYPES:
            raise _error("dtype", self.dtype, f"one of {', '.join(DTYPES)}")
        if self.values not in VALUES:
            raise _error("values", self.values, f"one of {', '.join(VALUES)}")
        _require_malformation(self)
        if self.padding is not None:
            if self.padding not in POLICIES:
                raise _error("padding", self.padding, f"one of {', '.join(POLICIES)}")
            if any(self.p_begin + self.p_end):
                raise _error("p", self.p_begin + self.p_end, "absent where a policy is given")

    @classmethod
    def from_parameters(
        cls,
        *,
        ndim: int,
        i: int | Sequence[int],
        k: int | Sequence[int],
        c_in: int = 2,
        c_out: int = 4,
        s: int | Sequence[int] = 1,
        p: int | Sequence[int | tuple[int, int]] = 0,
        output_padding: int | Sequence[int] | None = 0,
        dilation: int | Sequence[int] = 1,
        o: int | Sequence[int] | None = None,
        **rest: object,
    ) -> Self:
        """Return the case in which an integer serves every axis; `p` has ints or (begin, end).

        Raises:
            CaseError: as for the class.
        """
        begin, end = _sides(p, ndim)
        axes = {
            name: None if value is None else _per_axis(value, ndim)
            for name, value in (("i", i), ("k", k), ("s", s), ("dilation", dilation),
                                ("output_padding", output_padding), ("o", o))
        }  # fmt: skip
        return cls(ndim=ndim, c_in=c_in, c_out=c_out, p_begin=begin, p_end=end, **axes, **rest)  # type: ignore[arg-type] # names and values are checked at construction

    @classmethod
    def from_id(cls, case_id: str) -> Self:
        """Return the case that has this id.

        Raises:
            CaseError: the text is no case id; the message names the part that is not understood.
        """
        found: dict[str, object] = {}
        for part in case_id.split("-"):
            found |= _parse(part, case_id, is_sized="i" in found)
        missing = sorted({"ndim", "i", "k", "c_in", "c_out", "dtype"} - found.keys())
        if missing:
            raise CaseError(
                f"case id={case_id!r}, but should give {', '.join(missing)} as well, "
                "as in 2d-i5x4-k3x3-s2x1-ci2-co4-f32"
            )
        begin, end = found.pop("p_begin", None), found.pop("p_end", None)
        p = list(zip(begin, end, strict=True)) if begin and end else 0  # type: ignore[call-overload] # both are tuples where both are there
        case = cls.from_parameters(p=p, **found)  # type: ignore[arg-type] # typed by the tokens
        if case.id != case_id:
            raise CaseError(f"case id={case_id!r}, but should be {case.id!r}: one case, one id")
        return case

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is made again sooner than it travels from one process to another."""
        return {name: value for name, value in vars(self).items() if name not in _STAYS}

    @cached_property
    def id(self) -> str:
        """The case's stable id, of the characters `[a-z0-9.x-]`; minus is written m."""
        return "-".join(token for token in (write(self) for write in _WRITERS) if token)

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

        Of an open case: with the requested size or, for want of one, that of op = 0.
        """
        return (self.n, self.c_out, *map(_size, self.axes))

    @cached_property
    def uncropped(self) -> "Case":
        """The explicit case of the full result: no crop, no output padding, no size requested."""
        none = (0,) * self.ndim
        return replace(self, p_begin=none, p_end=none, output_padding=none, padding=None, o=None)

    @property
    def is_open(self) -> bool:
        """Whether no single right answer exists: a policy, no output padding, or a wanted size."""
        return self.padding is not None or self.output_padding is None or self.o is not None

    @cached_property
    def legality(self) -> tuple[Legality, str]:
        """The worst legality of the case's parts and its reason, empty where legal."""
        channels = _channels(self.n, self.c_in, self.c_out, self.groups, self.malformed)
        volume = Volume.of(self.axes, channels)
        return worst(
            [channel_legality(channels), *map(axis_legality, self.axes), volume_legality(volume)]
        )

    @property
    def is_huge(self) -> bool:
        """Whether a parameter does not fit into 32 bits.

        Other meanings of it have no size that could be computed, and a framework that checks its
        arguments may refuse it before it looks at anything else.
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


_STAYS: Final = frozenset({"axes", "uncropped"})
_MOST: Final = 2**14  # axes, and tuples of an id, that are kept: a grid has few, and repeats them


@lru_cache(maxsize=_MOST)
def _axis(
    i: int, k: int, s: int, p_begin: int, p_end: int, op: int | None, d: int, o: int | None
) -> Axis:
    """Return the axis with these parameters, the same object for the same ones."""
    return Axis(i=i, k=k, s=s, p_begin=p_begin, p_end=p_end, op=op, d=d, o=o)


@lru_cache(maxsize=_MOST)
def _channels(n: int, c_in: int, c_out: int, groups: int, malformed: str | None) -> Channels:
    words = MALFORMED[malformed].words if malformed else ""
    return Channels(n=n, c_in=c_in, c_out=c_out, groups=groups, malformed=words)


@lru_cache(maxsize=_MOST)
def _size(axis: Axis) -> int:
    return max(output_size(axis) if axis.o is None else axis.o, 0)


_PER_AXIS: Final = ("i", "k", "s", "p_begin", "p_end", "dilation", "output_padding", "o")


def _require_malformation(case: Case) -> None:
    if case.malformed is not None and case.malformed not in MALFORMED:
        raise _error("malformed", case.malformed, f"one of {', '.join(MALFORMED)}")
    if case.malformed in MALFORMED_BIAS and not case.bias:
        raise _error("malformed", case.malformed, "absent or another where there is no bias")


def _require_sizes(case: Case) -> None:
    for name in ("i", "k", "n", "c_in", "c_out"):
        value = getattr(case, name)
        if (min(value) if isinstance(value, tuple) else value) < 0:
            raise _error(name, value, "0 or more: no array has a negative size")


def _error(name: str, value: object, expected: str) -> CaseError:
    return CaseError(f"{name}={value!r}, but should be {expected}")


def _is_per_axis(value: object, ndim: int) -> bool:
    if not isinstance(value, tuple) or len(value) != ndim:
        return False
    return all(type(entry) is int for entry in value)


def _per_axis(value: int | Sequence[int], ndim: int) -> Ints:
    return (value,) * ndim if isinstance(value, int) else tuple(value)


def _sides(p: int | Sequence[int | tuple[int, int]], ndim: int) -> tuple[Ints, Ints]:
    pairs = [(p, p)] * ndim if isinstance(p, int) else [_pair(entry) for entry in p]
    return tuple(begin for begin, _ in pairs), tuple(end for _, end in pairs)


def _pair(entry: int | tuple[int, int]) -> tuple[int, int]:
    return (entry, entry) if isinstance(entry, int) else (entry[0], entry[1])


# --- the id: one writer and one reader per token, in the order of the id ---


def _integer(value: int) -> str:
    return str(value) if value >= 0 else f"m{-value}"


@lru_cache(maxsize=_MOST)
def _joined(values: Ints) -> str:
    return "x".join(map(_integer, values))


@lru_cache(maxsize=_MOST)
def _padding_token(begin: Ints, end: Ints) -> str:
    pairs = list(zip(begin, end, strict=True))
    if not any(map(any, pairs)):
        return ""
    return "p" + "x".join(
        _integer(b) if b == e else f"{_integer(b)}.{_integer(e)}" for b, e in pairs
    )


def _output_padding_token(op: Ints | None) -> str:
    if op is None:
        return "opnone"
    return f"op{_joined(op)}" if any(op) else ""


@lru_cache(maxsize=_MOST)
def _unless_ones(prefix: str, values: Ints) -> str:
    return "" if all(value == 1 for value in values) else f"{prefix}{_joined(values)}"


_WRITERS: Final[tuple[Callable[[Case], str], ...]] = (
    lambda c: f"{c.ndim}d",
    lambda c: f"i{_joined(c.i)}",
    lambda c: f"k{_joined(c.k)}",
    lambda c: _unless_ones("s", c.s),
    lambda c: _padding_token(c.p_begin, c.p_end),
    lambda c: _output_padding_token(c.output_padding),
    lambda c: _unless_ones("d", c.dilation),
    lambda c: _unless_ones("g", (c.groups,)),
    lambda c: POLICIES[c.padding] if c.padding else "",
    lambda c: f"o{_joined(c.o)}" if c.o else "",
    lambda c: _unless_ones("n", (c.n,)),
    lambda c: f"ci{_integer(c.c_in)}",
    lambda c: f"co{_integer(c.c_out)}",
    lambda c: DTYPES[c.dtype],
    lambda c: "" if c.bias else "nobias",
    lambda c: "" if c.values == "exact" else c.values,
    lambda c: MALFORMED[c.malformed].token if c.malformed else "",
)

_WORDS: Final[dict[str, dict[str, object]]] = {
    "opnone": {"output_padding": None},
    "nobias": {"bias": False},
    **{token: {"padding": name} for name, token in POLICIES.items()},
    **{token: {"dtype": name} for name, token in DTYPES.items()},
    **{name: {"values": name} for name in VALUES[1:]},
    **{each.token: {"malformed": name} for name, each in MALFORMED.items()},
}
_SIZES: Final = {token for token in DTYPES.values() if token.startswith("i")}
"""Tokens that are sizes of the input, too: i32, which comes before the dtype in an id."""
_SCALARS: Final = {"g": "groups", "n": "n", "ci": "c_in", "co": "c_out"}
_TUPLES: Final = {
    "i": "i", "k": "k", "s": "s", "op": "output_padding", "d": "dilation", "o": "o",
}  # fmt: skip
_NUMBERED: Final = re.compile(r"(?P<key>[a-z]+?)(?P<rest>m?\d[\dmx.]*)")


def _parse(part: str, case_id: str, *, is_sized: bool) -> dict[str, object]:
    """Return the parameters that one part of a case id gives; `is_sized`: i was given before."""
    if part in _WORDS and (is_sized or part not in _SIZES):
        return _WORDS[part]
    if re.fullmatch(r"\d+d", part):
        return {"ndim": int(part[:-1])}
    match = _NUMBERED.fullmatch(part)
    try:
        if match and (key := match["key"]) in _SCALARS:
            return {_SCALARS[key]: _number(match["rest"])}
        if match and (key := match["key"]) in _TUPLES:
            return {_TUPLES[key]: tuple(map(_number, match["rest"].split("x")))}
        if match and match["key"] == "p":
            ends = [entry.split(".") for entry in match["rest"].split("x")]
            return {
                "p_begin": tuple(_number(e[0]) for e in ends),
                "p_end": tuple(_number(e[-1]) for e in ends),
            }
    except ValueError:
        pass  # falls through to the one message
    raise CaseError(
        f"part {part!r} of case id {case_id!r} is not understood; an id looks like "
        "2d-i5x4-k3x3-s2x1-p1.0x0-op1x0-ci2-co4-f32, take it from results.csv"
    )


def _number(text: str) -> int:
    return -int(text[1:]) if text.startswith("m") else int(text)


PARAMETERS: Final = tuple(field.name for field in fields(Case))
"""The names of a case's parameters, in declaration order."""
