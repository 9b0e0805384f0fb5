"""Normal values: standard normal ones, rounded to the case's dtype."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.dtypes import Precision
from tconv.model.tensors import Tensors


def normal(case: Case, seed: str, precision: Precision) -> Tensors:
    """Return standard normal tensors in the case's dtype; complex ones in both parts."""
    words = np.frombuffer(hashlib.sha256(seed.encode()).digest(), "<u4")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist())))
    return Tensors(
        x=_values(generator, case.x_shape, precision),
        w=_values(generator, case.w_shape, precision),
        b=_values(generator, case.b_shape, precision) if case.bias else None,
    )


def _values(
    generator: np.random.Generator, shape: tuple[int, ...], precision: Precision
) -> NDArray[Any]:
    values: NDArray[Any] = generator.standard_normal(shape)
    if precision.is_complex:
        values = values + 1j * generator.standard_normal(shape)
    return values.astype(precision.dtype)
