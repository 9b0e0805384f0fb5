"""The right answer of a case, and what bounds the rounding of a correct result."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.inputs.draw import Draw
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS, Precision
from tconv.oracle.case_answer import answer, parameters
from tconv.oracle.formulations import Parameters, conv_transpose
from tconv.oracle.high_precision import precise_answer


@dataclass(frozen=True, kw_only=True, eq=False)
class Expected:
    """The right answer of an explicit case, and what its error bound is computed from.

    Attributes:
        case: the case; for an open one, that of the full result.
        draw: its tensors.
        y: reference (n, c_out, *o) in float64, complex128 or int64; None where none exists.
        residue: the right answer minus `y`, of the same shape and dtype, or None where it is 0 or
            negligible.
    """

    case: Case
    draw: Draw
    y: NDArray[Any] | None
    residue: NDArray[Any] | None = None

    @property
    def precision(self) -> Precision:
        """The precision of the case's dtype."""
        return PRECISIONS[self.case.dtype]

    @cached_property
    def full(self) -> NDArray[Any]:
        """The full result without bias, (n, c_out, *full), of which every output is a window.

        Along an axis it has s(i-1)+K elements, or none where that is below 1. It has the dtype of
        :attr:`y` and is exact where the draw is.
        """
        work, whole = self.draw.work, self.case.uncropped
        if 0 in self.case.x_shape:
            return np.zeros(whole.y_shape, self.precision.work)
        if whole == self.case and self.draw.answer is not None:
            b = work.b
            return self.draw.answer - (0 if b is None else b.reshape(-1, *(1,) * whole.ndim))
        return answer(whole, replace(work, b=None))

    @cached_property
    def products(self) -> NDArray[np.float64]:
        """Number of products in each output element, conv_T(1, 1), (1, 1, *o); complex: twice."""
        case = self.case.lowered  # a product with a copy of an element is a product as well
        ones = np.ones((1, 1, *case.i)), np.ones((1, 1, *case.k))
        per_tap = case.c_in // case.groups * (2 if self.precision.is_complex else 1)
        one_group: Parameters = {**parameters(case), "groups": 1}
        return np.asarray(per_tap * conv_transpose(*ones, **one_group))

    @cached_property
    def bound(self) -> NDArray[np.float64]:
        """conv_T(|x|, |w|) + |b|, (n, c_out, *o), float64."""
        return answer(self.case, self.draw.work.magnitudes)


def expect(case: Case, draw: Draw) -> Expected:
    """Return the reference of an explicit or extended case; other cases have no right answer.

    For an open case it holds the full result, of which every answer is a window.

    With exact inputs the oracle's answer is exact. Otherwise it is computed in float64, or in a
    higher precision for float64 and complex128.
    """
    if case.suite == "open":
        return Expected(case=case.uncropped, draw=draw, y=None)
    if case.suite == "illegal":
        return Expected(case=case, draw=draw, y=None)
    if draw.answer is not None:
        return Expected(case=case, draw=draw, y=draw.answer)
    precision = PRECISIONS[case.dtype]
    if not draw.is_exact and precision.dtype == precision.work:
        y, residue = precise_answer(case, draw.work)
        return Expected(case=case, draw=draw, y=y, residue=residue)
    return Expected(case=case, draw=draw, y=answer(case, draw.work))
