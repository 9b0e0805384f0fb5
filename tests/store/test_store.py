"""The run directory: what is written is complete, and what is incomplete is noticed."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pyarrow.parquet as pq
import pytest

from tconv.errors import StoreError
from tconv.store import SCHEMA, RowBatch, RunReader, RunWriter, newest_run
from tconv.store.columns import READABLE, SCHEMA_VERSION
from tconv.store.errors import damaged, miscounted
from tconv.store.rows import Columns

MakeRows = Callable[..., Columns]


@pytest.fixture
def written(tmp_path: Path, make_rows: MakeRows) -> RunWriter:
    """Return a run of two parts that is not finished."""
    writer = RunWriter.create(tmp_path / "run", {"name": "a"})
    writer.write(0, 0, RowBatch.from_columns(make_rows(3)))
    writer.write(0, 3, RowBatch.from_columns(make_rows(2)))
    return writer


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_run_holds_its_rows_header_and_counts_when_finished(written: RunWriter) -> None:
    written.finish({"status": 0})

    run = RunReader(written.path)
    assert run.is_complete
    assert run.table().num_rows == 5
    assert run.header.items() >= {"schema_version": SCHEMA_VERSION, "name": "a"}.items()
    assert run.footer is not None
    assert run.footer.keys() == {
        "rows", "digest", "header", "parts", "status", "checksum"
    }  # fmt: skip
    assert (run.footer["rows"], run.footer["digest"]) == (5, written.digest.hexadecimal)
    assert run.footer["parts"].keys() == {"000-0000000.parquet"}


def test_run_without_footer_is_incomplete_and_its_rows_can_be_read(written: RunWriter) -> None:
    run = RunReader(written.path)

    assert not run.is_complete
    assert run.table().num_rows == 5


def test_schema_has_the_meaning_of_each_column() -> None:
    assert all(field.metadata[b"meaning"] for field in SCHEMA)


def test_second_run_of_a_second_gets_a_directory_of_its_own(tmp_path: Path) -> None:
    made = [RunWriter.create(tmp_path / "run", {"number": at}).path for at in range(3)]

    assert [path.name for path in made] == ["run", "run-2", "run-3"]
    assert [RunReader(path).header["number"] for path in made] == [0, 1, 2]


def test_no_file_is_left_unfinished(written: RunWriter) -> None:
    written.finish({})

    assert not list(written.path.rglob("*.unfinished"))


def test_part_is_all_or_nothing_when_the_disk_is_full(
    written: RunWriter, make_rows: MakeRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def half(path: Path, _: bytes) -> None:
        write(path, b"PAR1 half a part")
        full()

    row_batch = RowBatch.from_columns(make_rows(1))
    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(
        StoreError, match=r"cannot write .*00005.parquet: No space left .*; make room there"
    ):
        written.write(0, 5, row_batch)

    assert RunReader(written.path).table().num_rows == 5
    assert written.digest.rows == 5


def test_no_footer_is_left_when_the_disk_is_full(
    written: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match=r"cannot write .*footer.json: No space left"):
        written.finish({})

    assert not RunReader(written.path).is_complete


@pytest.mark.parametrize("inside", ["", "deeper"])
def test_file_in_the_way_is_an_error_that_says_what_to_do(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(
        StoreError, match=r"cannot write .*; choose another directory with --out, or"
    ):
        RunWriter.create(tmp_path / "file" / inside / "run", {})


def test_missing_part_is_noticed(written: RunWriter) -> None:
    written.finish({})
    min(written.path.glob("parts/*")).unlink()

    with pytest.raises(StoreError, match=r"holds 0 rows, but its footer says 5; parts are missing"):
        RunReader(written.path).table()


@pytest.mark.parametrize("kept", [0, 10, 200])
def test_damaged_part_is_named(written: RunWriter, kept: int) -> None:
    part = max(written.path.glob("parts/*"))
    part.write_bytes(part.read_bytes()[:kept])

    with pytest.raises(
        StoreError, match=r"000-0000003.parquet is damaged: .*; delete it, and `tconv run --resume "
    ):
        RunReader(written.path).table()


def test_file_that_is_no_part_is_named(written: RunWriter) -> None:
    (written.path / "parts" / "mine.parquet").write_text("")

    with pytest.raises(
        StoreError, match=r"mine.parquet is not named like a part.* move it elsewher"
    ):
        RunReader(written.path).table()


def test_run_whose_header_finds_no_room_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "write_text", Mock(side_effect=OSError(errno.ENOSPC, "full")))

    with pytest.raises(StoreError, match=r"header.json: No space left .*; make room there"):
        RunWriter.create(tmp_path / "run", {})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["header.json", "footer.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00"])
def test_damaged_json_is_named(written: RunWriter, name: str, content: str) -> None:
    written.finish({})
    (written.path / name).write_text(content)

    with pytest.raises(StoreError, match=rf"{name} is damaged"):
        RunReader(written.path)


def test_damaged_footer_is_made_again(written: RunWriter) -> None:
    (written.path / "footer.json").write_text("{")

    with pytest.raises(
        StoreError, match=rf"; delete it, and `tconv run --resume {written.path}` makes it again"
    ):
        RunReader(written.path)


def test_footer_without_its_counts_is_damaged(written: RunWriter) -> None:
    (written.path / "footer.json").write_text('{"rows": 5}')

    with pytest.raises(StoreError, match=r"footer.json is damaged: .*'digest'"):
        RunReader(written.path)


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, READABLE[0] - 1, None, "1"])
def test_other_schema_version_is_refused(written: RunWriter, version: Any) -> None:
    (written.path / "header.json").write_text(json.dumps({"schema_version": version}))

    with pytest.raises(
        StoreError, match=rf"schema_version={version!r} .*should be 3 or {SCHEMA_VERSION}"
    ):
        RunReader(written.path)


def test_directory_that_is_no_run_says_how_to_find_one(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"should be a run directory .*`tconv run` prints the path"
    ):
        RunReader(tmp_path)


def test_newest_run_is_the_one_started_last(tmp_path: Path) -> None:
    for name, started in (("b", "2026-01-02"), ("a", "2026-01-03"), ("c", "2026-01-01")):
        RunWriter.create(tmp_path / name, {"started": started})

    assert newest_run(tmp_path) == tmp_path / "a"


def test_newest_run_of_none_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no run in .*make one with `tconv run`"):
        newest_run(tmp_path)


def test_tables_join_small_parts_and_cut_large_ones(
    tmp_path: Path, make_rows: Callable[..., Columns]
) -> None:
    writer = RunWriter.create(tmp_path / "run", {})
    for at, count in enumerate((1, 1, 1, 9)):
        writer.write(at, 0, RowBatch.from_columns(make_rows(count)))
    writer.finish({})

    reader = RunReader(writer.path)
    tables = list(reader.tables(2))

    assert all(2 <= each.num_rows < 4 for each in tables[:-1])
    assert all(each["case"].num_chunks == 1 for each in tables)
    whole = [
        case
        for part in reader.parts()
        for table in part.batches(9)
        for case in table["case"].to_pylist()
    ]
    assert [case for each in tables for case in each["case"].to_pylist()] == whole


def test_run_that_is_being_written_is_refused_to_others(written: RunWriter) -> None:
    with pytest.raises(StoreError, match=r"run is being written by another process; wait for"):
        RunWriter.resume(written.path)


def test_resumed_run_has_the_digest_of_one_that_was_not_interrupted(written: RunWriter) -> None:
    digest = written.digest.hexadecimal
    written.__exit__()

    with RunWriter.resume(written.path) as writer:
        assert (writer.digest.hexadecimal, writer.digest.rows) == (digest, 5)


def test_resuming_removes_what_was_half_written(written: RunWriter) -> None:
    written.__exit__()
    (written.path / "parts" / "000-0000005.unfinished").write_bytes(b"PAR1")

    with RunWriter.resume(written.path):
        assert not list(written.path.rglob("*.unfinished"))


def test_complete_run_is_not_resumed_and_holds_no_lock(written: RunWriter) -> None:
    written.finish({})

    with pytest.raises(StoreError, match="run is complete already"):
        RunWriter.resume(written.path)
    assert {path.name for path in written.path.iterdir()} == {"header.json", "footer.json", "parts"}


def test_finished_run_has_one_part_for_each_span_without_a_gap(
    written: RunWriter, make_rows: MakeRows
) -> None:
    written.write(0, 9, RowBatch.from_columns(make_rows(1)))
    written.write(1, 0, RowBatch.from_columns(make_rows(4)))
    written.write(1, 4, RowBatch.from_columns(make_rows(1)))
    before = rows_of(written.path)
    written.finish({})

    parts = RunReader(written.path).parts()
    assert [(part.target, part.span) for part in parts] == [
        (0, range(5)), (0, range(9, 10)), (1, range(5)),
    ]  # fmt: skip
    assert rows_of(written.path) == before
    assert sum(int(part.digest, 16) for part in parts) % 2**256 == int(
        written.digest.hexadecimal, 16
    )


@pytest.mark.parametrize("kept", range(5))
def test_compaction_that_is_killed_loses_nothing_and_doubles_nothing(
    tmp_path: Path, make_rows: MakeRows, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    writer = RunWriter.create(tmp_path / "run", {})
    for first in (0, 2, 4):
        writer.write(0, first, RowBatch.from_columns(make_rows(2)))
    before, digest = rows_of(writer.path), writer.digest.hexadecimal
    steps = iter(range(kept))
    replace, unlink = Path.replace, Path.unlink

    def killed(step: Callable[..., object], *_: Any, **__: Any) -> object:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(*_, **__)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: killed(replace, *_))
        patch.setattr(Path, "unlink", lambda *_, **__: killed(unlink, *_, **__))
        with pytest.raises(KeyboardInterrupt):
            writer.finish({})
    writer.__exit__()

    assert rows_of(writer.path) == before
    with RunWriter.resume(writer.path) as again:
        again.finish({})
    assert rows_of(writer.path) == before
    footer = RunReader(writer.path).footer
    assert footer is not None
    assert (footer["rows"], footer["digest"]) == (6, digest)
    assert len(list(writer.path.glob("parts/*"))) == 1


def test_run_is_finished_without_compaction_when_there_is_no_room(
    written: RunWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    written.finish({})

    assert len(RunReader(written.path).parts()) == 2
    assert not list(written.path.rglob("*.unfinished"))


def test_parts_that_overlap_are_refused(written: RunWriter, make_rows: MakeRows) -> None:
    written.write(0, 4, RowBatch.from_columns(make_rows(3)))

    with pytest.raises(StoreError, match=r"000-0000003.parquet and 000-0000004.parquet overlap"):
        RunReader(written.path).parts()


def test_columns_that_are_named_are_read_alone(written: RunWriter) -> None:
    (table,) = RunReader(written.path).tables(9, ("verdict", "compared"))

    assert table.column_names == ["verdict", "compared"]
    assert table.num_rows == 5


def test_column_that_an_older_run_lacks_is_read_as_absent(written: RunWriter) -> None:
    for part in written.path.glob("parts/*"):
        older = pq.read_table(part).drop_columns("inference")
        pq.write_table(older, part)

    table = RunReader(written.path).table()
    assert table.schema == SCHEMA
    assert table["inference"].to_pylist() == [None] * 5
    assert None not in table["seconds"].to_pylist()


def rows_of(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = RunReader(path).table().to_pylist()
    return rows


def test_what_a_merged_run_has_lost_is_merged_again(tmp_path: Path) -> None:
    """A merged run cannot be resumed."""
    (tmp_path / "header.json").write_text('{"shards": ["a", "b"]}')

    assert str(damaged(tmp_path / "footer.json", ValueError("no JSON"))).endswith(
        "is damaged: no JSON; merge its shards again"
    )
    assert str(miscounted(tmp_path, 1, 2)).endswith("parts are missing: merge its shards again")
