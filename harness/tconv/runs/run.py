"""Runs a configuration: from its cases to a complete run directory, in one session or several."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import psutil

from tconv.engine.executor import Executor
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan, plan
from tconv.engine.tasks import Part
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import ConfigError, StoreError, quoted
from tconv.runs.header import differences, header
from tconv.runs.recorder import RunRecorder, RunResult, add_remedy
from tconv.runs.spec import RunSpec
from tconv.store import RunReader, RunWriter, gaps
from tconv.store.errors import misplaced
from tconv.store.part import StoredPart
from tconv.store.totals import TargetTotals

_PIECE: Final = 2**14  # rows that are checked at a time


class Observer(Protocol):
    """Shows how far a run has come."""

    def start(self, targets: Sequence[TargetPlan], totals: Mapping[str, TargetTotals]) -> None:
        """Show what is going to run; the totals of each target are those of earlier sessions."""

    def advance(self, part: Part, totals: TargetTotals) -> None:
        """Show that a batch is done; the totals are those of its target so far."""


def run(
    spec: RunSpec,
    *,
    out: Path,
    workers: int | None = None,
    executor: Callable[..., Executor] = LocalPool,
    observer: Observer | None = None,
) -> RunResult:
    """Run cases on targets; leave a run directory with its reports in `out`.

    Args:
        spec: which cases, on which targets, with which seed and limits.
        out: directory in which the run directory is made, named after the config and the time.
        workers: number of targets that are computed at the same time; the number of physical cores
            where None.
        executor: makes the executor, from workers, seed, case_seconds, worker_gib and
            environments.
        observer: shows how far the run has come.

    Raises:
        TargetError: a target names a backend or a mode that does not exist.
        StoreError: the run directory cannot be made.
        IncompleteError: it cannot be written any more; :func:`resume` completes the run.
        KeyboardInterrupt: passes through, with a note on the command that completes the run.
    """
    started = datetime.now(tz=UTC)
    with ExitStack() as stack:
        with executor(**_options(spec, workers)) as engine:
            plans, descriptions = _plan(engine, spec)
            content = header(spec, plans, descriptions, started=started)
            recorder = stack.enter_context(RunRecorder.create(out, content, started))
            stack.enter_context(recorder.resumable())
            _record(engine, plans, recorder, observer)
        recorder.finish(spec.config.required)
    return recorder.report()


def resume(
    path: Path,
    *,
    workers: int | None = None,
    executor: Callable[..., Executor] = LocalPool,
    observer: Observer | None = None,
) -> RunResult:
    """Complete a run that was interrupted, from its header and the rows that it has.

    Args:
        path: the run directory.
        workers: as for :func:`run`.
        executor: as for :func:`run`.
        observer: as for :func:`run`.

    Raises:
        StoreError: it is no run, is complete already, is damaged, or another process writes it.
        ConfigError: something that decides its rows has changed.
        IncompleteError: as for :func:`run`.
        KeyboardInterrupt: as for :func:`run`.
    """
    reader = RunReader(path)
    if "shards" in reader.header and not reader.is_complete:
        raise StoreError(f"{path} is a merge that was interrupted; delete it, and merge again")
    with RunWriter.resume(path) as writer, _interruptible(path), ExitStack() as stack:
        spec = RunSpec.from_run(reader)
        with executor(**_options(spec, workers)) as engine:
            plans, descriptions = _plan(engine, spec)
            now = header(spec, plans, descriptions, started=datetime.now(tz=UTC))
            _require_same(reader, now)
            recorder = RunRecorder(writer, now)
            plans = _left(reader, plans, recorder)
            stack.enter_context(recorder.resumable())
            session = {name: now[name] for name in ("started", "machine")}
            sessions = [*reader.header.get("resumed", []), session | {"rows": writer.digest.rows}]
            writer.add_to_header({"resumed": sessions})
            _record(engine, plans, recorder, observer)
        recorder.finish(spec.config.required, resumed=len(sessions))
    return recorder.report()


def _options(spec: RunSpec, workers: int | None) -> dict[str, Any]:
    return spec.executor_options(workers or psutil.cpu_count(logical=False) or 1)


def _plan(
    engine: Executor, spec: RunSpec
) -> tuple[tuple[TargetPlan, ...], Mapping[str, BackendDescription | str]]:
    descriptions = engine.describe(list(dict.fromkeys(each.backend for each in spec.selections)))
    plans = plan(spec.selections, descriptions, spec.cases, is_sampled=not spec.case_ids)
    return plans, descriptions


def _require_same(reader: RunReader, now: Mapping[str, Any]) -> None:
    changed = differences(reader.header, now)
    if changed:
        reasons = (f"{t['target']}: {t['unavailable']}" for t in now["targets"] if t["unavailable"])
        listed = "\n  ".join([*changed, *reasons])
        raise ConfigError(
            f"{reader.path} was started with something else than what is here, so its rows would "
            f"not be of one run; what it has, and what is here:\n  {listed}\n"
            "resume it with what it was started with, or start a new run"
        )


def _left(
    reader: RunReader, plans: Sequence[TargetPlan], recorder: RunRecorder
) -> tuple[TargetPlan, ...]:
    """Return the targets with the spans that are still to run; count the rows of the others."""
    spans: dict[int, list[range]] = {at: [] for at in range(len(plans))}
    for part in reader.parts():
        _require_planned(part, plans)
        spans[part.target].append(part.span)
        recorder.count(part, str(plans[part.target].target))
    return tuple(
        replace(each, left=gaps(spans[at], len(each.cases))) for at, each in enumerate(plans)
    )


def _require_planned(part: StoredPart, plans: Sequence[TargetPlan]) -> None:
    """Refuse a part that is not of the target and the cases that its name says.

    Raises:
        StoreError: it is of others, or damaged.
    """
    planned = plans[part.target] if part.target < len(plans) else None
    if planned is None or part.span.stop > len(planned.cases):
        raise misplaced(part.path, "no such rows are planned")
    places = part.span.start
    for table in part.batches(_PIECE, ("target", "case")):
        ends = {0, table.num_rows - 1}
        expected = [(str(planned.target), planned.cases[places + at].id) for at in sorted(ends)]
        stored = [tuple(table.slice(at, 1).to_pylist()[0].values()) for at in sorted(ends)]
        if stored != expected:
            raise misplaced(part.path, f"it holds {quoted(stored[0])}")
        places += table.num_rows


def _record(
    engine: Executor, plans: Sequence[TargetPlan], recorder: RunRecorder, observer: Observer | None
) -> None:
    """Write every part as it comes."""
    if observer:
        observer.start(plans, recorder.totals)
    for part in engine.run([each for each in plans if each.spans]):
        target = str(part.plan.target)
        recorder.write(target, part.first, part.row_batch)
        if observer:
            observer.advance(part, recorder.totals[target])


@contextmanager
def _interruptible(path: Path) -> Iterator[None]:
    """Add to an interrupt how to complete the run; other errors pass unchanged."""
    try:
        yield
    except KeyboardInterrupt as error:
        add_remedy(error, path)
        raise
