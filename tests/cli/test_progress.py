"""The lines that tell how far a run has come, where nobody sits at a terminal."""

from collections.abc import Callable

import pytest

from tconv.cli.progress import Lines
from tconv.engine.plan import TargetPlan
from tconv.engine.tasks import Part
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch
from tconv.store.rows import Columns
from tconv.store.totals import TargetTotals

CASE = Case.from_id("1d-i3-k3-ci1-co1-f32")


def planned(backend: str, cases: int, *, unavailable: str | None = None) -> TargetPlan:
    target = Target(backend=backend, mode="call", device="cpu")
    return TargetPlan(target=target, cases=[CASE] * cases, version="1", unavailable=unavailable)


def test_rows_that_nobody_computes_make_no_target_look_cheap(
    make_rows: Callable[..., Columns],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A hundred rows took ten seconds, so that two hundred others take twenty, new or not."""
    clock = iter([0.0, 0.0, 5.0, 10.0])
    monkeypatch.setattr("tconv.cli.progress.time.monotonic", lambda: next(clock))
    begun = [planned("gone", 100, unavailable="no module"), planned("there", 200)]
    targets = [*begun, planned("new", 100)]
    totals = {str(each.target): TargetTotals() for each in targets}
    lines = Lines()
    lines.planned(targets, totals)

    for each, seconds in zip(begun, (0.0, 10.0), strict=True):
        row_batch = RowBatch.from_columns(make_rows(100))
        totals[str(each.target)].add(row_batch.counted)
        part = Part(plan=each, first=0, row_batch=row_batch, seconds=seconds)
        lines.advanced(part, totals[str(each.target)])

    said = capsys.readouterr().err
    assert "200 of 400 rows, 20 rows/s, 0:00:20 left or more, none deviating" in said
