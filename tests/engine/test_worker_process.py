"""The clock of a watchdog, which stands still while nobody looks."""

import pytest

from tconv.engine.process.worker_process import Watchdog
from tconv.engine.worker.heartbeat import Heartbeat


def beat(number: int) -> Heartbeat:
    return Heartbeat(number=number, is_loading=False, place=0)


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
def watchdog(clock: Clock) -> Watchdog:
    return Watchdog(step=0.5, last=beat(0), clock=clock)


def looks(watchdog: Watchdog, clock: Clock, *, seconds: float, number: int) -> None:
    """Look ten times while the worker's last beat is that of this number."""
    for _ in range(10):
        clock.now += seconds / 10
        watchdog.look(beat(number))


def test_silence_is_the_time_between_looks_since_the_last_beat(
    watchdog: Watchdog, clock: Clock
) -> None:
    looks(watchdog, clock, seconds=2.0, number=0)
    looks(watchdog, clock, seconds=3.0, number=1)

    assert watchdog.seconds == pytest.approx(5.0)
    assert watchdog.silence == pytest.approx(3.0 - 0.3)  # heard at the first look


def test_time_in_which_nobody_looked_does_not_count(watchdog: Watchdog, clock: Clock) -> None:
    looks(watchdog, clock, seconds=2.0, number=0)
    clock.now += 3600

    watchdog.look(beat(0))

    assert watchdog.silence == pytest.approx(2.5)
