"""Computes and judges a batch of cases with one adapter, in this process; returns their rows."""

import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, zip_longest
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters import lowering
from tconv.adapters.guard import (
    GuardedAdapter,
    Raised,
    call_guarded,
    fault_of,
    kind_of,
    text_of,
)
from tconv.engine.worker.entry import ERROR_STATE
from tconv.engine.worker.heartbeat import beat
from tconv.engine.worker.sampling import is_drawn
from tconv.errors import AdapterError
from tconv.inputs.draw import Draw, DrawRecipe, draw
from tconv.judge import judge
from tconv.judge.expected import Expected, expect
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
from tconv.model.route import Route, Unsupported
from tconv.model.target import Target
from tconv.store.rows import Columns, columns, row, without_result

KEPT: Final = 4096
"""How many cases' inputs and answers are cached: the next mode of a backend has the same cases."""

LARGE: Final = 2**12
"""Elements of x, w and y from which a case is not cached: the memory that a worker may hold is for
the framework, and large cases are few."""

_TOO_FEW: Final = AdapterError("compute_many gave fewer results than cases")
_TOO_MANY: Final = AdapterError(
    "compute_many gave more results than cases, so nobody knows which belongs to which"
)
_WRITES: Final = Faulty(
    offence="compute wrote to arrays that are not its own; copy the inputs that it has to change"
)
_BORROWS: Final = AdapterError("the result is in the memory of the harness; compute one")
_END: Final = object()  # of an adapter's results

_draws: dict[tuple[str, int], Draw] = {}  # by case id and seed, the oldest first
_expect_once = lru_cache(maxsize=KEPT)(expect)

Answer = NDArray[Any] | InferredShape | BaseException
"""A result, the framework's error, or the adapter's fault, which is an `AdapterError`."""


def draw_batch(
    cases: Sequence[Case], seed: int, recipes: Sequence[DrawRecipe | None] = ()
) -> tuple[Draw, ...]:
    """Return the inputs of each case; the time they take is not the framework's."""
    beat()  # without a place: the last one was in another batch
    draws = []
    for case, recipe in zip(cases, recipes or (None,) * len(cases), strict=True):
        draws.append(draw_once(case, seed, recipe))
        beat()
    return tuple(draws)


def compute_rows(
    adapter: GuardedAdapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    version: str | None,
    inference_fault: str | None = None,
) -> Columns:
    """Return a row for each case and its inputs.

    With an `inference_fault`, which says why, no shape is inferred.
    """
    try:
        with adapter.session(target.mode, target.device):
            routes = [_route(adapter, place, case, target) for place, case in enumerate(cases)]
            answers = _answers(adapter, cases, draws, target)
            inferences = [
                _inference(adapter, place, case, route, target, inference_fault)
                for place, (case, route) in enumerate(zip(cases, routes, strict=True))
            ]
    except AdapterError as error:  # of the session
        return without_result(cases, target, version, _faulty(error))
    # All are computed before the first is judged. If they took turns, framework and judge would
    # drive each other out of the processor's caches, and judging would take twice as long.
    declared = next(mode.declared for mode in adapter.modes if mode.name == target.mode)
    rows = []
    batch = zip(cases, routes, draws, answers, inferences, strict=True)
    with np.errstate(**ERROR_STATE):  # whatever the framework left behind
        for place, (case, route, drawn, (answer, seconds), inference) in enumerate(batch):
            beat(place)  # judging takes its time, too
            outcome = _outcome(route, answer)
            if not drawn.is_intact:
                outcome = _WRITES
                _forget()
            is_compared = isinstance(outcome, Computed | InferredShape)
            expected = expect_once(case, drawn) if is_compared else None
            rows.append(
                row(
                    case=case,
                    target=target,
                    version=version,
                    route=None if isinstance(route, AdapterError) else route,
                    outcome=outcome,
                    judgement=judge(case, outcome, expected, declared=declared),
                    draw=drawn,
                    seconds=seconds,
                    inference=inference,
                )
            )
    return columns(rows)


def draw_once(case: Case, seed: int, recipe: DrawRecipe | None = None) -> Draw:
    """Return the inputs of a case, from the cache if they are there."""
    drawn_before = _draws.get((case.id, seed))
    if drawn_before is not None:
        return drawn_before
    drawn = draw(case, seed, recipe)
    if not _is_large(case):
        _draws[case.id, seed] = drawn
        if len(_draws) > KEPT:
            del _draws[next(iter(_draws))]
    return drawn


def _forget() -> None:
    """Drop what is cached, as an adapter may have written to any of it."""
    _draws.clear()
    _expect_once.cache_clear()


def expect_once(case: Case, drawn: Draw) -> Expected:
    """Return what is right for a case, from the cache if it is slow to compute and small."""
    at_once = drawn.answer is not None or _is_large(case)
    return (expect if at_once else _expect_once)(case, drawn)


def _is_large(case: Case) -> bool:
    return sum(map(prod, (case.x_shape, case.w_shape, case.y_shape))) >= LARGE


def _route(adapter: GuardedAdapter, place: int, case: Case, target: Target) -> Route | AdapterError:
    beat(place)
    try:
        return lowering.route(adapter, case, target.mode, target.device)
    except AdapterError as error:
        return error


def _faulty(error: AdapterError) -> Faulty:
    return Faulty(offence=error.offence, error_type=error.error_type, error_text=error.error_text)


def _inference(
    adapter: GuardedAdapter,
    place: int,
    case: Case,
    route: Route | AdapterError,
    target: Target,
    fault: str | None,
) -> ShapeInference | None:
    """Return the shape that the framework infers of an open case; None if it is not asked."""
    if case.suite != "open" or isinstance(route, Unsupported | AdapterError):
        return None
    if not is_drawn(case, adapter.infer_one_in):
        return None
    if fault is not None:
        return ShapeInference(shape=None, fault=fault)
    beat(place, is_inferring=True)
    shape = call_guarded(adapter.infer_shape, case, target.mode, target.device)
    if not isinstance(shape, Raised):
        return ShapeInference(shape=shape)
    is_fault = type(shape.error) is AdapterError
    return ShapeInference(shape=None, fault=text_of(shape.error) if is_fault else None)


def _answers(
    adapter: GuardedAdapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    first: int = 0,
) -> list[tuple[Answer, float]]:
    """Return each case's result with its seconds, or what is wrong with the adapter's batch.

    If the adapter raises instead of giving a result, each case without one is computed alone. The
    error of such a case is the adapter's fault or, if it is no `Exception`, the framework's exit.
    """
    answers: list[tuple[Answer, float]] = []
    for answer, seconds in _timed(adapter, cases, draws, target, first):
        if not isinstance(answer, Raised):
            answers.append((answer, seconds))
        elif len(cases) > 1:
            for place in range(len(answers), len(cases)):
                alone = slice(place, place + 1)
                answers += _answers(adapter, cases[alone], draws[alone], target, first + place)
        elif not answers:
            own = issubclass(type(answer.error), Exception)
            fault = fault_of("compute_many", answer.error) if own else answer.error
            answers.append((fault, seconds))
    if len(answers) > len(cases):
        return [(_TOO_MANY, seconds) for _, seconds in answers[: len(cases)]]
    return answers + [(_TOO_FEW, 0.0)] * (len(cases) - len(answers))


def _timed(
    adapter: GuardedAdapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    first: int,
) -> Iterator[tuple[Answer | Raised, float]]:
    """Yield each result with its seconds; a list that comes at once shares its time.

    Nothing comes after an error that the adapter raises. `first` is the place of the first case.
    """
    beat()
    calls = [
        lowering.call(adapter, case, drawn.tensors)
        for case, drawn in zip(cases, draws, strict=True)
    ]
    lowered, tensors = [case for case, _ in calls], [operands for _, operands in calls]
    started = time.perf_counter()
    results = call_guarded(adapter.compute_many, lowered, tensors, target.mode, target.device)
    if isinstance(results, list):
        share = (time.perf_counter() - started) / max(len(results), 1)
        for result, drawn in zip_longest(results, draws[: len(results)]):
            yield _checked(result, drawn), share
        return
    for place in count(first):
        beat(place)
        started = time.perf_counter()
        result = results if isinstance(results, Raised) else call_guarded(next, results, _END)
        if result is _END:
            return
        seconds = time.perf_counter() - started
        drawn = draws[place - first] if place - first < len(draws) else None
        result = _checked(result, drawn)
        if type(result) is np.ndarray:  # an adapter may use its memory for the next
            result = call_guarded(result.copy)
        yield result, seconds
        if isinstance(result, Raised):
            return


def _checked(result: Answer | Raised, drawn: Draw | None) -> Answer | Raised:
    """Return a result, or the fault of an adapter that gives what it found and did not compute."""
    if type(result) is not np.ndarray or drawn is None:
        return result
    work = drawn.work
    own = (work.x, work.w, work.b, drawn.answer)
    is_borrowed = any(array is not None and np.may_share_memory(result, array) for array in own)
    return _BORROWS if is_borrowed else result


def _outcome(route: Route | AdapterError, answer: Answer) -> Outcome:
    """Return what became of a case, given the route that its adapter declared."""
    for fault in (route, answer):
        if type(fault) is AdapterError:
            return _faulty(fault)
    match route, answer:
        case Unsupported(reason=reason, error_pattern=error_pattern), BaseException():
            return _proved(reason, error_pattern, answer)
        case Unsupported(reason=reason), _:
            return Faulty(offence=f"route says unsupported ({reason}), but the call computes")
        case _, BaseException():
            return Refused(error_type=kind_of(answer), error_text=text_of(answer))
        case _, InferredShape():
            return answer
        case _:
            return Computed(y=answer)


def _proved(reason: str, error_pattern: str, error: BaseException) -> Outcome:
    """Return that the framework does not support the case, if its error confirms that."""
    kind, text = kind_of(error), text_of(error)
    if re.search(error_pattern, f"{kind}: {text}"):
        return ConfirmedUnsupported(reason=reason, error_type=kind, error_text=text)
    return Faulty(
        offence=f"route says unsupported ({reason}), but the error does not match "
        f"{error_pattern!r}",
        error_type=kind,
        error_text=text,
    )
