"""All rows of a run as CSV: per-axis values as `3x2`, lists of words joined by `; `."""

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from harness.columns import COLUMNS, Column
from harness.errors import StoreError
from harness.store import SCHEMA, RunReader, unwritable

NAME: Final = "results.csv"

_SEPARATORS: Final = {"integers": "x", "texts": "; "}
_SCHEMA: Final = pa.schema(
    [
        pa.field(c.name, pa.string() if c.kind in _SEPARATORS else SCHEMA.field(c.name).type)
        for c in COLUMNS
    ]
)


def write(run: RunReader) -> Path:
    """Write `results.csv` into the run directory, part by part, and return its path.

    Raises:
        StoreError: a part is damaged, or the file cannot be written.
    """
    path = run.path / NAME
    unfinished = path.with_suffix(".unfinished")
    try:
        with pacsv.CSVWriter(unfinished, _SCHEMA) as writer:
            for part in run.parts():
                writer.write_table(_flat(part))
        unfinished.replace(path)
    except OSError as error:
        raise error if isinstance(error, StoreError) else unwritable(path, error) from error
    return path


def _flat(part: pa.Table) -> pa.Table:
    """Return a part with its lists joined to text."""
    columns = [_joined(column, part.column(column.name)) for column in COLUMNS]
    return pa.table(columns, schema=_SCHEMA)


def _joined(column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.kind not in _SEPARATORS:
        return values
    return pc.binary_join(values.cast(pa.list_(pa.string())), _SEPARATORS[column.kind])
