"""The executor for Dask, with a real scheduler and real worker processes."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest.mock import Mock

import dask
import psutil
import pytest
from distributed import Client
from tests.waiting import is_alive, until

from tconv.engine.executor import Executor
from tconv.engine.executors import executor_named
from tconv.engine.executors.dask import DaskCluster
from tconv.engine.plan import TargetPlan, plan
from tconv.engine.tasks import Part
from tconv.errors import ExecutorError
from tconv.model.case import Case
from tconv.model.target import Selection
from tconv.store.digest import RowsDigest

CASES = tuple(
    Case.from_parameters(ndim=1, i=i, k=k, s=2, c_in=1, c_out=1)
    for i, k in enumerate((2, 2, 2, 2, 3, 2, 2, 2, 2, 2, 2, 2), 1)
)
CONFIG = """
[run]
name = "made"
targets = ["fake-hang"]
[limits]
case_seconds = 600
[[grid]]
ndim = [1]
i = "1..60"
k = [3]
"""

Command = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def command(
    fakes: Path,  # registers them, also in what is started
    tmp_path: Path,
) -> Iterator[Command]:
    """Return a starter of `dask` commands, which are ended after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **environment: str) -> "subprocess.Popen[bytes]":
        made = subprocess.Popen(  # noqa: S603 # our own program
            [sys.executable, "-m", "dask", *words, "--scheduler-file", tmp_path / "scheduler"],
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(made)
        return made

    yield start
    for process in reversed(started):
        process.kill()
        process.wait()


@pytest.fixture
def address(command: Command, tmp_path: Path) -> str:
    """Return the address of a scheduler that has no workers yet."""
    scheduling(command, tmp_path)
    return address_in(tmp_path)


def scheduling(command: Command, folder: Path) -> "subprocess.Popen[bytes]":
    made = command("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    until((folder / "scheduler").exists)
    return made


def address_in(folder: Path) -> str:
    found: str = json.loads((folder / "scheduler").read_text())["address"]
    return found


def worker(command: Command, name: str, **environment: str) -> "subprocess.Popen[bytes]":
    options = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name)
    return command("worker", *options, **environment)


def planned(executor: Executor, *backends: str) -> Sequence[TargetPlan]:
    found = executor.describe(backends)
    return plan([Selection.from_text(backend) for backend in backends], found, CASES)


def digest(parts: Sequence[Part]) -> tuple[str, int]:
    made = RowsDigest()
    for part in parts:
        made.join(part.row_batch.digest, part.row_batch.rows)
    return made.hexadecimal, made.rows


def digest_and_rows(executor: str, *backends: str) -> tuple[str, int]:
    with executor_named(executor)(workers=2) as made:
        return digest(list(made.run(planned(made, *backends))))


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make batches small, and let an idle slot help at once."""
    monkeypatch.setattr("tconv.engine.schedule.batch_size.MAX_SIZE", 3)
    monkeypatch.setattr("tconv.engine.schedule.queue.MIN_GAIN_SAME_BACKEND", 0.0)
    monkeypatch.setattr("tconv.engine.schedule.queue.MIN_GAIN_OTHER_BACKEND", 0.0)


@pytest.mark.usefixtures("fakes")
def test_cluster_of_its_own_finds_what_processes_here_find() -> None:
    backends = ("numpy", "fake-segfault", "fake-uninstalled")

    assert digest_and_rows("dask", *backends) == digest_and_rows("local", *backends)


@pytest.mark.usefixtures("_small")
def test_worker_that_is_killed_in_the_middle_changes_nothing(
    command: Command, address: str
) -> None:
    doomed, other = worker(command, "one"), worker(command, "two")
    backends = ("fake-slow-batch", "fake-segfault")
    local = digest_and_rows("local", *backends)

    with DaskCluster(workers=2, address=address) as executor:
        until(lambda: len(executor._client.nthreads()) == 2)
        run = executor.run(planned(executor, *backends))
        parts = [next(run)]
        own = psutil.Process(doomed.pid).children(recursive=True)
        doomed.send_signal(signal.SIGKILL)
        parts += run

    assert digest(parts) == local
    assert own
    until(lambda: not any(map(is_alive, own)))
    assert other.poll() is None


def test_environment_of_a_dask_worker_is_restored(command: Command, address: str) -> None:
    worker(command, "one", OMP_NUM_THREADS="7")

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(1)
        (before,) = client.run(lambda: dict(os.environ)).values()
        with DaskCluster(workers=1, address=address):
            (inside,) = client.run(lambda: dict(os.environ)).values()
        (after,) = client.run(lambda: dict(os.environ)).values()

    assert (before["OMP_NUM_THREADS"], inside["OMP_NUM_THREADS"]) == ("7", "1")
    assert after == before


@pytest.mark.usefixtures("fakes")
def test_interrupt_of_the_terminal_is_answered_once_and_by_no_dask_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = tmp_path / "reached"
    monkeypatch.setenv("TCONV_REACHED", str(reached))
    config = tmp_path / "c.toml"
    config.write_text(CONFIG)
    process = subprocess.Popen(  # noqa: S603 # our own program
        [sys.executable, "-m", "tconv", "run", config, "--executor", "dask"],
        cwd=tmp_path, start_new_session=True, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(reached.exists, lambda: process.poll() is None)

    os.killpg(process.pid, signal.SIGINT)
    lines = process.communicate()[1].splitlines()

    assert process.returncode == 4
    assert lines[0].startswith("sweeping ")
    progress = re.compile(r"\d+ of 60 rows, ")
    assert [line[:18] for line in lines[1:] if line and not progress.match(line)] == [
        "tconv: interrupted"
    ]


def test_backend_that_one_worker_lacks_is_unavailable_and_says_where(
    command: Command, address: str
) -> None:
    root = str(Path(__file__).parents[2] / "harness")
    worker(command, "one")
    worker(command, "two", PYTHONPATH=root)

    with DaskCluster(workers=2, address=address) as executor:
        until(lambda: len(executor._client.nthreads()) == 2)
        found = executor.describe(["fake-right", "numpy"])

    assert "on the Dask worker tcp://127.0.0.1:" in str(found["fake-right"])
    assert not isinstance(found["numpy"], str)


def test_worker_that_may_start_no_process_is_an_error_and_the_cluster_stays_as_it_was(
    command: Command, address: str
) -> None:
    command("worker", "--nthreads", "1", "--no-dashboard")  # under a nanny

    with pytest.raises(ExecutorError, match="start it with --no-nanny, or with DASK_DIST"):
        executor_named(f"dask:{address}")(workers=1).__enter__()

    with Client(address, set_as_default=False) as client:
        left = client.run_on_scheduler(lambda dask_scheduler: [*dask_scheduler.worker_plugins])
        assert [name for name in left if name.startswith("tconv-")] == []


def test_worker_that_is_lost_while_a_framework_loads_ends_the_wait(
    command: Command, address: str, tmp_path: Path
) -> None:
    reached = tmp_path / "reached"
    doomed = worker(command, "one", TCONV_REACHED=str(reached))

    def kill() -> None:
        until(reached.exists)  # fake-leisurely takes six seconds from there
        doomed.kill()

    with DaskCluster(workers=1, address=address) as executor:
        threading.Thread(target=kill).start()
        with pytest.raises(ExecutorError, match="was lost while it loaded a framework"):
            executor.describe(["fake-leisurely"])


def test_scheduler_that_ends_in_the_middle_is_one_message(
    command: Command, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        scheduler = scheduling(command, tmp_path)
        worker(command, "one")

        with DaskCluster(workers=1, address=address_in(tmp_path)) as executor:
            run = executor.run(planned(executor, "fake-slow-batch"))
            scheduler.kill()

            with pytest.raises(ExecutorError, match=r"scheduler is gone; .*`tconv run --resume`"):
                list(run)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tcp://127.0.0.1:99999"])
def test_address_without_a_scheduler_is_an_error(address: str) -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(ExecutorError, match="start one with `dask scheduler`"),
        executor_named(f"dask:{address}")(workers=1),
    ):
        pass


def test_cluster_without_workers_is_an_error(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tconv.engine.executors.dask.PATIENCE", 1.0)

    with (
        pytest.raises(ExecutorError, match="Dask's workers cannot be used"),
        executor_named(f"dask:{address}")(workers=1),
    ):
        pass


def test_scheduler_that_is_lost_while_backends_are_described_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was started, so nothing can be resumed."""
    cluster = DaskCluster(workers=1)
    lost = Mock(side_effect=OSError("Timed out trying to connect"))
    monkeypatch.setattr(cluster, "_client", Mock(nthreads=lost), raising=False)

    with pytest.raises(ExecutorError, match=r"scheduler is gone; .* and start the run again"):
        cluster.describe(["numpy"])
    with pytest.raises(ExecutorError, match=r"scheduler is gone; .* and go on with"):
        cluster.run([])


def test_cluster_that_has_lost_its_workers_before_the_first_question_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = DaskCluster(workers=1)
    monkeypatch.setattr(cluster, "_client", Mock(nthreads=dict), raising=False)

    with pytest.raises(ExecutorError, match="no Dask worker is left; start workers"):
        cluster.describe(["numpy"])


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, str]:
    """Return the variables that make Dask encrypt, with a certificate of this test's own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = (
        f"req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2 -subj /CN=a"
    )
    subprocess.run([openssl, *words.split()], check=True, capture_output=True)  # noqa: S603 # ours
    prefix = "DASK_DISTRIBUTED__COMM"
    variables = {
        f"{prefix}__REQUIRE_ENCRYPTION": "True",
        f"{prefix}__TLS__CA_FILE": f"{certificate}",
    }
    for role in ("CLIENT", "SCHEDULER", "WORKER"):
        variables |= {
            f"{prefix}__TLS__{role}__CERT": f"{certificate}",
            f"{prefix}__TLS__{role}__KEY": f"{key}",
        }
    return variables


def swept(folder: Path, executor: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a small sweep in a process of its own."""
    (folder / "tls.toml").write_text(CONFIG.replace("fake-hang", "numpy:scatter"))
    return subprocess.run(  # noqa: S603 # our own program
        [sys.executable, "-m", "tconv", "run", "tls.toml", "--executor", executor],
        check=False, cwd=folder, env=os.environ | environment, capture_output=True, text=True,
        timeout=200,
    )  # fmt: skip


def test_cluster_of_its_own_takes_certificates_from_dasks_settings(
    tmp_path: Path, tls: dict[str, str]
) -> None:
    done = swept(tmp_path, "dask", **tls)
    assert done.returncode == 0, done.stderr

    (tmp_path / "key.pem").write_text("")
    refused = swept(tmp_path, "dask", **tls)

    assert refused.returncode == 2, refused.stderr
    assert "tconv: Dask cannot start a cluster here: " in refused.stderr


def test_encrypted_cluster_refuses_who_has_no_certificate(
    tmp_path: Path, command: Command, tls: dict[str, str]
) -> None:
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--protocol", "tls")
    command("scheduler", *options, **tls)
    until((tmp_path / "scheduler").exists)
    worker(command, "one", **tls)
    address = address_in(tmp_path)

    assert address.startswith("tls://")
    done = swept(tmp_path, f"dask:{address}", **tls)
    assert done.returncode == 0, done.stderr

    refused = swept(tmp_path, f"dask:{address}")

    assert refused.returncode == 2
    assert "but Dask has no certificate: set distributed.comm.tls" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_cluster_of_its_own_listens_on_this_machine_alone() -> None:
    with executor_named("dask")(workers=1):
        process = psutil.Process()
        family = [process, *process.children(recursive=True)]
        addresses = {
            connection.laddr.ip
            for each in family
            for connection in each.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }

    assert addresses == {"127.0.0.1"}
