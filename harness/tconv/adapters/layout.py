"""How the users of a framework lay out x and w, and the NumPy expressions between two layouts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The order of a framework's axes; `k` stands for all spatial axes.

    Attributes:
        channels_last: whether x is (n, *i, c_in); else it is (n, c_in, *i).
        weight: the axes of w, of `c_in`, `c_out` and `k`.
        is_direct: whether w is the kernel of a direct convolution: flipped on every spatial axis,
            and with c_in / groups and c_out channels; else it has c_in and c_out / groups.
    """

    channels_last: bool
    weight: tuple[str, str, str]
    is_direct: bool = False

    def axes(self, ndim: int) -> tuple[str, ...]:
        """Return the axes of w by name, spatial ones as k or k0, k1..."""
        taps = ("k",) if ndim == 1 else tuple(f"k{axis}" for axis in range(ndim))
        return tuple(name for part in self.weight for name in (taps if part == "k" else (part,)))

    def x_text(self, channels: str, size: str, ndim: int) -> str:
        """Return the shape of x, or of y, in words."""
        sizes = [size] if ndim == 1 else [f"{size}{axis}" for axis in range(ndim)]
        axes = [*sizes, channels] if self.channels_last else [channels, *sizes]
        return f"({', '.join(['n', *axes])})"

    def w_text(self, ndim: int, groups: int) -> str:
        """Return the shape of w, in words."""
        divided = "c_in" if self.is_direct else "c_out"
        words = {divided: f"{divided}/{groups}"} if groups > 1 else {}
        return f"({', '.join(words.get(axis, axis) for axis in self.axes(ndim))})"

    def x(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return (n, c, *sizes) in this layout."""
        return np.ascontiguousarray(np.moveaxis(x, 1, -1)) if self.channels_last else x

    def y(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return a result in this layout as (n, c, *sizes)."""
        return np.moveaxis(y, -1, 1) if self.channels_last else y

    def w(self, w: NDArray[Any], groups: int) -> NDArray[Any]:
        """Return (c_in, c_out / groups, *k) in this layout."""
        for expression, _ in conversion(CANONICAL, self, w.ndim - 2, groups):
            w = eval(expression, {"np": np, "w": w})  # noqa: S307 # made below, of numbers alone
        return np.ascontiguousarray(w)


CANONICAL: Final = Layout(channels_last=False, weight=("c_in", "c_out", "k"))
"""x is (n, c_in, *i) and w is (c_in, c_out/groups, *k), as in PyTorch and ONNX."""

CHANNELS_LAST: Final = Layout(channels_last=True, weight=("k", "c_out", "c_in"))
"""x is (n, *i, c_in) and w is (*k, c_out/groups, c_in), as in TensorFlow and Keras."""

DIRECT: Final = Layout(channels_last=True, weight=("k", "c_in", "c_out"), is_direct=True)
"""w is the kernel of the direct convolution, (*k, c_in/groups, c_out), as JAX takes it."""


def conversion(source: Layout, target: Layout, ndim: int, groups: int) -> Iterator[tuple[str, str]]:
    """Yield the expressions that turn `w` from one layout into the other, each with its reason."""
    axes = source.axes(ndim)
    differs = source.is_direct != target.is_direct
    if differs and groups > 1:
        yield from _ordered(axes, CANONICAL, ndim)
        yield from _regrouped(groups, from_direct=source.is_direct)
        axes = CANONICAL.axes(ndim)
    yield from _ordered(axes, target, ndim)
    if differs:
        taps = tuple(at for at, name in enumerate(target.axes(ndim)) if name.startswith("k"))
        yield f"np.flip(w, {taps})", "one of the two has the kernel flipped"


def _ordered(axes: tuple[str, ...], target: Layout, ndim: int) -> Iterator[tuple[str, str]]:
    names = target.axes(ndim)
    if axes != names:
        order = ", ".join(str(axes.index(name)) for name in names)
        yield f"w.transpose({order})", f"({', '.join(axes)}) to ({', '.join(names)})"


def _regrouped(groups: int, *, from_direct: bool) -> Iterator[tuple[str, str]]:
    """Yield how the groups move from the one axis of channels to the other; w is (in, out, *k)."""
    if from_direct:
        yield f"w.reshape(len(w), {groups}, -1, *w.shape[2:]).swapaxes(0, 1)", "groups first"
        yield "w.reshape(-1, *w.shape[2:])", "(c_in, c_out/groups, ...)"
    else:
        yield f"w.reshape({groups}, -1, *w.shape[1:]).swapaxes(0, 1)", "groups second"
        yield "w.reshape(len(w), -1, *w.shape[3:])", "(c_in/groups, c_out, ...)"
