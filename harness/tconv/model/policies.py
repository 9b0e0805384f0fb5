"""The padding policies that are defined here, and the explicit case that each of them is.

`same`, `same_lower` and `valid` mean what each framework makes of them: cases with them are open.
The four policies of this module are layers that people build around a framework's call. They are
defined by what they compute, so that their cases have one right answer. With the full result
(s(i-1)+K elements, K = d(k-1)+1):

- full: all of it.
- causal: its first s*i elements. y[t] depends on x[0] to x[t // s] alone, as the decoders of
  neural audio codecs need it: EnCodec's `SConvTranspose1d` with `trim_right_ratio=1` (Défossez et
  al., arXiv:2210.13438) trims K-s elements at the end. Where K < s, s-K zeros are added there.
- circular: the input is a ring, and so is the result, of s*i elements: the full result of the ring
  added up modulo s*i, from its element floor(max(K-s, 0) / 2) on. That start is the crop of
  TensorFlow's SAME, and Flax's `linen.ConvTranspose(padding="CIRCULAR")` has it, too. It is the
  adjoint of a direct convolution of stride s whose input is padded circularly.
- reflect: the input goes on beyond its ends as in a mirror that stands in the outermost element
  (NumPy's and PyTorch's `reflect`). The result has the s*i elements that circular keeps.

A circular and a reflected result need nothing but their input padded by copies of its elements,
then a plain transposed convolution and a crop:

    start  = floor(max(K-s, 0) / 2)
    before = floor((K-1-start) / s)    the first element whose taps reach element `start`
    after  = ceil(start / s)           the last one that reaches element start + s*i - 1
    crop   = start + s*before at the start, and at the end what leaves s*i elements

PyTorch's transposed modules have no such argument ("Only `zeros` padding mode is supported"), so
its users pad with `torch.nn.functional.pad(mode="circular")`.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from tconv.model.geometry import Axis, effective_kernel

Fill = Literal["wrap", "reflect"]
"""The names of NumPy, JAX and ONNX; PyTorch's `circular` is `wrap`."""

DEFINED: Final = ("full", "causal", "circular", "reflect")
"""The policies whose result is defined; that of the others is the framework's choice."""

_FILLS: Final[MappingProxyType[str, Fill]] = MappingProxyType(
    {"circular": "wrap", "reflect": "reflect"}
)

Sides = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPadding:
    """Copies of elements of x that are added to it, on its spatial axes.

    Attributes:
        fill: which ones: those of the other end, or the nearest ones, mirrored.
        sides: how many at the start and at the end of each axis.
    """

    fill: Fill
    sides: Sides

    @property
    def words(self) -> str:
        """What is done to the input, in words."""
        return "pad the input circularly" if self.fill == "wrap" else "pad the input by reflection"

    @property
    def least(self) -> tuple[int, ...]:
        """The smallest input sizes that have enough elements to copy, one per axis."""
        return tuple(max(1, *sides) + (self.fill == "reflect") * any(sides) for sides in self.sides)

    def widths(self, channels: int) -> Sides:
        """Return the sides of every axis of x, whose batch comes first and channels there."""
        sides = [(0, 0), *self.sides]
        sides.insert(channels, (0, 0))
        return tuple(sides)


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How many elements are copied to the ends of one axis: integers, or arrays of one shape.

    Attributes:
        before: at the start.
        after: at the end.
        most: how many its input has to give before some are copied twice: i, or i-1 where the
            outermost is the mirror.
    """

    before: Any = 0
    after: Any = 0
    most: Any = 0


def fill_of(policy: str | None) -> Fill | None:
    """Return what a policy fills the padding of the input with, or None: it pads none."""
    return None if policy is None else _FILLS.get(policy)


def lower(policy: str, axis: Axis) -> tuple[Axis, Margin]:
    """Return the axis, of explicit crops, that a defined policy is, and what pads its input.

    The size i of the result is that of the padded input. An axis without input has an empty result.

    Args:
        policy: one of :data:`DEFINED`.
        axis: its parameters, without crop and output padding: integers, or arrays of one shape.
            Where s, k or d is below 1, arrays hold numbers without meaning.
    """
    i, s, extent = axis.i, axis.s, effective_kernel(axis.k, axis.d)
    if policy == "full":
        return axis, Margin()
    margin, start = Margin(), 0
    if fill := fill_of(policy):
        start = _positive(extent - s) // 2
        step, is_there = s * (s > 0) + (s <= 0), i > 0
        margin = Margin(
            before=(extent - 1 - start) // step * is_there,
            after=-(-start // step) * is_there,
            most=i - (fill == "reflect"),
        )
    padded = i + margin.before + margin.after
    begin = start + s * margin.before
    end = s * (padded - 1) + extent - begin - s * i
    return replace(axis, i=padded, p_begin=begin, p_end=_positive(end), op=_positive(-end)), margin


def _positive(value: Any) -> Any:  # noqa: ANN401 # an integer or an integer array
    return value * (value > 0)
