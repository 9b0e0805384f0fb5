"""SQL over the rows of a run: all of them, in order, with an error that names a damaged part."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tconv.errors import StoreError
from tconv.store import RowBatch, RunReader, RunWriter
from tconv.store.queries import RowQueries
from tconv.store.rows import Columns

MakeRows = Callable[..., Columns]


def queries(path: Path, *parts: Columns) -> RowQueries:
    """Return the queries of a run whose parts hold these rows."""
    writer = RunWriter.create(path, {})
    for at, rows in enumerate(parts):
        writer.write(at, 0, RowBatch.from_columns(rows))
    writer.finish({})
    return RowQueries(RunReader(writer.path))


def test_rows_of_all_parts_come_in_the_order_of_the_run(
    tmp_path: Path, make_rows: MakeRows
) -> None:
    first, second = make_rows(3), make_rows(2)

    found = queries(tmp_path / "run", first, second).run('SELECT "case" FROM rows ORDER BY place')

    assert [case for (case,) in found] == [*first["case"], *second["case"]]


def test_run_without_rows_has_the_columns_of_the_store(tmp_path: Path) -> None:
    empty = queries(tmp_path / "run")

    assert list(empty.run("SELECT verdict, len(coinciding) FROM rows")) == []
    assert empty.table("SELECT i, seconds FROM rows").num_rows == 0


def test_part_that_is_damaged_inside_is_named(tmp_path: Path, make_rows: MakeRows) -> None:
    rows = queries(tmp_path / "run", make_rows(50))
    part = next((tmp_path / "run").glob("parts/*"))
    content = bytearray(part.read_bytes())
    content[4:2000] = bytes(1996)  # the pages of the first columns; the footer stays
    part.write_bytes(content)

    with pytest.raises(StoreError, match=rf"{part.name} is damaged: .*"):
        list(rows.run('SELECT "case", suite FROM rows'))
