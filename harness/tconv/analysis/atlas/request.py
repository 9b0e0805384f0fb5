"""An open case as a user writes it on a command line: `padding=same k=3 s=2 i=7x5`.

Names are those of configurations and predicates; values are written as in case ids: one number for
all axes, or one per axis joined by `x`; a padding is a number or `begin.end`; `none`: not given.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final, Self

from tconv.analysis.atlas.question import EXPLICIT, Question
from tconv.errors import AtlasError
from tconv.model.case import POLICIES
from tconv.model.geometry import Axis

_ALIASES: Final = {"d": "dilation", "op": "output_padding"}
_SHORT: Final = {"dilation": "d", "output_padding": "op"}
KNOWN: Final = ("padding", "i", "k", "s", "p", "dilation", "output_padding", "o")
"""Every name; `d` and `op` are short for `dilation` and `output_padding`."""

_NONE: Final = "none"
_OPTIONAL: Final = ("output_padding", "o")
_SIZE: Final = re.compile(r"-?\d+")
_SIDES: Final = re.compile(r"(-?\d+)(?:\.(-?\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of every target.

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
        given = _given(texts, KNOWN, ("i", "k"))
        policy = given.pop("padding", _NONE)
        if policy not in {_NONE, *POLICIES}:
            raise AtlasError(
                f"padding={policy!r}, but should be one of {', '.join(POLICIES)}, none; numbers "
                "are given as p=1 or, for begin and end apart, p=1.0"
            )
        if policy != _NONE and "p" in given:
            raise AtlasError("p and padding should not be given together; remove one of the two")
        padding = EXPLICIT if policy == _NONE else policy
        return cls(padding=padding, axes=_axes(_columns(given)))

    def is_for(self, question: Question) -> bool:
        """Return whether this is a case of the question."""
        first = self.axes[0]
        return (
            self.padding == question.padding
            and (first.op is not None, first.o is not None) == (question.op, question.o)
            and question.ndim in {None, len(self.axes)}
        )

    def __str__(self) -> str:
        """Write the request so that it reads back, each axis in full."""
        words = [] if self.padding == EXPLICIT else [f"padding={self.padding}"]
        for field in fields(Axis):
            values = [getattr(each, field.name) for each in self.axes]
            if None not in values and not field.name.startswith("p_"):
                words.append(f"{field.name}={'x'.join(map(str, values))}")
        sides = [f"{each.p_begin}.{each.p_end}" for each in self.axes]
        return " ".join([*words, *([f"p={'x'.join(sides)}"] * (self.padding == EXPLICIT))])


def wanted(texts: Iterable[str]) -> Axis:
    """Return the axis with a wanted size `o` that `name=value` texts write, with i = 1 for any.

    Raises:
        AtlasError: a name is none of o, k, s and dilation, is given twice or missing, or its value
            is no single number from 1.
    """
    given = _given(texts, ("o", "k", "s", "dilation"), ("o", "k"))
    axes = _axes(_columns(given | {"i": "1"}))
    size = axes[0].o
    if len(axes) > 1 or size is None or size < 1:
        raise AtlasError(f"o={given['o']!r}, but should be one number from 1, for one axis")
    return axes[0]


def _given(texts: Iterable[str], known: Collection[str], needed: Collection[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for text in texts:
        word, sign, value = text.partition("=")
        name = _ALIASES.get(word, word)
        if not sign or name not in known:
            raise AtlasError(_unknown(text, word, known))
        if name in given:
            raise AtlasError(f"{name} is given twice, but should be once; remove {text!r}")
        given[name] = value
    for name in needed:
        if name not in given:
            raise AtlasError(f"{name} is missing, but should be given, as in {name}=3")
    return given


def _unknown(text: str, word: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"parameter={text!r}, but should be name=value with one of {', '.join(known)}{hint}"


def _columns(given: Mapping[str, str]) -> dict[str, list[int]]:
    """Return the values of each parameter of an axis that is given."""
    columns: dict[str, list[int]] = {}
    for name, text in given.items():
        if name == "p":
            matches = _matches(name, text, _SIDES, "numbers or begin.end, as in p=1 or p=1.0x0")
            columns["p_begin"] = [int(match[1]) for match in matches]
            columns["p_end"] = [int(match[2] or match[1]) for match in matches]
        elif text != _NONE or name not in _OPTIONAL:
            matches = _matches(name, text, _SIZE, f"numbers, as in {name}=3 or {name}=3x2")
            columns[_SHORT.get(name, name)] = [int(match[0]) for match in matches]
    return columns


def _matches(name: str, text: str, form: re.Pattern[str], words: str) -> list[re.Match[str]]:
    found = [form.fullmatch(part) for part in text.split("x")]
    matches = [match for match in found if match]
    if len(matches) != len(found):
        raise AtlasError(f"{name}={text!r}, but should be {words}")
    return matches


def _axes(columns: Mapping[str, list[int]]) -> tuple[Axis, ...]:
    ndim = max(map(len, columns.values()))
    for name, values in columns.items():
        if len(values) not in {1, ndim}:
            raise AtlasError(
                f"{name} has {len(values)} values, but should have one, or one for each of the "
                f"{ndim} axes"
            )
    full = {name: values * (ndim // len(values)) for name, values in columns.items()}
    axes = [Axis(**dict(zip(full, each, strict=True))) for each in zip(*full.values(), strict=True)]
    for axis in axes:
        for name, least in (("i", 1), ("k", 1), ("s", 1), ("d", 1)):
            if getattr(axis, name) < least:
                raise AtlasError(f"{name}={getattr(axis, name)}, but should be {least} or more")
    return tuple(axes)
