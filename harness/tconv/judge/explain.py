"""The readings that reproduce a wrong output."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.judge.error_bound import error_bound
from tconv.judge.expected import Expected
from tconv.oracle.case_answer import most_products
from tconv.oracle.readings import PARTIAL, READINGS, Reading, evaluate


def readings_of(expected: Expected, y: NDArray[Any]) -> tuple[str, ...]:
    """Return the names of all readings that give `y`, sorted; of a part only where no other does.

    Args:
        expected: what is right for a legal or extended case.
        y: an output of any shape, in the dtype of the reference, finite. A reading must
            reproduce it exactly where values are exact, otherwise within rounding.
    """
    case = expected.case
    if 0 in case.x_shape or y.size == 0 or case.is_huge:
        return ()
    whole = sorted(reading.name for reading in READINGS if _gives(reading, expected, y))
    return tuple(whole or sorted(part.name for part in PARTIAL if _gives(part, expected, y)))


def _gives(reading: Reading, expected: Expected, y: NDArray[Any]) -> bool:
    output = evaluate(reading, expected.case, expected.draw.work)
    if output is None or output.shape != y.shape:
        return False
    if expected.draw.is_exact:
        return bool((output == y).all())
    return bool((np.abs(y - output) <= reading_tolerance(reading, expected)).all())


def reading_tolerance(reading: Reading | None, expected: Expected) -> NDArray[np.float64]:
    """Return the error bound of a reading that has an output, or of the right answer if None.

    The sums of magnitudes are the reading's own. The number of products in an element is not: the
    largest possible number is used.
    """
    case, bound = expected.case, expected.bound
    if reading is not None:
        output = evaluate(reading, case, expected.draw.work.magnitudes)
        assert output is not None
        # A bias of the other sign is as large as the right one.
        bound = np.maximum(output, bound) if output.shape == bound.shape else output
    n = most_products(case) * (2 if expected.precision.is_complex else 1)
    return error_bound(n, bound, expected.precision)
