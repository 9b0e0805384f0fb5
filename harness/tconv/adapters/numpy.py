"""NumPy: the formulations of the oracle as a backend, each of them a mode.

The oracle's default formulation judges them. The tests show that all agree; a run shows it for each
of its cases. And there is a backend where no framework is installed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Case, Mode, Route, Snippet, Tensors
from tconv.adapters.snippet import output_sizes
from tconv.model.route import Native, Unsupported
from tconv.oracle.formulations import FORMULATIONS

_WIDER: Final = MappingProxyType({"float16": np.float32, "bfloat16": np.float32})
"""The dtype of the computation, where it is not the case's own."""

_MEANINGS: Final = MappingProxyType(
    {
        "scatter": "each input element adds the kernel to the output",
        "gather": "each output element collects the inputs and taps that reach it",
        "matrix": "the transposed matrix of the direct convolution, sparse",
        "zero_insertion": "zeros between the inputs, then a direct convolution of stride 1",
        "subpixel": "a direct convolution for each phase of the stride, then a pixel shuffle",
        "gradient": "the gradient of a direct convolution, from unit impulses",
    }
)

_OPEN: Final = Unsupported(
    reason="the definition has no padding policy and no wanted size",
    error_pattern=r"TypeError: .*unexpected keyword argument '(policy|output_size)'",
)


_SUM_OVER_TAPS: Final = """\
(n, c_in, *i), k = x.shape, w.shape[2:]
s, d, groups = {s}, {d}, {groups}
c_out = groups * w.shape[1]
lead, begin = {lead}, {begin}  # zeros before the full result; where y starts
stop = [p + o for p, o in zip(begin, {sizes})]
reach = [di * (ki - 1) + 1 for di, ki in zip(d, k)]
full = [z + si * (ii - 1) + r for z, si, ii, r in zip(lead, s, i, reach)]
y = np.zeros((n, c_out, *map(max, full, stop)), x.dtype)
parts = x.reshape(n, groups, -1, *i)
taps = w.reshape(groups, c_in // groups, -1, *k)
for u in np.ndindex(*k):
    starts = [z + di * ui for z, di, ui in zip(lead, d, u)]
    places = [slice(at, at + si * ii, si) for at, si, ii in zip(starts, s, i)]
    part = np.einsum("ngc...,gco->ngo...", parts, taps[(..., *u)])
    y[(..., *places)] += part.reshape(n, c_out, *i)
y = y[(..., *map(slice, begin, stop))]
"""
_WIDENED: Final = """\
dtype = x.dtype
x, w, b = (a if a is None else a.astype("float32") for a in (x, w, b))
"""


class NumpyAdapter(Adapter):
    """The formulations of the oracle; float16 and bfloat16 are rounded once, from float32."""

    name: ClassVar[str] = "numpy"
    modes: ClassVar[tuple[Mode, ...]] = tuple(
        Mode(name=name, meaning=f"the oracle's formulation: {_MEANINGS[name]}")
        for name in FORMULATIONS
    )
    pads_input: ClassVar[bool] = True
    needs_framework: ClassVar[bool] = False

    def versions(self) -> Mapping[str, str]:
        """Return the version of NumPy."""
        return {"numpy": np.__version__}

    def route(self, case: Case, mode: str, device: str) -> Route:  # noqa: ARG002 # there is one device
        """Return native, unless the case has a padding policy or a requested size."""
        if case.padding is not None or case.o is not None:
            return _OPEN
        return Native(call=f"tconv.oracle.formulations.FORMULATIONS[{mode!r}]")

    def snippet(self, case: Case, mode: str, device: str) -> Snippet:  # noqa: ARG002 # one text for all
        """Return the sum over taps: what any of the formulations computes, in a few lines."""
        lead, begin = (tuple(max(sign * p, 0) for p in case.p_begin) for sign in (-1, 1))
        bias = f"y + b.reshape(-1{', 1' * case.ndim})"
        call = _SUM_OVER_TAPS.format(
            s=case.s, d=case.dilation, groups=case.groups, lead=lead, begin=begin,
            sizes=f"[{', '.join(output_sizes(case, 'i'))}]",
        )  # fmt: skip
        if case.dtype not in _WIDER:
            return Snippet(call=call, bias=bias)
        added = f"if b is not None:\n    y = {bias}\n" if case.bias else ""
        rounded = "y = y.astype(dtype)  # once, of the sum with b"
        return Snippet(call=f"{_WIDENED}{call}{added}{rounded}", bias="" if case.bias else bias)

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # there is one device
        """Return the formulation's y (n, c_out, *o), in the dtype of x."""
        x, w, b = tensors.x, tensors.w, tensors.b
        if tensors.padding is not None:
            x = np.pad(x, tensors.padding.widths(1), tensors.padding.fill)
        if b is None and case.c_out % max(case.groups, 1):
            b = np.zeros(case.c_out, x.dtype)  # w does not say c_out where groups do not divide it
        dtype = _WIDER.get(case.dtype, x.dtype)
        refused = {"policy": case.padding, "output_size": case.o}
        y = FORMULATIONS[mode](
            x.astype(dtype, copy=False),
            w.astype(dtype, copy=False),
            None if b is None else b.astype(dtype, copy=False),
            stride=case.s,
            padding=tuple(zip(case.p_begin, case.p_end, strict=True)),
            output_padding=case.output_padding or 0,
            dilation=case.dilation,
            groups=case.groups,
            **{name: value for name, value in refused.items() if value is not None},
        )
        return np.ascontiguousarray(y, dtype=x.dtype)
