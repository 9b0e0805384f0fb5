"""The readings that reproduce a wrong output."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.inputs.draw import Draw
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import most_products
from tconv.oracle.readings import READINGS, Reading, evaluate


def readings_of(case: Case, draw: Draw, y: NDArray[Any]) -> tuple[str, ...]:
    """Return the names of the readings that give `y`, sorted; several where it cannot tell.

    Args:
        case: legal or extended.
        draw: its draw; exact values are reproduced exactly, others within rounding.
        y: an output of any shape, in the dtype of the reference, finite.
    """
    if 0 in case.x_shape or y.size == 0 or case.is_huge:
        return ()
    return tuple(sorted(r.name for r in READINGS if _gives(r, case, draw, y)))


def _gives(reading: Reading, case: Case, draw: Draw, y: NDArray[Any]) -> bool:
    made = evaluate(reading, case, draw.work)
    if made is None or made.shape != y.shape:
        return False
    if draw.used != "normal":
        return bool((made == y).all())
    return bool((np.abs(y - made) <= _tolerance(reading, case, draw)).all())


def _tolerance(reading: Reading, case: Case, draw: Draw) -> NDArray[np.float64]:
    """Return (n+1)(u bound + eta) with the reading's own bound and the largest n."""
    work, precision = draw.work, PRECISIONS[case.dtype]
    magnitudes = Tensors(
        x=np.abs(work.x), w=np.abs(work.w), b=None if work.b is None else np.abs(work.b)
    )
    bound = evaluate(reading, case, magnitudes)
    assert bound is not None
    n = most_products(case) * (2 if precision.is_complex else 1)
    tolerance: NDArray[np.float64] = (n + 1) * (precision.u * bound + precision.subnormal / 2)
    return tolerance
