"""The call that is to be translated, as a user writes it: `padding=same k=3 s=2`, with i or not."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

from tconv.analysis.atlas.question import EXPLICIT
from tconv.analysis.atlas.request import KNOWN, Request, number_from_one, values_by_name
from tconv.errors import AtlasError
from tconv.model.case import Case
from tconv.model.geometry import Axis, effective_kernel
from tconv.model.parameters import PARAMETERS
from tconv.model.policies import DEFINED, lower
from tconv.translation.windows import RelativeSize

_SIZE_NAMES: Final = ("o", *PARAMETERS["o"].aliases)
C_IN: Final = 2
C_OUT: Final = 3
"""Channels of each group in the calls that are run: different, so that a wrong order shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A call of the source.

    Attributes:
        request: its parameters; its input sizes are ignored where any size is meant.
        is_sized: whether its input sizes are the only ones that are asked for.
        sizes: the output size that is requested at each input size, for each axis; none: it is a
            number, or not requested. The request has it at its own input sizes.
        dtype: name of the element type.
        groups: number of groups.
    """

    request: Request
    is_sized: bool
    sizes: tuple[RelativeSize, ...] = ()
    dtype: str = "float32"
    groups: int = 1

    @classmethod
    def from_texts(cls, texts: Iterable[str]) -> Self:
        """Return the query that `name=value` texts write: those of a request, dtype and groups.

        Without `i` every input size is meant. `o` may follow it, as in `s*i` or `2*i+1`.

        Raises:
            AtlasError: a name is unknown, given twice or missing, or its value cannot be read.
        """
        relative, texts = relative_sizes(texts)
        values = values_by_name(texts, (*KNOWN, "dtype", "groups"), ("k",))
        is_sized = "i" in values
        request = Request.from_values({"i": "1"} | {k: values[k] for k in KNOWN if k in values})
        if not (is_sized or relative) and request.axes[0].o is not None:
            raise AtlasError(
                "o is the result of one input size; give that too, as in i=7, or a size that "
                "follows it, as in o=s*i"
            )
        query = cls(
            request=request,
            is_sized=is_sized,
            dtype=values.get("dtype", "float32"),
            groups=number_from_one(values, "groups", 1),
        )
        return query.with_sizes(relative) if relative else query

    def with_sizes(self, texts: Sequence[str]) -> Self:
        """Return the call with output sizes requested that follow the input's.

        Args:
            texts: the size of each axis, or one for all.

        Raises:
            AtlasError: a text is no such size.
        """
        every = [*texts] * (len(self.axes) if len(texts) == 1 else 1)
        pairs = zip(every, self.axes, strict=True)
        sizes = tuple(RelativeSize.from_text(text, axis.s) for text, axis in pairs)
        axes = tuple(size.at(axis, axis.i) for size, axis in zip(sizes, self.axes, strict=True))
        return replace(self, request=replace(self.request, axes=axes), sizes=sizes)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The parameters of each axis."""
        return self.request.axes

    @property
    def policy(self) -> str | None:
        """The padding policy, or None: the padding is given in numbers."""
        return None if self.request.padding == EXPLICIT else self.request.padding

    @property
    def lowered(self) -> Self:
        """The explicit call of the padded input that a defined policy is; else the call itself."""
        if self.policy not in DEFINED:
            return self
        axes = tuple(replace(lower(self.policy, axis)[0], i=axis.i) for axis in self.axes)
        axes = tuple(replace(axis, op=axis.extra) for axis in axes)
        return replace(self, request=Request(padding=EXPLICIT, axes=axes))

    def case(self, sizes: Iterable[int]) -> Case:
        """Return the call as a case with these input sizes, one per axis."""
        axes = self.axes
        i = tuple(sizes)
        if self.sizes:
            followed = zip(self.sizes, axes, i, strict=True)
            axes = tuple(size.at(axis, at) for size, axis, at in followed)
        return Case.from_parameters(
            ndim=len(axes),
            i=i,
            k=[axis.k for axis in axes],
            s=[axis.s for axis in axes],
            p=[(axis.p_begin, axis.p_end) for axis in axes],
            dilation=[axis.d for axis in axes],
            output_padding=None if self._lacks_output_padding else [axis.extra for axis in axes],
            o=None if axes[0].o is None else [axis.o or 0 for axis in axes],
            padding=self.policy,
            groups=self.groups,
            c_in=C_IN * self.groups,
            c_out=C_OUT * self.groups,
            dtype=self.dtype,
        )

    @property
    def _lacks_output_padding(self) -> bool:
        return self.axes[0].op is None and self.policy not in DEFINED

    @property
    def with_dilated_kernel(self) -> Self:
        """The same call of a kernel that has zeros between its taps, and is not dilated."""
        axes = tuple(replace(a, k=effective_kernel(a.k, a.d), d=1) for a in self.axes)
        return replace(self, request=replace(self.request, axes=axes))

    @property
    def size_words(self) -> str:
        """The sizes that follow the input's, as the command line reads them."""
        texts = [size.text for size in self.sizes]
        return f"o={'x'.join(texts[:1] if len(set(texts)) == 1 else texts)}"

    def __str__(self) -> str:
        """Write the query as the command line reads it, defaults left out."""
        axes = tuple(replace(axis, o=None) for axis in self.axes) if self.sizes else self.axes
        words = replace(self.request, axes=axes).words(has_sizes=self.is_sized)
        words += [self.size_words] * bool(self.sizes)
        words += [f"groups={self.groups}"] * (self.groups != 1)
        words += [f"dtype={self.dtype}"] * (self.dtype != "float32")
        return " ".join(words)


def relative_sizes(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the output sizes that follow the input's, and all texts with numbers in their place.

    The numbers mean nothing: they say for how many axes there are sizes.
    """
    sizes: list[str] = []
    numeric = []
    for text in texts:
        name, _, value = text.replace(" ", "").partition("=")
        if name.lower() in _SIZE_NAMES and "i" in value and not sizes:
            sizes = re.split("[x,]", value.strip("()[]"))
            numeric.append(f"{name}={'x'.join('1' * len(sizes))}")
        else:
            numeric.append(text)
    return sizes, numeric
