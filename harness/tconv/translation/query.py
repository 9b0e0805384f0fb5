"""The call that is to be translated, as a user writes it: `padding=same k=3 s=2`, with i or not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Self

from tconv.analysis.atlas.question import EXPLICIT
from tconv.analysis.atlas.request import KNOWN, Request, number_from_one, values_by_name
from tconv.errors import AtlasError
from tconv.model.case import Case
from tconv.model.geometry import Axis, effective_kernel

C_IN: Final = 2
C_OUT: Final = 3
"""Channels of each group in the calls that are run: different, so that a wrong order shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A call of the source.

    Attributes:
        request: its parameters; its input sizes are ignored where any size is meant.
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

        Without `i` every input size is meant.

        Raises:
            AtlasError: a name is unknown, given twice or missing, or its value cannot be read.
        """
        values = values_by_name(texts, (*KNOWN, "dtype", "groups"), ("k",))
        is_sized = "i" in values
        request = Request.from_values({"i": "1"} | {k: values[k] for k in KNOWN if k in values})
        if not is_sized and request.axes[0].o is not None:
            raise AtlasError("o is the result of one input size; give that too, as in i=7")
        return cls(
            request=request,
            is_sized=is_sized,
            dtype=values.get("dtype", "float32"),
            groups=number_from_one(values, "groups", 1),
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
        axes = self.axes
        return Case.from_parameters(
            ndim=len(axes),
            i=tuple(sizes),
            k=[axis.k for axis in axes],
            s=[axis.s for axis in axes],
            p=[(axis.p_begin, axis.p_end) for axis in axes],
            dilation=[axis.d for axis in axes],
            output_padding=None if axes[0].op is None else [axis.extra for axis in axes],
            o=None if axes[0].o is None else [axis.o or 0 for axis in axes],
            padding=self.policy,
            groups=self.groups,
            c_in=C_IN * self.groups,
            c_out=C_OUT * self.groups,
            dtype=self.dtype,
        )

    @property
    def with_dilated_kernel(self) -> Self:
        """The same call of a kernel that has zeros between its taps, and is not dilated."""
        axes = tuple(replace(a, k=effective_kernel(a.k, a.d), d=1) for a in self.axes)
        return replace(self, request=replace(self.request, axes=axes))

    def __str__(self) -> str:
        """Write the query as the command line reads it, defaults left out."""
        words = self.request.words(has_sizes=self.is_sized)
        words += [f"groups={self.groups}"] * (self.groups != 1)
        words += [f"dtype={self.dtype}"] * (self.dtype != "float32")
        return " ".join(words)
