"""The run directory: a header, Parquet parts written atomically, and a footer at the very end.

reports/<run>/header.json               the configuration, the targets and the machine
reports/<run>/parts/000-0000000.parquet rows of a target (first number) from a case (second) on
reports/<run>/footer.json               written last: without it the run is incomplete
reports/<run>/.lock                     held by the process that writes, removed at the end
"""

from tconv.store.errors import unwritable
from tconv.store.part import SCHEMA, gaps
from tconv.store.reader import RunReader, incomplete_run, newest_run
from tconv.store.row_batch import RowBatch
from tconv.store.writer import RunWriter

__all__ = [
    "SCHEMA",
    "RowBatch",
    "RunReader",
    "RunWriter",
    "gaps",
    "incomplete_run",
    "newest_run",
    "unwritable",
]
