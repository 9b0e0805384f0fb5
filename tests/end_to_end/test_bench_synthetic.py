"""Made-up runs have the requested size and share of deviations."""

import pytest

from tconv.analysis.frames import Run
from tconv.model.verdict import Standpoint, Verdict
from tconv_bench import synthetic


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a run of 2,000 rows."""
    return Run.from_path(synthetic.write(tmp_path_factory.mktemp("made") / "run", 2_000))


def test_three_rows_in_ten_deviate_on_each_of_ten_targets(run: Run) -> None:
    assert run.rows.groupby("target").size().tolist() == [200] * 10
    assert run.deviations.groupby("target").size().tolist() == [60] * 10


def test_every_deviating_verdict_occurs(run: Run) -> None:
    deviating = {v.value for v in Verdict if v.standpoint is Standpoint.DEVIATION}

    assert set(run.deviations["verdict"]) == deviating


def test_no_row_occurs_twice(run: Run) -> None:
    assert not run.rows.duplicated(["case", "target"]).any()
