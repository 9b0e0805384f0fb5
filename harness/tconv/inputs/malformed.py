"""Arrays that do not fit together, made from arrays that do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.malformed import SECOND_DTYPES
from tconv.model.tensors import Tensors

Array = NDArray[Any]


def malformed(case: Case, given: Tensors) -> Tensors:
    """Return the tensors with the one fault that the case names.

    Args:
        case: a case with a malformation.
        given: its tensors, sound and in the case's dtype.
    """
    assert case.malformed is not None
    name, change = _CHANGES[case.malformed]
    return replace(given, **{name: change(case, getattr(given, name))})


def _one_more(_: Case, array: Array) -> Array:
    return np.concatenate([array, array[:1]])


def _without_axis(_: Case, array: Array) -> Array:
    return np.ascontiguousarray(array[..., 0])


def _with_axis(_: Case, array: Array) -> Array:
    return array[..., None]


def _of_another_dtype(case: Case, array: Array) -> Array:
    return array.astype(PRECISIONS[SECOND_DTYPES.get(case.dtype, "float32")].dtype)


_CHANGES: Final[dict[str, tuple[str, Callable[[Case, Array], Array]]]] = {
    "weight_channels": ("w", _one_more),
    "bias_length": ("b", _one_more),
    "input_lacks_axis": ("x", _without_axis),
    "input_gains_axis": ("x", _with_axis),
    "weight_lacks_axis": ("w", _without_axis),
    "weight_gains_axis": ("w", _with_axis),
    "weight_dtype": ("w", _of_another_dtype),
    "bias_dtype": ("b", _of_another_dtype),
}
"""For each of :data:`tconv.model.malformed.MALFORMED` the array and what becomes of it."""
