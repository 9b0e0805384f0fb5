"""The call that is to be translated, as a user writes it: `padding=same k=3 s=2`, with i or not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Self

from tconv.analysis.atlas.question import EXPLICIT
from tconv.analysis.atlas.request import Request
from tconv.errors import AtlasError
from tconv.model.case import DTYPES, Case
from tconv.model.geometry import Axis, effective_kernel

C_IN: Final = 2
C_OUT: Final = 3
"""Channels of each group in the calls that are run: unlike, so that a wrong order shows."""

_ANY: Final = "i=1"
_ONCE: Final = ("dtype", "groups", "ndim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A call of the source.

    Attributes:
        request: its parameters; its input sizes mean nothing where any size is meant.
        is_sized: whether its input sizes are the only ones that are asked for.
        dtype: name of the element type.
        groups: number of groups.
    """

    request: Request
    is_sized: bool
    dtype: str = "float32"
    groups: int = 1

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Self:
        """Return the query that `name=value` texts write: those of a request, dtype and groups.

        Without `i` every input size is meant; `ndim` serves where one number stands for all axes.

        Raises:
            AtlasError: a name is unknown, given twice or missing, or its value cannot be read.
        """
        single, rest = _parted(texts)
        is_sized = any(text.startswith("i=") for text in rest)
        request = Request.from_texts(rest if is_sized else [*rest, _ANY])
        if not is_sized and request.axes[0].o is not None:
            raise AtlasError("o is the result of one input size, which should be given: add i")
        dtype = single.get("dtype", "float32")
        if dtype not in DTYPES:
            raise AtlasError(f"dtype={dtype!r}, but should be one of {', '.join(DTYPES)}")
        axes = _repeated(request.axes, _number(single, "ndim", len(request.axes)))
        return cls(
            request=replace(request, axes=axes),
            is_sized=is_sized,
            dtype=dtype,
            groups=_number(single, "groups", 1),
        )

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The parameters of each axis."""
        return self.request.axes

    @property
    def policy(self) -> str | None:
        """The padding policy, or None: the padding is given in numbers."""
        return None if self.request.padding == EXPLICIT else self.request.padding

    def case(self, sizes: Iterable[int]) -> Case:
        """Return the call as a case with these input sizes, one per axis."""
        asked = self.axes
        first = asked[0]
        return Case.from_parameters(
            ndim=len(asked),
            i=tuple(sizes),
            k=[a.k for a in asked],
            s=[a.s for a in asked],
            p=[(a.p_begin, a.p_end) for a in asked],
            dilation=[a.d for a in asked],
            output_padding=None if first.op is None else [a.op or 0 for a in asked],
            o=None if first.o is None else [a.o or 0 for a in asked],
            padding=self.policy,
            groups=self.groups,
            c_in=C_IN * self.groups,
            c_out=C_OUT * self.groups,
            dtype=self.dtype,
        )

    @property
    def spread(self) -> Self:
        """The same call of a kernel that has zeros between its taps, and is not dilated."""
        axes = tuple(replace(a, k=effective_kernel(a.k, a.d), d=1) for a in self.axes)
        return replace(self, request=replace(self.request, axes=axes))

    def __str__(self) -> str:
        """Write the query as the command line reads it, defaults left out."""
        words = [f"padding={self.policy}"] * (self.policy is not None)
        for name, default in _DEFAULTS.items():
            values = [getattr(axis, name) for axis in self.axes]
            if any(value != default for value in values) and (name != "i" or self.is_sized):
                words.append(f"{name}={_joined(values)}")
        sides = [f"{axis.p_begin}.{axis.p_end}" for axis in self.axes]
        words += [f"p={_joined(sides)}"] * any(axis.p_begin or axis.p_end for axis in self.axes)
        words += [f"groups={self.groups}"] * (self.groups != 1)
        words += [f"dtype={self.dtype}"] * (self.dtype != "float32")
        return " ".join(words)


_DEFAULTS: Final = {"k": None, "s": None, "i": None, "d": 1, "op": None, "o": None}


def _joined(values: list[int] | list[str]) -> str:
    return "x".join(map(str, values))


def _parted(texts: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Return what a call has once, by name, and the texts of what it has per axis."""
    single: dict[str, str] = {}
    rest = []
    for text in texts:
        word, _, value = text.partition("=")
        name = "groups" if word == "g" else word
        if name not in _ONCE:
            rest.append(text)
        elif name in single:
            raise AtlasError(f"{name} is given twice, but should be once; remove {text!r}")
        else:
            single[name] = value
    return single, rest


def _number(single: dict[str, str], name: str, default: int) -> int:
    text = single.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise AtlasError(f"{name}={text!r}, but should be a number from 1")
    return int(text)


def _repeated(axes: tuple[Axis, ...], ndim: int) -> tuple[Axis, ...]:
    if len(axes) not in {1, ndim}:
        raise AtlasError(f"ndim={ndim}, but the values are for {len(axes)} axes; leave ndim out")
    return axes * (ndim // len(axes))
