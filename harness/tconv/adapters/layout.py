"""How the users of a framework lay out x and w, and the expressions between two layouts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.snippet import NUMPY, Operations


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How a framework gives the weights of one layer, and takes them.

    Attributes:
        names: the keys of w and b in a mapping; None: it is a list of w and, if there is one, b.
        text: the expression of it, in the framework's words.
        back: the statement that loads `weights`, the same in arrays of NumPy; empty: none is shown.
        wide: what `text` and `back` are of bfloat16, where the framework does not give it to NumPy
            as it is; None: it does.
    """

    names: tuple[str, str] | None
    text: str
    back: str = ""
    wide: tuple[str, str] | None = None

    def statements(self, dtype: str) -> tuple[str, str]:
        """Return the expression and the statement for weights of this dtype."""
        return self.wide if self.wide and dtype == "bfloat16" else (self.text, self.back)

    def of(self, w: NDArray[Any], b: NDArray[Any] | None) -> Any:  # one of two
        """Return the checkpoint that holds these weights."""
        arrays = [w] if b is None else [w, b]
        return arrays if self.names is None else dict(zip(self.names, arrays, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The order of a framework's axes; `k` stands for all spatial axes.

    Attributes:
        channels_last: whether x is (n, *i, c_in); else it is (n, c_in, *i).
        weight: the axes of w, of `c_in`, `c_out` and `k`.
        is_direct: whether w is the kernel of a direct convolution: flipped on every spatial axis,
            and with c_in / groups and c_out channels; else it has c_in and c_out / groups.
        checkpoint: how the weights of a layer are saved and loaded.
    """

    channels_last: bool
    weight: tuple[str, str, str]
    is_direct: bool = False
    checkpoint: Checkpoint = Checkpoint(
        names=("weight", "bias"),
        text='{"weight": w, "bias": b}',
        back='w, b = weights["weight"], weights.get("bias")',
    )

    def axes(self, ndim: int) -> tuple[str, ...]:
        """Return the axes of w by name, spatial ones as k or k0, k1..."""
        taps = self.taps(ndim)
        return tuple(name for part in self.weight for name in (taps if part == "k" else (part,)))

    @staticmethod
    def taps(ndim: int) -> tuple[str, ...]:
        """Return the names of the spatial axes of w."""
        return ("k",) if ndim == 1 else tuple(f"k{axis}" for axis in range(ndim))

    def x_text(self, channels: str, size: str, ndim: int) -> str:
        """Return the shape of x, or of y, in words."""
        sizes = [size] if ndim == 1 else [f"{size}{axis}" for axis in range(ndim)]
        axes = [*sizes, channels] if self.channels_last else [channels, *sizes]
        return f"({', '.join(['n', *axes])})"

    @property
    def grouped(self) -> str:
        """The axis of w that has all channels; the other has those of one group."""
        return "c_out" if self.is_direct else "c_in"

    def w_shape(self, k: Sequence[int], groups: int) -> tuple[str, ...]:
        """Return the shape of w with these taps, as source text for each axis."""
        sizes = dict(zip(self.taps(len(k)), map(str, k), strict=True))
        divided = ({"c_in", "c_out"} - {self.grouped}).pop() if groups > 1 else ""
        return tuple(
            sizes.get(axis, f"{axis} // {groups}" if axis == divided else axis)
            for axis in self.axes(len(k))
        )

    def w_text(self, ndim: int, groups: int) -> str:
        """Return the shape of w, in words."""
        divided = {"c_in", "c_out"} - {self.grouped} if groups > 1 else set()
        words = (f"{axis}/{groups}" if axis in divided else axis for axis in self.axes(ndim))
        return f"({', '.join(words)})"

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

CHANNELS_LAST: Final = Layout(
    channels_last=True,
    weight=("k", "c_out", "c_in"),
    checkpoint=Checkpoint(names=None, text="[kernel, bias]", back="kernel, bias = weights"),
)
"""x is (n, *i, c_in) and w is (*k, c_out/groups, c_in), as in TensorFlow and Keras."""

DIRECT: Final = Layout(
    channels_last=True,
    weight=("k", "c_in", "c_out"),
    is_direct=True,
    checkpoint=Checkpoint(names=("kernel", "bias"), text="params", back="params = weights"),
)
"""w is the kernel of the direct convolution, (*k, c_in/groups, c_out), as JAX and Flax take it."""


def conversion(
    source: Layout, target: Layout, ndim: int, groups: int, operations: Operations = NUMPY
) -> Iterator[tuple[str, str]]:
    """Yield the expressions that turn `w` from one layout into the other, each with its reason.

    Between the same two, the other way round, they are the inverse. Groups are the slower part of
    the axis of c_out in a direct kernel, and else of c_in; to move, they become an axis.
    """
    axes, ordered = source.axes(ndim), target.axes(ndim)
    is_flipped = source.is_direct != target.is_direct
    moves = is_flipped and groups > 1
    if moves:
        at = axes.index(source.grouped)
        shape = _shape(axes[:at], f"{groups}, -1", axes[at + 1 :])
        yield f"{operations.reshape}(w, {shape})", "groups on an axis of their own"
        axes = (*axes[:at], "groups", *axes[at:])
        at = ordered.index(target.grouped)
        ordered = (*ordered[:at], "groups", *ordered[at:])
    if axes != ordered:
        order = tuple(axes.index(name) for name in ordered)
        words = f"({', '.join(axes)}) to ({', '.join(ordered)})"
        yield f"{operations.transpose}(w, {order})", words
    if moves:
        shape = _shape(ordered[:at], "-1", ordered[at + 2 :])
        yield f"{operations.reshape}(w, {shape})", f"groups as a part of {target.grouped}"
    if is_flipped:
        taps = tuple(n for n, name in enumerate(target.axes(ndim)) if name.startswith("k"))
        yield f"{operations.flip}(w, {taps})", "one of the two has the kernel flipped"


def _shape(before: tuple[str, ...], between: str, after: tuple[str, ...]) -> str:
    """Return a shape as text: of w, but for the axes between."""
    first = f"*w.shape[:{len(before)}], " if before else ""
    last = f", *w.shape[-{len(after)}:]" if after else ""
    return f"({first}{between}{last})" if first or last else f"({between},)"
