"""SQL over the rows of a run: all of them, in order, with an error that names a damaged part."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
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


@pytest.mark.parametrize(
    "name", ["target=x", "verdict=match", "**", "[ab]*?", "it's", "a\\b", "a'\"\n"]
)
def test_directory_of_a_run_may_have_any_name(
    tmp_path: Path, make_rows: MakeRows, name: str
) -> None:
    queries(tmp_path / "another", make_rows(2))
    rows = queries(tmp_path / name, make_rows(1))

    found = list(rows.run("SELECT target, verdict FROM rows"))

    assert found == [("fake:call@cpu", "match")]


def test_text_of_any_kind_is_what_was_stored(tmp_path: Path, make_rows: MakeRows) -> None:
    texts = ["a\0b", "a\0", "\0", "", "it's", '"', "a\nb", "\N{SNOWMAN}", None]
    rows = queries(tmp_path / "run", make_rows(len(texts), reason=texts))

    found = list(rows.run("SELECT reason, count(*) FROM rows GROUP BY reason ORDER BY min(place)"))

    assert found == [(text, 1) for text in texts]


def test_column_that_no_part_holds_is_absent(tmp_path: Path, make_rows: MakeRows) -> None:
    queries(tmp_path / "run", make_rows(2))
    (tmp_path / "run" / "footer.json").unlink()  # which knows the part as it was
    part = next((tmp_path / "run").glob("parts/*"))
    table = pq.read_table(part)
    pq.write_table(table.drop_columns(["coinciding", "reason"]), part)

    found = RowQueries(RunReader(tmp_path / "run")).run("SELECT reason, len(coinciding) FROM rows")

    assert list(found) == [(None, None)] * 2


def test_queries_need_no_more_memory_where_there_are_many_cores(tmp_path: Path) -> None:
    # With 8 threads, the summary of 200,000 rows ran out of the memory that all of them share.
    (threads,) = queries(tmp_path / "run").run("SELECT current_setting('threads')")

    assert threads == (2,)


def test_queries_never_download_anything(tmp_path: Path) -> None:
    (settings,) = queries(tmp_path / "run").run(
        "SELECT current_setting('autoinstall_known_extensions'), "
        "current_setting('autoload_known_extensions')"
    )

    assert settings == (False, False)


def test_lack_of_room_is_an_error_that_says_where(
    tmp_path: Path, make_rows: MakeRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = queries(tmp_path / "run", make_rows(1))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def fail(*_: object) -> None:
        raise duckdb.OutOfMemoryException("no room\n\nPossible solutions: ...")

    monkeypatch.setattr(rows, "_database", type("Full", (), {"sql": fail}))

    with pytest.raises(
        StoreError, match=rf"run cannot be queried: no room; make room in {tmp_path}"
    ):
        rows.table("SELECT 1")
