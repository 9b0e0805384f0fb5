"""Runs read as frames: what was written comes back, with its types."""

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import tconv
from tconv.analysis import frames
from tconv.analysis.frames import Run
from tconv.errors import PredicateError, StoreError
from tconv.store import RowBatch, RunWriter
from tconv.store.columns import COLUMNS
from tconv.store.rows import Columns


@pytest.fixture
def path(tmp_path: Path, make_rows: Callable[..., Columns]) -> Path:
    """Return a finished run of two targets: three rows that match, two that do not."""
    writer = RunWriter.create(tmp_path / "run", {})
    writer.write(0, 0, RowBatch.from_columns(make_rows(3)))
    other = make_rows(
        2, target=["other:call@cpu"] * 2, verdict=["value", "unsupported"],
        bad_count=[3, None], output_padding=[None, None], coinciding=[("a", "b"), None],
    )  # fmt: skip
    writer.write(1, 0, RowBatch.from_columns(other))
    writer.finish({})
    return writer.path


def test_rows_come_back_in_order_with_every_column(path: Path) -> None:
    rows = tconv.load(path).rows

    assert list(rows.columns) == [column.name for column in COLUMNS]
    assert list(rows["verdict"]) == ["match"] * 3 + ["value", "unsupported"]


def test_axes_are_tuples_and_absent_ones_none(path: Path) -> None:
    rows = tconv.load(str(path)).rows

    assert rows["i"][2] == (3, 2)
    assert rows["output_padding"][3] is None
    assert rows["coinciding"][3] == ("a", "b")


def test_integers_stay_integers_where_some_are_absent(path: Path) -> None:
    counts = tconv.load(path).rows["bad_count"]

    assert counts.dtype == "Int64"
    assert counts[3] == 3
    assert counts[4] is pd.NA


def test_totals_count_each_verdict_that_occurs_in_the_order_of_targets(path: Path) -> None:
    totals = tconv.load(path).totals

    assert list(totals.index) == ["fake:call@cpu", "other:call@cpu"]
    assert list(totals.columns) == ["match", "value", "unsupported"]
    assert totals.to_numpy().tolist() == [[3, 0, 0], [0, 1, 1]]


def test_deviations_are_the_rows_that_do_not_conform(path: Path) -> None:
    assert list(tconv.load(path).deviations["verdict"]) == ["value"]


def test_run_without_rows_has_empty_frames(tmp_path: Path) -> None:
    writer = RunWriter.create(tmp_path / "run", {})
    writer.finish({})

    run = Run.from_path(writer.path)
    assert run.rows.empty
    assert run.totals.empty
    assert run.deviations.empty


def test_incomplete_run_loads_without_a_footer(path: Path) -> None:
    (path / "footer.json").unlink()

    run = tconv.load(path)
    assert run.footer is None
    assert len(run.rows) == 5


def test_path_that_is_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="should be a run directory"):
        tconv.load(tmp_path)


def test_every_column_is_explained(path: Path) -> None:
    run = tconv.load(path)

    assert list(run.columns.index) == list(run.rows.columns)
    assert all(run.columns["meaning"])
    assert run.columns.loc["seconds", "unit"] == "s"


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("verdict == 'value'", 1),
        ("verdict in ('value', 'unsupported') and target == 'other:call@cpu'", 2),
        ("verdict == 'match' and op == 0", 3),
        ("reading == 'none'", 5),
        ("suite == 'explicit'", 5),
        ("k > 100", 0),
    ],
)
def test_rows_are_found_by_a_condition(path: Path, condition: str, rows: int) -> None:
    found = tconv.load(path).where(condition)

    assert len(found) == rows
    assert list(found.columns) == [column.name for column in COLUMNS]


def test_condition_with_an_unknown_name_is_refused(path: Path) -> None:
    with pytest.raises(PredicateError, match="verdict"):
        tconv.load(path).where("verdicts == 'value'")


def test_notebook_shows_where_a_run_lies_and_its_totals(path: Path) -> None:
    shown = tconv.load(path)._repr_html_()
    cells = re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", shown)

    assert f"run <code>{path}</code>" in shown
    assert "state <code>complete</code>" in shown
    assert re.search("digest <code>[0-9a-f]{64}</code>", shown)
    assert cells == [
        "target", "match", "value", "unsupported",
        f"<code>{tconv.load(path).rows['target'].iloc[0]}</code>", "3", "0", "0",
        "<code>other:call@cpu</code>", "0", "1", "1",
    ]  # fmt: skip


def test_notebook_shows_an_incomplete_run_without_rows(tmp_path: Path) -> None:
    shown = tconv.load(RunWriter.create(tmp_path / "run", {}).path)._repr_html_()

    assert "rows <code>0</code>" in shown
    assert "state <code>incomplete</code>" in shown
    assert "digest" not in shown


def test_notebook_escapes_every_text_and_asks_for_nothing_outside() -> None:
    shown = frames._page(
        path="<script>", facts={"status": "<b>&"}, totals={'"<img src=x>': {"match": 1000}}
    )

    assert "<script>" not in shown
    assert "<img" not in shown
    assert "&lt;b&gt;&amp;" in shown
    assert "<td>1,000</td>" in shown
    assert not re.search("https?:|src=|href=", shown.replace("&lt;img src=x&gt;", ""))
