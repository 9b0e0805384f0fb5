"""The language of `name=value` words in which a call is written: `padding=same k=3 s=2 i=7x5`.

Names are those of configurations and predicates, or what a framework calls its argument: k is
`kernel_size`, too. A value is one number for all axes, or one per axis as in `3x2`, `3,2`, `(3,2)`
or `[3,2]`; a padding is a policy, a number, or `start:end`; `none` says that it is not given.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from tconv.analysis.atlas.question import EXPLICIT, Question
from tconv.errors import AtlasError, shortened
from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.parameters import DTYPES, PARAMETERS, POLICIES, POLICY_ALIASES
from tconv.model.policies import DEFINED

_FIELDS: Final = {each.name: each.letter for each in PARAMETERS.values() if each.letter}
_NAMES: Final = {
    typed: each.name
    for each in PARAMETERS.values()
    for typed in (each.name, each.letter, *each.aliases)
    if typed
}
_PER_AXIS: Final = tuple(each for each in PARAMETERS.values() if each.per_axis)
_DEFAULTS: Final = {"i": None, "k": None, "s": None, "d": 1, "op": None, "o": None}
KNOWN: Final = ("padding", *(each.name for each in _PER_AXIS), "ndim")
"""Every name of a request; `d` and `op` are short for `dilation` and `output_padding`."""

_SIZE_NAMES: Final = ("o", "k", "s", "dilation", "i", "p", "output_padding", "padding")

_NONE: Final = "none"
_OPTIONAL: Final = tuple(each.name for each in _PER_AXIS if each.absent)
_POSITIVE: Final = frozenset({"i", "k", "s", "dilation", "ndim", "groups"})
_LARGEST: Final = 2**63 - 1
_MOST_AXES: Final = 62  # of an array of NumPy, beside those of batch and channels
_NUMBER: Final = re.compile(r"-?\d+")
_PAIR: Final = re.compile(r"(-?\d+)(?::(-?\d+))?")
_DOTTED: Final = re.compile(r"(-?\d+)\.(-?\d+)")
_TUPLE: Final = re.compile(r"[(\[](-?\d+),(-?\d+)[)\]]")
_SEPARATOR: Final = re.compile(r"[x,]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An open case that users ask about, without a target.

    Attributes:
        padding: a policy, or :data:`tconv.analysis.atlas.question.EXPLICIT`.
        axes: the parameters of each axis.
    """

    padding: str
    axes: tuple[Axis, ...]

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Self:
        """Return the request that `name=value` texts write.

        Raises:
            AtlasError: a name is unknown, given twice or missing, or its value cannot be read.
        """
        return cls.from_values(values_by_name(texts, KNOWN, ("i", "k")))

    @classmethod
    def from_values(cls, values: Mapping[str, str]) -> Self:
        """Return the request of these values, as :func:`values_by_name` returns them.

        Raises:
            AtlasError: they exclude each other, or are of different numbers of axes.
        """
        policy = values.get("padding", _NONE)
        if policy != _NONE and "p" in values:
            raise AtlasError("p and padding exclude each other; remove one of the two")
        sized = [name for name in ("output_padding", "o") if values.get(name, _NONE) != _NONE]
        if policy in DEFINED and sized:
            raise AtlasError(
                f"{sized[0]} and padding={policy} exclude each other, as the policy defines the "
                f"size; remove {sized[0]}"
            )
        axes = _axes({n: text for n, text in values.items() if n not in {"padding", "ndim"}})
        ndim = number_from_one(values, "ndim", len(axes))
        if ndim > _MOST_AXES:
            raise AtlasError(f"ndim must be {_MOST_AXES} or less (got {ndim})")
        if len(axes) not in {1, ndim}:
            raise AtlasError(
                f"ndim must be {len(axes)}, as other values are (got {ndim}); leave it out"
            )
        return cls(padding=EXPLICIT if policy == _NONE else policy, axes=axes * (ndim // len(axes)))

    @classmethod
    def from_case(cls, case: Case) -> Self:
        """Return the request that asks for this case."""
        return cls(padding=case.padding or EXPLICIT, axes=case.axes)

    def is_for(self, question: Question) -> bool:
        """Return whether this is a case of the question."""
        first = self.axes[0]
        return (
            self.padding == question.padding
            and (first.op is not None, first.o is not None) == (question.op, question.o)
            and question.ndim in {None, len(self.axes)}
        )

    def words(self, *, has_sizes: bool = True) -> list[str]:
        """Return the words that write the request, with its input sizes or without; no defaults."""
        words = [] if self.padding == EXPLICIT else [f"padding={self.padding}"]
        for name, default in _DEFAULTS.items():
            values = [getattr(axis, name) for axis in self.axes]
            if any(value != default for value in values) and (name != "i" or has_sizes):
                words.append(f"{name}={'x'.join(map(str, values))}")
        if any(axis.p_begin or axis.p_end for axis in self.axes):
            words.append("p=" + "x".join(map(_crop, self.axes)))
        return words

    def __str__(self) -> str:
        return " ".join(self.words())


def _crop(axis: Axis) -> str:
    both = axis.p_begin == axis.p_end
    return str(axis.p_begin) if both else f"{axis.p_begin}:{axis.p_end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRequest:
    """An output size along one axis that users want, and what of the call they have decided.

    Attributes:
        axis: the parameters; `o` is the size, and `i` is 1 where any will do.
        padding: a policy, :data:`tconv.analysis.atlas.question.EXPLICIT` where p is decided, or
            None: both will do.
        decided: which of i, p and op are.
    """

    axis: Axis
    padding: str | None
    decided: frozenset[str]

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Self:
        """Return the request that `name=value` texts write: o, k, and what is decided of the rest.

        Raises:
            AtlasError: a name is unknown, given twice or missing; its value cannot be read, is not
                that of one axis, or is a policy that is defined here.
        """
        values = values_by_name(texts, _SIZE_NAMES, ("o", "k"))
        if (policy := values.get("padding")) in DEFINED:
            raise AtlasError(
                f"padding={policy} is a call with p and op in numbers; give these, as "
                "`tconv explain` writes them"
            )
        request = Request.from_values({"i": "1"} | values)
        axis, *more = request.axes
        if more or axis.o is None or axis.o < 1:
            raise AtlasError(f"o must be one number from 1, for one axis (got {values['o']!r})")
        names = {"output_padding": "op"}
        return cls(
            axis=axis,
            padding=request.padding if values.keys() & {"p", "padding"} else None,
            decided=frozenset(names.get(n, n) for n in values if n in {"i", "p", "output_padding"}),
        )


def one_axis_notice(texts: Iterable[str]) -> str:
    """Return that a request has one axis because nothing says how many; empty where it is said."""
    values = values_by_name(texts, PARAMETERS, ())
    per_axis = (values.get(each.name, "") for each in _PER_AXIS)
    if "ndim" in values or any("x" in text for text in per_axis):
        return ""
    return "ndim=1, as one number stands for all axes; for two axes add ndim=2 or write k=3x3"


def values_by_name(
    texts: Iterable[str], names: Collection[str], needed: Collection[str]
) -> dict[str, str]:
    """Return the values of `name=value` texts by their full names, each in one spelling.

    Numbers per axis come as `3x2`, and p as `1:0x1:1`, whatever was typed.

    Raises:
        AtlasError: a name is not one of `names`, is given twice, or is one of `needed` and missing;
            or a value cannot be read.
    """
    values: dict[str, str] = {}
    for text in texts:
        typed, sign, value = text.partition("=")
        name = _NAMES.get(typed.lower(), typed)
        if not sign or name not in names:
            raise AtlasError(
                f"a parameter must be name=value with one of {', '.join(names)} (got {text!r})"
                f"{_hint(typed, names)}"
            )
        if name == "padding" and re.search(r"\d", value):
            name = "p"
        if name in values:
            raise AtlasError(f"{name} is given twice; remove {text!r}")
        values[name] = _spelling(name, typed, value.replace(" ", ""))
    for name in needed:
        if name not in values:
            raise AtlasError(f"{name} is missing; give it, as in {name}=3")
    return values


def _hint(typed: str, names: Collection[str]) -> str:
    """Return which name may have been meant."""
    if typed == "pads":
        return "; for the start and the end of each axis write p=1:0x1:0"
    spellings = [word for word, name in _NAMES.items() if name in names]
    close = difflib.get_close_matches(typed.lower(), spellings, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def number_from_one(values: Mapping[str, str], name: str, default: int) -> int:
    """Return a value that has one number for all axes.

    Raises:
        AtlasError: it has several.
    """
    text = values.get(name, str(default))
    if not text.isdecimal():
        raise AtlasError(f"{name} must be one number from 1 (got {text!r})")
    return int(text)


def _spelling(name: str, typed: str, text: str) -> str:
    """Return the value in the one spelling that the rest of the program reads.

    Raises:
        AtlasError: it cannot be read; the message uses the name that was typed.
    """
    match name:
        case "padding":
            return _policy(text)
        case "dtype":
            return _dtype(text)
        case "p":
            return "x".join(f"{start}:{end}" for start, end in _pairs(typed, text))
        case _ if text.lower() == _NONE and name in _OPTIONAL:
            return _NONE
    return "x".join(map(str, _numbers(name, typed, text)))


def _policy(text: str) -> str:
    policy = POLICY_ALIASES.get(text.lower(), text.lower())
    if policy not in {_NONE, *POLICIES}:
        close = difflib.get_close_matches(policy, [*POLICIES, *POLICY_ALIASES], n=1)
        hint = f"did you mean {close[0]}?" if close else "for numbers write p=1, or p=1:0"
        raise AtlasError(
            f"padding must be one of {', '.join(POLICIES)} or none, or numbers (got {text!r}); "
            f"{hint}"
        )
    return policy


def _dtype(text: str) -> str:
    names = {token: name for name, token in DTYPES.items()} | {name: name for name in DTYPES}
    if text.lower() not in names:
        close = difflib.get_close_matches(text.lower(), names, n=1)
        hint = f"; did you mean {names[close[0]]}?" if close else ""
        raise AtlasError(f"dtype must be one of {', '.join(DTYPES)} (got {text!r}){hint}")
    return names[text.lower()]


def _axes(values: Mapping[str, str]) -> tuple[Axis, ...]:
    columns: dict[str, list[int]] = {}
    for name, text in values.items():
        parts = text.split("x")
        if name == "p":
            pairs = [part.split(":") for part in parts]
            columns["p_begin"], columns["p_end"] = (
                [int(pair[side]) for pair in pairs] for side in (0, 1)
            )
        elif text != _NONE:
            columns[_FIELDS.get(name, name)] = list(map(int, parts))
    ndim = max(map(len, columns.values()))
    for name, column in columns.items():
        if len(column) not in {1, ndim}:
            raise AtlasError(
                f"{name} must have one value, or one for each of the {ndim} axes "
                f"(got {len(column)})"
            )
    return tuple(
        Axis(**{name: column[at % len(column)] for name, column in columns.items()})
        for at in range(ndim)
    )


def _numbers(name: str, typed: str, text: str) -> list[int]:
    parts = _SEPARATOR.split(_without_brackets(text))
    if not all(map(_NUMBER.fullmatch, parts)):
        raise AtlasError(
            f"{typed} must be a number, or one per axis, as in {typed}=3 or {typed}=3x2 "
            f"(got {text!r})"
        )
    numbers = [_integer(typed, part) for part in parts]
    if name in _POSITIVE and min(numbers) < 1:
        raise AtlasError(f"{typed} must be 1 or more (got {min(numbers)})")
    return numbers


def _pairs(typed: str, text: str) -> list[tuple[int, int]]:
    inner = _TUPLE.sub(r"\1:\2", text) if re.match(r"[(\[]{2}", text) else text
    parts = _SEPARATOR.split(_without_brackets(inner))
    matches = [_PAIR.fullmatch(part) for part in parts]
    pairs = [match.groups() for match in matches if match]
    if len(pairs) < len(matches):
        right = _DOTTED.sub(r"\1:\2", text)
        hint = "p=1:0" if right == text else f"p={right}"
        raise AtlasError(
            f"{typed} must be a number, or start:end, for all axes or for each, as in p=1, p=1:0 "
            f"or p=1:0x0 (got {text!r}); did you mean {hint}?"
        )
    return [(_integer(typed, start), _integer(typed, end or start)) for start, end in pairs]


def _without_brackets(text: str) -> str:
    is_closed = text[:1] + text[-1:] in {"()", "[]"}
    return text[1:-1].removesuffix(",") if is_closed else text


def _integer(typed: str, text: str) -> int:
    if len(text) > len(str(_LARGEST)) + 1 or abs(int(text)) > _LARGEST:
        raise AtlasError(f"{typed} must be below 2^63 (got {shortened(text)})")
    return int(text)
