"""Computes and judges a batch of cases with one adapter, in this process; returns their rows."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import count
from math import prod
from operator import index
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tconv.adapters import lowering
from tconv.adapters.base import Adapter
from tconv.engine.worker.guard import Raised, call_guarded, outcome_from, text_of
from tconv.engine.worker.heartbeat import beat
from tconv.engine.worker.sampling import is_drawn
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
from tconv.model.route import Composed, Native, Route, Unsupported
from tconv.model.target import Target
from tconv.store.rows import Columns, columns, row, without_result

KEPT: Final = 4096
"""How many cases' inputs and answers are cached: the next mode of a backend has the same cases."""

LARGE: Final = 2**12
"""Elements of x, w and y from which a case is not cached: the memory that a worker may hold is for
the framework, and large cases are few."""

_SHARED_MEMORY: Final = Faulty(
    offence="compute_many gave a list with two results in one memory; copy each, or yield them"
)
_TOO_FEW: Final = Faulty(offence="compute_many gave fewer results than cases")
_END: Final = object()  # of an adapter's results

_draws: dict[tuple[str, int], Draw] = {}  # by case id and seed, the oldest first
_expect_once = lru_cache(maxsize=KEPT)(expect)

Answer = NDArray[Any] | InferredShape | BaseException | Faulty


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
    adapter: Adapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    version: str | None,
) -> Columns:
    """Return a row for each case and its inputs."""
    with ExitStack() as session:
        error = _failure(lambda: session.enter_context(adapter.session(target.mode, target.device)))
        if error is None:
            rows = columns(list(_rows(adapter, cases, draws, target, version)))
            error = _failure(session.close)
    return rows if error is None else without_result(cases, target, version, error)


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


def expect_once(case: Case, drawn: Draw) -> Expected:
    """Return what is right for a case, from the cache if it is slow to compute and small."""
    at_once = drawn.answer is not None or _is_large(case)
    return (expect if at_once else _expect_once)(case, drawn)


def _is_large(case: Case) -> bool:
    return sum(map(prod, (case.x_shape, case.w_shape, case.y_shape))) >= LARGE


def _failure(step: Callable[[], object]) -> Faulty | None:
    """Return what is wrong with a step into or out of a session, or None."""
    result = call_guarded(step)
    return _faulty("session raised", result.error) if isinstance(result, Raised) else None


def _rows(
    adapter: Adapter,
    cases: Sequence[Case],
    draws: Sequence[Draw],
    target: Target,
    version: str | None,
) -> Iterator[dict[str, object]]:
    routes = [_route(adapter, case, target) for case in cases]
    # All are computed before the first is judged. If they took turns, framework and judge would
    # drive each other out of the processor's caches, and judging would take twice as long.
    answers = list(_answers(adapter, cases, draws, target))
    declared = next(mode.declared for mode in adapter.modes if mode.name == target.mode)
    batch = zip(cases, routes, draws, answers, strict=True)
    for place, (case, route, drawn, (answer, seconds)) in enumerate(batch):
        beat(place)  # judging takes its time, too, and the framework infers a shape below
        outcome = _outcome(route, answer)
        is_compared = isinstance(outcome, Computed | InferredShape)
        expected = expect_once(case, drawn) if is_compared else None
        yield row(
            case=case,
            target=target,
            version=version,
            route=None if isinstance(route, Faulty) else route,
            outcome=outcome,
            judgement=judge(case, outcome, expected, declared=declared),
            draw=drawn,
            seconds=seconds,
            inference=_inference(adapter, case, route, target),
        )


def _route(adapter: Adapter, case: Case, target: Target) -> Route | Faulty:
    route = call_guarded(lowering.route, adapter, case, target.mode, target.device)
    if isinstance(route, Raised):
        return _faulty("route raised", route.error)
    if isinstance(route, Native | Composed | Unsupported):
        return route
    return Faulty(offence=f"route={route!r}, but should be Native, Composed or Unsupported")


def _faulty(offence: str, error: BaseException) -> Faulty:
    return Faulty(offence=offence, error_type=type(error).__name__, error_text=text_of(error))


def _inference(
    adapter: Adapter, case: Case, route: Route | Faulty, target: Target
) -> ShapeInference | None:
    """Return the shape that the framework infers of an open case; None if it is not asked."""
    if case.suite != "open" or isinstance(route, Unsupported | Faulty):
        return None
    if not is_drawn(case, adapter.infer_one_in):
        return None

    def infer() -> tuple[int, ...] | None:
        shape = adapter.infer_shape(case, target.mode, target.device)
        return None if shape is None else tuple(map(index, shape))

    shape = call_guarded(infer)
    return ShapeInference(shape=None if isinstance(shape, Raised) else shape)


def _answers(
    adapter: Adapter, cases: Sequence[Case], draws: Sequence[Draw], target: Target, first: int = 0
) -> Iterator[tuple[Answer, float]]:
    """Yield each case's result with its seconds, or what is wrong with the adapter's batch.

    If the adapter raises instead of giving a result, each case without one is computed alone. The
    error of such a case is the adapter's fault or, if it is no `Exception`, the framework's exit.
    """
    answered = 0
    for answer, seconds in _timed(adapter, cases, draws, target, first):
        if isinstance(answer, Raised):
            break
        answered += 1
        if answered <= len(cases):  # an adapter may give more
            yield answer, seconds
    else:
        yield from ((_TOO_FEW, 0.0) for _ in cases[answered:])
        return
    for place in range(answered, len(cases)):
        if len(cases) > 1:
            alone = slice(place, place + 1)
            yield from _answers(adapter, cases[alone], draws[alone], target, first + place)
        elif isinstance(answer.error, Exception):
            yield _faulty("compute_many raised", answer.error), answer.seconds
        else:
            yield answer.error, answer.seconds


def _timed(
    adapter: Adapter, cases: Sequence[Case], draws: Sequence[Draw], target: Target, first: int
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
        shared = sharing_memory(results)
        for place, result in enumerate(results):
            yield _SHARED_MEMORY if place in shared else result, share
        return
    iterator = results if isinstance(results, Raised) else call_guarded(iter, results)
    for place in count(first):
        beat(place)
        started = time.perf_counter()
        result = iterator if isinstance(iterator, Raised) else call_guarded(next, iterator, _END)
        if result is _END:
            return
        seconds = time.perf_counter() - started
        if type(result) is np.ndarray:  # an adapter may use its memory for the next
            result = call_guarded(result.copy)
        yield result, seconds
        if isinstance(result, Raised):
            return


def sharing_memory(results: Sequence[object]) -> frozenset[int]:
    """Return the places of the results that start at the same address as another.

    The later of those has overwritten the earlier. Results that come one by one are copied one by
    one, so that a framework may reuse its memory; those that come together in a list cannot be.
    """
    starts = {
        place: result.__array_interface__["data"][0]
        for place, result in enumerate(results)
        if isinstance(result, np.ndarray) and result.size
    }
    counts = Counter(starts.values())
    return frozenset(place for place, start in starts.items() if counts[start] > 1)


def _outcome(route: Route | Faulty, answer: object) -> Outcome:
    """Return what became of a case, given the route that its adapter declared."""
    for offence in (route, answer):
        if isinstance(offence, Faulty):
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
    """Return that the framework does not support the case, if its error confirms that."""
    kind, text = type(error).__name__, text_of(error)
    if re.search(error_pattern, f"{kind}: {text}"):
        return ConfirmedUnsupported(reason=reason, error_type=kind, error_text=text)
    return Faulty(
        offence=f"route says unsupported ({reason}), but the error does not match "
        f"{error_pattern!r}",
        error_type=kind,
        error_text=text,
    )
