"""How long a worker has been silent, by a clock that stands still while nobody watches.

A limit is of the time in which a worker could work. No clock of the system tells that: one can be
set, another counts the night in which a laptop slept, and any goes on while both worker and watch
are stopped. So the watch adds up the time between its own looks, and of a long one, in which it did
not run itself, no more than a look takes.
"""

import time
from collections.abc import Callable

from tconv.engine.worker.heartbeat import Beat


class Watch:
    """The time that one call of a worker takes.

    Args:
        step: most seconds that count between two looks.
        last: the beat that the worker gave last, before the call.
        clock: gives the time, seconds.

    Attributes:
        seconds: time since the call began.
    """

    def __init__(
        self, *, step: float, last: Beat | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = 0.0
        self._step = step
        self._clock = clock
        self._looked = clock()
        self._last = last
        self._heard = 0.0

    def look(self, last: Beat | None) -> None:
        """Let the time since the last look pass; `last` is the worker's last beat."""
        now = self._clock()
        self.seconds += min(now - self._looked, self._step)
        self._looked = now
        if last != self._last:
            self._last, self._heard = last, self.seconds

    @property
    def silence(self) -> float:
        """Seconds since the worker was first seen to have given its last beat, or the call."""
        return self.seconds - self._heard
