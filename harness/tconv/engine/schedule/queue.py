"""What is left to sweep, and who takes it: a hand keeps to its backend while it can.

A framework takes seconds to load, and the targets of one backend have the same cases. So a hand
takes all targets of a backend and goes through them side by side, for its worker keeps inputs and
answers a while; a hand that has nothing left takes over the later half of the one that has most.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from tconv.engine.schedule.batch_size import leading
from tconv.engine.schedule.target_state import Course
from tconv.engine.tasks import Served
from tconv.model.case import Case

PRICE: Final = 6.0
"""Seconds that a hand must gain by helping on another backend, whose framework it has to load."""

TRIFLE: Final = 0.2
"""Seconds that a hand must gain by helping on the backend that it has: so long may others wait for
the last one at the end of a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Consecutive cases of one target.

    Attributes:
        course: the target.
        first: index of the first case among the target's.
        cases: the cases.
    """

    course: Course
    first: int
    cases: Sequence[Case]


class Stretch:
    """What one hand has taken of one target.

    Attributes:
        left: cases that no batch has taken yet.
    """

    def __init__(self, course: Course, spans: Iterable[range]) -> None:
        self.course = course
        self._spans = [span for span in spans if span]
        self.left = sum(map(len, self._spans))
        self._whole = self.left

    @property
    def done(self) -> float:
        """The share that batches have taken, from 0 to 1."""
        return 1 - self.left / self._whole if self._whole else 1.0

    @property
    def seconds(self) -> float:
        """What is left will take, as far as anyone knows."""
        return self.left * (self.course.pace.seconds or 0.0)

    def batch(self) -> Batch:
        """Take the next batch, from one span."""
        span = self._spans[0]
        most = span[: self.course.pace.size]
        cases = self.course.planned.cases[most.start : most.stop]
        count = leading(cases)
        self._spans[:1] = [span[count:]] if span[count:] else []
        self.left -= count
        return Batch(course=self.course, first=span.start, cases=cases[:count])

    def halves(self) -> tuple[Self, Self]:
        """Return what is left in two halves, the earlier first."""
        early, late, room = [], [], (self.left + 1) // 2
        for span in self._spans:
            early.append(span[:room])
            late.append(span[room:])
            room -= len(early[-1])
        return type(self)(self.course, early), type(self)(self.course, late)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """Stretches of the targets of one backend."""

    backend: str
    stretches: tuple[Stretch, ...]

    @property
    def left(self) -> int:
        return sum(stretch.left for stretch in self.stretches)

    @property
    def seconds(self) -> float:
        return sum(stretch.seconds for stretch in self.stretches)

    def batch(self) -> Batch:
        """Take a batch of the target that is furthest behind."""
        return min((each for each in self.stretches if each.left), key=lambda s: s.done).batch()

    def halves(self) -> tuple["_Share", "_Share"]:
        early, late = zip(*(stretch.halves() for stretch in self.stretches), strict=True)
        return (
            _Share(backend=self.backend, stretches=early),
            _Share(backend=self.backend, stretches=late),
        )


def _begun_at(share: float, spans: Sequence[range]) -> list[range]:
    """Return the spans in turn from a place among their cases, a share from 0 to 1, round to it.

    Backends that begin together begin at places of their own: then each finds out of other cases
    which draws they take, and is told of the rest.
    """
    skipped = int(share * sum(map(len, spans)))
    early, late = [], []
    for span in spans:
        early.append(span[:skipped])
        late.append(span[skipped:])
        skipped -= len(early[-1])
    return [*late, *early]


class Agenda:
    """The batches that no hand has taken yet; safe to use from several threads.

    Args:
        courses: the targets, in the order in which they are begun.
        hands: how many hands go through it.
    """

    def __init__(self, courses: Sequence[Course], hands: int = 1) -> None:
        stretches: dict[str, list[Stretch]] = {}
        numbers: dict[str, int] = {}
        for course in courses:
            backend = course.planned.target.backend
            turn = numbers.setdefault(backend, len(numbers)) % hands / hands
            spans = _begun_at(turn, course.planned.spans)
            stretches.setdefault(backend, []).append(Stretch(course, spans))
        self._waiting = [
            _Share(backend=backend, stretches=tuple(own)) for backend, own in stretches.items()
        ]
        self._held: dict[int, _Share] = {}  # by hand
        self._changed = threading.Condition()
        self._closed = False

    def take(self, hand: int) -> Batch | None:
        """Return the next batch for a hand, or None: nothing is left; waits while help may pay."""
        with self._changed:
            while not self._closed:
                share = self._share(hand)
                if share is not None:
                    self._held[hand] = share
                    return share.batch()
                if not any(held.left for held in self._held.values()):
                    self._changed.notify_all()
                    return None
                self._changed.wait()
        return None

    def settle(self, batch: Batch, served: Served) -> None:
        """Learn from what became of a batch."""
        with self._changed:
            batch.course.settle(served, batch.first)
            self._changed.notify_all()

    def close(self) -> None:
        """Give out nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _share(self, hand: int) -> _Share | None:
        """Return what a hand goes on with: its own, one that waits, or half of another's."""
        own = self._held.get(hand)
        if own is not None and own.left:
            return own
        while self._waiting:
            share = self._waiting.pop(0)
            if share.left:
                return share
        return self._half(own.backend if own else None)

    def _half(self, backend: str | None) -> _Share | None:
        """Take the later half of what another hand holds, where that ends the run sooner."""

        def gain(hand: int) -> float:
            share = self._held[hand]
            return share.seconds / 2 - (TRIFLE if share.backend == backend else PRICE)

        hand = max(self._held, key=gain, default=None)
        if hand is None or gain(hand) < 0:
            return None
        self._held[hand], taken = self._held[hand].halves()
        return taken if taken.left else None
