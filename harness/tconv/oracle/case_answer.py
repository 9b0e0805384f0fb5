"""A case as the oracle is asked for it: which arguments, and how many products meet in one sum."""

from functools import lru_cache
from math import gcd, prod
from typing import Any, Final, TypedDict

from numpy.typing import NDArray

from tconv.model.case import Case
from tconv.oracle.formulations import Arguments as Checked
from tconv.oracle.formulations import conv_transpose, scatter

_MOST: Final = 2**14  # axes whose products are kept: a grid has few, and repeats them


class Arguments(TypedDict):
    """Keyword arguments of :func:`tconv.oracle.formulations.conv_transpose`, one entry per axis."""

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


def answer(
    case: Case, x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return the oracle's answer to a legal or extended case.

    It is `conv_transpose(x, w, b, **arguments(case))`, in half the time for a small case: the case
    has been checked, and so need not be again.

    Args:
        case: the case.
        x: its input, (n, c_in, *i).
        w: its weight, (c_in, c_out/groups, *k), of the same dtype.
        b: its bias, (c_out,), of the same dtype, or None.
    """
    if 0 in case.i:  # its output may have less than no elements, which is settled there
        return conv_transpose(x, w, b, **arguments(case))
    return scatter.conv_transpose(
        Checked(
            x=x, w=w, b=b, groups=case.groups, stride=case.s, begin=case.p_begin, end=case.p_end,
            output_padding=case.output_padding or (0,) * case.ndim, dilation=case.dilation,
        )
    )  # fmt: skip


def most_products(case: Case) -> int:
    """Return an upper bound of n = conv_T(1, 1), the number of products in one output element."""
    per_axis = map(_most_along, case.i, case.k, case.s, case.dilation)
    return max(1, case.c_in // max(case.groups, 1)) * prod(per_axis)


@lru_cache(maxsize=_MOST)
def _most_along(i: int, k: int, s: int, d: int) -> int:
    """Return how many pixels and taps meet at most in a position along one axis, at least 1.

    Only taps u with d u = r (mod s) meet: every s/gcd(s, d)-th of them.
    """
    return max(1, min(i, -(-k * gcd(s, d) // s))) if s > 0 and d > 0 else 1
