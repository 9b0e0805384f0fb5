"""Which slot takes which cases, and when one takes over from another."""

import threading

from tconv.engine.plan import TargetPlan
from tconv.engine.schedule.queue import WorkQueue
from tconv.engine.schedule.target_state import TargetState
from tconv.engine.tasks import Task, TaskResult
from tconv.model.case import Case
from tconv.model.target import Target
from tconv.store import RowBatch

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=1) for i in range(1, 1001))


def state(
    text: str, *, cases: int = len(CASES), left: tuple[range, ...] | None = None
) -> TargetState:
    backend, _, mode = text.partition(":")
    target = Target(backend=backend, mode=mode or "call", device="cpu")
    plan = TargetPlan(target=target, cases=CASES[:cases], version="1", left=left)
    return TargetState(plan, seed=0, crashed=set())


def settle(work_queue: WorkQueue, task: Task, seconds_per_case: float) -> None:
    rows = len(task.cases)
    row_batch = RowBatch(rows=rows, digest="", counted={}, parquet=b"")
    result = TaskResult(row_batch=row_batch, seconds=seconds_per_case * rows)
    work_queue.settle(task, result)


def take(work_queue: WorkQueue, slot: int = 0) -> Task:
    task = work_queue.take(slot)
    assert task is not None
    return task


def places(task: Task) -> range:
    return range(task.first, task.first + len(task.cases))


def test_every_case_is_taken_once() -> None:
    work_queue = WorkQueue([state("a:one"), state("a:two", cases=50), state("b")])
    computed = []

    while task := work_queue.take(0):
        computed += [(str(task.target), place) for place in places(task)]
        settle(work_queue, task, 0.001)

    assert len(computed) == len(set(computed)) == 1000 + 50 + 1000


def test_targets_of_a_backend_advance_side_by_side() -> None:
    work_queue = WorkQueue([state("a:one"), state("a:two")])
    behind = []
    for _ in range(8):
        task = take(work_queue)
        behind.append(task.target.mode)
        settle(work_queue, task, 0.01)

    assert behind == ["one", "two"] * 4


def test_batches_grow_to_what_keeps_a_worker_busy() -> None:
    work_queue = WorkQueue([state("a")])
    sizes = []
    while task := work_queue.take(0):
        sizes.append(len(task.cases))
        settle(work_queue, task, 0.004)

    assert sizes[:4] == [32, 128, 250, 250]


def test_no_batch_reaches_from_one_span_into_another() -> None:
    work_queue = WorkQueue([state("a", left=(range(3, 5), range(900, 903)))])
    computed = []
    while task := work_queue.take(0):
        computed.append(places(task))
        settle(work_queue, task, 0.001)

    assert computed == [range(3, 5), range(900, 903)]


def test_slot_takes_a_backend_that_no_other_has() -> None:
    work_queue = WorkQueue([state("a:one"), state("a:two"), state("b")])

    assert [take(work_queue, slot).target.backend for slot in (0, 1)] == ["a", "b"]


def test_idle_slot_takes_over_the_later_half_of_a_slow_backend() -> None:
    work_queue = WorkQueue([state("a")])
    first = take(work_queue, 0)
    settle(work_queue, first, 0.1)

    second = take(work_queue, 1)

    assert second.first == 32 + (1000 - 32) // 2
    assert places(take(work_queue, 0)).start == 32


def test_idle_slot_waits_until_it_is_known_whether_help_pays() -> None:
    work_queue = WorkQueue([state("a")])
    first = take(work_queue, 0)
    tasks: list[Task | None] = []
    waiting = threading.Thread(target=lambda: tasks.append(work_queue.take(1)))
    waiting.start()
    waiting.join(timeout=0.2)
    assert waiting.is_alive()

    settle(work_queue, first, 0.1)
    waiting.join(timeout=30)

    assert tasks[0] is not None


def test_slot_does_not_load_a_framework_to_save_less_time_than_that_takes() -> None:
    work_queue = WorkQueue([state("a")])
    settle(work_queue, take(work_queue, 0), 0.001)  # a second is left
    tasks: list[Task | None] = []
    waiting = threading.Thread(target=lambda: tasks.append(work_queue.take(1)))
    waiting.start()

    while task := work_queue.take(0):
        settle(work_queue, task, 0.001)

    waiting.join(timeout=30)
    assert tasks == [None]


def test_slot_that_has_the_framework_helps_to_save_a_moment() -> None:
    work_queue = WorkQueue([state("a")])
    for slot in (0, 1):
        settle(work_queue, take(work_queue, slot), 0.1)
    middle = take(work_queue, 0).first + 484

    while (task := take(work_queue, 1)).first >= middle:
        settle(work_queue, task, 0.001)

    assert places(task) == range(279, middle)  # of half a second that was left to the other


def test_closed_queue_gives_nothing_more() -> None:
    work_queue = WorkQueue([state("a")])

    work_queue.close()

    assert work_queue.take(0) is None


def test_backends_that_start_together_start_at_places_of_their_own() -> None:
    work_queue = WorkQueue([state("a:one"), state("a:two"), state("b"), state("c")], slots=2)

    first_places = [take(work_queue, slot).first for slot in (0, 0, 1)]

    assert first_places == [0, 0, 500]


def test_backend_that_starts_in_the_middle_comes_round_to_what_it_left() -> None:
    left = (range(100), range(200, 300))
    work_queue = WorkQueue([state("a", cases=1), state("b", left=left)], slots=2)
    take(work_queue, 0)
    computed: list[int] = []

    while task := work_queue.take(1):
        computed += places(task)
        settle(work_queue, task, 0.001)

    assert computed == [*range(200, 300), *range(100)]
