"""What reports need of a run is asked of its parts, and stays small however large the run."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tconv.analysis.summary import Summary, examples
from tconv.report import deviations_csv
from tconv.store import RowBatch, RunReader, RunWriter
from tconv.store.compaction import GROUP
from tconv.store.rows import Columns

MakeRows = Callable[..., Columns]


@pytest.fixture
def summary_of(tmp_path: Path) -> Callable[..., Summary]:
    """Return a maker of the summary of a finished run from the rows of its parts."""

    def made(*parts: Columns) -> Summary:
        writer = RunWriter.create(tmp_path / "run", {})
        for at, rows in enumerate(parts):
            writer.write(0, 1000 * at, RowBatch.from_columns(rows))
        writer.finish({})
        return Summary.from_run(RunReader(writer.path))

    return made


def test_summary_of_a_run_without_rows_counts_none(summary_of: Callable[..., Summary]) -> None:
    summary = summary_of()

    assert summary.totals.rows == 0
    assert summary.examples.rows().num_rows == 0
    assert list(summary.deviations()) == []
    assert set(summary.blind_spots.values()) == {0}


def test_deviations_are_all_named_sorted_by_target_and_case(
    tmp_path: Path, make_rows: MakeRows
) -> None:
    rows = make_rows(
        4, target=["b", "b", "a", "a"], case=["1", "0", "2", "3"],
        verdict=["value", "shape", "value", "match"], reading=["x, y", None, 'a "b"', None],
    )  # fmt: skip
    writer = RunWriter.create(tmp_path / "run", {})
    writer.write(0, 0, RowBatch.from_columns(rows))
    writer.finish({})

    written = deviations_csv.write(Summary.from_run(RunReader(writer.path)))

    assert written.read_bytes().decode().split("\n") == [
        "target,case,verdict,reading",
        'a,2,value,"a ""b"""',
        "b,0,shape,",
        'b,1,value,"x, y"',
        "",
    ]


def test_rows_of_each_cluster_are_counted_by_verdict(
    summary_of: Callable[..., Summary], make_rows: MakeRows
) -> None:
    found = summary_of(
        make_rows(5, verdict=["value", "value", "shape", "value", "value"],
                  reading=["z", "b", "b", "b", "z"])
    ).examples  # fmt: skip

    assert found.counts == ({"value": 2, "shape": 1}, {"value": 2})
    assert list(found.counts[0]) == ["value", "shape"]


def test_smallest_rows_are_kept_whatever_their_order(
    summary_of: Callable[..., Summary], make_rows: MakeRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "KEPT", 3)
    rows = make_rows(20, verdict=["value"] * 20)
    found = summary_of({name: values[::-1] for name, values in rows.items()}).examples

    assert found.rows()["i"].to_pylist() == [[1, 2], [2, 2], [3, 2]]
    assert found.total == 20


def test_of_many_clusters_fewer_rows_are_kept(
    summary_of: Callable[..., Summary], make_rows: MakeRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "_ALL", 8)
    parts = [make_rows(5, verdict=["value"] * 5, reading=[reading] * 5) for reading in "abcd"]
    found = summary_of(*parts).examples

    assert found.rows()["cluster"].to_pylist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert found.counts == ({"value": 5},) * 4


def test_blind_spots_count_a_case_once_on_however_many_targets(
    summary_of: Callable[..., Summary], make_rows: MakeRows
) -> None:
    rows = make_rows(3, drawn=["exact, sparse", "normal", None], coinciding=[("a",), (), None])

    assert list(summary_of(rows, rows).blind_spots.values()) == [1, 1, 1]


def test_use_of_a_parameter_on_one_axis_counts(
    summary_of: Callable[..., Summary], make_rows: MakeRows
) -> None:
    rows = make_rows(4, dilation=[(1, 2), (1, 1), (2, 2), (1, 2)], s=[(1, 1)] * 4,
                     p_begin=[(0, 0), (0, 1), (0, 0), None],
                     p_end=[(0, 0), (0, 1), (1, 0), None],
                     route=["native", "native", "composed", "unsupported"])  # fmt: skip

    shares = summary_of(rows).native_shares["fake:call@cpu"]
    assert shares["dilation > 1"] == 0.5
    assert shares["p > 0"] == 0.5
    assert shares["p_begin != p_end"] == 0
    assert shares["s > 1"] is None


def test_sizes_beyond_64_bits_are_compared_all_the_same(
    summary_of: Callable[..., Summary], make_rows: MakeRows
) -> None:
    large = 2**31 - 1
    summary = summary_of(
        make_rows(
            2, verdict=["accepted_illegal"] * 2, case=["large", "larger"],
            n=[large] * 2, c_in=[large] * 2, c_out=[large - 1000, large],
        )
    )  # fmt: skip

    assert [row["case"] for row in summary.examples.smallest()] == ["large"]


def test_summary_holds_no_more_texts_than_fit_in_memory(
    tmp_path: Path, make_rows: MakeRows
) -> None:
    writer = RunWriter.create(tmp_path / "run", {})
    writer.write(0, 0, RowBatch.from_columns(make_rows(1, verdict=["rejected_legal"])))
    (part,) = writer.path.glob("parts/*")
    row, count = pq.read_table(part), 2 * GROUP
    table = pa.concat_tables([row] * count).combine_chunks()
    texts = pa.array([f"{at:08d}" * 1_000 for at in range(count)])  # as long as they are kept
    column = table.schema.get_field_index("error_text")
    table = table.set_column(column, table.schema.field(column), texts)
    pq.write_table(table, part, row_group_size=GROUP, compression="none")

    summary = Summary.from_run(RunReader(writer.path))

    assert summary.totals.rows == count
    assert summary.examples.rows().num_rows == examples.KEPT
