"""Translates calls: asks the atlas, then the source, then the target, each in a process of its own.

A translation is shown to be one by running it: the target's snippet and the source itself compute
the same exact integers, and every element is compared.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.entry import Entry
from tconv.engine.executors.local import LocalPool
from tconv.engine.process.process import End, Lane
from tconv.errors import TargetError, UnavailableError
from tconv.model.target import Selection, Target
from tconv.translation import worker
from tconv.translation.layout import layout_of
from tconv.translation.query import Query
from tconv.translation.snippet import has_template
from tconv.translation.source import Impossible, SourceCall, sources
from tconv.translation.worker import Result, SourceResults, TargetCall

_TOGETHER: Final = 20  # queries that one call of a worker serves
_SECONDS: Final = 300.0
_GIB: Final = 8.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Translation:
    """A call of the source in the target.

    Attributes:
        query: the call.
        source: the mode that has it, with its windows and the sizes at which it was run.
        made: what is called, and the snippet.
        differences: what differs, one sentence per sample that does; None: it was not run.
    """

    query: Query
    source: SourceCall
    made: TargetCall
    differences: tuple[str, ...] | None


def translate(
    atlas: Atlas, queries: Sequence[Query], source: Selection, target: Selection, *, runs: bool
) -> Iterator[Translation | Impossible]:
    """Yield what becomes of each query, in order.

    Args:
        atlas: the rules of both.
        queries: calls of the source.
        source: whose calls they are; without a mode, the first that has the call.
        target: what is to be called; without a mode, the first that has a call.
        runs: whether both compute it; else the source need not be here.

    Raises:
        TargetError: there is no such backend or mode, or none that can be translated.
        UnavailableError: a backend that is needed cannot be used here.
    """
    origins = [each for each in _targets(source) if layout_of(each.backend, each.mode)]
    goals = [each for each in _targets(target) if has_template(each)]
    for selection, modes in ((source, origins), (target, goals)):
        if not modes:
            raise TargetError(f"mode={selection.mode!r} of {selection.backend} is not translated")
    entries = {each: _entries(atlas, each) for each in (*origins, *goals)}
    rules = [entry.rule for goal in goals for entry in entries[goal] if entry.rule]
    jobs = [
        (query, sources(query, {each: entries[each] for each in origins}, rules))
        for query in queries
    ]
    with LocalPool(workers=2, case_seconds=_SECONDS, worker_gib=_GIB) as pool:
        lanes = [pool.lane(each) for each in (*[source.backend] * runs, target.backend)]
        _warm(lanes, [*[source.backend] * runs, target.backend])
        for chunk in _chunks(jobs):
            answered = _answered(lanes[0], chunk) if runs else [_unasked(each) for _, each in chunk]
            known = [
                (query, each.source)
                for (query, _), each in zip(chunk, answered, strict=True)
                if isinstance(each, SourceResults)
            ]
            made = iter(
                _required(lanes[-1].call(worker.target_calls, known, goals, entries, runs=runs))
            )
            for (query, _), each in zip(chunk, answered, strict=True):
                yield each if isinstance(each, Impossible) else _judged(query, each, next(made))


def difference(sizes: tuple[int, ...], y: NDArray[np.generic], other: Result) -> str:
    """Return how the target's result differs from the source's, empty where every bit is equal."""
    at = f"i={'x'.join(map(str, sizes))}"
    if isinstance(other, str):
        return f"{at}: the snippet raised {other}"
    if (y.shape, y.dtype) != (other.shape, other.dtype):
        return f"{at}: {other.dtype} {other.shape}, but the source gives {y.dtype} {y.shape}"
    wrong = np.argwhere(y != other)
    if not len(wrong):
        return ""
    first = tuple(map(int, wrong[0]))
    return (
        f"{at}: {len(wrong)} of {y.size} elements differ, the first at {first}: {other[first]}, "
        f"but the source gives {y[first]}"
    )


def _targets(selection: Selection) -> list[Target]:
    """Return the modes that are selected; without a mode, those without qualifiers."""
    modes = [mode.name for mode in registry.adapter_class(selection.backend).modes]
    if selection.mode is not None and selection.mode not in modes:
        raise TargetError(
            f"mode={selection.mode!r} of {selection.backend}, but should be one of "
            f"{', '.join(modes)}"
        )
    chosen = [selection.mode] if selection.mode else [mode for mode in modes if "+" not in mode]
    device = selection.device or "cpu"
    return [Target(backend=selection.backend, mode=mode, device=device) for mode in chosen]


def _entries(atlas: Atlas, target: Target) -> tuple[Entry, ...]:
    return tuple(each for each in atlas.entries if each.question.target == str(target))


def _unasked(found: list[SourceCall] | Impossible) -> SourceResults | Impossible:
    return found if isinstance(found, Impossible) else SourceResults(source=found[0], results=())


def _answered(
    lane: Lane, jobs: Sequence[tuple[Query, list[SourceCall] | Impossible]]
) -> list[SourceResults | Impossible]:
    """Return the source's answer to each query that has sources."""
    asked = [(query, each) for query, each in jobs if not isinstance(each, Impossible)]
    found = iter(_required(lane.call(worker.source_results, asked)))
    return [each if isinstance(each, Impossible) else next(found) for _, each in jobs]


def _judged(
    query: Query, answer: SourceResults, made: TargetCall | Impossible
) -> Translation | Impossible:
    if isinstance(made, Impossible):
        return made
    differences = None
    if answer.results:
        pairs = zip(answer.source.samples, answer.results, made.results, strict=True)
        found = (difference(sizes, y, other) for sizes, y, other in pairs)
        differences = tuple(text for text in found if text)
    return Translation(query=query, source=answer.source, made=made, differences=differences)


def _warm(lanes: Sequence[Lane], backends: Sequence[str]) -> None:
    """Let the processes load their frameworks beside each other."""
    with ThreadPoolExecutor(len(lanes)) as threads:
        calls = dict(zip(backends, lanes, strict=True))
        for _ in threads.map(lambda name: _required(calls[name].call(worker.load, name)), calls):
            pass


def _required(result: T | End) -> T:
    if isinstance(result, End):
        raise UnavailableError(f"the framework ended its process: {result.outcome}")
    return result


def _chunks(jobs: list[T]) -> Iterator[list[T]]:
    return (jobs[at : at + _TOGETHER] for at in range(0, len(jobs), _TOGETHER))
