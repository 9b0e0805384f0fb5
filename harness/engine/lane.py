"""One worker process and its watch: starts it, hands it work, and outlives its death or hang."""

import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import AbstractContextManager
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from harness.engine.worker import prepare
from harness.outcome import Crashed, TimedOut

START_SECONDS: Final = 180.0
"""How long a framework may take to load before it counts as hanging."""

_KEPT: Final = 2000  # characters of stderr kept of a crash, from its begin and from its end
_POLL: Final = 0.2  # seconds between two looks at a worker

P = ParamSpec("P")
R = TypeVar("R")


class Lane(AbstractContextManager["Lane"]):
    """One worker process (spawned; replaced when it dies), used by one thread of the parent."""

    def __init__(
        self, *, environment: Mapping[str, str], case_seconds: float, stopped: threading.Event
    ) -> None:
        self._limit = case_seconds
        self._stopped = stopped
        self._folder = tempfile.TemporaryDirectory(prefix="tconv-")
        self._log = Path(self._folder.name, "log")
        self._pulse = Path(self._folder.name, "pulse")
        self._pool = ProcessPool(
            max_workers=1,
            context=get_context("spawn"),
            initializer=prepare,
            initargs=(dict(environment), self._log, self._pulse),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the worker: at once, as nothing is left for it to finish."""
        self._pool.stop()
        self._pool.join()
        self._folder.cleanup()

    def call(
        self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs
    ) -> R | Crashed | TimedOut:
        """Return what `function` returns in the worker, or how the worker ended.

        An exception of the function is the harness's own bug: it passes through.
        """
        self._log.write_bytes(b"")
        begun = time.time()
        future = self._pool.schedule(function, args=list(args), kwargs=dict(kwargs))
        while True:
            try:
                result: R = future.result(timeout=_POLL)
            except FutureTimeoutError:
                if future.done():  # the function's own error, not the wait's
                    raise
                limit = 0.0 if self._stopped.is_set() else self._overrun(begun)
                if limit is not None:
                    future.cancel()
                    self._pulse.unlink(missing_ok=True)
                    return TimedOut(limit=limit)
            except (ProcessExpired, CancelledError) as end:
                self._pulse.unlink(missing_ok=True)
                return Crashed(exit_code=getattr(end, "exitcode", 0), stderr=self._stderr())
            else:
                return result

    def _overrun(self, begun: float) -> float | None:
        """Return the limit in seconds that the worker is past, or None."""
        try:
            last = self._pulse.stat().st_mtime
        except FileNotFoundError:
            return START_SECONDS if time.time() - begun > START_SECONDS else None
        return self._limit if time.time() - max(last, begun) > self._limit else None

    def _stderr(self) -> str:
        text = self._log.read_text(errors="replace").strip()
        return text if len(text) <= 2 * _KEPT else f"{text[:_KEPT]}\n[...]\n{text[-_KEPT:]}"
