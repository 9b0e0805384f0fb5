"""Encoded rows come out as they went in, and can be stored without decoding."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tconv.store import SCHEMA, RowBatch
from tconv.store.columns import COLUMNS
from tconv.store.digest import RowsDigest
from tconv.store.rows import Columns, columns

MakeRows = Callable[..., Columns]


def digest(rows: Columns) -> str:
    made = RowsDigest()
    made.add(rows)
    return made.hexadecimal


@pytest.fixture
def rows(make_rows: MakeRows) -> Columns:
    """Return rows with every kind of value, each present and absent."""
    return make_rows(
        4,
        bias=[True, False, True, True],
        o=[None, (3, 4), None, (5, 6)],
        error_units=[0.0, None, float("inf"), 0.1],
        bad_count=[None, 0, 2**53, None],
        coinciding=[(), None, ("kernel flipped", "größer"), ("",)],
        reason=[None, "", "größer als 日本", "x" * 9000],
        seconds=[None, None, None, None],
    )


def test_what_was_bound_comes_out_as_it_was(rows: Columns) -> None:
    assert RowBatch.from_columns(rows).to_columns() == rows


def test_row_batch_has_number_digest_and_what_is_counted(rows: Columns) -> None:
    row_batch = RowBatch.from_columns(rows)

    assert (row_batch.rows, row_batch.digest) == (4, digest(rows))
    assert row_batch.counted == {name: rows[name] for name in ("verdict", "compared", "reason")}


def test_rows_that_are_bound_again_have_the_same_digest(rows: Columns) -> None:
    first = RowBatch.from_columns(rows)

    assert RowBatch.from_columns(first.to_columns()) == first


def test_file_has_the_columns_of_the_store_as_arrow_would_make_them(rows: Columns) -> None:
    stored = pq.read_table(pa.BufferReader(RowBatch.from_columns(rows).parquet))

    assert stored.equals(pa.table(dict(rows), schema=SCHEMA))
    stored.validate(full=True)


def test_row_batch_without_rows_has_all_columns() -> None:
    empty = RowBatch.from_columns(columns([]))

    assert empty.rows == 0
    assert empty.to_columns() == {column.name: [] for column in COLUMNS}


def test_value_of_another_kind_is_refused(make_rows: MakeRows) -> None:
    with pytest.raises(TypeError, match="Cannot cast"):
        RowBatch.from_columns(make_rows(1, bad_count=["many"]))
    with pytest.raises(TypeError, match="Cannot cast"):
        RowBatch.from_columns(make_rows(1, inferred_shape=[(1, 4.7)]))


def test_records_are_the_rows_one_dict_each(rows: Columns) -> None:
    records = RowBatch.from_columns(rows).records()

    assert len(records) == 4
    assert [record["o"] for record in records] == [None, (3, 4), None, (5, 6)]
    assert all(list(record) == list(rows) for record in records)
