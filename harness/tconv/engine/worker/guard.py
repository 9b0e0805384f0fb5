"""Calls code of a third party, which may raise or return anything at any time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from typing import Any, Final

import numpy as np

from tconv.model.outcome import Computed, Faulty, InferredShape

_HINT: Final = "return a numpy.ndarray of numbers in the layout (n, c_out, *o)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An error that an adapter raised where it should have given a result.

    Attributes:
        error: the error.
        seconds: time until it came, seconds.
    """

    error: BaseException
    seconds: float


def call_guarded(function: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 # what an adapter gives
    """Return what a third party's function returns, or the error that it raises.

    The error may be an exit or an interrupt: a framework that raises one has failed on a case.
    """
    started = time.perf_counter()
    try:
        return function(*args)
    except BaseException as error:  # noqa: BLE001 # a third party's code
        return Raised(error=error, seconds=time.perf_counter() - started)


def text_of(error: BaseException) -> str:
    """Return an error's text, even if its `__str__` raises."""
    text = call_guarded(str, error)
    if isinstance(text, Raised):
        return f"(asked for its text, it raised {type(text.error).__name__})"
    return str(text)


def outcome_from(returned: object) -> Computed | InferredShape | Faulty:
    """Return `Computed` for a plain NumPy array of numbers, else `Faulty` with the offence.

    A target that computes nothing returns `InferredShape`, which is checked and passed on. Plain
    means `numpy.ndarray` itself: a masked array or a matrix compares by rules of its own.
    """
    if isinstance(returned, InferredShape):
        return _inferred(returned)
    if type(returned) is not np.ndarray:
        kind = f"{type(returned).__module__}.{type(returned).__qualname__}"
        return Faulty(offence=f"type of the result={kind}, but should be numpy.ndarray; {_HINT}")
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
        return Faulty(offence=f"inferred shape={returned.shape!r}, but should be integers")


def _is_extension_float(dtype: "np.dtype[np.generic]") -> bool:
    return dtype.kind == "V" and dtype.names is None and np.can_cast(dtype, np.float64, "safe")
