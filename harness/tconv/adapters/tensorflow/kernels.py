"""Which kernels TensorFlow has, and which features they lack.

Whether a kernel takes a dilation or groups depends on the dtype, the device and oneDNN, so small
calls find out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from tconv.model.case import Case
from tconv.model.route import Unsupported

_FLOATS: Final = ("float16", "bfloat16", "float32", "float64")
_DTYPES: Final = MappingProxyType({2: (*_FLOATS, "int32"), 3: _FLOATS})
"""The dtypes of the kernels, by number of axes; one axis is computed as two."""

_DILATION: Final = Unsupported(
    reason="no dilation in this dtype's kernel",
    error_pattern=r"Current CPU implementations? do(es)? not yet support "
    r"dilation rates larger than 1",
)
GROUPS: Final = Unsupported(
    reason="no groups in this dtype's kernel",
    error_pattern=r"Gradients for grouped convolutions are not supported on CPU"
    r"|input and filter(_sizes)? must have the same (depth|number of channels)",
)

Features = frozenset[str]
"""Names of features that one kernel lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feature:
    """What a kernel may lack, alone or together with explicit padding.

    Attributes:
        dilation: dilation of the call that needs it.
        groups: groups of that call.
        is_explicit: whether that call pads explicitly.
        missing: the reason, and the error that TensorFlow raises.
    """

    dilation: int = 1
    groups: int = 1
    is_explicit: bool = False
    missing: Unsupported


_FEATURES: Final = MappingProxyType(
    {
        "dilation": _Feature(dilation=2, missing=_DILATION),
        "groups": _Feature(groups=2, missing=GROUPS),
        "explicit dilation": _Feature(dilation=2, is_explicit=True, missing=_DILATION),
        "explicit groups": _Feature(groups=2, is_explicit=True, missing=GROUPS),
    }
)


EVERY_FEATURE: Final[Features] = frozenset(_FEATURES)
"""What the kernels lack that TensorFlow has without oneDNN."""


def has_kernel(case: Case) -> bool:
    """Return whether a kernel of the case's axes and dtype exists: int32 has two axes at most."""
    return case.dtype in _DTYPES.get(max(case.ndim, 2), ())


def first_lacking(
    case: Case, dilation: tuple[int, ...], lacking: Features, *, is_explicit: bool
) -> Unsupported | None:
    """Return the feature that a call needs and its kernel lacks: the first that it checks."""
    prefix = "explicit " if is_explicit else ""
    if prefix + "dilation" in lacking and set(dilation) != {1}:
        return _DILATION
    return GROUPS if prefix + "groups" in lacking and case.groups != 1 else None


def probe(tf: Any, device: str) -> Mapping[tuple[int, str], Features]:
    """Return the features that a kernel lacks, by its number of axes (2 or 3) and its dtype."""
    with tf.device(f"/{device}:0"):
        return {
            (rank, dtype): frozenset(
                name for name, feature in _FEATURES.items() if _lacks(tf, rank, dtype, feature)
            )
            for rank, dtypes in _DTYPES.items()
            for dtype in dtypes
        }


def _lacks(tf: Any, rank: int, dtype: str, feature: _Feature) -> bool:
    """Return whether a small call that needs the feature raises the not-implemented error."""
    x = tf.ones((1, *(2,) * rank, 2), dtype)
    w = tf.ones((*(2,) * rank, 2 // feature.groups, 2), dtype)
    crop = int(feature.is_explicit)
    padding = [(0, 0), *((crop, 0),) * rank, (0, 0)] if crop else "VALID"
    shape = (1, *(2 + feature.dilation - crop,) * rank, 2)
    call = tf.nn.conv2d_transpose if rank == 2 else tf.nn.conv3d_transpose
    try:
        call(x, w, shape, 1, padding, dilations=feature.dilation)
    except Exception as error:  # noqa: BLE001 # TensorFlow raises classes of its own and Python's
        return re.search(feature.missing.error_pattern, str(error)) is not None
    return False
