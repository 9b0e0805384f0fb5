"""The right answer in more than float64 precision, as a float64 and the remainder beyond it."""

from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.tensors import Tensors
from tconv.oracle.case_answer import answer

IS_WIDE: Final = np.finfo(np.longdouble).nmant >= 63
"""Whether longdouble has at least 11 bits more than float64; on some machines it is float64."""

Pair = tuple[NDArray[Any], NDArray[Any]]


def precise_answer(case: Case, tensors: Tensors) -> Pair:
    """Return the right answer as high + remainder, both float64 or complex128, (n, c_out, *o).

    Computed in longdouble where that is wider than float64, else in fractions: slow and exact.
    """
    return in_longdouble(case, tensors) if IS_WIDE else in_fractions(case, tensors)


def in_longdouble(case: Case, tensors: Tensors) -> Pair:
    """Return the answer computed in longdouble, with 64 bits of significand on x86."""
    wide = np.clongdouble if tensors.x.dtype.kind == "c" else np.longdouble
    y = answer(case, tensors.map(lambda values: values.astype(wide)))
    high = y.astype(tensors.x.dtype)
    return high, (y - high).astype(tensors.x.dtype)


def in_fractions(case: Case, tensors: Tensors) -> Pair:
    """Return the exact answer; a complex product is made of four real ones."""
    if tensors.x.dtype.kind != "c":
        return _split(answer(case, tensors.map(_fractions)))
    real = tensors.map(lambda values: _fractions(values.real))
    imag = tensors.map(lambda values: _fractions(values.imag))

    def product(x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None) -> NDArray[Any]:
        return answer(case, Tensors(x=x, w=w, b=b))

    high, remainder = _split(product(real.x, real.w, real.b) - product(imag.x, imag.w, None))
    high_i, remainder_i = _split(product(real.x, imag.w, imag.b) + product(imag.x, real.w, None))
    return high + 1j * high_i, remainder + 1j * remainder_i


def _fractions(values: NDArray[Any]) -> NDArray[Any]:
    fractions = np.empty(values.size, object)
    fractions[:] = [Fraction(value) for value in values.ravel().tolist()]
    return fractions.reshape(values.shape)


def _split(y: NDArray[Any]) -> Pair:
    high = y.astype(np.float64)
    return high, (y - _fractions(high)).astype(np.float64)
