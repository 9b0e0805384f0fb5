"""Why Keras does not support a case: the first thing that it, or its backend, says of it."""

from typing import Final

from tconv.adapters.keras.calls import KerasCall, refused_arguments
from tconv.model.case import Case
from tconv.model.route import Unsupported

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


def why_unsupported(case: Case, call: KerasCall, *, is_layer: bool) -> Unsupported | None:
    """Return what Keras itself has no argument for, or None: it hands the case to its backend.

    The order is that of Keras's own checks. A layer looks at its sizes first, so that a case with
    an illegal one is left to its refusal.
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
