"""SQL over the rows of a stored run, however many they are.

DuckDB reads only the columns that a query names, a piece of a part at a time, so that memory stays
flat. Anyone can query a run the same way: `SELECT ... FROM 'reports/RUN/parts/*.parquet'`.
"""

import errno
import glob
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from tconv.errors import StoreError
from tconv.model.verdict import Standpoint, Verdict
from tconv.store.columns import COLUMNS
from tconv.store.reader import RunReader

_TYPES: Final = {
    "text": "VARCHAR", "texts": "VARCHAR[]", "integer": "BIGINT", "integers": "BIGINT[]",
    "number": "DOUBLE", "boolean": "BOOLEAN",
}  # fmt: skip
_SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    # What does not fit goes to a temporary directory, except what is read at once: a row group of a
    # column by each thread, 125 MiB where every error text is as long as texts are kept.
    "memory_limit": "512MB",
    "threads": 2,  # each needs its share of the memory: with 8, they run out of it
    "autoinstall_known_extensions": False,  # no query needs one, so nothing is ever downloaded
    "autoload_known_extensions": False,
}
_CHUNK: Final = 10_000  # rows that are Python objects at once
_CHECKED: Final = 1_000  # rows that are read at once in search of damage


def verdicts_of(*standpoints: Standpoint) -> str:
    """Return the verdicts with one of these standpoints as SQL: `('value', 'shape', ...)`."""
    names = (f"'{verdict}'" for verdict in Verdict if verdict.standpoint in standpoints)
    return f"({', '.join(names)})"


DEVIATING: Final = verdicts_of(Standpoint.DEVIATION)
"""The deviating verdicts, as SQL."""


class RowQueries:
    """The table `rows` of a run: the columns of the store, and `place`, which gives their order."""

    def __init__(self, run: RunReader) -> None:
        """Open the parts of a run.

        Raises:
            StoreError: a part is damaged, or rows are missing from a complete run.
        """
        self._path = run.path
        self._parts = run.checked_parts()
        self._database = duckdb.connect(
            config=_SETTINGS | {"temp_directory": tempfile.gettempdir()}
        )
        columns = ", ".join(f'"{column.name}" {_TYPES[column.kind]}' for column in COLUMNS)
        self._database.execute(f"CREATE TABLE none ({columns}, place BIGINT)")
        # A run's directory may be called `target=x`, `**` or `it's`: no column, pattern or syntax.
        paths = (glob.escape(str(part.path)).replace("'", "''") for part in self._parts)
        listed = ", ".join(f"'{path}'" for path in paths)
        stored = (
            "SELECT *, (file_index << 40) + file_row_number AS place FROM read_parquet("
            f"[{listed}], union_by_name = true, hive_partitioning = false)"
        )
        # The empty table adds the columns that parts of an earlier version lack.
        parts = ["FROM none", *([stored] if self._parts else [])]
        with self._explaining_errors():
            self._database.execute(f"CREATE VIEW rows AS {' UNION ALL BY NAME '.join(parts)}")

    def run(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Yield what a query returns.

        Raises:
            StoreError: a part is damaged, or there is no room for what does not fit in memory.
        """
        with self._explaining_errors():
            result = self._database.cursor().execute(query)
            while chunk := result.fetchmany(_CHUNK):
                yield from chunk

    def table(self, query: str) -> pa.Table:
        """Return what a query returns as an Arrow table.

        Raises:
            StoreError: a part is damaged, or there is no room for what does not fit in memory.
        """
        with self._explaining_errors():
            return self._database.sql(query).to_arrow_table()

    def create(self, name: str, source: str | pa.Table) -> None:
        """Make a further table, of a query or of an Arrow table, in place of one of this name.

        Raises:
            StoreError: a part is damaged, or there is no room for what does not fit in memory.
        """
        with self._explaining_errors():
            if isinstance(source, str):
                self._database.execute(f'CREATE OR REPLACE TABLE "{name}" AS {source}')
            else:
                self._database.from_arrow(source).create_view("arrow_source", replace=True)
                self._database.execute(
                    f'CREATE OR REPLACE TABLE "{name}" AS FROM arrow_source; DROP VIEW arrow_source'
                )

    @contextmanager
    def _explaining_errors(self) -> Iterator[None]:
        """Turn DuckDB's errors into ones that name the damaged part or the full directory."""
        try:
            yield
        except duckdb.Error as error:
            for part in self._parts:
                for _ in part.batches(_CHECKED):  # raises the StoreError of a damaged part
                    pass
            if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
                why = str(error).partition("\n")[0]
                remedy = "allow more files, as by `ulimit -n 256`"
                if os.strerror(errno.EMFILE) not in why:
                    folder = tempfile.gettempdir()
                    remedy = f"make room in {folder}, or name another directory in TMPDIR"
                raise StoreError(
                    f"the rows of {self._path} cannot be queried: {why}; {remedy}"
                ) from error
            raise
