"""The faults that a case may have, and the words by which an error message names each.

One fault often implies contrary: with k = 0 the kernel extent is 0, so any padding is above K-1. So
the table is ordered, and the first fault that a case has is the one it was made for.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tconv.model.case import Case
from tconv.model.geometry import Axis, output_size, preimages
from tconv.model.legality import LARGEST_SIZE
from tconv.model.malformed import MALFORMED


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that may be wrong, or unusual, about a case.

    Attributes:
        name: what it is, in words.
        words: patterns, one of which a clear refusal matches as whole words, in any case of
            letters: the faulty parameter by any of its names, or the consequence of the fault.
        has: whether a case has it.
        contrary: texts that say the opposite, which make a refusal misleading all the same.
    """

    name: str
    words: tuple[str, ...]
    has: Callable[[Case], bool]
    contrary: tuple[str, ...] = ()

    def is_named_in(self, text: str) -> bool:
        """Return whether an error's text names the fault.

        What frameworks add to every error is ignored: names of nodes and functions, paths, and
        lists of the arguments that the call was given or could have been given.
        """
        statement = _ADDED.sub(" ", text)
        return _has(statement, self.words) and not _has(statement, self.contrary)


def _has(text: str, words: Iterable[str]) -> bool:
    return any(re.search(rf"(?i)(?<![a-z]){word}(?![a-z])", text) for word in words)


def fault_of(case: Case) -> Fault | None:
    """Return the first fault of the table that the case has, or None if it has none."""
    return next((fault for fault in FAULTS if fault.has(case)), None)


_ADDED: Final = re.compile(
    r"(?s:Detected at node .*?most recent call last\):(?:\s*File [^\n]*\n)*)"  # TensorFlow: where
    r"|(?s:Stack trace for op definition.*)|(?s:tf2xla conversion failed.*)"
    r"|(?s:for '\{\{node .*?' with input shapes)|\{\{.*?\}\}|\[Op:\w+\]|name: *\S*"
    r"|at loc\(.*"  # JAX: the source that was lowered
    r"|(?s:received an invalid combination of arguments.*)"  # PyTorch: every signature it has
    r"|(?:/[\w.+@~=%-]+){2,}(?::\d+)?(?: [\w:]+(?:<[^>]*>)? [\w:]+\([^)]*\)(?: const)?)?"  # C++
    r"|\[?ShapeInferenceError\]?"
)

_STRIDE: Final = (r"strides?", r"window_strides", r"lhs_dilation", r"stride_\w+")
_KERNEL: Final = (r"kernels?", r"kernel_(size|shape)", r"filters?", r"filter_sizes?", r"rhs",
                  r"weights?", r"window")  # fmt: skip
_DILATION: Final = (r"dilations?", r"rhs_dilation", r"dilation_rates?", r"rates?", r"dilated")
_PADDING: Final = (r"pad", r"pads", r"paddings?", r"padded")
_SIZE: Final = (r"output[ _]?(sizes?|shape)", r"size of out_backprop", r"orig_input_shape",
                r"out_shape", r"expected \w+\[[\d,]+\]")  # fmt: skip
_OUTPUT_PADDING: Final = (r"output[ _]?padding", r"adj", r"adjs", *_SIZE)
_TOO_LITTLE: Final = (r"too small", r"negative", r"non-?negative", r"positive", r"at least",
                      r"greater than", r"empty", r"zero", r"<=? ?0", r">=? ?0")  # fmt: skip
_ABOVE_ONE: Final = (r"rates larger than 1",)
_CHANNELS: Final = (r"channels?", r"in_channels", r"out_channels", r"features?", r"depths?",
                    r"filters?", r"lhs feature dimension", r"c_in")  # fmt: skip
_GROUPS: Final = (r"groups?", r"feature_group_count", r"group_count", r"grouped")
_MISMATCH: Final = (r"dimensions must be equal", r"incompatible shapes?", r"not compatible",
                    r"must match", r"could not be broadcast", r"as many biases",
                    r"expected \w+\[[\d,]+\]")  # fmt: skip
_RANK: Final = (r"ranks?", r"dims?", r"ndim", r"dimensions?", r"\d-?dimensional", r"[1-6] ?-?d",
                r"axes", r"axis", r"shapes?", r"length", r"dimensionality")  # fmt: skip
_DTYPE: Final = (r"d?types?", r"element type", r"float(16|32|64)?", r"double", r"half", r"bfloat16",
                 r"elem_type", r"tensor\(\w+\)")  # fmt: skip
_TOO_LARGE: Final = (r"overflow\w*", r"too (large|big|many)", r"out of (range|bounds|memory)",
                     r"exceeds?", r"int(32|64)", r"allocate", r"32-bit", r"64-bit",
                     r"invalid size", r"maximum", r"range")  # fmt: skip


def _any(test: Callable[[Axis], bool]) -> Callable[[Case], bool]:
    return lambda case: any(map(test, case.axes))


def _huge(*names: str) -> Callable[[Case], bool]:
    def has(case: Case) -> bool:
        columns = (getattr(case, name) or () for name in names)
        return any(abs(value) > LARGEST_SIZE - 1 for values in columns for value in values)

    return has


def _malformed(name: str) -> Callable[[Case], bool]:
    return lambda case: case.malformed == name


def _is_empty(axis: Axis) -> bool:
    return axis.i > 0 and axis.o is None and output_size(axis) < 1


def _requested(test: Callable[[int, range], bool]) -> Callable[[Case], bool]:
    """Return a test of a requested size and the candidates, true if it is on any axis."""

    def has(case: Case) -> bool:
        if case.padding is not None:
            return False
        pairs = ((a.o, preimages(a.i, a.k, a.s, a.p_begin, a.p_end, a.d)) for a in case.axes)
        return any(o is not None and test(o, candidates) for o, candidates in pairs)

    return has


_MISFITS: Final = {
    "weight_channels": (*_CHANNELS, *_MISMATCH),
    "bias_length": (r"bias", *_CHANNELS, *_MISMATCH),
    "input_lacks_axis": _RANK,
    "input_gains_axis": _RANK,
    "weight_lacks_axis": _RANK,
    "weight_gains_axis": _RANK,
    "weight_dtype": _DTYPE,
    "bias_dtype": _DTYPE,
}


def _faults() -> Iterator[Fault]:
    for name, malformation in MALFORMED.items():
        yield Fault(name=malformation.words, words=_MISFITS[name], has=_malformed(name))
    yield from (
        Fault(name="stride of 2^31-1 or more", words=(*_STRIDE, *_TOO_LARGE), has=_huge("s")),
        Fault(name="padding beyond 32 bits", words=(*_PADDING, *_TOO_LARGE, *_SIZE, *_TOO_LITTLE),
              has=_huge("p_begin", "p_end")),
        Fault(name="dilation of 2^31-1 or more", words=(*_DILATION, *_TOO_LARGE),
              has=_huge("dilation")),
        Fault(name="output padding beyond 32 bits", words=(*_OUTPUT_PADDING, *_TOO_LARGE),
              has=_huge("output_padding")),
        Fault(name="requested size beyond 32 bits", words=(*_SIZE, *_TOO_LARGE), has=_huge("o")),
        Fault(name="groups below 1", words=_GROUPS, has=lambda c: c.groups < 1),
        Fault(name="no input channels", words=(*_CHANNELS, r"empty", r"zero", r"non-zero"),
              has=lambda c: c.c_in < 1),
        Fault(name="no output channels", words=(*_CHANNELS, r"empty", r"zero", r"non-zero"),
              has=lambda c: c.c_out < 1),
        Fault(name="groups that do not divide c_in", words=(*_GROUPS, *_CHANNELS),
              has=lambda c: c.c_in % c.groups != 0),
        Fault(name="groups that do not divide c_out", words=(*_GROUPS, *_CHANNELS),
              has=lambda c: c.c_out % c.groups != 0),
        Fault(name="stride of 0", words=_STRIDE, has=_any(lambda a: a.s == 0)),
        Fault(name="stride below 0", words=_STRIDE, has=_any(lambda a: a.s < 0)),
        Fault(name="kernel of 0", words=_KERNEL, has=_any(lambda a: a.k == 0)),
        Fault(name="dilation of 0", words=_DILATION, contrary=_ABOVE_ONE,
              has=_any(lambda a: a.d == 0)),
        Fault(name="dilation below 0", words=_DILATION, contrary=_ABOVE_ONE,
              has=_any(lambda a: a.d < 0)),
        Fault(name="output padding below 0", words=_OUTPUT_PADDING,
              has=_any(lambda a: a.extra < 0)),
        Fault(name="input of size 0", words=(*_TOO_LITTLE, r"non-?zero", r"size", r"input"),
              has=_any(lambda a: a.i == 0)),
        Fault(name="batch of size 0", words=(r"batch", *_TOO_LITTLE), has=lambda c: c.n == 0),
        Fault(name="requested size below 1", words=(*_SIZE, *_TOO_LITTLE),
              has=_any(lambda a: a.o is not None and a.o < 1)),
        Fault(name="no output, every axis", words=(*_PADDING, *_SIZE, *_TOO_LITTLE),
              has=lambda c: all(map(_is_empty, c.axes))),
        Fault(name="no output, one axis of several", words=(*_PADDING, *_SIZE, *_TOO_LITTLE),
              has=_any(_is_empty)),
        Fault(name="output padding s <= op < d", words=(*_OUTPUT_PADDING, *_STRIDE),
              has=_any(lambda a: a.s <= a.extra < a.d)),
        Fault(name="output padding op >= s, d", words=(*_OUTPUT_PADDING, *_STRIDE),
              has=_any(lambda a: a.extra >= max(a.s, a.d))),
        Fault(name="padding below 0", words=_PADDING,
              has=_any(lambda a: min(a.p_begin, a.p_end) < 0)),
        Fault(name="padding above K-1", words=_PADDING,
              has=_any(lambda a: max(a.p_begin, a.p_end) > a.d * (a.k - 1))),
        Fault(name="requested size below the candidates", words=_SIZE,
              has=_requested(lambda o, sizes: o < sizes.start)),
        Fault(name="requested size far above the candidates", words=_SIZE,
              has=_requested(lambda o, sizes: o >= 2 * (sizes.stop - 1))),
        Fault(name="requested size above the candidates", words=_SIZE,
              has=_requested(lambda o, sizes: o >= sizes.stop)),
        Fault(name="requested size among the candidates", words=_SIZE,
              has=_requested(lambda o, sizes: o in sizes)),
    )  # fmt: skip


FAULTS: Final = tuple(_faults())
"""Every fault, in the order in which they are looked for: those that bring contrary along first."""
