"""What reports need of a run is gathered in one pass, and stays small however large the run."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from tconv.analysis import summary
from tconv.analysis.frames import Run
from tconv.analysis.summary import Summary, examples
from tconv.analysis.summary.blind_spots import Doubts
from tconv.analysis.summary.examples import Sample
from tconv.analysis.summary.native_share import Usage
from tconv.report import deviations_csv
from tconv.store import SCHEMA, RowBatch, RunReader, RunWriter
from tconv.store.rows import Columns
from tconv_bench import synthetic

MakeRows = Callable[..., Columns]


def table(columns: Columns) -> pa.Table:
    """Return rows as the store reads them."""
    return pa.table(dict(columns), schema=SCHEMA)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 2,000 rows with every verdict."""
    return synthetic.write(tmp_path_factory.mktemp("made") / "run", 2_000)


def test_listeners_are_shown_every_row_once(path: Path) -> None:
    seen: list[str] = []
    Summary.from_run(RunReader(path), [lambda rows: seen.extend(rows["case"].to_pylist())])

    assert sorted(seen) == sorted(Run.from_path(path).rows["case"])


def test_size_of_tables_changes_no_report(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Summary.from_run(RunReader(path))
    monkeypatch.setattr(summary, "_ROWS", 7)
    pieces = Summary.from_run(RunReader(path))

    assert pieces.totals == whole.totals
    assert pieces.breakdown == whole.breakdown
    assert pieces.usage == whole.usage
    assert pieces.silence == whole.silence
    assert pieces.doubts == whole.doubts
    assert pieces.sample.counts == whole.sample.counts
    assert pieces.sample.rows().equals(whole.sample.rows())


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


def test_kinds_are_counted_in_the_order_in_which_they_came(make_rows: MakeRows) -> None:
    made = Sample()
    made.add(
        table(make_rows(4, verdict=["value", "match", "shape", "value"],
                        reading=["z", None, "b", "b"]))
    )  # fmt: skip
    made.add(table(make_rows(2, verdict=["value"] * 2, reading=["a", "z"])))

    target = "fake:call@cpu"
    assert list(made.counts.items()) == [
        ((target, "value", "z"), 2), ((target, "shape", "b"), 1),
        ((target, "value", "b"), 1), ((target, "value", "a"), 1),
    ]  # fmt: skip


def test_smallest_rows_are_kept_whatever_their_order(
    make_rows: MakeRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "KEPT", 3)
    made = Sample()
    rows = table(make_rows(20, verdict=["value"] * 20)).to_pylist()[::-1]
    for one, other in pairwise(range(0, 21, 4)):
        made.add(pa.Table.from_pylist(rows[one:other], schema=SCHEMA))

    assert made.rows()["i"].to_pylist() == [[1, 2], [2, 2], [3, 2]]
    assert made.counts.total() == 20


def test_of_many_kinds_fewer_rows_are_kept(
    make_rows: MakeRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "_ALL", 8)
    made = Sample()
    for reading in "abcd":
        made.add(table(make_rows(5, verdict=["value"] * 5, reading=[reading] * 5)))

    assert made.rows()["kind"].to_pylist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [count for _, count, _ in made.smallest()] == [5] * 4


def test_doubts_count_a_case_once_on_however_many_targets(make_rows: MakeRows) -> None:
    made = Doubts()
    for _ in range(2):
        made.add(
            table(make_rows(3, drawn=["exact, sparse", "normal", None],
                            coinciding=[("a",), (), None]))
        )  # fmt: skip

    assert list(made.counts().values()) == [1, 1, 1]


def test_use_of_a_parameter_on_one_axis_counts(make_rows: MakeRows) -> None:
    made = Usage()
    made.add(
        table(make_rows(4, dilation=[(1, 2), (1, 1), (2, 2), (1, 2)], s=[(1, 1)] * 4,
                        p_begin=[(0, 0), (0, 1), (0, 0), None],
                        p_end=[(0, 0), (0, 1), (1, 0), None],
                        route=["native", "native", "composed", "unsupported"]))
    )  # fmt: skip

    shares = made.shares("fake:call@cpu")
    assert shares["dilation > 1"] == 0.5
    assert shares["p > 0"] == 0.5
    assert shares["p_begin != p_end"] == 0
    assert shares["s > 1"] is None
