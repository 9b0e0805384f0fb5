"""What an adapter returned, as an outcome: an array of numbers, or a fault of the adapter."""

from operator import index

import numpy as np

from tconv.model.outcome import Computed, Faulty, InferredShape

_HINT = "return a numpy.ndarray of numbers in the layout (n, c_out, *o)"


def outcome_from(returned: object) -> Computed | InferredShape | Faulty:
    """Return `Computed` for a plain NumPy array of numbers, else `Faulty` with the offence.

    A target that computes nothing returns `InferredShape` with a shape, which is passed on.

    Plain means `numpy.ndarray` itself: a masked array or a matrix compares by rules of its own.
    """
    if isinstance(returned, InferredShape):
        return _inferred(returned)
    if type(returned) is not np.ndarray:
        given = f"{type(returned).__module__}.{type(returned).__qualname__}"
        return Faulty(offence=f"type of the result={given}, but should be numpy.ndarray; {_HINT}")
    # ml_dtypes' numbers are of kind V, as raw bytes and records are; only those have a finfo.
    if returned.dtype.kind in "fciub" or _is_extension_float(returned.dtype):
        return Computed(y=returned)
    return Faulty(
        offence=f"dtype of the result={returned.dtype}, but should be a dtype of numbers; {_HINT}"
    )


def _inferred(returned: InferredShape) -> InferredShape | Faulty:
    try:
        return InferredShape(shape=tuple(map(index, returned.shape)))
    except TypeError:
        return Faulty(offence=f"promised shape={returned.shape!r}, but should be integers")


def _is_extension_float(dtype: "np.dtype[np.generic]") -> bool:
    return dtype.kind == "V" and dtype.names is None and np.can_cast(dtype, np.float64, "safe")
