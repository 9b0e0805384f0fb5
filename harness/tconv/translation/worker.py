"""What happens in worker processes: the source answers, the target is searched, its snippet run.

A process has one framework loaded; jobs go to it in lists, so that many are done in one call.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter
from tconv.analysis.atlas.entry import Entry
from tconv.engine.worker.compute import loaded
from tconv.inputs.draw import draw
from tconv.model.case import Case
from tconv.model.dtypes import PRECISIONS
from tconv.model.outcome import InferredShape
from tconv.model.route import Composed, Native, Unsupported
from tconv.model.target import Target
from tconv.model.tensors import Tensors
from tconv.translation.candidate import Candidate
from tconv.translation.layout import layout_of
from tconv.translation.query import Query
from tconv.translation.search import Search
from tconv.translation.snippet import FUNCTION, snippet
from tconv.translation.source import Impossible, SourceCall

Result = NDArray[Any] | str
"""A result (n, c_out, *o), or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceResults:
    """What the source computes.

    Attributes:
        source: the mode that has the call.
        results: one per sample.
    """

    source: SourceCall
    results: tuple[NDArray[Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TargetCall:
    """A translation with what came of it.

    Attributes:
        target: backend, mode and device that are called.
        candidate: the call and the step after it.
        call: the call as a user would name it.
        text: the snippet.
        results: what it returned, one per sample.
    """

    target: Target
    candidate: Candidate
    call: str
    text: str
    results: tuple[Result, ...] = ()


def load(backend: str) -> bool:
    """Load the framework of a backend; return that it is there.

    Raises:
        UnavailableError: it is not.
    """
    return loaded(backend) is not None


def source_results(
    jobs: Sequence[tuple[Query, Sequence[SourceCall]]],
) -> list[SourceResults | Impossible]:
    """Return for each query the answer of the first mode that has a call for it."""
    return [_source_results(query, sources) for query, sources in jobs]


def target_calls(
    jobs: Sequence[tuple[Query, SourceCall]],
    targets: Sequence[Target],
    entries: Mapping[Target, Sequence[Entry]],
    *,
    runs: bool,
) -> list[TargetCall | Impossible]:
    """Return for each query the call of the first target that has one, run where `runs` says so."""
    return [_target_call(query, source, targets, entries, runs=runs) for query, source in jobs]


def _source_results(query: Query, sources: Sequence[SourceCall]) -> SourceResults | Impossible:
    reasons = []
    for source in sources:
        target = source.target
        adapter = loaded(target.backend)
        with adapter.session(target.mode, target.device):
            results = list(_computed(adapter, target, map(query.case, source.samples)))
        reason = next((result for result in results if isinstance(result, str)), None)
        if reason is None:
            arrays = tuple(result for result in results if not isinstance(result, str))
            return SourceResults(source=source, results=arrays)
        reasons.append(f"{target}: {reason}")
    return Impossible(reason="; ".join(dict.fromkeys(reasons)))


def _computed(adapter: Adapter, target: Target, cases: Iterator[Case]) -> Iterator[Result]:
    for case in cases:
        match adapter.route(case, target.mode, target.device):
            case Unsupported(reason=reason):
                yield reason
            case Composed(addition=addition):
                yield f"no call of its own gives this, but one that makes a user {addition}"
            case _:
                yield _tried(adapter, case, target, draw(case).tensors)


def _tried(adapter: Adapter, case: Case, target: Target, tensors: Tensors) -> Result:
    match adapter.attempt(case, tensors, target.mode, target.device):
        case InferredShape():
            return "it infers shapes and computes nothing"
        case Exception() as error:
            return f"{type(error).__name__}: {error}".splitlines()[0]
        case y:
            return y


def _target_call(
    query: Query,
    source: SourceCall,
    targets: Sequence[Target],
    entries: Mapping[Target, Sequence[Entry]],
    *,
    runs: bool,
) -> TargetCall | Impossible:
    """Return the call of the first mode that has one alone, else with a step, or none."""
    found: list[TargetCall] = []
    reasons = []
    for target in targets:
        match _searched(query, source, target, entries.get(target, ())):
            case Impossible(reason=reason):
                reasons.append(f"{target}: {reason}")
            case made:
                found.append(made)
                if made.candidate.is_native:
                    break
    if not found:
        return Impossible(reason="; ".join(dict.fromkeys(reasons)))
    best = next((each for each in found if each.candidate.is_native), found[0])
    return replace(best, results=tuple(_run(best, query, source))) if runs else best


def _searched(
    query: Query, source: SourceCall, target: Target, entries: Sequence[Entry]
) -> TargetCall | Impossible:
    adapter = loaded(target.backend)
    own = layout_of(source.target.backend, source.target.mode)
    into = layout_of(target.backend, target.mode)
    assert own is not None
    assert into is not None
    with adapter.session(target.mode, target.device):
        candidate = Search(
            query=query,
            wanted=source.wanted,
            entries=entries,
            samples=source.samples,
            route=lambda case: adapter.route(case, target.mode, target.device),
            refusal=lambda case: _refusal(adapter, case, target),
        ).found()
        if isinstance(candidate, Impossible):
            return candidate
        route = adapter.route(candidate.case, target.mode, target.device)
    assert isinstance(route, Native)
    text = snippet(candidate, target, route, source=source.target.backend, own=own, into=into)
    return TargetCall(target=target, candidate=candidate, call=route.call, text=text)


def _refusal(adapter: Adapter, case: Case, target: Target) -> str | None:
    """Return why the framework does not compute a case of ones, or None: it does."""
    dtype = PRECISIONS[case.dtype].dtype
    x, w, b = (np.ones(shape, dtype) for shape in (case.x_shape, case.w_shape, case.b_shape))
    result = _tried(adapter, case, target, Tensors(x=x, w=w, b=b))
    return result if isinstance(result, str) else None


def _run(made: TargetCall, query: Query, source: SourceCall) -> Iterator[Result]:
    """Yield what the snippet returns at each sample, from the same arrays as the source's."""
    own = layout_of(source.target.backend, source.target.mode)
    into = layout_of(made.target.backend, made.target.mode)
    adapter = loaded(made.target.backend)
    names: dict[str, Any] = {"__name__": "snippet"}
    assert own is not None
    assert into is not None
    with adapter.session(made.target.mode, made.target.device):
        exec(compile(made.text, "snippet.py", "exec"), names)  # noqa: S102 # our own text
        for sizes in source.samples:
            case = query.case(sizes)
            given = draw(case).tensors
            assert given.b is not None
            try:
                y = names[FUNCTION](into.x(given.x), own.w(given.w, case.groups), given.b)
            except Exception as error:  # noqa: BLE001 # the framework's, of whatever kind
                yield f"{type(error).__name__}: {error}"
            else:
                yield into.y(_array(y, given.x.dtype))


def _array(y: Any, dtype: np.dtype[Any]) -> NDArray[Any]:  # noqa: ANN401 # a framework's tensor
    """Return a tensor as an array; bfloat16, which not all give to NumPy, by its numbers."""
    y = y.detach() if hasattr(y, "detach") else y
    try:
        return np.asarray(y)
    except TypeError:
        return np.array(y.tolist(), dtype)
