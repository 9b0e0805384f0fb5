"""All rows of a run as CSV: per-axis values as `3x2`, lists of words joined by `; `."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tconv.analysis.summary import Listener
from tconv.errors import StoreError
from tconv.store import SCHEMA, RunReader, unwritable
from tconv.store.columns import COLUMNS, Column

NAME: Final = "results.csv"

_SEPARATORS: Final = {"integers": "x", "texts": "; "}
_SCHEMA: Final = pa.schema(
    [
        pa.field(c.name, pa.string() if c.kind in _SEPARATORS else SCHEMA.field(c.name).type)
        for c in COLUMNS
    ]
)


@contextmanager
def writing(run: RunReader) -> Iterator[Listener]:
    """Take the rows of a run, table by table, and leave them in its `results.csv`.

    Raises:
        StoreError: the file cannot be written. What was there before stays then, as it does
            where anything else goes wrong inside.
    """
    path = run.path / NAME
    unfinished = path.with_suffix(".unfinished")
    try:
        with pacsv.CSVWriter(unfinished, _SCHEMA) as writer:
            yield lambda table: writer.write_table(_flat(table))
        unfinished.replace(path)
    except OSError as error:
        raise error if isinstance(error, StoreError) else unwritable(path, error) from error


def _flat(part: pa.Table) -> pa.Table:
    """Return a part with its lists joined to text."""
    columns = [_joined(column, part.column(column.name)) for column in COLUMNS]
    return pa.table(columns, schema=_SCHEMA)


def _joined(column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    if column.kind not in _SEPARATORS:
        return values
    return pc.binary_join(values.cast(pa.list_(pa.string())), _SEPARATORS[column.kind])
