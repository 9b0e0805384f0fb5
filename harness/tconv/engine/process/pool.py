"""The worker processes of one machine: who works for whom, and on which backend."""

import threading
from collections.abc import Hashable, Mapping
from contextlib import AbstractContextManager, ExitStack

from tconv.adapters import registry
from tconv.engine.process.crash_search import Trial
from tconv.engine.process.process import End, Lane, Limits
from tconv.engine.tasks import Order, Served
from tconv.engine.worker.compute import describe
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import ExecutorError, UnavailableError
from tconv.model.outcome import Crashed, TimedOut


class Workshop(AbstractContextManager["Workshop"]):
    """Worker processes, one for each hand; leaving the context ends them all.

    A hand is whoever has one order served at a time. Its worker serves one backend, and makes room
    for another when an order asks for that.

    Args:
        limits: what a worker may take.
        environments: backend to variables that its workers get beside those of its adapter.
    """

    def __init__(
        self, limits: Limits, environments: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.stopped = threading.Event()
        self._limits = limits
        self._environments = environments or {}
        self._idle: dict[str, Lane] = {}  # of backends that were described
        self._busy: dict[Hashable, tuple[str, Lane]] = {}  # by hand
        self._stack = ExitStack()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker process."""
        self.stopped.set()
        self._stack.close()

    def dismiss(self) -> None:
        """End the processes that were asked to describe a backend, and serve no hand."""
        while self._idle:
            self._idle.popitem()[1].close()

    def describe(self, backend: str) -> BackendDescription | str:
        """Return what a backend says of itself, or why it is unavailable.

        The process that was asked stays, for the first hand that has the backend to serve.

        Raises:
            ExecutorError: the run of these processes is over.
        """
        self._require_open()
        try:
            lane = self._start(backend)
        except UnavailableError as error:
            return str(error)
        found = lane.call(describe, backend)
        if isinstance(found, BackendDescription):
            self._idle[backend] = lane
            return found
        lane.close()
        match found:
            case End(outcome=Crashed(stderr=stderr) as crash):
                return f"{backend} ended its process with {crash.manner}: {stderr[-300:]}"
            case End(outcome=TimedOut(limit=limit)):
                return f"{backend} did not load within {limit:g} seconds"
            case reason:
                return str(reason)

    def serve(self, hand: Hashable, order: Order) -> Served:
        """Return what became of an order, in the worker of this hand.

        Raises:
            UnavailableError: the adapter does not load.
            ExecutorError: the run of these processes is over, and rows may be missing.
        """
        lane = self.lane(hand, order.target.backend)
        served = Trial(order, lane, stopped=self.stopped).served()
        self._require_open()
        return served

    def lane(self, hand: Hashable, backend: str) -> Lane:
        """Return the worker of a hand, once it serves this backend.

        Raises:
            TargetError: no backend has this name.
            UnavailableError: its adapter does not load.
            ExecutorError: the run of these processes is over.
        """
        self._require_open()
        if hand in self._busy:
            served, lane = self._busy[hand]
            if served == backend:
                return lane
            lane.close()
        idle = self._idle.pop(backend, None)
        lane = self._start(backend) if idle is None else idle
        self._busy[hand] = backend, lane
        return lane

    def _require_open(self) -> None:
        if self.stopped.is_set():
            raise ExecutorError(
                "the run of these processes is over, but they were asked for more; make another "
                "executor for another run"
            )

    def _start(self, backend: str) -> Lane:
        own = registry.adapter_class(backend).environment
        environment = {**own, **self._environments.get(backend, {})}
        lane = Lane(environment=environment, limits=self._limits, stopped=self.stopped)
        return self._stack.enter_context(lane)
