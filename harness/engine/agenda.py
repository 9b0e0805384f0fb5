"""What is left to sweep, and who takes it: a worker keeps to its backend while it can."""

import threading
from collections import Counter
from collections.abc import Sequence

from harness.engine.plan import Planned


class Agenda:
    """The targets that no worker has taken yet; safe to use from several threads."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self._left = list(planned)
        self._served: Counter[str] = Counter()  # workers at each backend
        self._lock = threading.Lock()

    def take(self, backend: str | None) -> Planned | None:
        """Return the next target for a worker that has `backend` loaded, or None: none is left.

        One of the same backend, else one of a backend that no other worker serves, else the first.
        """
        with self._lock:
            if backend is not None:
                self._served[backend] -= 1
            if not self._left:
                return None
            chosen = min(self._left, key=lambda planned: self._cost(planned, backend))
            self._left.remove(chosen)
            self._served[chosen.target.backend] += 1
            return chosen

    def _cost(self, planned: Planned, backend: str | None) -> int:
        own = planned.target.backend
        return 0 if own == backend else 1 + self._served[own]
