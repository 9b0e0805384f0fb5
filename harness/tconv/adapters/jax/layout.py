"""The layouts of JAX's arrays, and the way from the canonical layout and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.model.case import Case


@dataclass(frozen=True, slots=True)
class JaxLayout:
    """Where the channels are: last, as is JAX's own default, or first.

    Attributes:
        channel_first: whether arrays are (n, c, *sizes); else they are (n, *sizes, c).
    """

    channel_first: bool

    def numbers(self, ndim: int) -> tuple[str, str, str]:
        """Return JAX's `dimension_numbers`: the kernel is (*k, I, O), or first (O, I, *k)."""
        axes = "DHW"[-ndim:] if ndim <= 3 else "0123456789"[:ndim]
        if self.channel_first:
            return f"NC{axes}", f"OI{axes}", f"NC{axes}"
        return f"N{axes}C", f"{axes}IO", f"N{axes}C"

    def data(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return (n, c, *sizes) in this layout."""
        return x if self.channel_first else np.ascontiguousarray(np.moveaxis(x, 1, -1))

    def kernel(self, w: NDArray[Any]) -> NDArray[Any]:
        """Return (a, b, *k) in this layout: as it is, or (*k, b, a)."""
        ordered = w if self.channel_first else np.moveaxis(w, (0, 1), (-1, -2))
        return np.ascontiguousarray(ordered)

    def bias(self, b: NDArray[Any], ndim: int) -> NDArray[Any]:
        """Return (c,) in a shape that adds to a result in this layout."""
        return b.reshape(-1, *(1,) * ndim) if self.channel_first else b

    def canonical(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return a result in this layout as (n, c, *sizes)."""
        return y if self.channel_first else np.ascontiguousarray(np.moveaxis(y, -1, 1))

    def canonical_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of a result in this layout as (n, c, *sizes)."""
        return shape if self.channel_first else (shape[0], shape[-1], *shape[1:-1])


def direct_kernel(w: NDArray[Any], case: Case) -> NDArray[Any]:
    """Return the kernel of the direct convolution: (c_in, c_out / g, *k) as (c_out, c_in / g, *k).

    It is flipped along every spatial axis. Where the groups do not divide the channels, it has the
    shape (zeros fill it up) for which JAX refuses the groups.
    """
    g, c_in = max(case.groups, 1), w.shape[0]
    taken = w[: c_in // g * g, :, *(slice(None, None, -1),) * (w.ndim - 2)]
    joined = taken.reshape(g, c_in // g, *w.shape[1:]).swapaxes(1, 2)
    whole = joined.reshape(g * w.shape[1], c_in // g, *w.shape[2:])
    lacking = case.c_out - whole.shape[0]
    return np.concatenate([whole, np.zeros((lacking, *whole.shape[1:]), w.dtype)])
