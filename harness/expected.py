"""What is right for a case, and how far rounding may lead away from it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.call import arguments
from harness.case import Case
from harness.inputs import Draw
from harness.oracle import conv_transpose
from harness.precision import PRECISIONS, Precision


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """The right answer of an explicit case and, made when asked for, the bound of its rounding.

    Attributes:
        case: the case.
        draw: its tensors.
        precision: the precision of the case's dtype.
        y: reference (n, c_out, *o) in float64, complex128 or int64; None where none exists.
    """

    case: Case
    draw: Draw
    precision: Precision
    y: NDArray[Any] | None

    @cached_property
    def products(self) -> NDArray[np.float64]:
        """n = conv_T(1, 1), the products in each output element, (1, 1, *o); complex: twice."""
        ones = np.ones((1, 1, *self.case.i)), np.ones((1, 1, *self.case.k))
        each = self.case.c_in // self.case.groups * (2 if self.precision.is_complex else 1)
        parameters = arguments(self.case)
        parameters["groups"] = 1
        return np.asarray(each * conv_transpose(*ones, **parameters))

    @cached_property
    def bound(self) -> NDArray[np.float64]:
        """conv_T(|x|, |w|) + |b|, (n, c_out, *o), float64."""
        x, w, b = self.draw.work.x, self.draw.work.w, self.draw.work.b
        return conv_transpose(
            np.abs(x).astype(np.float64), np.abs(w).astype(np.float64),
            None if b is None else np.abs(b).astype(np.float64), **arguments(self.case),
        )  # fmt: skip


def expect(case: Case, draw: Draw) -> Expected:
    """Return the reference of an explicit or extended case; of an illegal one, none exists."""
    precision = PRECISIONS[case.dtype]
    work = draw.work
    answer = (
        conv_transpose(work.x, work.w, work.b, **arguments(case))
        if case.suite in {"explicit", "extended"}
        else None
    )
    return Expected(case=case, draw=draw, precision=precision, y=answer)
