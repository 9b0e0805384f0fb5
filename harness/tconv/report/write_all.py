"""All reports of a run together: what keeps one of them from being written spares the others."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from tconv.analysis.summary import Listener, Summary
from tconv.report import deviations_csv, html, results_csv, summary_md
from tconv.store import RunReader

REPORTS: Final = (results_csv.NAME, deviations_csv.NAME, summary_md.NAME, html.NAME)
"""The files that tell what a run found."""

HEADED: Final = ("started", "config", "config_path", "grid", "targets", "machine", "software")
"""What the reports read of a run's header."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The reports of a run as they were written.

    Attributes:
        extract: what they were made from.
        failures: those of :data:`REPORTS` that could not be written, and why.
    """

    extract: Summary
    failures: Mapping[str, Exception] = field(default_factory=dict)

    @classmethod
    def of_run(cls, path: Path, listeners: Iterable[Listener] = ()) -> Self:
        """Write :data:`REPORTS` of the run in the directory `path`, each for itself.

        Args:
            path: the run directory.
            listeners: are shown the rows, table by table, as they are read.

        Raises:
            StoreError: the directory holds no run, or is damaged.
        """
        reader = RunReader(path)
        reader.require(HEADED)
        failures: dict[str, Exception] = {}
        extract = _extract(reader, tuple(listeners), failures)
        for report in (deviations_csv, summary_md, html):
            try:
                report.write(extract)
            except Exception as error:  # noqa: BLE001 # whoever asked is told
                failures[report.NAME] = error
        return cls(extract=extract, failures=failures)


def _extract(
    reader: RunReader, listeners: tuple[Listener, ...], failures: dict[str, Exception]
) -> Summary:
    """Return the extract, with the rows written on the way where that is possible."""
    try:
        with results_csv.writing(reader) as listener:
            return Summary.from_run(reader, [listener, *listeners])
    except Exception as error:  # noqa: BLE001 # whoever asked is told; damaged parts raise again
        failures[results_csv.NAME] = error
    return Summary.from_run(reader, listeners)
