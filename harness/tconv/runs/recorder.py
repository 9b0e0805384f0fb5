"""Writes one run directory, from its header to its reports, whoever computes the rows."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from tconv.errors import IncompleteError, TconvError
from tconv.report.write_all import Reports
from tconv.runs.status import Status, status
from tconv.store import RowBatch, RunWriter
from tconv.store.columns import COUNTED
from tconv.store.part import StoredPart
from tconv.store.totals import TargetTotals

_PIECE: Final = 2**16  # rows that are counted at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A complete run.

    Attributes:
        path: the run directory.
        totals: counts per target.
        status: the exit status and its reasons.
        digest: digest of its rows.
        reports: its reports.
    """

    path: Path
    totals: Mapping[str, TargetTotals] = field(default_factory=dict)
    status: Status
    digest: str
    reports: Reports


class RunRecorder(AbstractContextManager["RunRecorder"]):
    """A run that is being written: rows as they come, then footer and reports.

    Leaving the context lets another process resume the run.

    Args:
        writer: the run directory.
        header: the header of the run, whose targets it has.

    Attributes:
        path: the run directory.
        totals: counts of each target so far.
    """

    def __init__(self, writer: RunWriter, header: Mapping[str, Any]) -> None:
        self.path = writer.path
        self.totals = {each["target"]: TargetTotals() for each in header["targets"]}
        self._writer = writer
        self._status: Status | None = None

    @classmethod
    def create(cls, out: Path, header: Mapping[str, Any], started: datetime) -> Self:
        """Make a run directory in `out`, named after the configuration and the time.

        Raises:
            StoreError: it cannot be made.
        """
        name = f"{header['config']['run']['name']}-{started:%Y%m%d-%H%M%S}"
        return cls(RunWriter.create(out / name, header), header)

    def __exit__(self, *_: object) -> None:
        self._writer.__exit__()

    def write(self, target: str, first: int, batch: RowBatch) -> None:
        """Write the rows of a target's consecutive cases from the `first` on.

        Raises:
            StoreError: the directory cannot be written; what was written before stays.
        """
        self._writer.write(self._number(target), first, batch)
        self.totals[target].add(batch.counted)

    def adopt(self, part: StoredPart, target: str, first: int) -> None:
        """Copy a part of another run, as rows of `target` from the `first` on.

        Raises:
            StoreError: as for :meth:`write`, or the part is damaged.
        """
        self._writer.adopt(part, target=self._number(target), first=first)
        self.count(part, target)

    def count(self, part: StoredPart, target: str) -> None:
        """Add the rows of a part that is written already to the totals.

        Raises:
            StoreError: the part is damaged.
        """
        for table in part.batches(_PIECE, COUNTED):
            self.totals[target].add(table.to_pydict())

    def discard(self) -> None:
        """Remove the run directory."""
        self._writer.discard()

    def finish(
        self, required: Sequence[str], *, resumed: int = 0, is_interrupted: bool = False
    ) -> Status:
        """Write the footer, which makes the run complete; return its exit status.

        Args:
            required: backends without which the run fails.
            resumed: how often the run was resumed.
            is_interrupted: whether rows are missing because the user stopped the run.

        Raises:
            StoreError: the footer cannot be written.
        """
        self._status = status(self.totals, required, interrupted=is_interrupted)
        footer: dict[str, Any] = {
            "ended": datetime.now(tz=UTC).isoformat(timespec="seconds"),
            "status": int(self._status.code),
            "messages": list(self._status.messages),
            "totals": {
                target: {name.value: count for name, count in sorted(each.verdicts.items())}
                for target, each in self.totals.items()
            },
        }
        self._writer.finish(footer | ({"resumed": resumed} if resumed else {}))
        return self._status

    def report(self) -> RunResult:
        """Write the reports of the run, after :meth:`finish`; see :func:`write_reports`."""
        assert self._status is not None
        return RunResult(
            path=self.path,
            totals=self.totals,
            status=self._status,
            digest=self._writer.digest.hexadecimal,
            reports=write_reports(self.path),
        )

    @contextmanager
    def resumable(self) -> Iterator[None]:
        """Make every error in this context say how to complete the run."""
        try:
            yield
        except TconvError as error:
            raise IncompleteError(f"{error}\n{_remedy(self.path)}") from error
        except BaseException as error:
            add_remedy(error, self.path)
            raise

    def _number(self, target: str) -> int:
        return list(self.totals).index(target)


def write_reports(path: Path, progress: Callable[[int], object] = int) -> Reports:
    """Write the reports of a complete run; an error gets a note on how to write them later.

    Args:
        path: the run directory.
        progress: called with the number of further rows that were read.

    Raises:
        StoreError: the directory holds no run, or is damaged.
    """
    try:
        return Reports.of_run(path, progress)
    except BaseException as error:
        error.add_note(f"the rows are complete; for the reports: {_command('report', path)}")
        raise


def add_remedy(error: BaseException, path: Path) -> None:
    """Add to an error, once, a note on how to complete the run."""
    if _remedy(path) not in getattr(error, "__notes__", ()):
        error.add_note(_remedy(path))


def _remedy(path: Path) -> str:
    return f"what was written is kept; to complete it: {_command('run', '--resume', path)}"


def _command(*words: object) -> str:
    return shlex.join(["tconv", *map(str, words)])
