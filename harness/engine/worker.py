"""What happens inside a worker process: one adapter, one target, batches of cases, rows back.

The parent watches two things that a dying process leaves behind: the *log*, to which everything
printed goes, native code included, and the *pulse*, a file whose modification time says when the
last case was finished; it holds the process id, and is there once the framework has been loaded.
"""

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from harness import registry
from harness.adapters.base import Adapter, Mode
from harness.case import Case
from harness.engine.sample import is_drawn
from harness.errors import UnavailableError
from harness.expected import expect
from harness.inputs import Draw, draw
from harness.judge import Judgement, judge, outcome_from
from harness.outcome import Computed, Faulty, Outcome, Promised, Refused
from harness.outcome import Unsupported as UnsupportedOutcome
from harness.promise import Promise
from harness.route import Composed, Native, Route, Unsupported
from harness.rows import Columns, columns, row
from harness.target import Target

KEPT: Final = 4096
"""Cases whose inputs and answers a worker keeps: the next mode of its backend has the same."""

LARGE: Final = 2**12
"""Elements of x, w and y from which on a case is not kept: its limit of memory is the framework's
to use, and a large case is seldom one of many."""

_state: dict[str, Any] = {}  # this process's adapter and files; a process serves one backend


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a backend says of itself on this machine.

    Attributes:
        backend: its name.
        modes: its modes, the most usual first.
        devices: the devices found here.
        versions: name of a package to its version; the framework's own under the backend's name.
        settings: target to the flags and kernel libraries that decide what is computed.
    """

    backend: str
    modes: tuple[Mode, ...]
    devices: tuple[str, ...]
    versions: Mapping[str, str]
    settings: Mapping[str, Mapping[str, str]]

    @property
    def version(self) -> str | None:
        """The framework's own version."""
        return self.versions.get(self.backend)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every mode on every device."""
        return tuple(
            Target(backend=self.backend, mode=mode.name, device=device)
            for device in self.devices
            for mode in self.modes
        )


def prepare(environment: Mapping[str, str], log: Path, pulse: Path) -> None:
    """Set up a fresh process: its variables, its output into `log`, its `pulse` file."""
    os.environ.update(environment)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stdout.flush()
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    _state["pulse"] = pulse


def describe(backend: str) -> Description | str:
    """Return what the backend says of itself, or why it is unavailable, in words."""
    try:
        adapter = loaded(backend)
        return Description(
            backend=backend,
            modes=adapter.modes,
            devices=adapter.devices(),
            versions=dict(adapter.versions()),
            settings=_settings(adapter),
        )
    except UnavailableError as error:
        return str(error)


def _settings(adapter: Adapter) -> dict[str, dict[str, str]]:
    """Return the settings of each target, as they are while it computes."""
    found = {}
    for device in adapter.devices():
        for mode in adapter.modes:
            with adapter.session(mode.name, device):
                settings = dict(adapter.settings(mode.name, device))
            found[f"{adapter.name}:{mode.name}@{device}"] = settings
    return found


def judge_batch(cases: Sequence[Case], target: Target, version: str | None, seed: int) -> Columns:
    """Compute and judge `cases` on `target`; return one row per case, in order, as columns."""
    return judged(loaded(target.backend), cases, target, version, seed)


def judged(
    adapter: Adapter, cases: Sequence[Case], target: Target, version: str | None, seed: int
) -> Columns:
    """Do what :func:`judge_batch` does, with an adapter at hand and in whatever process this is."""
    with adapter.session(target.mode, target.device):
        return columns(list(_rows(adapter, cases, target, version, seed)))


def loaded(backend: str) -> Adapter:
    """Return the adapter of `backend`, the only one of this process; the first call makes it.

    Raises:
        UnavailableError: its framework is not installed or does not import.
    """
    if "adapter" not in _state:
        _state["adapter"] = registry.load(backend)
        _state["pulse"].write_text(str(os.getpid()))
    adapter: Adapter = _state["adapter"]
    return adapter


def _rows(
    adapter: Adapter, cases: Sequence[Case], target: Target, version: str | None, seed: int
) -> Iterator[dict[str, object]]:
    routes = [_route(adapter, case, target) for case in cases]
    draws = list(_drawn(cases, seed))
    answers = _answers(adapter, cases, draws, target)
    declared = next(mode.declared for mode in adapter.modes if mode.name == target.mode)
    for case, route, drawn, (answer, seconds) in zip(cases, routes, draws, answers, strict=True):
        outcome = _outcome(route, answer)
        yield row(
            case=case,
            target=target,
            version=version,
            route=None if isinstance(route, Faulty) else route,
            outcome=outcome,
            judgement=_judgement(case, drawn, outcome, declared),
            draw=drawn,
            seconds=seconds,
            promise=_promise(adapter, case, route, target),
        )


def _judgement(case: Case, drawn: Draw, outcome: Outcome, declared: Sequence[str]) -> Judgement:
    answer = expect if _is_large(case) else _kept_answer
    expected = answer(case, drawn) if isinstance(outcome, Computed | Promised) else None
    return judge(case, drawn, expected, outcome, declared=declared)


def _drawn(cases: Sequence[Case], seed: int) -> Iterator[Draw]:
    """Yield the inputs of each case; the time they take is not the framework's."""
    for case in cases:
        yield (draw if _is_large(case) else _kept_draw)(case, seed)
        _beat()


def _is_large(case: Case) -> bool:
    return sum(map(prod, (case.x_shape, case.w_shape, case.y_shape))) >= LARGE


_kept_draw = lru_cache(maxsize=KEPT)(draw)
_kept_answer = lru_cache(maxsize=KEPT)(expect)


def _route(adapter: Adapter, case: Case, target: Target) -> Route | Faulty:
    try:
        route: object = adapter.route(case, target.mode, target.device)
    except Exception as error:  # noqa: BLE001 # a third party's code
        return _faulty("route raised", error)
    if isinstance(route, Native | Composed | Unsupported):
        return route
    return Faulty(offence=f"route={route!r}, but should be Native, Composed or Unsupported")


def _faulty(what: str, error: Exception) -> Faulty:
    return Faulty(offence=what, error_type=type(error).__name__, error_text=str(error))


def _promise(adapter: Adapter, case: Case, route: Route | Faulty, target: Target) -> Promise | None:
    """Return what is promised of an open case, or None: it is not asked for."""
    if case.suite != "open" or isinstance(route, Unsupported | Faulty):
        return None
    if not is_drawn(case, adapter.promises):
        return None
    try:
        return Promise(shape=adapter.promise(case, target.mode, target.device))
    except Exception:  # noqa: BLE001 # what a framework refuses it does not promise
        return Promise(shape=None)


Answer = NDArray[Any] | Promised | Exception | Faulty


def _answers(
    adapter: Adapter, cases: Sequence[Case], draws: Sequence[Draw], target: Target
) -> Iterator[tuple[Answer, float]]:
    """Yield each case's result with its seconds, or what is wrong with the adapter's batch."""
    given = 0
    try:
        for answer, seconds in _timed(adapter, cases, draws, target):
            given += 1
            if given <= len(cases):
                yield answer, seconds
        lack = Faulty(offence="compute_many gave fewer results than cases")
    except Exception as error:  # noqa: BLE001 # a third party's code
        lack = _faulty("compute_many raised", error)
    yield from ((lack, 0.0) for _ in cases[given:])


def _timed(
    adapter: Adapter, cases: Sequence[Case], draws: Sequence[Draw], target: Target
) -> Iterator[tuple[Answer, float]]:
    """Yield each result with its seconds; a list that comes at once shares its time."""
    _beat()
    started = time.perf_counter()
    tensors = [drawn.tensors for drawn in draws]
    results = adapter.compute_many(cases, tensors, target.mode, target.device)
    if isinstance(results, list):
        share = (time.perf_counter() - started) / max(len(results), 1)
        for result in results:
            _beat()  # judging them takes its time, too
            yield result, share
        return
    for result in results:
        yield result, time.perf_counter() - started
        _beat()
        started = time.perf_counter()


def _beat() -> None:
    if "pulse" in _state:
        os.utime(_state["pulse"])


def _outcome(route: Route | Faulty, answer: object) -> Outcome:
    """Return what became of a case, given the route its adapter promised."""
    offence = next((each for each in (route, answer) if isinstance(each, Faulty)), None)
    if offence:
        return offence
    match route, answer:
        case Unsupported(reason=reason, proof=proof), Exception():
            return _proved(reason, proof, answer)
        case Unsupported(reason=reason), _:
            return Faulty(offence=f"route says unsupported ({reason}), but the call computes")
        case _, Exception():
            return Refused(error_type=type(answer).__name__, error_text=str(answer))
        case _:
            return outcome_from(answer)


def _proved(reason: str, proof: str, error: Exception) -> Outcome:
    kind, text = type(error).__name__, str(error)
    if re.search(proof, f"{kind}: {text}"):
        return UnsupportedOutcome(reason=reason, error_type=kind, error_text=text)
    return Faulty(
        offence=f"route says unsupported ({reason}), but the error does not match {proof!r}",
        error_type=kind,
        error_text=text,
    )
