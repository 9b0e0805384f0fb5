"""The oracle in a higher precision than float64: as a float64 and the remainder it leaves."""

from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import Arguments
from tconv.oracle.formulations import conv_transpose

IS_WIDE: Final = np.finfo(np.longdouble).nmant >= 63
"""Whether longdouble has at least 11 bits more than float64; on some machines it is float64."""

Pair = tuple[NDArray[Any], NDArray[Any]]


def accurate(given: Tensors, call: Arguments) -> Pair:
    """Return the right answer as high + remainder, both float64 or complex128, (n, c_out, *o).

    Computed in longdouble where that is wider than float64, else in fractions: slow and exact.
    """
    return in_longdouble(given, call) if IS_WIDE else in_fractions(given, call)


def in_longdouble(given: Tensors, call: Arguments) -> Pair:
    """Return the answer computed in longdouble, with 64 bits of significand on x86."""
    wide = np.clongdouble if given.x.dtype.kind == "c" else np.longdouble
    b = None if given.b is None else given.b.astype(wide)
    answer = conv_transpose(given.x.astype(wide), given.w.astype(wide), b, **call)
    high = answer.astype(given.x.dtype)
    return high, (answer - high).astype(given.x.dtype)


def in_fractions(given: Tensors, call: Arguments) -> Pair:
    """Return the exact answer; a complex product is made of four real ones."""
    if given.x.dtype.kind != "c":
        return _split(_of_fractions(given.x, given.w, given.b, call))
    x, w, b = given.x, given.w, given.b
    real = _of_fractions(x.real, w.real, None if b is None else b.real, call)
    imag = _of_fractions(x.real, w.imag, None if b is None else b.imag, call)
    real, rest = _split(real - _of_fractions(x.imag, w.imag, None, call))
    imag, left = _split(imag + _of_fractions(x.imag, w.real, None, call))
    return real + 1j * imag, rest + 1j * left


def _of_fractions(
    x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None, call: Arguments
) -> NDArray[Any]:
    return conv_transpose(
        _fractions(x), _fractions(w), None if b is None else _fractions(b), **call
    )


def _fractions(values: NDArray[Any]) -> NDArray[Any]:
    made = np.empty(values.size, object)
    made[:] = [Fraction(value) for value in values.ravel().tolist()]
    return made.reshape(values.shape)


def _split(answer: NDArray[Any]) -> Pair:
    high = answer.astype(np.float64)
    return high, (answer - _fractions(high)).astype(np.float64)
