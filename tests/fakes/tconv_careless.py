"""An adapter with many faults, one for each kind of case, and error texts that attack a report."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tconv_fakes import Right

from tconv.adapters.base import Adapter, Case, Mode, Route, Tensors
from tconv.model.route import Composed, Native, Unsupported

HOSTILE = (
    "size mismatch: </script><script>window.attacked = 1</script>"
    "<img src=x onerror='window.attacked = 1'> \u2028 ]]> <!-- \" ' & {{ 7*7 }} "
    "<link rel=stylesheet href=https://example.com/x.css>"
)


class Careless(Adapter):
    """Goes wrong in another way for each kernel size, and refuses dilation."""

    name = "fake-careless"
    modes = (
        Mode(name="call", meaning="all faults"),
        Mode(name="call+grouped", meaning="refuses groups with a hostile text"),
    )

    def versions(self) -> Mapping[str, str]:
        return {self.name: "1.0"}

    def route(self, case: Case, mode: str, device: str) -> Route:
        if any(d > 1 for d in case.dilation):
            return Unsupported(reason="no dilation <b>", error_pattern="dilation")
        if any(case.p_begin):
            return Composed(call="conv_transpose", addition="crop <i>the end</i>")
        return Native(call="conv_transpose")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        if any(d > 1 for d in case.dilation):
            raise NotImplementedError(f"no dilation, {HOSTILE}")
        if case.groups > 1 and mode == "call+grouped":
            raise ValueError(HOSTILE)
        return self._faulty(case, tensors, mode, device)

    def _faulty(self, case: Case, tensors: Tensors, mode: str, device: str) -> NDArray[Any]:
        w = tensors.w[..., ::-1] if case.k[-1] == 3 else tensors.w
        y = Right().compute(case, replace(tensors, w=w), mode, device)
        if case.k[-1] == 4:
            y[..., -1] = np.nan
        if case.k[-1] == 5:
            return y.astype(np.float64)
        if case.k[-1] == 2 and case.s[-1] == 3:
            return y[..., :-1]
        if case.k[-1] == 1 and case.i[-1] > 5:
            y[..., case.i[-1] // 2] += 1
        return y
