"""Rows bound as they are stored: who has made them binds them, and who writes them need not look.

One process writes all rows of a run. To make a file of a row takes ten times as long as to write
the file, so that is done where the row is made, in one of many workers.
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
    """Rows of consecutive cases of one target, as the content of the file that is to hold them.

    Attributes:
        rows: how many there are.
        digest: their digest, 64 hexadecimal digits.
        counted: of the rows the columns :data:`tconv.store.columns.COUNTED`.
        parquet: the content of the file.
    """

    rows: int
    digest: str
    counted: Columns
    parquet: bytes

    @classmethod
    def from_columns(cls, columns: Columns) -> Self:
        """Bind rows, which have every column of the store."""
        digest = RowsDigest()
        digest.add(columns)
        sink = pa.BufferOutputStream()
        pq.write_table(arrow.table(columns, part.marked([digest.hexadecimal])), sink)
        return cls(
            rows=digest.rows,
            digest=digest.hexadecimal,
            counted={name: columns[name] for name in COUNTED},
            parquet=sink.getvalue().to_pybytes(),
        )

    def records(self) -> list[dict[str, Any]]:
        """Return a dict for each row; entries of per-axis columns are tuples."""
        return records(self.to_columns())

    def to_columns(self) -> Columns:
        """Return the rows that were bound; entries of per-axis columns are tuples."""
        with pq.ParquetFile(pa.BufferReader(self.parquet), pre_buffer=False) as stored:
            found = stored.read(use_threads=False).to_pydict()
        return {name: [_frozen(value) for value in values] for name, values in found.items()}


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
