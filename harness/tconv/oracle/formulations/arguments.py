"""Checks the arrays and parameters of a call once, and spreads scalars to one value per axis.

Only ranks, dtypes and ranges are checked here. No formulation takes a size from this module: each
works out its own geometry, so that a mistake made in one of them shows as a disagreement.
"""

from dataclasses import dataclass, replace
from typing import Any, Self, TypeAlias

import numpy as np

from tconv.errors import CaseError
from tconv.oracle.formulations.axes import Padding, PerAxis, begin_and_end, per_axis

# Any: float, complex, integer and object arrays pass through the same code.
Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arguments:
    """Arguments of a (transposed) convolution, valid and with one value per spatial axis.

    Attributes:
        x: Input, (n, c, *sizes), of the dtype of the computation.
        w: Weights, (c_in, c_out/groups, *k), of the same dtype.
        b: Bias, (c_out,), of the same dtype, or None.
        groups: At least 1; divides both channel counts.
        stride: At least 1 on each axis.
        begin: Padding at the start of each axis: the crop of the transposed convolution.
        end: Padding at the end of each axis.
        output_padding: At least 0 on each axis.
        dilation: At least 1 on each axis.
    """

    x: Array
    w: Array
    b: Array | None
    groups: int
    stride: tuple[int, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]
    output_padding: tuple[int, ...]
    dilation: tuple[int, ...]

    @classmethod
    def from_call(
        cls,
        x: Array,
        w: Array,
        b: Array | None = None,
        *,
        stride: PerAxis = 1,
        padding: Padding = 0,
        output_padding: PerAxis = 0,
        dilation: PerAxis = 1,
        groups: int = 1,
    ) -> Self:
        """Return the arguments of a call of either direction; the channels of x are not checked.

        Raises:
            CaseError: A rank, a dtype or a parameter has no meaning.
        """
        ndim = _ndim(x, w)
        (groups,) = per_axis("groups", groups, 1, least=1)
        if w.shape[0] % groups:
            raise CaseError(f"groups={groups}, but should divide c_in={w.shape[0]}; change either")
        begin, end = begin_and_end(padding, ndim)
        dtype = np.result_type(x, w)
        return cls(
            x=x.astype(dtype, copy=False),
            w=w.astype(dtype, copy=False),
            b=None if b is None else _bias(b, dtype, w.shape[1] * groups),
            groups=groups,
            stride=per_axis("stride", stride, ndim, least=1),
            begin=begin,
            end=end,
            output_padding=per_axis("output_padding", output_padding, ndim, least=0),
            dilation=per_axis("dilation", dilation, ndim, least=1),
        )

    def for_transposed(self) -> Self:
        """Return these arguments if x can be the input of the transposed convolution.

        An axis without pixels has an output of max(0, o) positions: where o is below 0 the
        output padding is raised until it is 0.

        Raises:
            CaseError: x has other channels than w, or an output size is 0 or less.
        """
        _check_channels(self.x, self.w.shape[0], "w.shape[0]")
        sizes = self.output_sizes()
        if min(sizes) > 0:
            return self
        if any(o <= 0 < i for i, o in zip(self.x.shape[2:], sizes, strict=True)):
            raise CaseError(
                f"output size={sizes}, but should be 1 or more on every axis;"
                " lower the padding or raise the output padding"
            )
        raised = (op - min(o, 0) for op, o in zip(self.output_padding, sizes, strict=True))
        return replace(self, output_padding=tuple(raised))

    def for_direct(self) -> Self:
        """Return these arguments if x can be the input of the direct convolution.

        Raises:
            CaseError: x has other channels than w.
        """
        _check_channels(self.x, self.w.shape[1] * self.groups, "groups * w.shape[1]")
        return self

    def output_sizes(self) -> tuple[int, ...]:
        """Return s(i-1) + K - p_begin - p_end + op of each axis, which may be below 1."""
        return tuple(
            s * (i - 1) + d * (k - 1) + 1 - begin - end + op
            for i, k, s, d, begin, end, op in zip(
                self.x.shape[2:],
                self.w.shape[2:],
                self.stride,
                self.dilation,
                self.begin,
                self.end,
                self.output_padding,
                strict=True,
            )
        )


def _ndim(x: Array, w: Array) -> int:
    if w.ndim < 3:
        raise CaseError(
            f"w.ndim={w.ndim}, but should be 3 or more; give w as (c_in, c_out/groups, *k)"
        )
    if x.ndim != w.ndim:
        raise CaseError(f"x.ndim={x.ndim}, but should be w.ndim={w.ndim}; give x as (n, c, *sizes)")
    if 0 in w.shape:
        raise CaseError(
            f"w.shape={w.shape}, but should be 1 or more on every axis;"
            " give at least one channel and one tap"
        )
    return w.ndim - 2


def _bias(b: Array, dtype: np.dtype[Any], c_out: int) -> Array:
    if b.shape != (c_out,):
        raise CaseError(
            f"b.shape={b.shape}, but should be ({c_out},); give one value per output channel"
        )
    if not np.can_cast(b.dtype, dtype, "same_kind"):
        raise CaseError(f"b.dtype={b.dtype}, but should cast to {dtype}; convert x or w first")
    return b.astype(dtype, copy=False)


def _check_channels(x: Array, channels: int, where: str) -> None:
    if x.shape[1] != channels:
        raise CaseError(
            f"x.shape[1]={x.shape[1]}, but should be {where}={channels}; give matching channels"
        )
