"""Which call of Keras expresses a case.

Keras takes the crops as a kind of padding, 'valid' or 'same', and an output padding below the
stride, or None: then it picks the size. Where no call expresses the case, 'valid' computes the full
result and a slice crops it. What no argument expresses is passed all the same, so that Keras
refuses it.

What each kind of padding crops was measured on all four backends, one axis at a time (i = 3, k up
to 5, strides up to 4, dilations up to 3, output paddings None to 3): they agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tconv.adapters.crop import Crop, crop_of, route_with
from tconv.model.case import Case
from tconv.model.geometry import Axis, effective_kernel, full_size, output_size
from tconv.model.route import Composed, Native, Unsupported

Ints = tuple[int, ...]

_GROUPS: Final = Unsupported(
    reason="no groups argument",
    error_pattern=r"(unexpected keyword argument 'groups'"
    r"|Unrecognized keyword arguments .*'groups')",
)
_SIZE: Final = Unsupported(
    reason="no argument for the output size",
    error_pattern=r"(unexpected keyword argument |Unrecognized keyword arguments .*)'output_shape'",
)
_RANK: Final = Unsupported(
    reason="no layer of more than 3 axes",
    error_pattern=r"AttributeError: module 'keras.layers' has no attribute 'Conv\d+DTranspose'",
)
_EXPLICIT: Final = Unsupported(
    reason="no explicit padding",
    error_pattern=r"AttributeError: 'tuple' object has no attribute 'lower'",
)
_SAME_LOWER: Final = Unsupported(
    reason="no padding policy same_lower",
    error_pattern=r"ValueError: The `padding` argument must be .*\n?.*same_lower",
)
_DILATED_STRIDE: Final = Unsupported(
    reason="no dilation beside a stride in layers",
    error_pattern=r"ValueError: `strides > 1` not supported in conjunction with "
    r"`dilation_rate > 1`",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasCall:
    """A call of Keras, and the crop after it; one entry per spatial axis.

    Attributes:
        padding: a policy's name or, for Keras to refuse, (start, end) pairs.
        output_padding: the argument of that name; None leaves the size to Keras.
        crop: what is cut off the result.
    """

    padding: str | tuple[tuple[int, int], ...] = "valid"
    output_padding: Ints | None = None
    crop: Crop = ()

    @property
    def is_explicit(self) -> bool:
        """Whether the padding is given in numbers, which Keras does not take."""
        return not isinstance(self.padding, str)

    def route(self, function: str, after: str = "") -> Native | Composed:
        """Return the call as a user would write it, what comes after it, and the crop added."""
        argument = "" if self.output_padding is None else ", output_padding=op"
        return route_with(self.crop, f"{function}(padding={self.padding!r}{argument}){after}")

    def arguments(self, case: Case) -> dict[str, Any]:
        """Return the keyword arguments that the layers and the operation share."""
        return {
            "strides": case.s,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "dilation_rate": case.dilation,
            **refused_arguments(case),
        }


def refused_arguments(case: Case) -> Mapping[str, Any]:
    """Return what has no argument, by the name that other frameworks give it: one at most."""
    if case.groups != 1:
        return {"groups": case.groups}
    return _NONE if case.o is None else {"output_shape": case.o}


_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


def call_for(case: Case, *, inverts: bool) -> KerasCall:
    """Return the call that expresses the case, or 'valid' and the crop after it.

    `inverts`: the backend computes the gradient of a direct convolution, and refuses a size that
    this convolution would not map to i.
    """
    if case.padding is not None:
        return KerasCall(padding=case.padding, output_padding=case.output_padding)
    if case.output_padding is None and not any(case.p_begin + case.p_end):
        return KerasCall()
    if case.output_padding is None or min(case.p_begin) < 0:
        return _explicit(case)
    if min(case.output_padding) < 0:
        return KerasCall(output_padding=case.output_padding)
    return _native(case, inverts=inverts) or _cropped(case)


def _explicit(case: Case) -> KerasCall:
    return KerasCall(padding=tuple(zip(case.p_begin, case.p_end, strict=True)))


def _native(case: Case, *, inverts: bool) -> KerasCall | None:
    """Return the call whose crops are those of the case, or None: no kind of padding has them."""
    if not any(case.p_begin) and min(map(_extra, case.axes)) >= 0:
        return KerasCall(output_padding=tuple(map(_extra, case.axes)))
    if not all(_is_same(axis, inverts=inverts) for axis in case.axes):
        return None
    if all(output_size(axis) == axis.s * axis.i for axis in case.axes):
        return KerasCall(padding="same")
    output_padding = tuple(map(_same_extra, case.axes))
    if all(0 <= op < s for op, s in zip(output_padding, case.s, strict=True)):
        return KerasCall(padding="same", output_padding=output_padding)
    return None


def _extra(axis: Axis) -> int:
    """Return what 'valid' has to add at the end of the full result; negative: what to crop."""
    return axis.extra - axis.p_end


def _same_extra(axis: Axis) -> int:
    """Return the output padding that gives 'same' the size of the case: s(i-1) + K mod 2 + op."""
    return output_size(axis) - axis.s * (axis.i - 1) - effective_kernel(axis.k, axis.d) % 2


def _is_same(axis: Axis, *, inverts: bool) -> bool:
    """Return whether 'same', at the size of the case, has the case's crop at the start.

    It takes the smaller half of what it crops there.
    """
    o = output_size(axis)
    if inverts and (axis.s < 1 or -(-o // axis.s) != axis.i):
        return False
    return axis.p_begin == max(full_size(axis.i, axis.k, axis.s, axis.d) - o, 0) // 2


def _cropped(case: Case) -> KerasCall:
    """Return the full result, longer where the case is, and the crop that leaves its window."""
    if min(map(output_size, case.axes)) < 1 <= min(case.i):  # no crop gives it: let Keras refuse
        return _explicit(case)
    extra = tuple(map(_extra, case.axes))
    crop = crop_of(case.p_begin, (max(-each, 0) for each in extra))
    return KerasCall(output_padding=tuple(max(each, 0) for each in extra), crop=crop)


def why_unsupported(case: Case, call: KerasCall, *, is_layer: bool) -> Unsupported | None:
    """Return what Keras itself has no argument for, or None: it passes the case to its backend.

    The order is that of Keras's own checks. A layer checks its sizes first, so a case with an
    illegal size is left for it to refuse.
    """
    if is_layer and case.ndim > 3:
        return _RANK
    match refused_arguments(case):
        case {"groups": _}:
            return _GROUPS
        case {"output_shape": _}:
            return _SIZE
    if call.is_explicit and not is_layer:
        return _EXPLICIT
    if min(case.k + case.s + case.dilation) < 1 or case.c_out < 1 or case.ndim > 3:
        return None
    return _missing(case, call, is_layer=is_layer)


def _missing(case: Case, call: KerasCall, *, is_layer: bool) -> Unsupported | None:
    """Return what is missing for a case whose sizes are sound."""
    if call.padding == "same_lower":
        return _SAME_LOWER
    extra = call.output_padding or (0,) * case.ndim
    if is_layer and any(not 0 <= op < s for op, s in zip(extra, case.s, strict=True)):
        return None  # Keras refuses it before it looks at the dilation
    if is_layer and max(case.s) > 1 and max(case.dilation) > 1:
        return _DILATED_STRIDE
    return _EXPLICIT if call.is_explicit else None
