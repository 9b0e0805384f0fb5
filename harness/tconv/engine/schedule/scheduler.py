"""Hands that work through an agenda, each a thread that waits for one batch at a time.

Who serves a batch, a process here or on another machine, is the caller's affair.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from tconv.engine.executor import Part
from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.batch_size import blocks
from tconv.engine.schedule.draw_table import Choices
from tconv.engine.schedule.queue import Agenda, Batch
from tconv.engine.schedule.target_state import Course
from tconv.engine.tasks import Order, Served
from tconv.errors import ExecutorError
from tconv.model.outcome import Unavailable
from tconv.store import RowBatch
from tconv.store.unjudged import unjudged

Serve = Callable[[int, Order], Served]

_POLL: Final = 0.2  # seconds between two looks at whether anyone still takes parts
_AHEAD: Final = 2  # parts of each hand that may wait to be taken, so that memory stays flat


def swept(
    planned: Sequence[TargetPlan],
    serve: Serve,
    *,
    seed: int,
    hands: int,
    stopped: threading.Event,
) -> Iterator[Part]:
    """Yield the parts of what is left of every target as they are done, in no order.

    Args:
        planned: the targets.
        serve: serves an order for a hand, a number from 0 on.
        seed: seed of the inputs.
        hands: how many orders are served at a time.
        stopped: is set when nothing more is wanted.

    Raises:
        ExecutorError: it is set already, as after an earlier run.
    """
    if stopped.is_set():
        raise ExecutorError("an executor runs once; make another one for another run")
    for each in planned:
        if each.unavailable:
            yield from _unavailable(each)
    suspects: dict[str, set[str]] = {}
    courses = [
        Course(
            each,
            seed=seed,
            suspects=suspects.setdefault(each.target.backend, set()),
            choices=choices,
        )
        for each, choices in _shared(each for each in planned if not each.unavailable)
    ]
    yield from Crew(Agenda(courses, hands), serve, stopped=stopped).parts(hands)


def _shared(planned: Iterable[TargetPlan]) -> Iterator[tuple[TargetPlan, Choices]]:
    """Yield each target with choices, shared by those that were planned on the same cases."""
    made: dict[int, Choices] = {}  # by what holds the cases: to compare them takes long
    for each in planned:
        yield each, made.setdefault(id(each.cases), Choices(len(each.cases)))


class Crew:
    """The hands of one run.

    Args:
        agenda: what is left.
        serve: serves an order for a hand.
        stopped: set when nothing more is wanted.
    """

    def __init__(self, agenda: Agenda, serve: Serve, *, stopped: threading.Event) -> None:
        self._agenda = agenda
        self._serve = serve
        self._stopped = stopped

    def parts(self, hands: int) -> Iterator[Part]:
        """Yield what `hands` hands make, until nothing is left."""
        made: queue.Queue[Part | BaseException | None] = queue.Queue(_AHEAD * hands)
        with ThreadPoolExecutor(hands) as threads:
            try:
                for hand in range(hands):
                    threads.submit(self._work, hand, made)
                yield from _until_done(made, hands)
            finally:
                self._stopped.set()  # nothing is left to do, or the caller left early
                self._agenda.close()

    def _work(self, hand: int, made: "queue.Queue[Part | BaseException | None]") -> None:
        """Put one part after the other on the queue; at the end None or an error."""
        try:
            while batch := self._agenda.take(hand):
                served = self._serve(hand, batch.course.order(batch.cases, batch.first))
                self._agenda.settle(batch, served)
                self._put(made, _part(batch, served))
            self._put(made, None)
        except BaseException as error:  # noqa: BLE001 # carried to the thread that asked
            self._put(made, error)

    def _put(
        self,
        made: "queue.Queue[Part | BaseException | None]",
        item: Part | BaseException | None,
    ) -> None:
        """Put an item on the queue once there is room; give up when nobody takes any more."""
        while not self._stopped.is_set():
            with suppress(queue.Full):
                made.put(item, timeout=_POLL)
                return


def _part(batch: Batch, served: Served) -> Part:
    return Part(
        planned=batch.course.planned,
        first=batch.first,
        sheaf=served.sheaf,
        seconds=served.seconds,
    )


def _until_done(made: "queue.Queue[Part | BaseException | None]", hands: int) -> Iterator[Part]:
    while hands:
        match made.get():
            case Part() as part:
                yield part
            case None:
                hands -= 1
            case error:
                raise error


def _unavailable(planned: TargetPlan) -> Iterator[Part]:
    """Yield the rows of a target that cannot be run."""
    outcome = Unavailable(reason=planned.unavailable or "")
    for span in planned.spans:
        first = span.start
        for cases in blocks(planned.cases[span.start : span.stop]):
            rows = unjudged(cases, planned.target, planned.version, outcome)
            yield Part(planned=planned, first=first, sheaf=RowBatch.from_columns(rows))
            first += len(cases)
