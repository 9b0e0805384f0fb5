"""The Parquet schema of a part, made from the columns of a row."""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from tconv.store.columns import COLUMNS, Kind

_TYPES: Final[Mapping[Kind, Any]] = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "integer": pa.int64(),
    "integers": pa.list_(pa.int64()),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}

SCHEMA: Final = pa.schema(
    [
        pa.field(c.name, _TYPES[c.kind], metadata={"unit": c.unit, "meaning": c.meaning})
        for c in COLUMNS
    ]
)
"""The Parquet schema of a part, made from :data:`tconv.store.columns.COLUMNS`."""
