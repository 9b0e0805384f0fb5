"""NumPy: the oracle's formulations as a backend, each a mode, judged by the default one.

That the formulations agree is tested; running them beside the frameworks shows it for every case
of a run as well, and gives the harness a backend where no framework is installed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from harness.adapters.base import Adapter, Case, Mode, Route, Tensors
from harness.oracle import FORMULATIONS
from harness.route import Native, Unsupported

_WIDER: Final = MappingProxyType({"float16": np.float32, "bfloat16": np.float32})
"""The dtype of the computation, where it is not the case's own."""

_OPEN: Final = Unsupported(
    reason="the definition has no padding policy and no wanted size",
    proof=r"TypeError: .*unexpected keyword argument '(policy|output_size)'",
)


class NumpyAdapter(Adapter):
    """The oracle's formulations; float16 and bfloat16 are computed in float32 and rounded back."""

    name: ClassVar[str] = "numpy"
    modes: ClassVar[tuple[Mode, ...]] = tuple(
        Mode(
            name=name,
            meaning=f"harness.oracle.FORMULATIONS[{name!r}]; float16 and bfloat16 are computed in"
            " float32 and rounded once",
        )
        for name in FORMULATIONS
    )

    def versions(self) -> Mapping[str, str]:
        """Return the version of NumPy."""
        return {"numpy": np.__version__}

    def route(self, case: Case, mode: str, device: str) -> Route:  # noqa: ARG002 # there is one device
        """Return that the formulation takes the case, unless it leaves the size to a policy."""
        if case.padding is not None or case.o is not None:
            return _OPEN
        return Native(call=f"harness.oracle.FORMULATIONS[{mode!r}]")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:  # noqa: ARG002 # there is one device
        """Return the formulation's y (n, c_out, *o), in the dtype of x."""
        x, w, b = tensors.x, tensors.w, tensors.b
        dtype = _WIDER.get(case.dtype, x.dtype)
        wanted = {"policy": case.padding, "output_size": case.o}
        y = FORMULATIONS[mode](
            x.astype(dtype, copy=False),
            w.astype(dtype, copy=False),
            None if b is None else b.astype(dtype, copy=False),
            stride=case.s,
            padding=tuple(zip(case.p_begin, case.p_end, strict=True)),
            output_padding=case.output_padding or 0,
            dilation=case.dilation,
            groups=case.groups,
            **{name: value for name, value in wanted.items() if value is not None},
        )
        return np.ascontiguousarray(y, dtype=x.dtype)
