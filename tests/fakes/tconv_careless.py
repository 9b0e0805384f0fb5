"""An adapter with many faults, one for each kind of case, and error texts that attack a report."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tconv_fakes import Right

from tconv.adapters.base import Case, Mode, Route, Tensors
from tconv.model.route import Composed, Native, Unsupported

HOSTILE = (
    "size mismatch: </script><script>window.attacked = 1</script>"
    "<img src=x onerror='window.attacked = 1'> \u2028 ]]> <!-- \" ' & {{ 7*7 }} "
    "<link rel=stylesheet href=https://example.com/x.css>"
)


class Careless(Right):
    """Goes wrong in another way for each kernel size, and refuses dilation."""

    name = "fake-careless"
    modes = (
        Mode(name="call", meaning="all faults"),
        Mode(name="call+grouped", meaning="refuses groups with a hostile text"),
    )

    def route(self, case: Case, mode: str, device: str) -> Route:
        if any(d > 1 for d in case.dilation):
            return Unsupported(reason="no dilation <b>", error_pattern="dilation")
        if any(case.p_begin):
            return Composed(call="conv_transpose", addition="crop <i>the end</i>")
        return Native(call="conv_transpose")

    def compute(self, case: Case, tensors: Tensors, mode: str, device: str) -> Any:
        if any(d > 1 for d in case.dilation):
            raise NotImplementedError(f"no dilation, {HOSTILE}")
        if case.groups > 1 and mode == "call+grouped":
            raise ValueError(HOSTILE)
        w = tensors.w[..., ::-1] if case.k[-1] == 3 else tensors.w
        return super().compute(case, replace(tensors, w=w), mode, device)

    def alter(self, case: Case, y: NDArray[Any]) -> Any:
        match case.k[-1], case.s[-1]:
            case 4, _:
                y[..., -1] = np.nan
            case 5, _:
                return y.astype(np.float64)
            case 2, 3:
                return y[..., :-1]
            case 1, _ if case.i[-1] > 5:
                y[..., case.i[-1] // 2] += 1
        return y
