"""Runs the checks on an adapter, in a process of its own that may die or hang without harm."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from tconv.adapters import registry
from tconv.engine.executors.local import LocalPool
from tconv.engine.process.environment import ONE_THREAD
from tconv.engine.process.process import End, Lane, Limits
from tconv.engine.worker.compute import loaded
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import UnavailableError
from tconv.model.outcome import Crashed, TimedOut
from tconv.model.target import Target
from tconv.testing.adapter_check.check import Check
from tconv.testing.adapter_check.correctness import ANSWERS, PROMISES
from tconv.testing.adapter_check.declarations import DECLARATIONS, ROUTES
from tconv.testing.adapter_check.side_effects import (
    BATCH,
    ERRORS,
    INPUTS,
    LATER,
    READ_ONLY,
    REPEATED,
    SESSION,
)
from tconv.testing.adapter_check.subject import Subject

CHECKS: Final = (
    DECLARATIONS, ROUTES, PROMISES, *ANSWERS, INPUTS, READ_ONLY, LATER, REPEATED, BATCH,
    ERRORS, SESSION,
)  # fmt: skip
"""Every check that looks at an adapter in one process."""

_LIMITS: Final = Limits(case_seconds=120.0, worker_gib=8.0)
_THREADS: Final = dict.fromkeys(ONE_THREAD, "3")
_UNSEEN: Final = "not looked at, as an earlier check ended the process"
_RACE: Final = "differ; exact inputs have one result in any order, so look for a race"
_BY_NAME: Final = {check.name: check for check in CHECKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check found.

    Attributes:
        name: the check's name.
        meaning: what it makes sure of.
        mends: what has to be mended, in words: pairs of a target and a sentence.
    """

    name: str
    meaning: str
    mends: tuple[tuple[str, str], ...]


def examine(backend: str) -> Iterator[Result]:
    """Yield the result of each check, over every mode and device of the backend.

    Raises:
        TargetError: no backend has this name.
        UnavailableError: it cannot be used here.
    """
    with LocalPool(
        workers=1, case_seconds=_LIMITS.case_seconds, worker_gib=_LIMITS.worker_gib
    ) as it:
        found = it.describe([backend])[backend]
        if isinstance(found, str):
            raise UnavailableError(found)
        lane = it.lane(backend)
        ended: set[Target] = set()
        for check in CHECKS:
            yield _result(check.name, check.meaning, _mends(lane, found, check, ended))
        mends = _stable(lane, found, ended)
        yield _result("threads", "another process with three threads agrees", mends)


def look(backend: str, target: Target, name: str) -> tuple[str, ...]:
    """Return what a check finds to mend, in the process that has the backend loaded."""
    try:
        return tuple(_BY_NAME[name].look(_subject(backend, target)))
    except Exception as error:  # noqa: BLE001 # a third party's code
        met = f"{type(error).__name__}: {error}"
        return (f"the check met {met}; mend what the other checks say first",)


def prints(backend: str, target: Target) -> dict[str, str]:
    """Return a digest of each probe's result, by case id."""
    subject = _subject(backend, target)
    return {
        case.id: hashlib.sha256(np.ascontiguousarray(subject.compute(case)).tobytes()).hexdigest()
        for case in subject.few
    }


@lru_cache
def _subject(backend: str, target: Target) -> Subject:
    return Subject(
        registered=backend, adapter=loaded(backend), mode=target.mode, device=target.device
    )


def _result(name: str, meaning: str, mends: Iterator[tuple[str, str]]) -> Result:
    return Result(name=name, meaning=meaning, mends=tuple(mends))


def _mends(
    lane: Lane, found: BackendDescription, check: Check, ended: set[Target]
) -> Iterator[tuple[str, str]]:
    """Yield what a check finds; a target that ended the process is not looked at again."""
    for target in found.targets:
        if target in ended:
            yield str(target), _UNSEEN
            continue
        match lane.call(look, found.backend, target, check.name):
            case End(outcome=outcome):
                ended.add(target)
                yield str(target), _ended(outcome)
            case mends:
                yield from ((str(target), mend) for mend in mends)


def _stable(lane: Lane, found: BackendDescription, ended: set[Target]) -> Iterator[tuple[str, str]]:
    """Yield the targets whose results are others in a process with more threads."""
    environment = {**registry.adapter_class(found.backend).environment, **_THREADS}
    with Lane(environment=environment, limits=_LIMITS, stopped=threading.Event()) as other:
        for target in (target for target in found.targets if target not in ended):
            one = lane.call(prints, found.backend, target)
            two = other.call(prints, found.backend, target)
            if isinstance(one, End):
                yield str(target), _ended(one.outcome)
            elif isinstance(two, End):
                yield str(target), _ended(two.outcome)
            elif one != two:
                differing = sorted(k for k in one.keys() | two.keys() if one.get(k) != two.get(k))
                yield str(target), f"{differing[0]} and {len(differing) - 1} more {_RACE}"


def _ended(end: Crashed | TimedOut) -> str:
    if isinstance(end, TimedOut):
        return f"no answer within {end.limit:g} s; a computation must end"
    return f"the process ended with {end.manner}: {end.stderr[-300:]}"
