"""One recorder writes every run: rows under their target, totals, footer, and the way to go on."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tconv.errors import IncompleteError, StoreError
from tconv.model.target import Target
from tconv.runs.recorder import RunRecorder
from tconv.store import RowBatch, RunReader
from tconv.store.rows import Columns
from tconv_bench import synthetic

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TARGETS = [Target(backend=name, mode="call", device="cpu") for name in ("other", "fake")]


@pytest.fixture
def recorder(tmp_path: Path) -> RunRecorder:
    """Return the recorder of a new run of two cases on two targets."""
    return RunRecorder.create(tmp_path, synthetic.header(TARGETS, 2), STARTED)


def test_run_directory_is_named_after_configuration_and_time(recorder: RunRecorder) -> None:
    assert recorder.path.name == "made-20260102-030405"


def test_rows_are_counted_and_stored_under_their_target(
    recorder: RunRecorder, make_rows: Callable[..., Columns]
) -> None:
    recorder.write("fake:call@cpu", 0, RowBatch.from_columns(make_rows(2)))

    (part,) = RunReader(recorder.path).parts()
    assert (part.target, part.span) == (1, range(2))
    assert recorder.totals["fake:call@cpu"].rows == 2
    assert recorder.totals["other:call@cpu"].rows == 0


def test_footer_has_status_and_totals(
    recorder: RunRecorder, make_rows: Callable[..., Columns]
) -> None:
    rows = make_rows(2, verdict=["match", "value"])
    recorder.write("fake:call@cpu", 0, RowBatch.from_columns(rows))

    status = recorder.finish(["fake"], resumed=3)

    footer = RunReader(recorder.path).footer
    assert footer is not None
    assert (status.code, footer["status"], footer["resumed"]) == (1, 1, 3)
    assert footer["totals"] == {"other:call@cpu": {}, "fake:call@cpu": {"match": 1, "value": 1}}


def test_error_says_how_the_run_is_completed(recorder: RunRecorder) -> None:
    command = f"tconv run --resume {recorder.path}"

    with pytest.raises(IncompleteError, match=f"disk full\n.*{command}"), recorder.resumable():
        raise StoreError("disk full")
    with pytest.raises(KeyboardInterrupt) as interrupt, recorder.resumable():
        raise KeyboardInterrupt
    assert [command in note for note in interrupt.value.__notes__] == [True]
