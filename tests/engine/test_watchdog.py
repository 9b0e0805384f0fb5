"""The clock of a worker's watch, which stands still while nobody watches."""

import pytest

from tconv.engine.process.watchdog import Watch
from tconv.engine.worker.heartbeat import Beat


def beat(number: int) -> Beat:
    return Beat(pid=1, number=number, is_idle=False, is_loading=False, place=0)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> Watch:
    return Watch(step=0.5, last=beat(0), clock=clock)


def looks(watch: Watch, clock: Clock, *, seconds: float, number: int) -> None:
    """Look ten times while the worker's last beat is that of this number."""
    for _ in range(10):
        clock.now += seconds / 10
        watch.look(beat(number))


def test_silence_is_the_time_between_looks_since_the_last_beat(watch: Watch, clock: Clock) -> None:
    looks(watch, clock, seconds=2.0, number=0)
    looks(watch, clock, seconds=3.0, number=1)

    assert watch.seconds == pytest.approx(5.0)
    assert watch.silence == pytest.approx(3.0 - 0.3)  # heard at the first look


def test_beat_of_another_process_is_heard(watch: Watch, clock: Clock) -> None:
    looks(watch, clock, seconds=2.0, number=0)

    watch.look(Beat(pid=2, number=0, is_idle=True, is_loading=False, place=None))

    assert watch.silence == 0


def test_time_in_which_nobody_looked_does_not_count(watch: Watch, clock: Clock) -> None:
    looks(watch, clock, seconds=2.0, number=0)
    clock.now += 3600

    watch.look(beat(0))

    assert watch.silence == pytest.approx(2.5)
