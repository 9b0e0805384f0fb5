"""Runs the checks on an adapter, in a worker process that may crash or hang without harm."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from tconv.engine.executors.local import LocalPool
from tconv.engine.process.environment import ONE_THREAD
from tconv.engine.process.worker_process import Limits, WorkerEnd, WorkerProcess
from tconv.engine.worker.describe import BackendDescription
from tconv.engine.worker.entry import load_adapter
from tconv.errors import UnavailableError
from tconv.model.outcome import Crashed, TimedOut
from tconv.model.target import Target
from tconv.testing.adapter_check import correctness, declarations, side_effects
from tconv.testing.adapter_check.check import Check
from tconv.testing.adapter_check.subject import CheckedAdapter

CHECKS: Final = (*declarations.CHECKS, *correctness.CHECKS, *side_effects.CHECKS)
"""Every check that needs one process only."""

_LIMITS: Final = Limits(case_seconds=120.0, worker_gib=8.0)
_THREADS: Final = dict.fromkeys(ONE_THREAD, "3")
_UNCHECKED: Final = "not checked, as an earlier check ended the process"
_RACE: Final = "differ; exact inputs have one result in any order, so look for a race"
_BY_NAME: Final = {check.name: check for check in CHECKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check.

    Attributes:
        name: the check's name.
        meaning: the property that it checks.
        problems: what has to be fixed: pairs of a target and a sentence.
    """

    name: str
    meaning: str
    problems: tuple[tuple[str, str], ...]


def run_checks(backend: str) -> Iterator[CheckResult]:
    """Yield the result of each check, over every mode and device of the backend.

    Raises:
        TargetError: no backend has this name.
        UnavailableError: it cannot be used here.
    """
    with LocalPool(
        workers=1, case_seconds=_LIMITS.case_seconds, worker_gib=_LIMITS.worker_gib
    ) as pool:
        description = pool.describe([backend])[backend]
        if isinstance(description, str):
            raise UnavailableError(description)
        process = pool.worker(backend)
        ended: set[Target] = set()
        for check in CHECKS:
            problems = _problems(process, description, check, ended)
            yield CheckResult(name=check.name, meaning=check.meaning, problems=tuple(problems))
        yield CheckResult(
            name="threads",
            meaning="a process with three threads gives the same results",
            problems=tuple(_thread_problems(process, description, ended)),
        )


def find_problems(backend: str, target: Target, name: str) -> tuple[str, ...]:
    """Return the problems that a check finds, in the process that has the backend loaded."""
    try:
        return tuple(_BY_NAME[name].problems(_subject(backend, target)))
    except Exception as error:  # noqa: BLE001 # a third party's code
        text = f"{type(error).__name__}: {error}"
        return (f"the check raised {text}; fix what the other checks say first",)


def result_digests(backend: str, target: Target) -> dict[str, str]:
    """Return a digest of each probe's result, by case id."""
    subject = _subject(backend, target)
    return {
        case.id: hashlib.sha256(np.ascontiguousarray(subject.compute(case)).tobytes()).hexdigest()
        for case in subject.few
    }


@lru_cache
def _subject(backend: str, target: Target) -> CheckedAdapter:
    adapter = load_adapter(backend).unguarded  # whose faults the guard would hide
    return CheckedAdapter(
        registered=backend, adapter=adapter, mode=target.mode, device=target.device
    )


def _problems(
    process: WorkerProcess, description: BackendDescription, check: Check, ended: set[Target]
) -> Iterator[tuple[str, str]]:
    """Yield the problems that a check finds; a target that ended the process is not tried again."""
    for target in description.targets:
        if target in ended:
            yield str(target), _UNCHECKED
            continue
        match process.call(find_problems, description.backend, target, check.name):
            case WorkerEnd(outcome=outcome):
                ended.add(target)
                yield str(target), _ended(outcome)
            case problems:
                yield from ((str(target), problem) for problem in problems)


def _thread_problems(
    process: WorkerProcess, description: BackendDescription, ended: set[Target]
) -> Iterator[tuple[str, str]]:
    """Yield the targets whose results are different in a process with more threads."""
    backend = description.backend
    with WorkerProcess(environment=_THREADS, limits=_LIMITS, stopped=threading.Event()) as threaded:
        for target in (target for target in description.targets if target not in ended):
            one, other = (
                each.call(result_digests, backend, target) for each in (process, threaded)
            )
            if isinstance(one, WorkerEnd):
                yield str(target), _ended(one.outcome)
            elif isinstance(other, WorkerEnd):
                yield str(target), _ended(other.outcome)
            elif one != other:
                ids = sorted(k for k in one.keys() | other.keys() if one.get(k) != other.get(k))
                yield str(target), f"{ids[0]} and {len(ids) - 1} more {_RACE}"


def _ended(end: Crashed | TimedOut) -> str:
    if isinstance(end, TimedOut):
        return f"no answer within {end.limit:g} s; a computation must end"
    return f"the process ended with {end.manner}: {end.stderr[-300:]}"
