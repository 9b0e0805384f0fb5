"""The executor that computes on a Dask cluster: one of its own here, or one that runs elsewhere.

Dask carries tasks to its workers and finds another where one is lost. What may crash or hang stays
out of it: each Dask worker has a pool of its own, with the same worker processes as a run without
Dask. Tasks of one slot go to one Dask worker while that lives, as its framework is loaded there.
"""

import logging
import multiprocessing
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final, Self

import dask
from distributed import (
    Client,
    Future,
    KilledWorker,
    LocalCluster,
    Security,
    WorkerPlugin,
    get_worker,
)

from tconv.engine.executor import Executor
from tconv.engine.process.environment import worker_variables
from tconv.engine.process.pool import WorkerPool
from tconv.engine.process.signals import sigint_blocked
from tconv.engine.process.worker_process import Limits
from tconv.engine.tasks import Task, TaskResult
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import ExecutorError, TargetError

PATIENCE: Final = 60.0
"""Seconds to wait for a cluster that has no worker, at the start or after all were lost."""

_POLL: Final = 1.0  # seconds between two checks of whether a task can still be computed
_RESUME: Final = "go on with `tconv run --resume`"
_DAEMON: Final = (
    "this Dask worker may not start processes, as its nanny made it a daemon; start it with "
    "--no-nanny, or with DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment"
)


class Plugin(WorkerPlugin):  # type: ignore[misc] # Dask has no types
    """The pool of one run on one Dask worker, there until the run unregisters it.

    Args:
        name: the run's.
        limits: what a worker process may take.
        environments: backend to variables that its processes get besides those of its adapter.
    """

    def __init__(
        self, name: str, limits: Limits, environments: Mapping[str, Mapping[str, str]]
    ) -> None:
        self.name = name
        self._limits = limits
        self._environments = environments
        self.pool: WorkerPool | None = None
        self._stack: ExitStack | None = None  # made on the Dask worker; none can be sent there

    def setup(self, worker: object) -> None:  # noqa: ARG002 # Dask's signature
        """Open the pool."""
        if multiprocessing.current_process().daemon:
            raise RuntimeError(_DAEMON)
        self._stack = ExitStack()
        self._stack.enter_context(worker_variables())
        pool = WorkerPool(self._limits, self._environments, threading.Event())
        self.pool = self._stack.enter_context(pool)

    def teardown(self, worker: object) -> None:  # noqa: ARG002 # Dask's signature
        """End every worker process, and leave the Dask worker's variables as they were."""
        if self._stack is not None:
            self._stack.close()


def _has_certificate() -> bool:
    """Return whether Dask's settings name one for clients; without, its client would hang."""
    arguments = Security().get_connection_args("client")
    return arguments.get("ssl_context") is not None


class DaskCluster(Executor):
    """The Dask workers of one run; leaving the context ends the run's processes on each.

    A cluster of its own has as many Dask workers as the argument `workers` says; one that runs
    elsewhere has as many slots as its workers have threads.

    Args:
        address: scheduler of a cluster that runs, as `tcp://HOST:PORT`; None: a cluster of its own.
        arguments: as for :class:`Executor`.
    """

    def __init__(self, *, address: str | None = None, **arguments: Any) -> None:  # noqa: ANN401 # see the base class
        super().__init__(**arguments)
        self._plugin = Plugin(f"tconv-{uuid.uuid4()}", self._limits, self._environments)
        self._address = address
        self._homes: dict[int, str] = {}  # address of each slot's Dask worker

    def __enter__(self) -> Self:
        """Connect, and open a pool on every Dask worker.

        Raises:
            ExecutorError: there is no such cluster, it has no workers, or they lack the harness.
        """
        with ExitStack() as stack:
            stack.enter_context(_silent())
            self._client = stack.enter_context(self._connect(stack))
            try:
                self._client.wait_for_workers(1, timeout=PATIENCE)
                stack.callback(self._unregister)  # also where one of several workers refuses it
                self._client.register_plugin(self._plugin)
            except Exception as error:
                raise ExecutorError(f"Dask's workers cannot be used: {error}") from error
            stack.callback(self._stopped.set)
            self._stack = stack.pop_all()
        return self

    def _unregister(self) -> None:
        """End what the run has on the Dask workers; a cluster that is gone has nothing left."""
        with suppress(Exception):  # Dask raises for each worker that is lost meanwhile
            self._client.unregister_worker_plugin(self._plugin.name)

    def _connect(self, stack: ExitStack) -> Client:
        if self._address is not None:
            return self._client_of(self._address)
        # Its workers start processes, and only this process answers Ctrl-C.
        with dask.config.set({"distributed.worker.daemon": False}), sigint_blocked():
            try:
                cluster = LocalCluster(
                    n_workers=self._workers,
                    threads_per_worker=1,
                    memory_limit=0,  # each worker process has its own limit
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # two runs do not clash
                    silence_logs=logging.ERROR,  # it warns of tasks that an interrupt cancels
                )
            except RuntimeError as error:  # Dask's own, as of a certificate that cannot be read
                raise ExecutorError(
                    f"Dask cannot start a cluster here: {error}; use the default executor, or "
                    "change Dask's settings"
                ) from error
        return self._client_of(stack.enter_context(cluster))

    def _client_of(self, cluster: LocalCluster | str) -> Client:
        if cluster == self._address and str(cluster).startswith("tls:") and not _has_certificate():
            raise ExecutorError(
                f"executor=dask:{self._address}, but Dask has no certificate: set "
                "distributed.comm.tls in its settings, as SECURITY.md shows"
            )
        try:
            return Client(cluster, set_as_default=False)
        except Exception as error:  # not a port, or a kind of connection it cannot make
            raise ExecutorError(
                f"executor=dask:{self._address}, but should be a Dask scheduler that "
                f"runs ({error}); start one with `dask scheduler`"
            ) from error

    def _describe(self, backends: Sequence[str]) -> dict[str, BackendDescription | str]:
        """Ask every Dask worker; a backend that is not the same on all of them is unavailable."""
        with _lost_with_scheduler("start the run again"):
            return {backend: self._describe_one(backend) for backend in backends}

    def _describe_one(self, backend: str) -> BackendDescription | str:
        name = self._plugin.name
        futures = {
            home: self._client.submit(_describe, name, backend, workers=[home], pure=False)
            for home in self._client.nthreads()
        }
        answers = {home: self._answer(home, future) for home, future in futures.items()}
        for home, answer in answers.items():
            if isinstance(answer, str):
                return f"{answer} (on the Dask worker {home})"
        if not answers:
            raise ExecutorError("no Dask worker is left; start workers, and start the run again")
        (first, description), *further = answers.items()
        for home, answer in further:
            if answer != description:
                return _difference((first, description), (home, answer))
        result: BackendDescription = description
        return result

    def _answer(self, home: str, future: Future) -> Any:  # noqa: ANN401 # Dask has no types
        """Return what one Dask worker, and no other, answers."""
        while True:
            try:
                return future.result(timeout=_POLL)
            except TimeoutError:
                if future.status == "pending" and home not in self._client.nthreads():
                    raise ExecutorError(
                        f"the Dask worker {home} was lost while it loaded a framework; see why it "
                        "ended, and start the run again"
                    ) from None

    def _slots(self) -> int:
        with _lost_with_scheduler(_RESUME):
            threads: int = sum(self._client.nthreads().values())
        return max(threads, 1)

    def _compute(self, slot: int, task: Task) -> TaskResult:
        with _lost_with_scheduler(_RESUME):
            return self._wait_for(task, self._client.submit(
                _compute, self._plugin.name, slot, task, workers=[self._home(slot)],
                allow_other_workers=True, pure=False,
            ))  # fmt: skip

    def _wait_for(self, task: Task, future: Future) -> TaskResult:
        """Return the result of a task, from its slot's Dask worker or another where that is lost.

        Raises:
            ExecutorError: no Dask worker is left, several were lost over this task, or the run is
                over.
        """
        alone = 0.0  # seconds without any worker
        while not self._stopped.is_set():
            try:
                result: TaskResult = future.result(timeout=_POLL)
            except KilledWorker as error:
                raise ExecutorError(
                    f"a batch of {task.target} was lost with its Dask worker "
                    f"{error.allowed_failures + 1} times; see why the workers end, and {_RESUME}"
                ) from error
            except TimeoutError:
                if future.status == "error":  # since the wait ended
                    raise future.exception() from None
                alone = 0.0 if self._client.nthreads() else alone + _POLL
                if alone >= PATIENCE:
                    raise ExecutorError(
                        f"no Dask worker is left; start workers, and {_RESUME}"
                    ) from None
            else:
                return result
        future.cancel()
        raise ExecutorError("the run is over, so nobody waits for its tasks")

    def _home(self, slot: int) -> str:
        """Return the address of the Dask worker that has loaded the slot's framework, or will."""
        threads = self._client.nthreads()
        if self._homes.get(slot) not in threads:
            places = [home for home, count in sorted(threads.items()) for _ in range(count)]
            self._homes[slot] = places[slot % len(places)] if places else ""
        return self._homes[slot]


@contextmanager
def _lost_with_scheduler(remedy: str) -> Iterator[None]:
    """Turn the loss of Dask's scheduler into an error that says what to do.

    Dask cancels what was submitted, or fails to reach the scheduler, which is an OSError.
    """
    try:
        yield
    except (CancelledError, OSError) as error:
        raise ExecutorError(
            "the Dask scheduler is gone; see why it ended, start it and its workers again, and "
            f"{remedy}"
        ) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Keep Dask's client from printing tracebacks of what an error of ours says."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _compute(name: str, slot: int, task: Task) -> TaskResult:
    """Compute a task on a Dask worker."""
    return _pool(name).compute(slot, task)


def _describe(name: str, backend: str) -> BackendDescription | str:
    """Describe a backend on a Dask worker; its framework is then unloaded, as others follow."""
    pool = _pool(name)
    try:
        return pool.describe(backend)
    except TargetError as error:  # only the client has this backend
        return str(error)
    finally:
        pool.close_idle()


def _pool(name: str) -> WorkerPool:
    pool: WorkerPool = get_worker().plugins[name].pool
    return pool


def _difference(one: tuple[str, BackendDescription], other: tuple[str, BackendDescription]) -> str:
    """Say in what two Dask workers' descriptions of a backend differ."""
    for name in ("versions", "modes", "devices", "settings"):
        a, b = getattr(one[1], name), getattr(other[1], name)
        if a != b:
            return (
                f"{name} differ between Dask workers: {a} on {one[0]}, but {b} on {other[0]}; "
                "install the same on all"
            )
    return f"descriptions differ between the Dask workers {one[0]} and {other[0]}"
