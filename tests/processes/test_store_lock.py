"""The lock of a run directory, held by another process."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tconv.errors import StoreError
from tconv.store import RowBatch, RunWriter
from tconv.store.rows import Columns

HOLD = """
import sys, time
from pathlib import Path
from tconv.store import RunWriter
writer = RunWriter.resume(Path(sys.argv[1]))
print("locked", flush=True)
time.sleep(600)
"""


def test_lock_goes_with_its_process_even_when_that_is_killed(
    tmp_path: Path, make_rows: Callable[..., Columns]
) -> None:
    with RunWriter.create(tmp_path / "run", {}) as writer:
        writer.write(0, 0, RowBatch.from_columns(make_rows(5)))
    process = subprocess.Popen(  # noqa: S603 # our own program
        [sys.executable, "-c", HOLD, writer.path], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"locked\n"
    with pytest.raises(StoreError, match="by another process"):
        RunWriter.resume(writer.path)

    process.kill()
    process.communicate()

    with RunWriter.resume(writer.path) as resumed:
        assert resumed.digest.rows == 5
