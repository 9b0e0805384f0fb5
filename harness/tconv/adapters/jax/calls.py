"""The calls of JAX that compute a transposed convolution.

Each has a class, which knows its arguments, its kernel and what it has no argument for. What has no
argument is passed all the same, so that JAX itself refuses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Any

from numpy.typing import NDArray

from tconv.adapters.jax.layout import JaxLayout, direct_kernel
from tconv.adapters.jax.padding_spellings import AS_DOCUMENTED, Pairs, Spelling, why_refused
from tconv.adapters.snippet import keywords, output_sizes, written_call
from tconv.model.case import Case
from tconv.model.geometry import effective_kernel, output_size
from tconv.model.route import Native, Route, Unsupported
from tconv.model.tensors import Tensors

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvTranspose:
    """`jax.lax.conv_transpose`.

    Its padding pairs are those of the dilated input, K-1-p, or, with `use_consistent_padding=True`,
    those of the direct convolution, p. An output padding enlarges the end of the pair in the first
    and reduces it in the second. JAX does not flip the kernel, so it is given flipped; with
    `transpose_kernel=True` JAX does, and it is given as it is. Groups, a requested size, and an
    output padding beside a policy have no argument.

    Attributes:
        consistent: value of `use_consistent_padding`.
        transpose_kernel: value of the argument of that name.
        spelling: how the padding is written.
    """

    consistent: bool = False
    transpose_kernel: bool = False
    spelling: Spelling = AS_DOCUMENTED

    def route(self, case: Case) -> Route:
        """Return whether an argument of the call says each parameter of the case."""
        missing = _first_missing("conv_transpose", self._refused(case))
        refused = why_refused(
            self._padding(case), case.s, transposes=True, consistent=self.consistent
        )
        return missing or refused or Native(call=f"jax.lax.conv_transpose{' + b' * case.bias}")

    def arrays(self, tensors: Tensors, case: Case, layout: JaxLayout) -> Arrays:
        """Return x and w: (*k, c_in, c_out) flipped, or with transpose_kernel (*k, c_out, c_in)."""
        if self.transpose_kernel:
            return layout.data(tensors.x), layout.kernel(tensors.w)
        return layout.data(tensors.x), layout.kernel(direct_kernel(tensors.w, case))

    def apply(self, jax: Any, case: Case, layout: JaxLayout, x: Any, w: Any) -> Any:
        """Return y without bias, by the framework's call on traced arrays."""
        return jax.lax.conv_transpose(
            x,
            w,
            case.s,
            self._padding(case),
            rhs_dilation=case.dilation,
            dimension_numbers=layout.numbers(case.ndim),
            transpose_kernel=self.transpose_kernel,
            use_consistent_padding=self.consistent,
            **self._refused(case),
        )

    def text(self, case: Case, layout: JaxLayout) -> str:
        """Return the statement that assigns y without bias, as source text."""
        arguments = {
            "strides": case.s,
            "padding": self._padding(case),
            "rhs_dilation": case.dilation,
            "dimension_numbers": layout.numbers(case.ndim),
            "transpose_kernel": self.transpose_kernel,
            "use_consistent_padding": self.consistent,
        }
        meaning = "" if self.consistent else "K-1-p"
        return _text("y = jax.lax.conv_transpose", arguments, case, meaning)

    def flax_arguments(self, case: Case) -> list[str]:
        """Return the arguments of the layer of Flax that makes this call."""
        arguments = {
            "strides": case.s,
            "padding": self._padding(case),
            "kernel_dilation": case.dilation,
        }
        named = keywords(arguments, {"kernel_dilation": (1,) * case.ndim})
        return ["c_in", "c_out", str(case.k), *named, "use_bias=bias"]

    def _padding(self, case: Case) -> Any:
        if not self.consistent or case.padding is not None:
            return self.spelling.of(dilated_padding(case))
        return self.spelling.of(tuple((a.p_begin, a.p_end - a.extra) for a in case.axes))

    @staticmethod
    def _refused(case: Case) -> dict[str, Any]:
        refused: dict[str, Any] = {"feature_group_count": case.groups} if case.groups != 1 else {}
        return refused | _sizes_refused(case)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvGeneralDilated:
    """`jax.lax.conv_general_dilated` on an input dilated by the stride, with a flipped kernel.

    The guide's section 4: the transposed convolution is the direct one, of unit stride, of the
    input with s-1 zeros between its elements, padded by K-1-p.

    Attributes:
        spelling: how the padding is written.
    """

    spelling: Spelling = AS_DOCUMENTED

    def route(self, case: Case) -> Route:
        """Return whether an argument of the call says each parameter of the case."""
        missing = _first_missing("conv_general_dilated", _sizes_refused(case))
        padding = self.spelling.of(dilated_padding(case))
        refused = why_refused(padding, case.s, transposes=False, consistent=False)
        call = f"jax.lax.conv_general_dilated{' + b' * case.bias}"
        return missing or refused or Native(call=call)

    def arrays(self, tensors: Tensors, case: Case, layout: JaxLayout) -> Arrays:
        """Return x and the flipped w, (*k, c_in / groups, c_out) or (c_out, c_in / groups, *k)."""
        return layout.data(tensors.x), layout.kernel(direct_kernel(tensors.w, case))

    def apply(self, jax: Any, case: Case, layout: JaxLayout, x: Any, w: Any) -> Any:
        """Return y without bias, by the framework's call on traced arrays."""
        return jax.lax.conv_general_dilated(
            x,
            w,
            window_strides=(1,) * case.ndim,
            padding=self.spelling.of(dilated_padding(case)),
            lhs_dilation=case.s,
            rhs_dilation=case.dilation,
            dimension_numbers=layout.numbers(case.ndim),
            feature_group_count=case.groups,
            **_sizes_refused(case),
        )

    def text(self, case: Case, layout: JaxLayout) -> str:
        """Return the statement that assigns y without bias, as source text."""
        arguments = {
            "window_strides": (1,) * case.ndim,
            "padding": self.spelling.of(dilated_padding(case)),
            "lhs_dilation": case.s,
            "rhs_dilation": case.dilation,
            "dimension_numbers": layout.numbers(case.ndim),
            "feature_group_count": case.groups,
        }
        return _text("y = jax.lax.conv_general_dilated", arguments, case, "K-1-p")


class Vjp:
    """The vector-Jacobian product of `jax.lax.conv_general_dilated` in its input.

    The result has the size of that input, which the caller gives: a requested size is an argument
    here, and a policy is that of the direct convolution. A case without a size has no result.
    """

    def route(self, case: Case) -> Route:
        """Return whether the arguments of the call say each parameter of the case."""
        if case.dtype.startswith("int"):
            return Unsupported(
                reason="no gradient of integers",
                error_pattern="grad requires real- or complex-valued inputs",
            )
        if self._size(case) is None:
            return Unsupported(
                reason="a gradient needs the size of its result",
                error_pattern="missing 1 required positional argument: 'y'",
            )
        missing = _first_missing("a gradient", self._refused(case))
        return missing or Native(call=f"jax.vjp of conv_general_dilated{' + b' * case.bias}")

    def arrays(self, tensors: Tensors, case: Case, layout: JaxLayout) -> Arrays:
        """Return x and w; the kernel is (*k, c_out / groups, c_in), or (c_in, c_out / groups)."""
        del case
        return layout.data(tensors.x), layout.kernel(tensors.w)

    def apply(self, jax: Any, case: Case, layout: JaxLayout, x: Any, w: Any) -> Any:
        """Return y without bias, by the framework's call on traced arrays."""

        def conv(y: Any) -> Any:
            return jax.lax.conv_general_dilated(
                y,
                w,
                window_strides=case.s,
                padding=self._padding(case),
                rhs_dilation=case.dilation,
                dimension_numbers=layout.numbers(case.ndim),
                feature_group_count=case.groups,
                **self._refused(case),
            )

        if case.dtype.startswith("int"):  # refused for its dtype, before any shape is looked at
            return jax.grad(lambda y: (conv(y) * x).sum())(x)
        size = self._size(case)
        if size is None:
            return jax.vjp(conv)
        shape = (case.n, case.c_out, *size) if layout.channel_first else (case.n, *size, case.c_out)
        primal = jax.numpy.zeros(shape, x.dtype)
        return jax.vjp(conv, primal)[1](x)[0]

    def text(self, case: Case, layout: JaxLayout) -> str:
        """Return the statements that assign y without bias, as source text."""
        arguments = {
            "window_strides": case.s,
            "padding": self._padding(case),
            "rhs_dilation": case.dilation,
            "dimension_numbers": layout.numbers(case.ndim),
            "feature_group_count": case.groups,
        }
        convolution = _text("jax.lax.conv_general_dilated", arguments, case, x="y")
        sizes, c_out = ", ".join(output_sizes(case, "i")), f"{case.groups} * " * (case.groups > 1)
        if layout.channel_first:
            names, shape = "n, _, *i", f"n, {c_out}w.shape[1], {sizes}"
        else:
            names, shape = "n, *i, _", f"n, {sizes}, {c_out}w.shape[-2]"
        return (
            f"{names} = x.shape\n"
            "_, gradient = jax.vjp(\n"
            f"{indent(f'lambda y: {convolution}', '    ')},\n"
            f"    jnp.zeros(({shape}), x.dtype),\n"
            ")\n"
            "(y,) = gradient(x)"
        )

    @staticmethod
    def _size(case: Case) -> tuple[int, ...] | None:
        if case.o is not None:
            return case.o
        if case.padding is not None or case.output_padding is None:
            return None
        return tuple(map(output_size, case.axes))

    @staticmethod
    def _padding(case: Case) -> Any:
        """Return the direct convolution's padding; whole strides of output padding shift its end.

        For op < s it is p itself. From op = s on, the direct convolution would have more positions
        than x, unless it does not reach the extra elements.
        """
        if case.padding is not None:
            return AS_DOCUMENTED.of(case.padding)
        return tuple((a.p_begin, a.p_end - a.extra // max(a.s, 1) * a.s) for a in case.axes)

    @staticmethod
    def _refused(case: Case) -> dict[str, Any]:
        refused = _sizes_refused(case)
        if case.o is not None and case.output_padding is not None:
            refused["output_padding"] = case.output_padding
        refused.pop("output_shape", None)
        return refused


def _text(
    call: str, arguments: Mapping[str, Any], case: Case, meaning: str = "", *, x: str = "x"
) -> str:
    """Return a call of `x` and w as source text, with a comment that says what its padding is."""
    ones = (1,) * case.ndim
    defaults = {
        "lhs_dilation": ones,
        "rhs_dilation": ones,
        "feature_group_count": 1,
        "transpose_kernel": False,
        "use_consistent_padding": False,
    }
    text = written_call(call, [x, "w", *keywords(arguments, defaults)])
    pads = next(line for line in text.splitlines() if "padding=" in line)
    has_numbers = not isinstance(arguments["padding"], str)
    says = meaning and has_numbers and "\n" in text
    return text.replace(pads, f"{pads}  # {meaning}") if says else text


Operation = ConvTranspose | ConvGeneralDilated | Vjp


def dilated_padding(case: Case) -> str | Pairs:
    """Return what pads the dilated input: K-1-p_begin and K-1-p_end+op, or the policy.

    The guide's relationship 14 with K for k: p' = K-p-1, and a more at the end.
    """
    if case.padding is not None:
        return case.padding
    return tuple(
        (reach - axis.p_begin, reach - axis.p_end + axis.extra)
        for axis in case.axes
        for reach in [effective_kernel(axis.k, axis.d) - 1]
    )


def _first_missing(call: str, refused: Mapping[str, Any]) -> Unsupported | None:
    """Return that a call has no such argument as the first of those that JAX refuses."""
    name = next(iter(refused), None)
    if name is None:
        return None
    pattern = f"unexpected keyword argument '{name}'"
    return Unsupported(reason=f"{call} has no {name}", error_pattern=pattern)


def _sizes_refused(case: Case) -> dict[str, Any]:
    """Return what has no argument: a size, and an output padding that is not a larger pad.

    An output padding is refused next to a policy, and below 0, where a pad would be a plain crop.
    """
    refused: dict[str, Any] = {}
    if case.o is not None:
        refused["output_shape"] = case.o
    op = case.output_padding
    if op is not None and (case.padding is not None or min(op) < 0):
        refused["output_padding"] = op
    return refused
