"""The cases that are left to compute, and which slot takes them.

A framework takes seconds to load, and the targets of one backend have the same cases. So a slot
takes all targets of a backend and goes through them side by side, as its worker keeps inputs and
answers for a while. An idle slot takes over the later half of the longest queue.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Final, Self

from tconv.engine.schedule.batch_size import count_that_fit
from tconv.engine.schedule.target_state import TargetState
from tconv.engine.tasks import Part, Task, TaskResult

MIN_GAIN_OTHER_BACKEND: Final = 6.0
"""Seconds that a slot must save by helping on another backend, whose framework it has to load."""

MIN_GAIN_SAME_BACKEND: Final = 0.2
"""Seconds that a slot must save by helping on the backend that it has loaded: the longest that the
others may wait for the last one at the end of a run."""


class TargetQueue:
    """The cases of one target that one slot has to compute.

    Attributes:
        state: the target.
        left: number of the cases that no task has taken yet.
    """

    def __init__(self, state: TargetState, spans: Iterable[range]) -> None:
        self.state = state
        self._spans = [span for span in spans if span]
        self.left = self._size = sum(map(len, self._spans))

    @property
    def done(self) -> float:
        """The share that tasks have taken, from 0 to 1; of a queue that is not empty."""
        return 1 - self.left / self._size

    @property
    def seconds(self) -> float:
        """How long the cases that are left will take, as last measured."""
        return self.left * (self.state.cost.seconds or 0.0)

    def next_task(self) -> Task:
        """Take the next cases, from one span."""
        span = self._spans[0]
        most = span[: self.state.cost.batch_size]
        cases = self.state.plan.cases[most.start : most.stop]
        count = count_that_fit(cases)
        self._spans[:1] = [span[count:]] if span[count:] else []
        self.left -= count
        return self.state.task(span.start, cases[:count])

    def halves(self) -> tuple[Self, Self]:
        """Return what is left in two halves, the earlier first."""
        early, late = _split(self._spans, (self.left + 1) // 2)
        return type(self)(self.state, early), type(self)(self.state, late)


class WorkQueue:
    """The cases of a run that no task has taken yet; safe to use from several threads.

    Args:
        states: the targets, in the order in which they are started.
        slots: how many slots take tasks.
    """

    def __init__(self, states: Sequence[TargetState], slots: int = 1) -> None:
        self._states = {state.plan.target: state for state in states}
        backends: dict[str, list[TargetQueue]] = {}
        for state in states:
            queues = backends.setdefault(state.plan.target.backend, [])
            # Backends that start together start at different places: then each finds the draws of
            # different cases, and uses those that the others have found.
            share = list(backends).index(state.plan.target.backend) % slots / slots
            spans = state.plan.spans
            early, late = _split(spans, int(share * sum(map(len, spans))))
            queues.append(TargetQueue(state, [*late, *early]))
        self._waiting = list(backends.values())
        self._held: dict[int, list[TargetQueue]] = {}  # the queues of one backend, by slot
        self._changed = threading.Condition()
        self._closed = False

    def take(self, slot: int) -> Task | None:
        """Return the next task of a slot, or None if nothing is left; waits while help may pay."""
        with self._changed:
            while not self._closed:
                queues = self._queues_for(slot)
                if _left(queues):
                    self._held[slot] = queues
                    return min((q for q in queues if q.left), key=lambda q: q.done).next_task()
                if not any(map(_left, self._held.values())):
                    self._changed.notify_all()
                    return None
                self._changed.wait()
        return None

    def settle(self, task: Task, result: TaskResult) -> Part:
        """Learn from the result of a task, and return its rows as a part of the run."""
        with self._changed:
            part = self._states[task.target].settle(task, result)
            self._changed.notify_all()
        return part

    def close(self) -> None:
        """Give out nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _queues_for(self, slot: int) -> list[TargetQueue]:
        """Return what a slot goes on with: its own, some that wait, or half of another's."""
        own = self._held.get(slot, [])
        if _left(own):
            return own
        while self._waiting:
            queues = self._waiting.pop(0)
            if _left(queues):
                return queues
        return self._half(own[0].state.plan.target.backend if own else None)

    def _half(self, backend: str | None) -> list[TargetQueue]:
        """Take the later half of what another slot holds, if that ends the run sooner."""

        def gain(slot: int) -> float:
            queues = self._held[slot]
            is_same = queues[0].state.plan.target.backend == backend
            least = MIN_GAIN_SAME_BACKEND if is_same else MIN_GAIN_OTHER_BACKEND
            return sum(queue.seconds for queue in queues) / 2 - least

        slot = max(self._held, key=gain, default=None)
        if slot is None or gain(slot) < 0:
            return []
        halves = [queue.halves() for queue in self._held[slot]]
        self._held[slot] = [early for early, _ in halves]
        return [late for _, late in halves]


def _left(queues: Sequence[TargetQueue]) -> int:
    return sum(queue.left for queue in queues)


def _split(spans: Sequence[range], count: int) -> tuple[list[range], list[range]]:
    """Return the first `count` numbers of the spans, and those after them."""
    early, late = [], []
    for span in spans:
        early.append(span[:count])
        late.append(span[count:])
        count -= len(early[-1])
    return early, late
