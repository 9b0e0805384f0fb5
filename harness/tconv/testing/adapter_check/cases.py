"""The cases that an adapter is checked with: few and small, each with a different size per axis.

Different sizes on all axes reveal swapped axes; different values reveal a flip.
"""

from collections.abc import Mapping
from typing import Final

from tconv.model.case import Case


def _case(**parameters: object) -> Case:
    return Case.from_parameters(**{"c_in": 3, "c_out": 2, "n": 2, **parameters})  # type: ignore[arg-type] # checked at construction


PROBES: Final[Mapping[str, tuple[Case, ...]]] = {
    "layout": (
        _case(ndim=1, i=5, k=1),
        _case(ndim=2, i=(4, 5), k=(1, 1)),
        _case(ndim=3, i=(3, 4, 5), k=(1, 1, 1), c_in=4, c_out=3),
    ),
    "kernel": (
        _case(ndim=1, i=4, k=3),
        _case(ndim=2, i=(4, 5), k=(2, 3)),
        _case(ndim=3, i=(2, 3, 4), k=(2, 1, 3)),
    ),
    "stride": (_case(ndim=1, i=4, k=2, s=3), _case(ndim=2, i=(3, 4), k=(2, 3), s=(3, 2))),
    "padding": (
        _case(ndim=1, i=5, k=4, s=2, p=[(1, 1)]),
        _case(ndim=1, i=5, k=4, s=2, p=[(2, 0)]),
        _case(ndim=2, i=(4, 5), k=(4, 5), p=[(2, 1), (0, 3)]),
        _case(ndim=3, i=(3, 2, 4), k=(3, 2, 4), s=(2, 1, 3), p=[(0, 2), (1, 0), (3, 1)]),
    ),
    "output_padding": (
        _case(ndim=1, i=4, k=2, s=3, output_padding=1),
        _case(ndim=2, i=(3, 4), k=(2, 3), s=(2, 3), p=1, output_padding=(1, 2)),
    ),
    "dilation": (
        _case(ndim=1, i=4, k=3, s=2, dilation=2),
        _case(ndim=2, i=(4, 5), k=(2, 3), dilation=(3, 2)),
    ),
    "groups": (
        _case(ndim=1, i=4, k=3, c_in=4, c_out=6, groups=2),
        _case(ndim=2, i=(4, 5), k=(2, 3), c_in=3, c_out=3, groups=3),
    ),
    "bias": (_case(ndim=1, i=4, k=3, bias=False), _case(ndim=2, i=(3, 4), k=2, bias=False)),
    "input_padding": (
        _case(ndim=1, i=5, k=4, s=2, padding="circular"),
        _case(ndim=2, i=(4, 5), k=(5, 3), s=(2, 1), padding="reflect"),
    ),
    "dtype": tuple(
        _case(ndim=1, i=4, k=3, s=2, dtype=dtype) for dtype in ("float64", "float16", "bfloat16")
    ),
}
"""Legal cases, by the parameter that they exercise."""

LEGAL: Final = tuple(dict.fromkeys(case for cases in PROBES.values() for case in cases))
"""All legal cases."""

ILLEGAL: Final[Mapping[str, Case]] = {
    "an output size below zero": _case(ndim=1, i=1, k=1, p=2),
    "groups that do not divide the channels": _case(ndim=1, i=4, k=3, groups=2),
}
"""Cases without an answer, by the reason."""
