"""What happens inside a worker process: one adapter, one target, batches of cases, rows back.

The parent watches two things that a dying process leaves behind: the *log*, to which everything
printed goes, native code included, and the *pulse*, which says that another case was finished and
which one is being computed.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from operator import index
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.engine.worker import cache
from tconv.engine.worker.aliasing import OVERWRITTEN, overwritten
from tconv.engine.worker.describe import BackendDescription, described
from tconv.engine.worker.guard import Escaped, text_of, tried
from tconv.engine.worker.heartbeat import Pulse
from tconv.engine.worker.orphan import end_with
from tconv.engine.worker.sampling import is_drawn
from tconv.errors import UnavailableError
from tconv.inputs.draw import Draw, DrawRecipe
from tconv.judge import Judgement, judge, outcome_from
from tconv.model.case import Case
from tconv.model.outcome import (
    Computed,
    ConfirmedUnsupported,
    Faulty,
    InferredShape,
    Outcome,
    Refused,
    ShapeInference,
)
from tconv.model.route import Composed, Native, Route, Unsupported
from tconv.model.target import Target
from tconv.store import RowBatch
from tconv.store.rows import Columns, columns, row
from tconv.store.unjudged import unjudged

LOG: Final = 2**22
"""Bytes that a worker may have printed before it forgets what came before the current case."""

_state: dict[str, Any] = {}  # this process's adapter and files; a process serves one backend


def prepare(environment: Mapping[str, str], log: Path, pulse: Path, parent: int) -> None:
    """Set up a fresh process: its variables, its output into `log`, its `pulse` file.

    It ends with the process `parent`, however that ends.
    """
    end_with(parent)
    os.environ.update(environment)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stdout.flush()
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    _state["pulse"] = Pulse(pulse)


def describe(backend: str) -> BackendDescription | str:
    """Return what the backend says of itself, or why it is unavailable, in words."""
    try:
        found = tried(described, backend, _loaded(backend))
    except UnavailableError as error:
        return str(error)
    finally:
        _beat()  # asking for devices and settings is part of loading, too
    if isinstance(found, Escaped):
        kind, text = type(found.error).__name__, text_of(found.error)
        return f"the adapter of {backend} cannot be asked what there is here: {kind}: {text}"
    made: BackendDescription = found
    return made


def judge_batch(
    cases: Sequence[Case],
    target: Target,
    version: str | None,
    seed: int,
    choices: Sequence[DrawRecipe | None] = (),
) -> tuple[RowBatch, tuple[DrawRecipe, ...], float]:
    """Compute and judge `cases` on `target`; `choices` are those that are known of them, if any.

    Returns:
        One row per case, in order; the choice of each; and the seconds it took, the loading of
        the framework apart.
    """
    adapter = loaded(target.backend)
    begun = time.perf_counter()
    cases = tuple(cases)  # made here, where they came as columns
    draws = draw_batch(cases, seed, choices)
    sheaf = RowBatch.from_columns(judged(adapter, cases, draws, target, version))
    return sheaf, tuple(each.recipe for each in draws), time.perf_counter() - begun


def draw_batch(
    cases: Sequence[Case], seed: int, choices: Sequence[DrawRecipe | None] = ()
) -> tuple[Draw, ...]:
    """Return the inputs of each case; the time they take is not the framework's."""
    _beat()  # from here on nobody takes the last batch's place for this one's
    return tuple(_drawn(cases, seed, choices or (None,) * len(cases)))


def judged(
    adapter: Adapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    version: str | None,
) -> Columns:
    """Return a row for each case and its inputs, with an adapter at hand, in any process."""
    with ExitStack() as session:
        error = _escaped(lambda: session.enter_context(adapter.session(target.mode, target.device)))
        if error is None:
            made = columns(list(_rows(adapter, cases, draws, target, version)))
            error = _escaped(session.close)
    return made if error is None else unjudged(cases, target, version, error)


def _escaped(step: Callable[[], object]) -> Faulty | None:
    """Return what is wrong with a step into or out of a session, or None."""
    found = tried(step)
    return _faulty("session raised", found.error) if isinstance(found, Escaped) else None


def loaded(backend: str) -> Adapter:
    """Return the adapter of `backend`, the only one of this process; the first call makes it.

    Raises:
        UnavailableError: its framework is not installed or does not import.
    """
    adapter = _loaded(backend)
    _beat()
    return adapter


def _loaded(backend: str) -> Adapter:
    if "adapter" not in _state:
        if "pulse" in _state:
            _state["pulse"].load()
        _state["adapter"] = registry.load(backend)
    adapter: Adapter = _state["adapter"]
    return adapter


def _rows(
    adapter: Adapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    version: str | None,
) -> Iterator[dict[str, object]]:
    routes = [_route(adapter, case, target) for case in cases]
    # All are computed before the first is judged. Taking turns, framework and judge drive each
    # other out of the processor's caches, and judging takes twice as long.
    answers = list(_answers(adapter, cases, draws, target))
    declared = next(mode.declared for mode in adapter.modes if mode.name == target.mode)
    every = zip(cases, routes, draws, answers, strict=True)
    for place, (case, route, drawn, (answer, seconds)) in enumerate(every):
        _beat(place)  # judging takes its time, too, and a promise is the framework's
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
            inference=_inference(adapter, case, route, target),
        )


def _judgement(case: Case, drawn: Draw, outcome: Outcome, declared: Sequence[str]) -> Judgement:
    asked = isinstance(outcome, Computed | InferredShape)
    expected = cache.expected(case, drawn) if asked else None
    return judge(case, outcome, expected, declared=declared)


def _drawn(
    cases: Sequence[Case], seed: int, choices: Sequence[DrawRecipe | None]
) -> Iterator[Draw]:
    for case, choice in zip(cases, choices, strict=True):
        yield cache.drawn(case, seed, choice)
        _beat()


def _route(adapter: Adapter, case: Case, target: Target) -> Route | Faulty:
    route = tried(adapter.route, case, target.mode, target.device)
    if isinstance(route, Escaped):
        return _faulty("route raised", route.error)
    if isinstance(route, Native | Composed | Unsupported):
        return route
    return Faulty(offence=f"route={route!r}, but should be Native, Composed or Unsupported")


def _faulty(what: str, error: BaseException) -> Faulty:
    return Faulty(offence=what, error_type=type(error).__name__, error_text=text_of(error))


def _inference(
    adapter: Adapter, case: Case, route: Route | Faulty, target: Target
) -> ShapeInference | None:
    """Return what is promised of an open case, or None: it is not asked for."""
    if case.suite != "open" or isinstance(route, Unsupported | Faulty):
        return None
    if not is_drawn(case, adapter.infer_one_in):
        return None

    def asked() -> tuple[int, ...] | None:
        given = adapter.infer_shape(case, target.mode, target.device)
        return None if given is None else tuple(map(index, given))

    shape = tried(asked)
    # what a framework refuses it does not promise
    return ShapeInference(shape=None if isinstance(shape, Escaped) else shape)


Answer = NDArray[Any] | InferredShape | BaseException | Faulty
_END: Final = object()  # of an adapter's results


def _answer(escaped: Escaped) -> Answer:
    """Return what an error is for a case that was alone: the adapter's fault, or an exit's."""
    if isinstance(escaped.error, Exception):
        return _faulty("compute_many raised", escaped.error)
    return escaped.error


def _answers(
    adapter: Adapter, cases: Sequence[Case], draws: Sequence[Draw], target: Target, first: int = 0
) -> Iterator[tuple[Answer, float]]:
    """Yield each case's result with its seconds, or what is wrong with the adapter's batch.

    Where the adapter raises instead of giving a result, the cases without one go alone.
    """
    given = 0
    for answer, seconds in _timed(adapter, cases, draws, target, first):
        if isinstance(answer, Escaped):
            yield from _alone(adapter, cases, draws, target, first, given, answer)
            return
        given += 1
        if given <= len(cases):
            yield answer, seconds
    lack = Faulty(offence="compute_many gave fewer results than cases")
    yield from ((lack, 0.0) for _ in cases[given:])


def _alone(
    adapter: Adapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    first: int,
    given: int,
    escaped: Escaped,
) -> Iterator[tuple[Answer, float]]:
    """Yield the results of the cases from `given` on, after an error that ended their batch."""
    for at in range(given, len(cases)):
        if len(cases) == 1:
            yield _answer(escaped), escaped.seconds
        else:
            yield from _answers(adapter, cases[at : at + 1], draws[at : at + 1], target, first + at)


def _timed(
    adapter: Adapter, cases: Sequence[Case], draws: Sequence[Draw], target: Target, first: int
) -> Iterator[tuple[Answer | Escaped, float]]:
    """Yield each result with its seconds; a list that comes at once shares its time.

    Nothing comes after an error that the adapter let pass. `first` is the place of the first case.
    """
    _beat()
    started = time.perf_counter()
    tensors = [drawn.tensors for drawn in draws]
    results = tried(adapter.compute_many, cases, tensors, target.mode, target.device)
    if isinstance(results, list):
        share = (time.perf_counter() - started) / max(len(results), 1)
        lost = overwritten(results)
        for at, result in enumerate(results):
            yield OVERWRITTEN if at in lost else result, share
        return
    turns = results if isinstance(results, Escaped) else tried(iter, results)
    for place in count(first):
        _beat(place)
        started = time.perf_counter()
        result = turns if isinstance(turns, Escaped) else tried(next, turns, _END)
        if result is _END:
            return
        seconds = time.perf_counter() - started
        if type(result) is np.ndarray:  # an adapter may use its memory for the next
            result = tried(result.copy)
        yield result, seconds
        if isinstance(result, Escaped):
            return


def _beat(place: int | None = None) -> None:
    """Say that a case is done and which one comes next; let the log not grow without end."""
    if "pulse" in _state:
        _state["pulse"].beat(place)
        if os.fstat(1).st_size > LOG:
            os.ftruncate(1, 0)


def _outcome(route: Route | Faulty, answer: object) -> Outcome:
    """Return what became of a case, given the route its adapter promised."""
    offence = next((each for each in (route, answer) if isinstance(each, Faulty)), None)
    if offence:
        return offence
    match route, answer:
        case Unsupported(reason=reason, error_pattern=error_pattern), BaseException():
            return _proved(reason, error_pattern, answer)
        case Unsupported(reason=reason), _:
            return Faulty(offence=f"route says unsupported ({reason}), but the call computes")
        case _, BaseException():
            return Refused(error_type=type(answer).__name__, error_text=text_of(answer))
        case _:
            return outcome_from(answer)


def _proved(reason: str, error_pattern: str, error: BaseException) -> Outcome:
    kind, text = type(error).__name__, text_of(error)
    if re.search(error_pattern, f"{kind}: {text}"):
        return ConfirmedUnsupported(reason=reason, error_type=kind, error_text=text)
    return Faulty(
        offence=f"route says unsupported ({reason}), but the error does not match "
        f"{error_pattern!r}",
        error_type=kind,
        error_text=text,
    )
