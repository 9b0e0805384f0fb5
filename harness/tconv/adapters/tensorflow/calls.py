"""Which call of TensorFlow expresses a case.

The calls take the size of the result, and the crops as a kind of padding: none (VALID), those of
SAME or, in two dimensions only, explicit numbers. Where none of them expresses the case, VALID
computes the full result and a slice crops it. What no argument expresses is passed all the same, so
that TensorFlow refuses it.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

from tconv.adapters.crop import Crop, crop_of, route_with
from tconv.adapters.tensorflow.kernels import GROUPS, Features, first_lacking, has_kernel
from tconv.model.case import Case
from tconv.model.geometry import Axis, full_size, output_size, preimages
from tconv.model.route import Composed, Native, Unsupported

_ATROUS: Final = "atrous_conv2d_transpose"

Ints = tuple[int, ...]

_NO_GROUPS: Final = Unsupported(
    reason="no groups argument",
    error_pattern=r"(?s)TypeError: .*unexpected keyword argument 'groups'",
)
_NO_OUTPUT_PADDING: Final = Unsupported(
    reason="no output_padding argument",
    error_pattern=r"(?s)TypeError: .*unexpected keyword argument 'output_padding'",
)
_NO_SIZE: Final = Unsupported(
    reason="no default for the output size",
    error_pattern=r"(?s)TypeError: .*[Mm]issing (a )?required (positional )?argument",
)
_RANK: Final = Unsupported(
    reason="no transposed convolution of more than 3 axes",
    error_pattern=r"ValueError: `output_shape` must be of length 3, 4 or 5",
)
_DTYPE: Final = Unsupported(
    reason="no kernel of this dtype",
    error_pattern=r"(Value for attr 'T' of \w+ is|DataType \w+) not in "
    r"(the )?list of allowed values",
)
_EXPLICIT: Final = Unsupported(
    reason="no explicit padding in 3 dimensions",
    error_pattern=r"(?s)TypeError: .*Expected string for argument 'padding'",
)
_SAME_LOWER: Final = Unsupported(
    reason="no padding policy same_lower",
    error_pattern=r"SAME_LOWER. (is )?not in|`padding` must be either .*SAME_LOWER",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorflowCall:
    """A call of TensorFlow, and the crop after it; one entry per spatial axis.

    Attributes:
        name: of the function, in `tf.nn`.
        padding: kind of the padding, VALID or SAME, or explicit (start, end) pairs.
        size: the output size that is requested, or None.
        dilation: the dilation argument.
        crop: what is cut off the result.
    """

    name: str
    padding: str | tuple[tuple[int, int], ...] = "VALID"
    size: Ints | None
    dilation: Ints
    crop: Crop = ()

    @property
    def is_explicit(self) -> bool:
        """Whether the padding is given in numbers."""
        return not isinstance(self.padding, str)

    @property
    def is_atrous(self) -> bool:
        """Whether it is the function that dilates where the kernel does not."""
        return self.name == _ATROUS

    @property
    def is_lifted(self) -> bool:
        """Whether one axis is computed as two: the first has size 1."""
        return len(self.dilation) == 1 and "2d" in self.name

    def route(self, case: Case) -> Native | Composed:
        """Return the call as a user would write it, with the crop that is added."""
        padding = "[(begin, end), ...]" if self.is_explicit else repr(self.padding)
        text = f"tf.nn.{self.name}(padding={padding})"
        text += " on a unit axis" if self.is_lifted else ""
        text += " + tf.nn.bias_add" if case.bias else ""
        return route_with(self.crop, text)

    def arguments(self, case: Case) -> dict[str, Any]:
        """Return the keyword arguments of the call; arrays are channel-last."""
        unit = (1,) * self.is_lifted
        keywords: dict[str, Any] = {"padding": self.padding}
        if self.is_explicit:
            keywords["padding"] = [(0, 0), *((0, 0),) * len(unit), *self.padding, (0, 0)]
        if self.size is not None:
            keywords["output_shape"] = (case.n, *unit, *self.size, case.c_out)
        keywords |= refused_arguments(case)
        if self.is_atrous:
            return keywords | {"rate": self.dilation[0]}
        return keywords | {"strides": (*unit, *case.s), "dilations": (*unit, *self.dilation)}


def refused_arguments(case: Case) -> dict[str, Any]:
    """Return what no argument expresses: groups below 1, and an output padding without a size.

    An output padding is refused next to a policy, and below 0, where a size would be a plain crop.
    TensorFlow refuses the first argument that it does not know, so they are in the order of the
    reasons.
    """
    refused: dict[str, Any] = {"groups": case.groups} if case.groups < 1 else {}
    op = case.output_padding
    if op is not None and case.o is None and (case.padding is not None or min(op) < 0):
        refused["output_padding"] = op
    return refused


def call_for(case: Case, lacking: Features) -> TensorflowCall:
    """Return the call that expresses the case, or else VALID and the crop after it.

    `lacking` has the features that the kernel of the case's dtype lacks.
    """
    name, dilation = _function(case, lacking)
    call = TensorflowCall(name=name, size=_size(case), dilation=dilation)
    if kind := _kind(case, call.size):
        return replace(call, padding=kind)
    if case.o is not None or _pads_itself(case, call, lacking):
        lifted = "conv2d_transpose" if case.ndim == 1 else name
        return replace(call, name=lifted, padding=tuple(map(_pads, case.axes)))
    return _cropped(case, call)


def _function(case: Case, lacking: Features) -> tuple[str, Ints]:
    """Return the function of `tf.nn` for the case, and the dilation to ask it for.

    Where the kernel takes no dilation, that of a single tap, which has no effect, is left out, and
    `atrous_conv2d_transpose` serves one rate for both axes at stride 1.
    """
    plain = f"conv{case.ndim}d_transpose" if case.ndim <= 3 else "conv_transpose"
    if "dilation" not in lacking:
        return plain, case.dilation
    rates = {d for d, k in zip(case.dilation, case.k, strict=True) if k > 1}
    if rates <= {1} and min(case.dilation) >= 1:
        return plain, (1,) * case.ndim
    if case.ndim <= 2 and len(rates) == 1 and set(case.s) == {1} and case.groups == 1:
        return _ATROUS, (*rates,) * case.ndim
    return plain, case.dilation


def _size(case: Case) -> Ints | None:
    """Return the output size to ask for, or None: the case leaves it to TensorFlow."""
    if case.o is not None:
        return case.o
    if case.padding is not None or case.output_padding is None:
        return None
    sizes = map(output_size, case.axes)
    # An axis without elements has max(0, o) positions; TensorFlow has no negative sizes.
    return tuple(max(o, 0) if i == 0 else o for o, i in zip(sizes, case.i, strict=True))


def _kind(case: Case, size: Ints | None) -> str | None:
    """Return the kind of padding whose crops are those of the case, or None."""
    if size is not None and not has_kernel(case):  # to be refused for its dtype, or for its axes
        return "VALID"
    if size is None or case.padding is not None:
        return (case.padding or "valid").upper()
    if case.o is not None:
        return None if any(case.p_begin + case.p_end) else "VALID"
    for kind in ("VALID", "SAME"):
        if all(_expresses(kind, axis, o) for axis, o in zip(case.axes, size, strict=True)):
            return kind
    return None


def _expresses(kind: str, axis: Axis, o: int) -> bool:
    """Return whether VALID or SAME, given the size o, has the crops of this axis.

    Both take o for the size of a direct convolution's input and demand that its output has size i.
    SAME gives that convolution s(i-1) + K - o zeros (or none), the smaller half at the start.
    """
    full = full_size(axis.i, axis.k, axis.s, axis.d)
    if kind == "VALID":
        return axis.p_begin == 0 and 0 <= o - full < axis.s
    return axis.s > 0 and -(-o // axis.s) == axis.i and axis.p_begin == max(full - o, 0) // 2


def _pads_itself(case: Case, call: TensorflowCall, lacking: Features) -> bool:
    """Return whether the kernel takes explicit padding with the case's other parameters.

    A negative one is passed for TensorFlow to refuse: no slice could add elements.
    """
    if min(case.p_begin + case.p_end) < 0:
        return True
    if case.ndim > 2 or call.is_atrous:
        return False
    return first_lacking(case, call.dilation, lacking, is_explicit=True) is None


def _pads(axis: Axis) -> tuple[int, int]:
    """Return explicit padding; what the output padding has beyond s-1 is taken off its end."""
    beyond = max(axis.extra - axis.s + 1, 0)
    return axis.p_begin, axis.p_end - min(beyond, max(axis.p_end, 0))


def _cropped(case: Case, call: TensorflowCall) -> TensorflowCall:
    """Return the call for the full result, at least, and the crop that leaves the case's window."""
    assert call.size is not None
    if min(call.size) < 1 or min(case.i) < 1:  # nothing to crop: request exactly this
        return call
    full = [full_size(axis.i, axis.k, axis.s, axis.d) for axis in case.axes]
    stop = [begin + o for begin, o in zip(case.p_begin, call.size, strict=True)]
    size = tuple(map(max, full, stop))
    ends = (n - last for n, last in zip(size, stop, strict=True))
    return replace(call, size=size, crop=crop_of(case.p_begin, ends))


def why_unsupported(case: Case, call: TensorflowCall, lacking: Features) -> Unsupported | None:
    """Return what TensorFlow has no argument or no kernel for, or None: nothing is missing.

    `lacking` has the features that the kernel of the case's dtype lacks.
    """
    return _missing_argument(case, call) or _missing_feature(case, call, lacking)


def _missing_argument(case: Case, call: TensorflowCall) -> Unsupported | None:
    """Return what has no argument, in the order of TensorFlow's own checks."""
    refused = refused_arguments(case)
    checks = (
        ("groups" in refused, _NO_GROUPS),
        ("output_padding" in refused, _NO_OUTPUT_PADDING),
        (call.size is None, _NO_SIZE),
        (case.ndim > 3, _RANK),
        (not has_kernel(case), _DTYPE),
        (case.ndim == 3 and call.is_explicit, _EXPLICIT),
        (call.padding == "SAME_LOWER", _SAME_LOWER),
    )
    return next((reason for holds, reason in checks if holds), None)


def _missing_feature(case: Case, call: TensorflowCall, lacking: Features) -> Unsupported | None:
    """Return what the kernel lacks, unless something else is wrong: that is reported first.

    TensorFlow checks a requested size after the dilation and before the groups.
    """
    if call.is_atrous or case.legality[0] != "legal":
        return None
    missing = first_lacking(case, call.dilation, lacking, is_explicit=call.is_explicit)
    return None if missing is GROUPS and not _is_preimage(case, call) else missing


def _is_preimage(case: Case, call: TensorflowCall) -> bool:
    """Return whether a direct convolution maps the requested size, if there is one, to i."""
    if case.o is None:
        return True
    if call.padding == "SAME":
        return all(-(-o // s) == i for o, s, i in zip(case.o, case.s, case.i, strict=True))
    return all(
        o in preimages(axis.i, axis.k, axis.s, axis.p_begin, axis.p_end, axis.d)
        for o, axis in zip(case.o, case.axes, strict=True)
    )
