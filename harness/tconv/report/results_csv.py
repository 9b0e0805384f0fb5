"""All rows of a run as CSV: per-axis values as `3x2`, lists of words joined by `; `."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tconv.report.csv_cells import neutralized
from tconv.report.output import replacing
from tconv.store import SCHEMA, RunReader
from tconv.store.columns import COLUMNS, Column

NAME: Final = "results.csv"

_ROWS: Final = 2**14  # rows that are written at once
_SEPARATORS: Final = {"integers": "x", "texts": "; "}
_SCHEMA: Final = pa.schema(
    [
        pa.field(c.name, pa.string() if c.kind in _SEPARATORS else SCHEMA.field(c.name).type)
        for c in COLUMNS
    ]
)


def write(run: RunReader, progress: Callable[[int], object] = int) -> Path:
    """Write the rows of a run as `results.csv` into its directory and return its path.

    Args:
        run: the run.
        progress: called with the number of rows of each piece that was written.

    Raises:
        StoreError: the file cannot be written, or a part is damaged; an older file stays.
    """
    path = run.path / NAME
    with replacing(path) as unfinished, pacsv.CSVWriter(unfinished, _SCHEMA) as writer:
        for table in run.tables(_ROWS):
            writer.write_table(_flat(table))
            progress(table.num_rows)
    return path


def _flat(part: pa.Table) -> pa.Table:
    """Return a part with its lists joined to text."""
    columns = [_joined(column, part.column(column.name)) for column in COLUMNS]
    return pa.table(columns, schema=_SCHEMA)


def _joined(column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.kind in _SEPARATORS:
        values = pc.binary_join(values.cast(pa.list_(pa.string())), _SEPARATORS[column.kind])
    return neutralized(values) if pa.types.is_string(values.type) else values
