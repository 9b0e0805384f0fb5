"""The oracle's answer to a case, and how many products meet in one of its elements."""

from dataclasses import replace
from functools import lru_cache
from math import gcd, prod
from typing import Any, Final

from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.model.tensors import Tensors
from tconv.oracle.formulations import Arguments, Parameters, conv_transpose, scatter
from tconv.oracle.input_padding import padded

_CACHE_SIZE: Final = 2**14  # a grid has few distinct axes, and repeats them


def lowered(case: Case, tensors: Tensors) -> tuple[Case, Tensors]:
    """Return the explicit case that a defined policy is, and its tensors, x padded; else the same.

    See :mod:`tconv.model.policies`.
    """
    if case.padding is None:  # as most are
        return case, tensors
    padding = case.input_padding
    if padding is not None:
        tensors = replace(tensors, x=padded(tensors.x, padding.sides, padding.fill))
    return case.lowered, tensors


def parameters(case: Case) -> Parameters:
    """Return the keyword parameters of :func:`tconv.oracle.formulations.conv_transpose` for a case.

    An output padding that is not given counts as 0, and under a policy p and op are 0.
    """
    return {
        "stride": case.s,
        "padding": tuple(zip(case.p_begin, case.p_end, strict=True)),
        "output_padding": case.output_padding or (0,) * case.ndim,
        "dilation": case.dilation,
        "groups": case.groups,
    }


def arguments(case: Case, tensors: Tensors) -> Arguments:
    """Return what the formulations take, for a legal or extended case and its tensors.

    Nothing is checked here: a case is well formed, and its tensors must have one dtype.
    """
    return Arguments(
        x=tensors.x, w=tensors.w, b=tensors.b, groups=case.groups, stride=case.s,
        begin=case.p_begin, end=case.p_end,
        output_padding=case.output_padding or (0,) * case.ndim, dilation=case.dilation,
    )  # fmt: skip


def answer(case: Case, tensors: Tensors) -> NDArray[Any]:
    """Return the oracle's answer to a legal or extended case, (n, c_out, *o).

    It is `conv_transpose(x, w, b, **parameters(case))` of the lowered case, in half the time for a
    small one.

    Args:
        case: the case.
        tensors: x (n, c_in, *i), w (c_in, c_out/groups, *k) and b (c_out,) or None, of one dtype.
    """
    case, tensors = lowered(case, tensors)
    if 0 in case.i:  # it raises a negative output size to 0
        return conv_transpose(tensors.x, tensors.w, tensors.b, **parameters(case))
    return scatter.conv_transpose(arguments(case, tensors))


def most_products(case: Case) -> int:
    """Return an upper bound of n = conv_T(1, 1), the number of products in one output element."""
    per_axis = map(_most_along, case.lowered.i, case.k, case.s, case.dilation)
    return max(1, case.c_in // max(case.groups, 1)) * prod(per_axis)


@lru_cache(maxsize=_CACHE_SIZE)
def _most_along(i: int, k: int, s: int, d: int) -> int:
    """Return the most pixel-tap pairs that meet in one position along an axis, at least 1.

    Only taps u with d u = r (mod s) meet: every s/gcd(s, d)-th of them.
    """
    return max(1, min(i, -(-k * gcd(s, d) // s))) if s > 0 and d > 0 else 1
