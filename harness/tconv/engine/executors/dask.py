"""The executor that computes on a Dask cluster: one of its own here, or one that runs elsewhere.

Dask carries orders to its workers and finds another where one is lost. What may crash or hang stays
out of it: each Dask worker has a workshop of its own, with the same worker processes as a run
without Dask. Orders of one hand go to one Dask worker while that lives, as its framework is loaded
there.
"""

import logging
import multiprocessing
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from typing import Any, Final, Self

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, WorkerPlugin, get_worker

from tconv.adapters import registry
from tconv.engine.executor import Part
from tconv.engine.plan import TargetPlan
from tconv.engine.process.environment import one_thread
from tconv.engine.process.pool import Workshop
from tconv.engine.process.process import Limits
from tconv.engine.process.signals import deafened
from tconv.engine.schedule.scheduler import swept
from tconv.engine.tasks import Order, Served
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import ExecutorError, TargetError

PATIENCE: Final = 60.0
"""Seconds to wait for a cluster that has no worker, at the start or after all were lost."""

_POLL: Final = 1.0  # seconds between two looks at whether an order can still be served
_RESUME: Final = "go on with `tconv run --resume`"
_DAEMON: Final = (
    "this Dask worker may not start processes, as its nanny made it a daemon; start it with "
    "--no-nanny, or with DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment"
)


class Plugin(WorkerPlugin):  # type: ignore[misc] # Dask has no types
    """The workshop of one run on one Dask worker, there until the run unregisters it.

    Args:
        name: the run's.
        limits: what a worker process may take.
        environments: backend to variables that its processes get beside those of its adapter.
    """

    def __init__(
        self, name: str, limits: Limits, environments: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.name = name
        self._limits = limits
        self._environments = environments
        self.workshop: Workshop | None = None
        self._stack: ExitStack | None = None  # made on the Dask worker; none can be sent there

    def setup(self, worker: object) -> None:  # noqa: ARG002 # Dask's signature
        """Open the workshop."""
        if multiprocessing.current_process().daemon:
            raise RuntimeError(_DAEMON)
        self._stack = ExitStack()
        self._stack.enter_context(one_thread())
        self.workshop = self._stack.enter_context(Workshop(self._limits, self._environments))

    def teardown(self, worker: object) -> None:  # noqa: ARG002 # Dask's signature
        """End every worker process, and leave the Dask worker's variables as they were."""
        if self._stack is not None:
            self._stack.close()


class DaskCluster(AbstractContextManager["DaskCluster"]):
    """The Dask workers of one run; leaving the context ends the run's processes on each.

    Args:
        workers: Dask workers of a cluster of its own; one that runs elsewhere has as many hands as
            its workers have threads.
        seed: seed of the inputs.
        case_seconds: longest time from one result of a framework to the next, seconds.
        worker_gib: most memory that a worker process may hold, GiB.
        environments: backend to variables that its processes get beside those of its adapter.
        address: scheduler of a cluster that runs, as `tcp://HOST:PORT`; None: a cluster of its own.
    """

    def __init__(
        self,
        *,
        workers: int,
        seed: int = 0,
        case_seconds: float = 10.0,
        worker_gib: float = 4.0,
        environments: Mapping[str, Mapping[str, str]] | None = None,
        address: str | None = None,
    ) -> None:
        self._workers = workers
        self._seed = seed
        self._plugin = Plugin(
            f"tconv-{uuid.uuid4()}",
            Limits(case_seconds=case_seconds, worker_gib=worker_gib),
            environments,
        )
        self._address = address
        self._stack = ExitStack()
        self._stopped = threading.Event()
        self._homes: dict[int, str] = {}  # address of each hand's Dask worker

    def __enter__(self) -> Self:
        """Connect, and open a workshop on every Dask worker.

        Raises:
            ExecutorError: there is no such cluster, it has no workers, or they lack the harness.
        """
        with ExitStack() as stack:
            stack.enter_context(_silent())
            self._client = stack.enter_context(self._connected(stack))
            try:
                self._client.wait_for_workers(1, timeout=PATIENCE)
                stack.callback(self._unregistered)  # also where one of several workers refuses it
                self._client.register_plugin(self._plugin)
            except Exception as error:
                raise ExecutorError(f"Dask's workers cannot be used: {error}") from error
            stack.callback(self._stopped.set)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End what the run has on the cluster, and the cluster where it is the run's own."""
        self._stack.close()

    def describe(self, backends: Sequence[str]) -> dict[str, BackendDescription | str]:
        """Return for each backend what it says of itself, or why it is unavailable.

        Every Dask worker is asked; a backend that is not the same on all of them is unavailable.

        Raises:
            TargetError: no backend has this name.
            ExecutorError: a Dask worker is lost, or the scheduler is gone.
        """
        for backend in backends:
            registry.require(backend)
        with _lost_with_scheduler("start the run again"):
            return {backend: self._described(backend) for backend in backends}

    def run(self, planned: Sequence[TargetPlan]) -> Iterator[Part]:
        """Yield the parts of what is left of every target as they are done, in no order.

        Raises:
            ExecutorError: no Dask worker is left, several were lost over one batch, the scheduler
                is gone, or it ran before.
        """
        with _lost_with_scheduler(_RESUME):
            hands = max(sum(self._client.nthreads().values()), 1)
        return swept(
            planned, self._served_or_told, seed=self._seed, hands=hands, stopped=self._stopped
        )

    def _unregistered(self) -> None:
        """End what the run has on the Dask workers; a cluster that is gone has nothing left."""
        with suppress(Exception):  # Dask tells of each worker that is lost meanwhile
            self._client.unregister_worker_plugin(self._plugin.name)

    def _connected(self, stack: ExitStack) -> Client:
        if self._address is not None:
            return self._client_of(self._address)
        # its workers start processes, and leave it to this one to answer Ctrl-C
        with dask.config.set({"distributed.worker.daemon": False}), deafened():
            cluster = LocalCluster(
                n_workers=self._workers,
                threads_per_worker=1,
                memory_limit=0,  # each worker process has its own limit
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # two runs are no clash
                silence_logs=logging.ERROR,  # it warns of tasks that an interrupt leaves undone
            )
        return self._client_of(stack.enter_context(cluster))

    def _client_of(self, cluster: LocalCluster | str) -> Client:
        try:
            return Client(cluster, set_as_default=False)
        except Exception as error:  # a port that is none, or a kind of connection it cannot make
            raise ExecutorError(
                f"executor=dask:{self._address}, but should be a Dask scheduler that "
                f"runs ({error}); start one with `dask scheduler`"
            ) from error

    def _described(self, backend: str) -> BackendDescription | str:
        asked = {
            home: self._client.submit(
                _describe, self._plugin.name, backend, workers=[home], pure=False
            )
            for home in self._client.nthreads()
        }
        found = {home: self._answer(home, future) for home, future in asked.items()}
        for home, each in found.items():
            if isinstance(each, str):
                return f"{each} (on the Dask worker {home})"
        (first, described), *others = found.items()
        for home, each in others:
            if each != described:
                return _difference((first, described), (home, each))
        made: BackendDescription = described
        return made

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

    def _served_or_told(self, hand: int, order: Order) -> Served:
        """Have an order served; where the scheduler is lost, say so and what to do."""
        with _lost_with_scheduler(_RESUME):
            return self._served(hand, order)

    def _served(self, hand: int, order: Order) -> Served:
        """Have an order served by the Dask worker of a hand, or another where that is lost."""
        future = self._client.submit(
            _serve,
            self._plugin.name,
            hand,
            order,
            workers=[self._home(hand)],
            allow_other_workers=True,
            pure=False,
        )
        alone = 0.0  # seconds without any worker
        while not self._stopped.is_set():
            try:
                made: Served = future.result(timeout=_POLL)
            except KilledWorker as error:
                raise ExecutorError(
                    f"a batch of {order.target} was lost with its Dask worker "
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
                return made
        future.cancel()
        raise ExecutorError("the run is over, so nobody waits for its orders")

    def _home(self, hand: int) -> str:
        """Return the address of the Dask worker that has, or will have, the hand's framework."""
        threads = self._client.nthreads()
        if self._homes.get(hand) not in threads:
            slots = [home for home, count in sorted(threads.items()) for _ in range(count)]
            self._homes[hand] = slots[hand % len(slots)] if slots else ""
        return self._homes[hand]


@contextmanager
def _lost_with_scheduler(remedy: str) -> Iterator[None]:
    """Say of what is lost with its scheduler what to do.

    Dask cancels what was asked for, or fails to reach the scheduler, which is an OSError.
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
    """Keep Dask's client from printing tracebacks of what is told in an error of ours."""
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _serve(name: str, hand: int, order: Order) -> Served:
    """Serve an order on a Dask worker."""
    return _workshop(name).serve(hand, order)


def _describe(name: str, backend: str) -> BackendDescription | str:
    """Describe a backend on a Dask worker; its framework is then unloaded, as others follow."""
    workshop = _workshop(name)
    try:
        return workshop.describe(backend)
    except TargetError as error:  # known to the client alone
        return str(error)
    finally:
        workshop.dismiss()


def _workshop(name: str) -> Workshop:
    workshop: Workshop = get_worker().plugins[name].workshop
    return workshop


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
