"""One worker process: what it answers, and what its parent hears when it does not."""

import gc
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess

import psutil
import pytest
from tests.waiting import until

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


def test_exit_in_the_worker_does_not_end_the_parent(worker: WorkerProcess) -> None:
    with pytest.raises(RuntimeError, match="SystemExit: 3"):
        worker.call(sys.exit, 3)


class DemandingError(ValueError):
    """An error that is pickled, but cannot be unpickled: its arguments are not those it takes."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}")


def demand() -> None:
    raise DemandingError("no kernel", "too square")


def test_error_that_cannot_be_unpickled_is_raised_as_its_text(worker: WorkerProcess) -> None:
    with pytest.raises(RuntimeError, match="DemandingError: no kernel: too square") as caught:
        worker.call(demand)

    assert "Traceback" in str(caught.value.__cause__)


def test_worker_whose_standard_output_is_closed_goes_on(worker: WorkerProcess) -> None:
    pid = pid_of(worker)

    worker.call(os.close, 1)

    assert pid_of(worker) == pid


ANSWERS_AND_ENDS = """
import os, threading, time
threading.Timer(1.0, os._exit, [0]).start()
time.sleep(0.3)
"""


def test_answer_that_comes_just_before_the_end_is_not_lost(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_of(worker)

    def ends_meanwhile(process: SpawnProcess) -> bool:
        process.join()
        return True

    monkeypatch.setattr("tconv.engine.process.worker_process.wait", lambda *_: [])
    monkeypatch.setattr("tconv.engine.process.worker_process._has_ended", ends_meanwhile)

    assert worker.call(exec, ANSWERS_AND_ENDS) is None


WRITES = """
import gc, os, struct, time
from multiprocessing import connection
from tconv.engine.worker.heartbeat import beat
beat(7)
(pipe,) = (each for each in gc.get_objects() if type(each) is connection.Connection)
os.write(pipe.fileno(), struct.pack("!i", 9) + {message!r})
{then}
"""


@pytest.fixture
def impatient(stopped: threading.Event) -> Iterator[WorkerProcess]:
    limits = Limits(case_seconds=1.0, worker_gib=4.0)
    with WorkerProcess(environment={}, limits=limits, stopped=stopped) as made:
        yield made


def test_worker_that_hangs_in_the_middle_of_its_answer_has_timed_out(
    impatient: WorkerProcess,
) -> None:
    pid = pid_of(impatient)

    end = impatient.call(exec, WRITES.format(message=b"half", then="time.sleep(600)"), {})

    assert end == WorkerEnd(outcome=TimedOut(limit=1.0), place=7, is_limit=True)
    assert not psutil.pid_exists(pid)


def test_worker_that_dies_in_the_middle_of_its_answer_while_a_child_keeps_its_files_open(
    impatient: WorkerProcess,
) -> None:
    end = crash(impatient.call(exec, WRITES.format(message=b"half", then=FORKS), {}))

    assert end.exit_code == 3
    until(lambda: not psutil.pid_exists(int(end.stderr)))


def test_bytes_that_are_no_answer_end_the_worker(worker: WorkerProcess) -> None:
    pid = pid_of(worker)

    end = crash(worker.call(exec, WRITES.format(message=b"no answer", then="time.sleep(600)"), {}))

    assert end.exit_code == -signal.SIGKILL
    assert "not an answer" in end.stderr
    assert not psutil.pid_exists(pid)


def test_worker_that_no_longer_reads_is_replaced(impatient: WorkerProcess) -> None:
    os.kill(pid_of(impatient), signal.SIGSTOP)

    assert impatient.call(len, bytes(10_000_000)) == 10_000_000  # more than a pipe holds


def test_interrupt_while_a_worker_starts_leaves_no_process(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = WorkerProcess._start

    started = []

    def interrupted(self: WorkerProcess) -> object:
        os.kill(os.getpid(), signal.SIGINT)  # for the main thread: this one blocks it
        time.sleep(0.5)
        started.append(start(self))
        return started[0]

    monkeypatch.setattr(WorkerProcess, "_start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        worker.call(os.getpid)

    until(lambda: started)
    assert started[0][0].exitcode == -signal.SIGKILL


def test_workers_that_end_leave_no_file_open(worker: WorkerProcess) -> None:
    pid_of(worker)
    gc.collect()
    before = psutil.Process().num_fds()

    for _ in range(3):
        worker.call(os._exit, 1)
    pid_of(worker)

    assert psutil.Process().num_fds() <= before


FORKS = """
import os, time
child = os.fork()
if not child:
    time.sleep(600)
print(child, flush=True)
os._exit(3)
"""


def test_child_that_keeps_the_files_of_a_dead_worker_open_ends_with_it(
    worker: WorkerProcess,
) -> None:
    end = crash(worker.call(exec, FORKS))

    assert end.exit_code == 3
    until(lambda: not psutil.pid_exists(int(end.stderr)))


def test_forked_child_that_leaves_its_function_does_not_answer(worker: WorkerProcess) -> None:
    pid = pid_of(worker)

    assert worker.call(exec, "import os, time\nif os.fork():\n    time.sleep(0.5)") is None
    assert [pid_of(worker) for _ in range(3)] == [pid] * 3


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
