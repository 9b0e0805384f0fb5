"""One worker process: what it answers, and what its parent hears when it does not."""

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from tconv.engine.process.worker_process import Limits, WorkerEnd, WorkerProcess
from tconv.model.outcome import Crashed, TimedOut


@pytest.fixture
def stopped() -> threading.Event:
    return threading.Event()


@pytest.fixture
def worker(stopped: threading.Event) -> Iterator[WorkerProcess]:
    limits = Limits(case_seconds=60.0, worker_gib=4.0)
    with WorkerProcess(environment={"TCONV_FAKE": "on"}, limits=limits, stopped=stopped) as made:
        yield made


def crash(answer: object) -> Crashed:
    assert isinstance(answer, WorkerEnd)
    assert isinstance(answer.outcome, Crashed)
    return answer.outcome


def pid_of(worker: WorkerProcess) -> int:
    pid = worker.call(os.getpid)
    assert isinstance(pid, int)
    return pid


def test_one_process_answers_one_request_after_the_other(worker: WorkerProcess) -> None:
    assert pid_of(worker) == pid_of(worker) != os.getpid()


def test_worker_has_its_variables_and_the_parent_has_not(worker: WorkerProcess) -> None:
    assert worker.call(os.getenv, "TCONV_FAKE") == "on"
    assert "TCONV_FAKE" not in os.environ


def test_error_is_raised_here_with_the_traceback_of_the_worker(worker: WorkerProcess) -> None:
    with pytest.raises(ValueError, match="invalid literal") as caught:
        worker.call(int, "x")

    assert "Traceback" in str(caught.value.__cause__)


def test_request_that_cannot_be_pickled_is_the_callers_error(worker: WorkerProcess) -> None:
    before = pid_of(worker)

    with pytest.raises((pickle.PicklingError, AttributeError)):
        worker.call(lambda: 1)

    assert pid_of(worker) == before


def test_result_that_cannot_be_pickled_is_an_error_and_the_worker_stays(
    worker: WorkerProcess,
) -> None:
    before = pid_of(worker)

    with pytest.raises(TypeError, match="cannot pickle"):
        worker.call(threading.Lock)

    assert pid_of(worker) == before


def test_error_that_cannot_be_pickled_is_raised_as_its_text(worker: WorkerProcess) -> None:
    with pytest.raises(RuntimeError, match=r"ValueError: .*no kernel"):
        worker.call(
            exec, "import threading\nraise ValueError('no kernel for you', threading.Lock())", {}
        )


@pytest.mark.parametrize("status", [0, 3])
def test_exit_in_the_middle_of_a_request_is_its_end(worker: WorkerProcess, status: int) -> None:
    before = pid_of(worker)

    assert crash(worker.call(os._exit, status)).exit_code == status
    assert pid_of(worker) != before


def test_worker_that_is_killed_while_idle_is_replaced(worker: WorkerProcess) -> None:
    before = pid_of(worker)
    os.kill(before, signal.SIGKILL)

    assert pid_of(worker) != before


def test_worker_that_closes_its_pipe_and_returns_is_its_end(worker: WorkerProcess) -> None:
    end = crash(worker.call(os.closerange, 3, 256))

    assert end.exit_code == 1
    assert "Bad file descriptor" in end.stderr


def test_worker_that_closes_its_pipe_and_goes_on_is_killed(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tconv.engine.process.worker_process._GRACE", 0.1)
    pid = pid_of(worker)

    end = crash(worker.call(exec, "import os, time\nos.closerange(3, 256)\ntime.sleep(600)"))

    assert end.exit_code == -signal.SIGKILL
    assert "closed the pipe" in end.stderr
    assert not psutil.pid_exists(pid)


FORKS = """
import os, time
child = os.fork()
if not child:
    time.sleep(600)
print(child, flush=True)
os._exit(3)
"""


def test_end_is_heard_of_while_a_child_of_the_worker_keeps_its_files_open(
    worker: WorkerProcess,
) -> None:
    end = crash(worker.call(exec, FORKS))

    child = psutil.Process(int(end.stderr))
    assert end.exit_code == 3
    assert child.is_running()
    child.kill()


def test_request_of_a_run_that_is_stopped_ends_its_worker(
    worker: WorkerProcess, stopped: threading.Event
) -> None:
    pid = pid_of(worker)
    threading.Timer(0.5, stopped.set).start()

    end = worker.call(time.sleep, 600)

    assert end == WorkerEnd(outcome=TimedOut(limit=0), is_limit=True)
    assert not psutil.pid_exists(pid)


def test_nothing_is_left_of_a_worker_that_is_closed(worker: WorkerProcess) -> None:
    pid = pid_of(worker)

    worker.close()
    worker.close()

    assert not psutil.pid_exists(pid)
