"""A case as the oracle is asked for it: which arguments, and how many products meet in one sum."""

from math import gcd, prod
from typing import TypedDict

from harness.case import Case


class Arguments(TypedDict):
    """Keyword arguments of :func:`harness.oracle.conv_transpose`, one entry per axis."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    output_padding: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int


def arguments(case: Case) -> Arguments:
    """Return the oracle's keyword arguments for a case; an output padding not given counts as 0."""
    return {
        "stride": case.s,
        "padding": tuple(zip(case.p_begin, case.p_end, strict=True)),
        "output_padding": case.output_padding or (0,) * case.ndim,
        "dilation": case.dilation,
        "groups": case.groups,
    }


def most_products(case: Case) -> int:
    """Return an upper bound of n = conv_T(1, 1), the number of products in one output element.

    Along one axis only taps u with d u = r (mod s) meet: every s/gcd(s, d)-th of them.
    """
    per_axis = (
        max(1, min(i, -(-k * gcd(s, d) // s)))
        for i, k, s, d in zip(case.i, case.k, case.s, case.dilation, strict=True)
        if s > 0 and d > 0
    )
    return max(1, case.c_in // max(case.groups, 1)) * prod(per_axis)
