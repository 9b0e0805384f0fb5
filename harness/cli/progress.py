"""Shows how far a run has come: bars on a terminal, plain lines where output is piped."""

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Final, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from harness.cli.text import counted
from harness.engine.executor import Part
from harness.engine.plan import Planned
from harness.runs import Silence
from harness.status import Totals
from harness.verdict import Standpoint

_EVERY: Final = 10.0  # seconds between two plain lines of one target


class Bars(AbstractContextManager["Bars"]):
    """One bar per target, with its deviations so far, on the terminal's stderr."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[deviations]} deviating"),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state of the bars on the terminal."""
        self._progress.stop()

    def planned(self, targets: Sequence[Planned]) -> None:
        """Draw an empty bar for each target."""
        for each in targets:
            self._tasks[str(each.target)] = self._progress.add_task(
                str(each.target), total=len(each.cases), deviations=0
            )

    def advanced(self, part: Part, totals: Totals) -> None:
        """Move the bar of the part's target."""
        task = self._tasks[str(part.planned.target)]
        deviations = totals.count(Standpoint.DEVIATION)
        self._progress.update(task, completed=totals.rows, deviations=deviations)  # type: ignore[arg-type] # add_task gives TaskID, a NewType of int


class Quiet(Silence, AbstractContextManager["Quiet"]):
    """Shows nothing."""

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""


class Lines(AbstractContextManager["Lines"]):
    """A line on stderr when a target is done, and every ten seconds before."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def planned(self, targets: Sequence[Planned]) -> None:
        """Say how much is going to run."""
        rows = sum(len(each.cases) for each in targets)
        click.echo(
            f"sweeping {counted(rows, 'row')} on {counted(len(targets), 'target')}", err=True
        )

    def advanced(self, part: Part, totals: Totals) -> None:
        """Say how far the part's target has come."""
        name, total = str(part.planned.target), len(part.planned.cases)
        recent = time.monotonic() - self._said.setdefault(name, time.monotonic()) < _EVERY
        if recent and totals.rows < total:
            return
        self._said[name] = time.monotonic()
        deviations = totals.count(Standpoint.DEVIATION)
        click.echo(f"{name}: {totals.rows} of {total} rows, {deviations} deviating", err=True)


def progress(*, quiet: bool = False) -> Bars | Lines | Quiet:
    """Return the way of showing progress that suits where stderr goes; none where it is quick."""
    if quiet:
        return Quiet()
    return Bars() if sys.stderr.isatty() else Lines()
