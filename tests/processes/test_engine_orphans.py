"""No worker outlives the process that started it."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.waiting import is_alive, until

SCRIPT = """
import sys
from tconv.model.case import Case
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import plan
from tconv.model.target import Selection

if __name__ == "__main__":
    case = Case.from_parameters(ndim=1, i=2, k=3, s=2, c_in=1, c_out=1)
    with LocalPool(workers=1, case_seconds=600) as pool:
        found = pool.describe([sys.argv[1]])
        list(pool.run(plan([Selection.from_text(sys.argv[1])], found, [case])))
"""


@pytest.mark.usefixtures("fakes")
@pytest.mark.parametrize("backend", ["hostile-hang", "fake-hang", "attacker"])
def test_worker_ends_with_a_parent_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    reached = tmp_path / "reached"
    monkeypatch.setenv("TCONV_REACHED", str(reached))
    monkeypatch.setenv("TCONV_ATTACK", "child-of-hanging")  # of the backend `attacker`
    script = tmp_path / "sweep.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen([sys.executable, script, backend])  # noqa: S603 # our own program
    until(reached.exists, lambda: parent.poll() is None)
    workers = psutil.Process(parent.pid).children(recursive=True)

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    # The worker, its child if it forked one, and multiprocessing's resource tracker.
    assert len(workers) == (3 if backend == "attacker" else 2)
    until(lambda: not any(map(is_alive, workers)))
