"""Translates calls: asks the atlas, then the source, then the target, each in its own process.

A translation is shown to be one by running it: the file's function and the source itself compute
the same exact integers, and every element is compared.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from threading import Event
from typing import Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.entry import Entry
from tconv.engine.process.environment import worker_variables
from tconv.engine.process.worker_process import Limits, WorkerEnd, WorkerProcess
from tconv.errors import TargetError, UnavailableError
from tconv.model.outcome import Crashed, TimedOut
from tconv.model.target import Selection, Target
from tconv.translation import worker
from tconv.translation.python_file import FUNCTION, FileStyle
from tconv.translation.query import Query
from tconv.translation.source import Impossible, SourceCall, find_sources
from tconv.translation.worker import Output, TargetCall

_LIMITS: Final = Limits(case_seconds=300.0, worker_gib=8.0)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Translation:
    """A call of the source in the target.

    Attributes:
        source: the call of the source, with its windows and the sizes at which it was run.
        target_call: what is called, and the Python file.
        differences: what differs, one sentence per sample that does; None: it was not run.
        faster: a function with a call of fewer steps, which needs kernels that not every machine
            has; None: there is none.
    """

    source: SourceCall
    target_call: TargetCall
    differences: tuple[str, ...] | None
    faster: TargetCall | None = None

    @property
    def may_be_faster(self) -> bool:
        """Whether kernels that not every machine has may make one call of it."""
        return bool(self.condition) and not self.target_call.candidate.has_whole_call

    @property
    def condition(self) -> str:
        """The variables with which the faster call computes, as a shell sets them."""
        return _settings(registry.adapter_class(self.target_call.target.backend).accelerated)

    @property
    def source_settings(self) -> str:
        """The variables with which the source was run, as a shell sets them; empty: none."""
        if self.differences is None:
            return ""
        return _settings(registry.adapter_class(self.source.target.backend).accelerated)


def _settings(variables: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in variables.items())


class Pools:
    """The worker processes of translations, one for each backend and environment.

    Leaving the context ends them all.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._stopped = Event()
        self._workers: dict[tuple[str, tuple[tuple[str, str], ...]], WorkerProcess] = {}

    def __enter__(self) -> Self:
        """Set the variables that give each process one thread; they start where asked for."""
        self._stack.enter_context(worker_variables())
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes."""
        self._stopped.set()
        self._stack.close()

    def worker(self, backend: str, variables: Mapping[str, str]) -> WorkerProcess:
        """Return the worker of a backend that has these variables besides those of its adapter.

        Raises:
            TargetError: no backend has this name.
        """
        key = backend, tuple(variables.items())
        if key not in self._workers:
            registry.require(backend)
            process = WorkerProcess(environment=variables, limits=_LIMITS, stopped=self._stopped)
            self._workers[key] = self._stack.enter_context(process)
        return self._workers[key]


def translate(
    atlas: Atlas,
    queries: Sequence[Query],
    source: Selection,
    target: Selection,
    *,
    runs: bool,
    style: FileStyle = FileStyle(),  # noqa: B008 # it cannot change
    pool: Pools | None = None,
) -> Iterator[Translation | Impossible]:
    """Yield the translation of each query, in order, or why there is none.

    Args:
        atlas: the rules of both.
        queries: calls of the source.
        source: whose calls they are; without a mode, the first that has the call.
        target: what is to be called; without a mode, the first that has a call.
        runs: whether both compute it; else the source need not be installed.
        style: how the target's call is written.
        pool: whose worker processes compute, so that frameworks stay loaded from one call of this
            function to the next; None: they are started here, and end with it.

    Raises:
        TargetError: there is no such backend or mode, or none that can be translated.
        UnavailableError: a backend that is needed cannot be used here.
    """
    source_modes, target_modes = _modes(source), _modes(target)
    adapters = [registry.adapter_class(end.backend) for end in (source, target)]
    source_entries = _entries(atlas, source_modes)
    needs_process = runs or registry.writer(target.backend) is None
    with nullcontext(pool) if pool or not needs_process else Pools() as pools:
        source_process = (
            pools.worker(source.backend, adapters[0].accelerated) if pools and runs else None
        )
        target_process = pools.worker(target.backend, adapters[1].portable) if pools else None
        with ThreadPoolExecutor() as threads:  # both load their frameworks at the same time
            modes = threads.submit(_ask, target_process, worker.modes_with_snippet, target_modes)
            if source_process and source_process is not target_process:
                _ask(source_process, worker.load, source.backend)
            target_modes = modes.result()
        if not target_modes:
            raise TargetError(f"mode={target.mode!r} of {target.backend} is not translated")
        target_entries = _entries(atlas, target_modes)
        rules = [e.rule for entries in target_entries.values() for e in entries if e.rule]
        for query in queries:
            sources = find_sources(query, source_entries, rules)
            result = _translation(sources, target_entries, source_process, target_process, style)
            if pools and isinstance(result, Translation) and result.may_be_faster:
                process = pools.worker(target.backend, adapters[1].accelerated)
                result = replace(result, faster=_faster(result, target_entries, process))
            yield result


def _faster(
    result: Translation, entries: Mapping[Target, Sequence[Entry]], process: WorkerProcess
) -> TargetCall | None:
    """Return the call of the same mode that takes fewer steps in this process, run and equal."""
    target = result.target_call.target
    style = FileStyle(function=f"{FUNCTION}_fast")
    call = _ask(process, worker.find_target_call, result.source, {target: entries[target]}, style)
    if isinstance(call, Impossible) or not call.candidate.has_whole_call:
        return None
    return None if _differences(result.source, call) else call


def _translation(
    sources: Sequence[SourceCall] | Impossible,
    entries: Mapping[Target, Sequence[Entry]],
    source_process: WorkerProcess | None,
    target_process: WorkerProcess | None,
    style: FileStyle,
) -> Translation | Impossible:
    """Return the call of the target, run where there is a process in which the source runs."""
    if isinstance(sources, Impossible):
        return sources
    source: SourceCall | Impossible
    if source_process:
        source = _ask(source_process, worker.run_source, sources)
    else:
        source = worker.known_source(sources)
    if isinstance(source, Impossible):
        return source
    writer = None if target_process else registry.writer(next(iter(entries)).backend)
    call = _ask(target_process, worker.find_target_call, source, entries, style, writer)
    if isinstance(call, Impossible):
        return call
    return Translation(source=source, target_call=call, differences=_differences(source, call))


def _differences(source: SourceCall, call: TargetCall) -> tuple[str, ...] | None:
    """Return what differs, one sentence per sample that does, or None: it was not run."""
    if not source.outputs:
        return None
    triples = zip(source.samples, source.outputs, call.outputs, strict=True)
    texts = (difference(sizes, y, other) for sizes, y, other in triples)
    return tuple(text for text in texts if text)


def difference(sizes: tuple[int, ...], y: NDArray[np.generic], other: Output) -> str:
    """Return how the target's result differs from the source's, empty where every bit is equal."""
    at = f"i={'x'.join(map(str, sizes))}"
    if isinstance(other, str):
        return f"{at}: {other}"
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


def _modes(selection: Selection) -> list[Target]:
    """Return the selected modes that have a layout; without a mode, the usual ones.

    Those have no qualifiers, and are not sampled more sparsely than others where the whole backend
    is selected.
    """
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
    plain = {name: mode.sample for name, mode in modes.items() if "+" not in name and mode.sample}
    usual = [name for name, sample in plain.items() if sample == min(plain.values())]
    names = [selection.mode] if selection.mode else usual
    device = selection.device or "cpu"
    targets = [
        Target(backend=selection.backend, mode=name, device=device)
        for name in names
        if modes[name].layout is not None
    ]
    if not targets:
        raise TargetError(f"mode={selection.mode!r} of {selection.backend} is not translated")
    return targets


def _entries(atlas: Atlas, modes: Sequence[Target]) -> dict[Target, tuple[Entry, ...]]:
    return {mode: tuple(_entries_of(atlas, mode)) for mode in modes}


def _entries_of(atlas: Atlas, mode: Target) -> Sequence[Entry]:
    """Return what the atlas knows of a mode or, where it was not measured, of its nearest sibling.

    That is the mode without its qualifiers, else the first mode of the backend. Whether the mode
    follows its rules is shown where it is run.
    """
    operation = mode.mode.partition("+")[0]
    first = registry.adapter_class(mode.backend).modes[0].name
    for name in (mode.mode, operation, first):
        target = str(replace(mode, mode=name))
        if entries := [entry for entry in atlas.entries if entry.question.target == target]:
            return entries
    return ()


def _ask(process: WorkerProcess | None, function: Callable[..., T], *arguments: object) -> T:
    """Return what a function returns in a worker process, or here where it needs none.

    A call that ends the process is refused in the next one, which starts over.
    """
    if process is None:
        return function(*arguments)
    fatal: dict[int, str] = {}
    while isinstance(result := process.call(function, *arguments), WorkerEnd):
        if result.place is None or result.place in fatal:
            raise UnavailableError(f"the framework ended its process: {result.outcome}")
        match result.outcome:
            case Crashed(manner=manner):
                fatal[result.place] = f"it ends the process, {manner}"
            case TimedOut(limit=limit):
                fatal[result.place] = f"it takes more than {limit:g} s"
        process.call(worker.avoid, fatal)
    return result
