"""SQL over the rows of a stored run, however many they are.

DuckDB reads of the Parquet parts the columns that a query names, in pieces, so that memory stays
flat. Anyone can ask a run the same way: `SELECT ... FROM 'reports/RUN/parts/*.parquet'`.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from tconv.store.columns import COLUMNS
from tconv.store.reader import RunReader

_TYPES: Final = {
    "text": "VARCHAR", "texts": "VARCHAR[]", "integer": "BIGINT", "integers": "BIGINT[]",
    "number": "DOUBLE", "boolean": "BOOLEAN",
}  # fmt: skip
_MEMORY: Final = "128MB"  # what does not fit goes to a temporary directory
_CHUNK: Final = 10_000  # rows that are Python objects at once


class RowQueries:
    """The table `rows` of a run: the columns of the store, and `place`, which tells their order."""

    def __init__(self, run: RunReader) -> None:
        """Open the parts of a run.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        self._parts = run.whole()
        self._database = duckdb.connect(
            config={"memory_limit": _MEMORY, "temp_directory": tempfile.gettempdir()}
        )
        columns = ", ".join(f'"{column.name}" {_TYPES[column.kind]}' for column in COLUMNS)
        self._database.execute(f"CREATE TABLE none ({columns}, place BIGINT)")
        stored = (  # paths of our own, quoted
            "SELECT *, (file_index << 40) + file_row_number AS place FROM "
            f"read_parquet({[str(part.path) for part in self._parts]}, union_by_name = true)"
        )
        # The empty table gives types and names also where a part of an earlier version lacks one.
        parts = ["FROM none", *([stored] if self._parts else [])]
        with self._named():
            self._database.execute(f"CREATE VIEW rows AS {' UNION ALL BY NAME '.join(parts)}")

    def run(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield what a query returns.

        Raises:
            StoreError: a part is damaged.
        """
        with self._named():
            result = self._database.cursor().execute(query)
            while chunk := result.fetchmany(_CHUNK):
                yield from chunk

    def table(self, query: str) -> pa.Table:
        """Return what a query returns as an Arrow table.

        Raises:
            StoreError: a part is damaged.
        """
        with self._named():
            return self._database.sql(query).to_arrow_table()

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Say which part is damaged; DuckDB does not."""
        try:
            yield
        except duckdb.Error:
            for part in self._parts:
                for _ in part.batches(_CHUNK):  # raises the StoreError of a damaged part
                    pass
            raise
