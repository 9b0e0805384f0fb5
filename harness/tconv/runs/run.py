"""Carries a configuration from its grid to a finished run directory, in one go or in several."""

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import psutil

from tconv.analysis.summary import Listener
from tconv.engine.executor import Executor, Part
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan, plan
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import ConfigError, IncompleteError, StoreError, TconvError
from tconv.grid.config import Config
from tconv.model.target import Selection
from tconv.report.write_all import Reports
from tconv.runs.header import differences, header
from tconv.runs.spec import RunSpec
from tconv.runs.status import Status, Totals, status
from tconv.store import RunReader, RunWriter, gaps
from tconv.store.columns import COUNTED

_PIECE: Final = 2**16  # rows that are counted at a time


class Observer(Protocol):
    """Is told how far a run has come."""

    def planned(self, targets: Sequence[TargetPlan], totals: Mapping[str, Totals]) -> None:
        """Hear what is going to run, and the totals of each target from earlier sessions."""

    def advanced(self, part: Part, totals: Totals) -> None:
        """Hear that a batch is done, with its target's totals so far."""


class Silence:
    """An observer that does nothing."""

    def planned(self, targets: Sequence[TargetPlan], totals: Mapping[str, Totals]) -> None:
        """Ignore what is going to run."""

    def advanced(self, part: Part, totals: Totals) -> None:
        """Ignore that a batch is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run that came to its end.

    Attributes:
        path: the run directory.
        totals: counts per target.
        status: what the run amounts to.
        digest: digest of its rows.
        edition: its reports.
    """

    path: Path
    totals: Mapping[str, Totals] = field(default_factory=dict)
    status: Status
    digest: str
    edition: Reports


def run(
    assignment: RunSpec,
    *,
    out: Path,
    workers: int | None = None,
    executor: Callable[..., Executor] = LocalPool,
    observer: Observer | None = None,
) -> RunResult:
    """Sweep cases over targets; leave a run directory with its reports in `out`.

    Args:
        assignment: which cases, on which targets, with which seed and limits.
        out: directory in which the run directory is made, named after the config and the time.
        workers: targets swept at the same time; the number of physical cores where None.
        executor: makes what computes, from workers, seed, case_seconds, worker_gib and
            environments.
        observer: is told how far the run has come.

    Raises:
        TargetError: a target names a backend or a mode that does not exist.
        StoreError: the run directory cannot be made.
        IncompleteError: it cannot be written any more; :func:`resume` completes the run.
        KeyboardInterrupt: passes through, with a note of the command that completes the run.
    """
    config, started = assignment.config, datetime.now(tz=UTC)
    with ExitStack() as stack:
        with executor(**_limits(config, workers)) as crew:
            planned, found = _planned(crew, assignment)
            content = header(assignment, planned, found, started=started)
            path = out / f"{config.name}-{started:%Y%m%d-%H%M%S}"
            writer = stack.enter_context(RunWriter.create(path, content))
            stack.enter_context(_resumable(writer.path))
            totals = {str(each.target): Totals() for each in planned}
            _collect(crew, planned, writer, totals, observer or Silence())
        verdict = completed(writer, totals, config)
    return reported(writer, totals, verdict)


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
        ConfigError: what decides its rows is not any more what it was.
        IncompleteError: as for :func:`run`.
        KeyboardInterrupt: as for :func:`run`.
    """
    reader = RunReader(path)
    if "shards" in reader.header and not reader.is_complete:
        raise StoreError(f"{path} is a merge that was interrupted; delete it, and merge again")
    with RunWriter.resume(path) as writer, _interruptible(path), ExitStack() as stack:
        assignment = RunSpec.from_run(reader)
        with executor(**_limits(assignment.config, workers)) as crew:
            everything, found = _planned(crew, assignment)
            now = header(assignment, everything, found, started=datetime.now(tz=UTC))
            _require_same(reader, now)
            planned, totals = _left(reader, everything)
            sessions = [*reader.header.get("resumed", []), _session(now, writer.digest.rows)]
            stack.enter_context(_resumable(path))
            writer.note({"resumed": sessions})
            _collect(crew, planned, writer, totals, observer or Silence())
        verdict = completed(writer, totals, assignment.config, resumed=len(sessions))
    return reported(writer, totals, verdict)


def _limits(config: Config, workers: int | None) -> dict[str, Any]:
    return {
        "workers": workers or psutil.cpu_count(logical=False) or 1,
        "seed": config.seed,
        "case_seconds": config.case_seconds,
        "worker_gib": config.worker_gib,
        "environments": config.environments,
    }


def _planned(
    crew: Executor, assignment: RunSpec
) -> tuple[tuple[TargetPlan, ...], Mapping[str, BackendDescription | str]]:
    selections = [Selection.from_text(text) for text in assignment.config.targets]
    found = crew.describe(list(dict.fromkeys(each.backend for each in selections)))
    return plan(selections, found, assignment.cases), found


def _require_same(reader: RunReader, now: Mapping[str, Any]) -> None:
    changed = differences(reader.header, now)
    if changed:
        reasons = (f"{t['target']}: {t['unavailable']}" for t in now["targets"] if t["unavailable"])
        listed = "\n  ".join([*changed, *reasons])
        raise ConfigError(
            f"{reader.path} was begun with something else than what is here, so its rows would not "
            f"be of one run; what it has, and what is here:\n  {listed}\n"
            "resume it with what it was begun with, or start a new run"
        )


def _left(
    reader: RunReader, planned: Sequence[TargetPlan]
) -> tuple[tuple[TargetPlan, ...], dict[str, Totals]]:
    """Return the targets with the spans that are still to run, and the totals of those that are."""
    spans: dict[int, list[range]] = {at: [] for at in range(len(planned))}
    totals = {str(each.target): Totals() for each in planned}
    for part in reader.parts():
        spans[part.target].append(part.span)
        for table in part.batches(_PIECE, COUNTED):
            totals[str(planned[part.target].target)].add(table.to_pydict())
    left = tuple(
        replace(each, left=gaps(spans[at], len(each.cases))) for at, each in enumerate(planned)
    )
    return left, totals


def _session(now: Mapping[str, Any], rows: int) -> dict[str, object]:
    """Return what a header keeps of one more session: when, with how many rows, and where."""
    return {"started": now["started"], "rows": rows, "machine": now["machine"]}


def _collect(
    crew: Executor,
    planned: Sequence[TargetPlan],
    writer: RunWriter,
    totals: Mapping[str, Totals],
    watch: Observer,
) -> None:
    """Write every part as it comes and count its rows."""
    numbers = {each.target: at for at, each in enumerate(planned)}
    watch.planned(planned, totals)
    for part in crew.run([each for each in planned if each.spans]):
        target = part.planned.target
        writer.write(numbers[target], part.first, part.sheaf)
        totals[str(target)].add(part.sheaf.counted)
        watch.advanced(part, totals[str(target)])


def completed(
    writer: RunWriter, totals: Mapping[str, Totals], config: Config, resumed: int = 0
) -> Status:
    """Complete a run all of whose rows are written, by its footer; return what it amounts to.

    Args:
        writer: the run directory.
        totals: counts per target.
        config: what the run was asked to do.
        resumed: how often it was resumed.

    Raises:
        StoreError: the footer cannot be written.
    """
    verdict = status(totals, config.required)
    writer.finish(footer(verdict, totals) | ({"resumed": resumed} if resumed else {}))
    return verdict


def reported(writer: RunWriter, totals: Mapping[str, Totals], verdict: Status) -> RunResult:
    """Return a complete run, of which the reports are written here, see :func:`published`."""
    return RunResult(
        path=writer.path,
        totals=totals,
        status=verdict,
        digest=writer.digest.hexadecimal,
        edition=published(writer.path),
    )


def published(path: Path, listeners: Iterable[Listener] = ()) -> Reports:
    """Write the reports of a complete run; an error passes with a note of how to write them.

    Args:
        path: the run directory.
        listeners: are shown the rows, table by table, as they are read.

    Raises:
        StoreError: the directory holds no run, or is damaged.
    """
    try:
        return Reports.of_run(path, listeners)
    except BaseException as error:
        error.add_note(f"the rows are complete; for the reports: {_command('report', path)}")
        raise


@contextmanager
def _resumable(path: Path) -> Iterator[None]:
    """Say with whatever ends a run early how it is completed."""
    try:
        yield
    except TconvError as error:
        raise IncompleteError(f"{error}\n{_remedy(path)}") from error
    except BaseException as error:
        _note(error, path)
        raise


@contextmanager
def _interruptible(path: Path) -> Iterator[None]:
    """Say with an interrupt how a run is completed; what else ends it was there before it."""
    try:
        yield
    except KeyboardInterrupt as error:
        _note(error, path)
        raise


def _note(error: BaseException, path: Path) -> None:
    """Say once how the run is completed."""
    if _remedy(path) not in getattr(error, "__notes__", ()):
        error.add_note(_remedy(path))


def _remedy(path: Path) -> str:
    return f"what was written is kept; to complete it: {_command('run', '--resume', path)}"


def _command(*words: object) -> str:
    return shlex.join(["tconv", *map(str, words)])


def footer(verdict: Status, totals: Mapping[str, Totals]) -> dict[str, Any]:
    """Return what a run's footer says beside its number of rows and their digest."""
    return {
        "ended": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "status": int(verdict.code),
        "messages": list(verdict.messages),
        "totals": {
            target: {name.value: count for name, count in sorted(each.verdicts.items())}
            for target, each in totals.items()
        },
    }
