"""Rows encoded as one Parquet part by the worker, so that the parent only writes bytes.

One process writes all rows of a run, and encoding a row takes ten times as long as writing it. So
the workers encode, in parallel.
"""

from dataclasses import dataclass
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from tconv.store import arrow, part
from tconv.store.columns import COUNTED
from tconv.store.digest import RowsDigest
from tconv.store.rows import Columns, records


@dataclass(frozen=True, slots=True, kw_only=True)
class RowBatch:
    """Rows of consecutive cases of one target, encoded as the content of a part.

    Attributes:
        rows: how many there are.
        digest: their digest, 64 hexadecimal digits.
        counted: the columns :data:`tconv.store.columns.COUNTED` of the rows.
        parquet: the content of the file.
    """

    rows: int
    digest: str
    counted: Columns
    parquet: bytes

    @classmethod
    def from_columns(cls, columns: Columns) -> Self:
        """Encode rows, which have every column of the store."""
        digest = RowsDigest()
        digest.add(columns)
        sink = pa.BufferOutputStream()
        table = arrow.table(columns, part.schema_with([digest.hexadecimal]))
        pq.write_table(table, sink, write_page_checksum=True)
        return cls(
            rows=digest.rows,
            digest=digest.hexadecimal,
            counted={name: columns[name] for name in COUNTED},
            parquet=sink.getvalue().to_pybytes(),
        )

    def to_columns(self) -> Columns:
        """Return the rows column by column; entries of per-axis columns are tuples."""
        with pq.ParquetFile(pa.BufferReader(self.parquet), pre_buffer=False) as stored:
            return arrow.columns(stored.read(use_threads=False))

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        return records(self.to_columns())
