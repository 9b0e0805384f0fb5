"""The values that a case's parameters may have."""

from typing import Final

DTYPES: Final = {
    "float16": "f16",
    "bfloat16": "bf16",
    "float32": "f32",
    "float64": "f64",
    "complex64": "c64",
    "complex128": "c128",
    "int32": "i32",
    "int64": "i64",
}
"""Every dtype a case may have, and its token in a case id."""

POLICIES: Final = {"same": "padsame", "same_lower": "padsamelower", "valid": "padvalid"}
"""Every padding policy, and its token in a case id."""

VALUES: Final = ("exact", "normal")
"""Every kind of input values; the first is the default."""
