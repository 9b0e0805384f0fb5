"""Carries a configuration from its grid to a finished run directory."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import psutil

from harness.assignment import Assignment
from harness.engine.executor import Executor, Part
from harness.engine.local import LocalPool
from harness.engine.plan import Planned, plan
from harness.engine.worker import Description
from harness.header import machine, software
from harness.report import csv, deviations, html, summary
from harness.report.extract import Extract, Listener
from harness.status import Status, Totals, status
from harness.store import RunReader, RunWriter
from harness.target import Selection

REPORTS: Final = (csv.NAME, deviations.NAME, summary.NAME, html.NAME)
"""The files that tell what a run found."""

HEADED: Final = ("started", "config", "config_path", "grid", "targets", "machine", "software")
"""What the reports read of a run's header."""


class Observer(Protocol):
    """Is told how far a run has come."""

    def planned(self, targets: Sequence[Planned]) -> None:
        """Hear what is going to run."""

    def advanced(self, part: Part, totals: Totals) -> None:
        """Hear that a batch is done, with its target's totals so far."""


class Silence:
    """An observer that does nothing."""

    def planned(self, targets: Sequence[Planned]) -> None:
        """Ignore what is going to run."""

    def advanced(self, part: Part, totals: Totals) -> None:
        """Ignore that a batch is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that came to its end.

    Attributes:
        path: the run directory.
        totals: counts per target.
        status: what the run amounts to.
        digest: digest of its rows.
        extract: what its reports were made from.
    """

    path: Path
    totals: Mapping[str, Totals] = field(default_factory=dict)
    status: Status
    digest: str
    extract: Extract


def run(
    assignment: Assignment,
    *,
    out: Path,
    workers: int | None = None,
    executor: Callable[..., Executor] = LocalPool,
    observer: Observer | None = None,
) -> Finished:
    """Sweep cases over targets; leave a run directory with its reports in `out`.

    Args:
        assignment: which cases, on which targets, with which seed and limits.
        out: directory in which the run directory is made, named after the config and the time.
        workers: targets swept at the same time; the number of physical cores where None.
        executor: makes what computes, from workers, seed, case_seconds and worker_gib.
        observer: is told how far the run has come.

    Raises:
        TargetError: a target names a backend or a mode that does not exist.
        StoreError: the run directory cannot be written.
        KeyboardInterrupt: passes through; the run directory has no footer then.
    """
    watch = observer or Silence()
    config = assignment.config
    selections = [Selection.from_text(text) for text in config.targets]
    started = datetime.now(tz=UTC)
    with executor(
        workers=workers or psutil.cpu_count(logical=False) or 1,
        seed=config.seed,
        case_seconds=config.case_seconds,
        worker_gib=config.worker_gib,
    ) as crew:
        found = crew.describe(list(dict.fromkeys(s.backend for s in selections)))
        planned = plan(selections, found, assignment.cases)
        writer = RunWriter.create(
            out / f"{config.name}-{started:%Y%m%d-%H%M%S}",
            header(assignment, planned, found, started=started),
        )
        watch.planned(planned)
        totals = _collect(crew, planned, writer, watch)
    verdict = status(totals, config.required)
    writer.finish(footer(verdict, totals))
    extract = write_reports(writer.path)
    return Finished(
        path=writer.path,
        totals=totals,
        status=verdict,
        digest=writer.digest.hexadecimal,
        extract=extract,
    )


def write_reports(path: Path, listeners: Iterable[Listener] = ()) -> Extract:
    """Write :data:`REPORTS` of the run in the directory `path`; return what they were made from.

    Args:
        path: the run directory.
        listeners: are shown the rows, table by table, as they are read.

    Raises:
        StoreError: the directory holds no run, is damaged, or cannot be written.
    """
    reader = RunReader(path)
    reader.require(HEADED)
    with csv.writing(reader) as listener:
        extract = Extract.from_run(reader, [listener, *listeners])
    deviations.write(extract)
    summary.write(extract)
    html.write(extract)
    return extract


def _collect(
    crew: Executor, planned: Sequence[Planned], writer: RunWriter, watch: Observer
) -> dict[str, Totals]:
    """Write every part as it comes and return the counts per target."""
    numbers = {each.target: at for at, each in enumerate(planned)}
    totals = {str(each.target): Totals() for each in planned}
    for part in crew.run(planned):
        target = part.planned.target
        writer.write(numbers[target], part.first, part.columns)
        totals[str(target)].add(part.columns)
        watch.advanced(part, totals[str(target)])
    return totals


def header(
    assignment: Assignment,
    planned: Sequence[Planned],
    found: Mapping[str, Description | str],
    *,
    started: datetime,
) -> dict[str, Any]:
    """Return what a run's header says: what was asked for, of which targets, on which machine."""
    config = assignment.config
    return {
        "config": config.to_dict(),
        "config_path": config.path,
        "grid": _grid(assignment),
        "config_digest": config.digest,
        "targets": [_target(each, found[each.target.backend]) for each in planned],
        "machine": machine(),
        "software": software(),
        "started": started.isoformat(timespec="seconds"),
    }


def _grid(assignment: Assignment) -> dict[str, Any]:
    ids = "\n".join(case.id for case in assignment.cases)
    return {
        **assignment.tally.to_dict(),
        "shard": assignment.shard,
        "cases": len(assignment.cases),
        "digest": hashlib.sha256(ids.encode()).hexdigest(),
    }


def _target(planned: Planned, found: Description | str) -> dict[str, Any]:
    known = found if isinstance(found, Description) else None
    return {
        "target": str(planned.target),
        "cases": len(planned.cases),
        "sample": planned.sample,
        "unavailable": planned.unavailable,
        "versions": dict(known.versions) if known else {},
        "settings": dict(known.settings.get(str(planned.target), {})) if known else {},
    }


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
