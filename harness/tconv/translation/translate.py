"""Translates calls: asks the atlas, then the source, then the target, each in a process of its own.

A translation is shown to be one by running it: the file's function and the source itself compute
the same exact integers, and every element is compared.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.entry import Entry
from tconv.engine.executors.local import LocalPool
from tconv.engine.process.process import End, Lane
from tconv.errors import TargetError, UnavailableError
from tconv.model.target import Selection, Target
from tconv.translation import worker
from tconv.translation.query import Query
from tconv.translation.source import Impossible, SourceCall, find_sources
from tconv.translation.worker import Output, SourceOutputs, TargetCall

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
        target_call: what is called, and the Python file.
        differences: what differs, one sentence per sample that does; None: it was not run.
    """

    query: Query
    source: SourceCall
    target_call: TargetCall
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
    source_modes, target_modes = _targets(source), _targets(target)
    entries = {mode: _entries(atlas, mode) for mode in (*source_modes, *target_modes)}
    with LocalPool(workers=2, case_seconds=_SECONDS, worker_gib=_GIB) as pool:
        lanes = [pool.lane(backend) for backend in (*[source.backend] * runs, target.backend)]
        target_modes = _loaded(lanes, source.backend, target_modes)
        if not target_modes:
            raise TargetError(f"mode={target.mode!r} of {target.backend} is not translated")
        rules = [entry.rule for mode in target_modes for entry in entries[mode] if entry.rule]
        source_entries = {mode: entries[mode] for mode in source_modes}
        jobs = [(query, find_sources(query, source_entries, rules)) for query in queries]
        for chunk in _chunks(jobs):
            outputs = _source_outputs(lanes[0], chunk) if runs else list(map(_not_run, chunk))
            possible = [
                (query, output.source)
                for (query, _), output in zip(chunk, outputs, strict=True)
                if isinstance(output, SourceOutputs)
            ]
            answers = lanes[-1].call(
                worker.target_calls, possible, target_modes, entries, runs=runs
            )
            calls = iter(_required(answers))
            for (query, _), output in zip(chunk, outputs, strict=True):
                if isinstance(output, Impossible):
                    yield output
                else:
                    yield _compared(query, output, next(calls))


def difference(sizes: tuple[int, ...], y: NDArray[np.generic], other: Output) -> str:
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
    """Return the selected modes that have a layout; without a mode, those without qualifiers."""
    adapter = registry.adapter_class(selection.backend)
    if adapter.snippet is Adapter.snippet:
        raise TargetError(
            f"backend={selection.backend!r} is not translated: its adapter has no method snippet"
        )
    modes = {mode.name: mode for mode in adapter.modes}
    if selection.mode is not None and selection.mode not in modes:
        raise TargetError(
            f"mode={selection.mode!r} of {selection.backend}, but should be one of "
            f"{', '.join(modes)}"
        )
    names = [selection.mode] if selection.mode else [name for name in modes if "+" not in name]
    device = selection.device or "cpu"
    targets = [
        Target(backend=selection.backend, mode=name, device=device)
        for name in names
        if modes[name].layout is not None
    ]
    if not targets:
        raise TargetError(f"mode={selection.mode!r} of {selection.backend} is not translated")
    return targets


def _entries(atlas: Atlas, target: Target) -> tuple[Entry, ...]:
    return tuple(entry for entry in atlas.entries if entry.question.target == str(target))


Job = tuple[Query, list[SourceCall] | Impossible]


def _not_run(job: Job) -> SourceOutputs | Impossible:
    _, sources = job
    if isinstance(sources, Impossible):
        return sources
    return SourceOutputs(source=sources[0], outputs=())


def _source_outputs(lane: Lane, jobs: Sequence[Job]) -> list[SourceOutputs | Impossible]:
    """Return what the source computes of each query that has sources."""
    possible = [(query, sources) for query, sources in jobs if not isinstance(sources, Impossible)]
    outputs = iter(_required(lane.call(worker.source_outputs, possible)))
    return [sources if isinstance(sources, Impossible) else next(outputs) for _, sources in jobs]


def _compared(
    query: Query, output: SourceOutputs, call: TargetCall | Impossible
) -> Translation | Impossible:
    if isinstance(call, Impossible):
        return call
    differences = None
    if output.outputs:
        pairs = zip(output.source.samples, output.outputs, call.outputs, strict=True)
        texts = (difference(sizes, y, other) for sizes, y, other in pairs)
        differences = tuple(text for text in texts if text)
    return Translation(query=query, source=output.source, target_call=call, differences=differences)


def _loaded(lanes: Sequence[Lane], source: str, modes: Sequence[Target]) -> list[Target]:
    """Load the frameworks beside each other; return the modes of the target that are written."""
    with ThreadPoolExecutor(len(lanes)) as threads:
        first = [lane for lane in lanes if lane is not lanes[-1]]
        loads = [threads.submit(lane.call, worker.load, source) for lane in first]
        written = threads.submit(lanes[-1].call, worker.written, modes)
        for load in loads:
            _required(load.result())
        return _required(written.result())


def _required(result: T | End) -> T:
    if isinstance(result, End):
        raise UnavailableError(f"the framework ended its process: {result.outcome}")
    return result


def _chunks(jobs: list[T]) -> Iterator[list[T]]:
    return (jobs[at : at + _TOGETHER] for at in range(0, len(jobs), _TOGETHER))
