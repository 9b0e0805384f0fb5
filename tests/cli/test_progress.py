"""How far a run has come, and how long it still takes, in lines for a pipe."""

from collections.abc import Callable

import pytest

from tconv.cli.progress import Forecast, Lines
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
    lines.start(targets, totals)

    for each, seconds in zip(begun, (0.0, 10.0), strict=True):
        row_batch = RowBatch.from_columns(make_rows(100))
        totals[str(each.target)].add(row_batch.counted)
        part = Part(plan=each, first=0, row_batch=row_batch, seconds=seconds)
        lines.advance(part, totals[str(each.target)])

    said = capsys.readouterr().err
    assert "200 of 400 rows, 20 rows/s, 0:00:20 left or more, none deviating" in said


@pytest.fixture
def forecast() -> Forecast:
    """Return a forecast after 10 seconds of two workers: 1,000 cheap rows, 100 dear ones."""
    made = Forecast()
    made.note("quick", 600, 6.0)
    made.note("quick", 400, 4.0)
    made.note("slow", 100, 10.0)
    return made


def test_rows_are_reckoned_at_what_their_own_target_costs(forecast: Forecast) -> None:
    left = forecast.remaining({"quick": 100, "slow": 100}, elapsed=10.0)

    assert left == pytest.approx((100 * 0.01 + 100 * 0.1) / 2)


def test_target_that_has_not_started_is_estimated_at_the_cost_of_the_others(
    forecast: Forecast,
) -> None:
    left = forecast.remaining({"new": 110}, elapsed=10.0)

    assert left == pytest.approx(110 * 20 / 1100 / 2)
    assert not forecast.knows(["slow", "new"])
    assert forecast.knows(["slow", "quick"])


def test_nothing_is_left_where_no_row_is(forecast: Forecast) -> None:
    assert forecast.remaining({}, elapsed=10.0) == 0


def test_nothing_is_said_where_nothing_has_cost_anything() -> None:
    assert Forecast().remaining({"quick": 5}, elapsed=1.0) == 0
