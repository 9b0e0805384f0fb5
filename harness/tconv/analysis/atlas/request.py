"""The language of `name=value` words in which a call is written: `padding=same k=3 s=2 i=7x5`.

Names are those of configurations and predicates. A value is one number for all axes, or one per
axis joined by `x`; a padding is a number, or `start:end`; `none` says that it is not given.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from tconv.analysis.atlas.question import EXPLICIT, Question
from tconv.errors import AtlasError
from tconv.model.case import Case
from tconv.model.geometry import Axis
from tconv.model.parameters import PARAMETERS, POLICIES

_FIELDS: Final = {each.name: each.letter for each in PARAMETERS.values() if each.letter}
_ALIASES: Final = {letter: name for name, letter in _FIELDS.items()} | {"g": "groups"}
_PER_AXIS: Final = tuple(each for each in PARAMETERS.values() if each.per_axis)
_DEFAULTS: Final = {"i": None, "k": None, "s": None, "d": 1, "op": None, "o": None}
KNOWN: Final = ("padding", *(each.name for each in _PER_AXIS))
"""Every name of a request; `d` and `op` are short for `dilation` and `output_padding`."""

_NONE: Final = "none"
_OPTIONAL: Final = tuple(each.name for each in _PER_AXIS if each.absent)
_NUMBER: Final = re.compile(r"-?\d+")
_PAIR: Final = re.compile(r"(-?\d+)(?::(-?\d+))?")
_DOTTED: Final = re.compile(r"(-?\d+)\.(-?\d+)")


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
        """Return the request of these values, as texts by name.

        Raises:
            AtlasError: a value cannot be read, or the values are of different numbers of axes.
        """
        policy = values.get("padding", _NONE)
        if policy not in {_NONE, *POLICIES}:
            close = difflib.get_close_matches(policy.lower(), POLICIES, n=1)
            hint = (
                f"did you mean {close[0]}?"
                if close
                else "write numbers as p=1, or p=1:0 for start and end"
            )
            raise AtlasError(
                f"padding must be one of {', '.join(POLICIES)} or none (got {policy!r}); {hint}"
            )
        if policy != _NONE and "p" in values:
            raise AtlasError("p and padding exclude each other; remove one of the two")
        axes = _axes({name: text for name, text in values.items() if name != "padding"})
        return cls(padding=EXPLICIT if policy == _NONE else policy, axes=axes)

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
            words.append("p=" + "x".join(f"{axis.p_begin}:{axis.p_end}" for axis in self.axes))
        return words

    def __str__(self) -> str:
        return " ".join(self.words())


def axis_of_size(texts: Iterable[str]) -> Axis:
    """Return the axis with a requested size `o` that `name=value` texts write; its i is 1, for any.

    Raises:
        AtlasError: a name is none of o, k, s and dilation, is given twice or missing, or its value
            is no single number from 1.
    """
    values = values_by_name(texts, ("o", "k", "s", "dilation"), ("o", "k"))
    axes = _axes(values | {"i": "1"})
    size = axes[0].o
    if len(axes) > 1 or size is None or size < 1:
        raise AtlasError(f"o must be one number from 1, for one axis (got {values['o']!r})")
    return axes[0]


def values_by_name(
    texts: Iterable[str], names: Collection[str], needed: Collection[str]
) -> dict[str, str]:
    """Return the values of `name=value` texts, as texts, by their full names.

    Raises:
        AtlasError: a name is not one of `names`, is given twice, or is one of `needed` and missing.
    """
    values: dict[str, str] = {}
    for text in texts:
        word, sign, value = text.partition("=")
        name = _ALIASES.get(word, word)
        if not sign or name not in names:
            close = difflib.get_close_matches(word, names, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise AtlasError(
                f"a parameter must be name=value with one of {', '.join(names)} (got {text!r})"
                f"{hint}"
            )
        if name in values:
            raise AtlasError(f"{name} is given twice; remove {text!r}")
        values[name] = value
    for name in needed:
        if name not in values:
            raise AtlasError(f"{name} is missing; give it, as in {name}=3")
    return values


def number_from_one(values: Mapping[str, str], name: str, default: int) -> int:
    """Return a value that has one number for all axes.

    Raises:
        AtlasError: it is no number, or below 1.
    """
    text = values.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise AtlasError(f"{name} must be a number from 1 (got {text!r})")
    return int(text)


def _axes(values: Mapping[str, str]) -> tuple[Axis, ...]:
    columns: dict[str, list[int]] = {}
    for name, text in values.items():
        if name == "p":
            columns["p_begin"], columns["p_end"] = _pairs(text)
        elif text != _NONE or name not in _OPTIONAL:
            columns[_FIELDS.get(name, name)] = _numbers(name, text)
    ndim = max(map(len, columns.values()))
    for name, column in columns.items():
        if len(column) not in {1, ndim}:
            raise AtlasError(
                f"{name} must have one value, or one for each of the {ndim} axes "
                f"(got {len(column)})"
            )
        if name in {"i", "k", "s", "d"} and min(column) < 1:
            raise AtlasError(f"{name} must be 1 or more (got {min(column)})")
    return tuple(
        Axis(**{name: column[at % len(column)] for name, column in columns.items()})
        for at in range(ndim)
    )


def _numbers(name: str, text: str) -> list[int]:
    parts = text.split("x")
    if not all(map(_NUMBER.fullmatch, parts)):
        raise AtlasError(
            f"{name} must be a number, or one per axis, as in {name}=3 or {name}=3x2 (got {text!r})"
        )
    return list(map(int, parts))


def _pairs(text: str) -> tuple[list[int], list[int]]:
    matches = [_PAIR.fullmatch(part) for part in text.split("x")]
    pairs = [match.groups() for match in matches if match]
    if len(pairs) < len(matches):
        right = _DOTTED.sub(r"\1:\2", text)
        hint = "p=1:0" if right == text else f"p={right}"
        raise AtlasError(
            "p must be a number, or start:end, for all axes or for each, as in p=1, p=1:0 or "
            f"p=1:0x0 (got {text!r}); did you mean {hint}?"
        )
    return [int(start) for start, _ in pairs], [int(end or start) for start, end in pairs]
