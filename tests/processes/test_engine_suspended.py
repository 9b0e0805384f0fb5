"""Only time in which a worker could work counts: a machine that sleeps times nothing out.

A case that is alone in its batch is not tried again, so its row would be a timeout.
"""

import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import psutil
import pytest
from tests.waiting import until

from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import plan
from tconv.model.case import Case
from tconv.model.target import Selection

CASE = "1d-i2-k3-s2-ci1-co1-f32"  # takes hostile-drowsy two seconds
LIMIT = 4.0
SCRIPT = """
from tests.processes.test_engine_suspended import verdict

if __name__ == "__main__":
    print(verdict())
"""

pytestmark = pytest.mark.usefixtures("fakes")


def verdict() -> object:
    with LocalPool(workers=1, case_seconds=LIMIT) as pool:
        found = pool.describe(["hostile-drowsy"])
        cases = [Case.from_id(CASE)]
        (part,) = pool.run(plan([Selection.from_text("hostile-drowsy")], found, cases))
    return part.row_batch.counted["verdict"][0]


def test_processes_that_are_stopped_for_longer_than_the_limit_time_nothing_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = tmp_path / "reached"
    monkeypatch.setenv("TCONV_REACHED", str(reached))
    here = os.pathsep.join([str(Path(__file__).parents[2]), os.environ["PYTHONPATH"]])
    monkeypatch.setenv("PYTHONPATH", here)
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen(  # noqa: S603 # our own program
        [sys.executable, script], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    until(reached.exists, lambda: parent.poll() is None)

    process = psutil.Process(parent.pid)
    stopped = [process, *process.children(recursive=True)]  # the worker has a group of its own
    for each in stopped:
        each.send_signal(signal.SIGSTOP)
    time.sleep(LIMIT + 1)
    for each in stopped:
        each.send_signal(signal.SIGCONT)

    assert parent.communicate()[0] == "match\n"


def test_clock_that_is_set_forward_times_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", count(time.time(), 3600).__next__)

    assert verdict() == "match"
