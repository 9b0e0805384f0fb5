"""Why TensorFlow does not support a case: the first thing that it says of it."""

from typing import Final

from tconv.adapters.tensorflow.calls import TensorflowCall, refused_arguments
from tconv.adapters.tensorflow.kernels import GROUPS, Features, first_lacking, has_kernel
from tconv.model.case import Case
from tconv.model.geometry import preimages
from tconv.model.route import Unsupported

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


def why_unsupported(case: Case, call: TensorflowCall, lacking: Features) -> Unsupported | None:
    """Return what TensorFlow has no argument or no kernel for, or None: nothing is missing.

    `lacking` has the features that the kernel of the case's dtype lacks.
    """
    return _missing_argument(case, call) or _missing_feature(case, call, lacking)


def _missing_argument(case: Case, call: TensorflowCall) -> Unsupported | None:
    """Return what no argument says, in the order of TensorFlow's own checks."""
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
    """Return what the kernel lacks, unless something else is amiss: that would come first.

    A wanted size that is no preimage is told after the dilation and before the groups.
    """
    if call.is_atrous or case.legality[0] != "legal":
        return None
    missing = first_lacking(case, call.dilation, lacking, is_explicit=call.is_explicit)
    return None if missing is GROUPS and not _is_preimage(case, call) else missing


def _is_preimage(case: Case, call: TensorflowCall) -> bool:
    """Return whether a direct convolution takes the wanted size, if there is one, to i."""
    if case.o is None:
        return True
    if call.padding == "SAME":
        return all(-(-o // s) == i for o, s, i in zip(case.o, case.s, case.i, strict=True))
    return all(
        o in preimages(axis.i, axis.k, axis.s, axis.p_begin, axis.p_end, axis.d)
        for o, axis in zip(case.o, case.axes, strict=True)
    )
