"""How long a run still takes."""

import pytest

from tconv.cli.forecast import Forecast


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
