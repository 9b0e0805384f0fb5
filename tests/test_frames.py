"""Runs read as frames: what was written comes back, with its types."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import harness
from harness.columns import COLUMNS
from harness.errors import StoreError
from harness.frames import Run
from harness.rows import Columns
from harness.store import RunWriter


@pytest.fixture
def path(tmp_path: Path, make_rows: Callable[..., Columns]) -> Path:
    """Return a finished run of two targets: three rows that match, two that do not."""
    writer = RunWriter.create(tmp_path / "run", {})
    writer.write(0, 0, make_rows(3))
    other = make_rows(
        2, target=["other:call@cpu"] * 2, verdict=["value", "unsupported"],
        bad_count=[3, None], output_padding=[None, None], indistinguishable=[("a", "b"), None],
    )  # fmt: skip
    writer.write(1, 0, other)
    writer.finish({})
    return writer.path


def test_rows_come_back_in_order_with_every_column(path: Path) -> None:
    rows = harness.load(path).rows

    assert list(rows.columns) == [column.name for column in COLUMNS]
    assert list(rows["verdict"]) == ["match"] * 3 + ["value", "unsupported"]


def test_axes_are_tuples_and_absent_ones_none(path: Path) -> None:
    rows = harness.load(str(path)).rows

    assert rows["i"][2] == (3, 2)
    assert rows["output_padding"][3] is None
    assert rows["indistinguishable"][3] == ("a", "b")


def test_integers_stay_integers_where_some_are_absent(path: Path) -> None:
    counts = harness.load(path).rows["bad_count"]

    assert counts.dtype == "Int64"
    assert counts[3] == 3
    assert counts[4] is pd.NA


def test_totals_count_each_verdict_that_occurs_in_the_order_of_targets(path: Path) -> None:
    totals = harness.load(path).totals

    assert list(totals.index) == ["fake:call@cpu", "other:call@cpu"]
    assert list(totals.columns) == ["match", "value", "unsupported"]
    assert totals.to_numpy().tolist() == [[3, 0, 0], [0, 1, 1]]


def test_deviations_are_the_rows_that_do_not_conform(path: Path) -> None:
    assert list(harness.load(path).deviations["verdict"]) == ["value"]


def test_run_without_rows_has_empty_frames(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "run", {})
    writer.finish({})

    run = Run.from_path(writer.path)
    assert run.rows.empty
    assert run.totals.empty
    assert run.deviations.empty


def test_incomplete_run_loads_without_a_footer(path: Path) -> None:
    (path / "footer.json").unlink()

    run = harness.load(path)
    assert run.footer is None
    assert len(run.rows) == 5


def test_path_that_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="should be a run directory"):
        harness.load(tmp_path)
