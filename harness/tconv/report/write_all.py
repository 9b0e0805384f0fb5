"""Writes every report of a run; one that fails does not stop the others."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tconv.analysis.summary import Summary
from tconv.report import deviations_csv, findings_csv, html, results_csv, summary_md
from tconv.store import RunReader

REPORTS: Final = (
    results_csv.NAME, deviations_csv.NAME, findings_csv.NAME, summary_md.NAME, html.NAME,
)  # fmt: skip
"""The files that say what a run found."""

HEADER_KEYS: Final = ("started", "config", "config_path", "grid", "targets", "machine", "software")
"""What the reports need of a run's header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The reports of a run as they were written.

    Attributes:
        summary: what they were made from.
        failures: those of :data:`REPORTS` that could not be written, and why.
    """

    summary: Summary
    failures: Mapping[str, Exception] = field(default_factory=dict)

    @classmethod
    def of_run(cls, path: Path, progress: Callable[[int], object] = int) -> Self:
        """Write :data:`REPORTS` of the run in the directory `path`, each independently.

        Args:
            path: the run directory.
            progress: called with the number of rows of each piece that was read.

        Raises:
            StoreError: the directory holds no run, or is damaged.
        """
        reader = RunReader(path)
        reader.require(HEADER_KEYS)
        failures: dict[str, Exception] = {}
        with _note_failure(failures, results_csv.NAME):
            results_csv.write(reader, progress)
        summary = Summary.from_run(reader)
        for report in (deviations_csv, findings_csv, summary_md, html):
            with _note_failure(failures, report.NAME):
                report.write(summary)
        return cls(summary=summary, failures=failures)


@contextmanager
def _note_failure(failures: dict[str, Exception], name: str) -> Iterator[None]:
    """Note why a report could not be written; the caller prints it."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 # a damaged run is raised again by the summary
        failures[name] = error
