"""Who takes which cases, and when one hand takes over from another."""

import threading

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.queue import Agenda, Batch
from tconv.engine.schedule.target_state import Course
from tconv.engine.tasks import Served
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=1) for i in range(1, 1001))


def course(text: str, *, cases: int = len(CASES), left: tuple[range, ...] | None = None) -> Course:
    backend, _, mode = text.partition(":")
    target = Target(backend=backend, mode=mode or "call", device="cpu")
    planned = TargetPlan(target=target, cases=CASES[:cases], version="1", left=left)
    return Course(planned, seed=0, suspects=set())


def settle(agenda: Agenda, batch: Batch, seconds_per_case: float) -> None:
    rows = len(batch.cases)
    sheaf = RowBatch(rows=rows, digest="", counted={}, parquet=b"")
    served = Served(sheaf=sheaf, seconds=seconds_per_case * rows)
    agenda.settle(batch, served)


def taken(agenda: Agenda, hand: int = 0) -> Batch:
    batch = agenda.take(hand)
    assert batch is not None
    return batch


def places(batch: Batch) -> range:
    return range(batch.first, batch.first + len(batch.cases))


def test_every_case_is_taken_once() -> None:
    agenda = Agenda([course("a:one"), course("a:two", cases=50), course("b")])
    seen = []

    while batch := agenda.take(0):
        seen += [(str(batch.course.planned.target), place) for place in places(batch)]
        settle(agenda, batch, 0.001)

    assert len(seen) == len(set(seen)) == 1000 + 50 + 1000


def test_targets_of_a_backend_advance_side_by_side() -> None:
    agenda = Agenda([course("a:one"), course("a:two")])
    behind = []
    for _ in range(8):
        batch = taken(agenda)
        behind.append(batch.course.planned.target.mode)
        settle(agenda, batch, 0.01)

    assert behind == ["one", "two"] * 4


def test_batches_grow_to_what_keeps_a_worker_busy() -> None:
    agenda = Agenda([course("a")])
    sizes = []
    while batch := agenda.take(0):
        sizes.append(len(batch.cases))
        settle(agenda, batch, 0.004)

    assert sizes[:4] == [32, 128, 250, 250]


def test_no_batch_reaches_from_one_span_into_another() -> None:
    agenda = Agenda([course("a", left=(range(3, 5), range(900, 903)))])
    seen = []
    while batch := agenda.take(0):
        seen.append(places(batch))
        settle(agenda, batch, 0.001)

    assert seen == [range(3, 5), range(900, 903)]


def test_worker_takes_a_backend_that_no_other_has() -> None:
    agenda = Agenda([course("a:one"), course("a:two"), course("b")])

    assert [taken(agenda, hand).course.planned.target.backend for hand in (0, 1)] == ["a", "b"]


def test_idle_worker_takes_over_the_later_half_of_a_slow_backend() -> None:
    agenda = Agenda([course("a")])
    first = taken(agenda, 0)
    settle(agenda, first, 0.1)

    second = taken(agenda, 1)

    assert second.first == 32 + (1000 - 32) // 2
    assert places(taken(agenda, 0)).start == 32


def test_idle_worker_waits_until_it_is_known_whether_help_pays() -> None:
    agenda = Agenda([course("a")])
    first = taken(agenda, 0)
    found: list[Batch | None] = []
    waiting = threading.Thread(target=lambda: found.append(agenda.take(1)))
    waiting.start()
    waiting.join(timeout=0.2)
    assert waiting.is_alive()

    settle(agenda, first, 0.1)
    waiting.join(timeout=30)

    assert found[0] is not None


def test_worker_does_not_load_a_framework_to_save_less_time_than_that_takes() -> None:
    agenda = Agenda([course("a")])
    settle(agenda, taken(agenda, 0), 0.001)  # a second is left
    found: list[Batch | None] = []
    waiting = threading.Thread(target=lambda: found.append(agenda.take(1)))
    waiting.start()

    while batch := agenda.take(0):
        settle(agenda, batch, 0.001)

    waiting.join(timeout=30)
    assert found == [None]


def test_worker_that_has_the_framework_helps_to_save_a_moment() -> None:
    agenda = Agenda([course("a")])
    for hand in (0, 1):
        settle(agenda, taken(agenda, hand), 0.1)
    middle = taken(agenda, 0).first + 484

    while (batch := taken(agenda, 1)).first >= middle:
        settle(agenda, batch, 0.001)

    assert places(batch) == range(279, middle)  # of half a second that was left to the other


def test_closed_queue_gives_nothing_more() -> None:
    agenda = Agenda([course("a")])

    agenda.close()

    assert agenda.take(0) is None


def test_backends_that_start_together_start_at_different_places() -> None:
    agenda = Agenda([course("a:one"), course("a:two"), course("b"), course("c")], hands=2)

    begun = [taken(agenda, hand).first for hand in (0, 0, 1)]

    assert begun == [0, 0, 500]


def test_backend_that_starts_in_the_middle_comes_round_to_what_it_left() -> None:
    left = (range(100), range(200, 300))
    agenda = Agenda([course("a", cases=1), course("b", left=left)], hands=2)
    taken(agenda, 0)
    seen: list[int] = []

    while batch := agenda.take(1):
        seen += places(batch)
        settle(agenda, batch, 0.001)

    assert seen == [*range(200, 300), *range(100)]
