"""Shows how far a run has come: bars on a terminal, plain lines where output is piped."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final, Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tconv.cli.forecast import Forecast
from tconv.cli.output import counted
from tconv.engine.plan import TargetPlan
from tconv.engine.tasks import Part
from tconv.model.verdict import Standpoint
from tconv.runs.run import Silence
from tconv.store.totals import TargetTotals

_EVERY: Final = 10.0  # seconds between two plain lines


class Bars(AbstractContextManager["Bars"]):
    """One bar per target, with its deviations so far, on the terminal's stderr."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
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

    def planned(self, targets: Sequence[TargetPlan], totals: Mapping[str, TargetTotals]) -> None:
        """Draw an empty bar for each target."""
        for warning in _warnings(targets):
            self._progress.console.print(warning, markup=False, highlight=False)
        for each in targets:
            before = totals[str(each.target)]
            self._tasks[str(each.target)] = self._progress.add_task(
                str(each.target),
                total=len(each.cases),
                completed=before.rows,
                deviations=before.count(Standpoint.DEVIATION),
            )

    def advanced(self, part: Part, totals: TargetTotals) -> None:
        """Move the bar of the part's target."""
        task = self._tasks[str(part.plan.target)]
        deviations = totals.count(Standpoint.DEVIATION)
        self._progress.update(task, completed=totals.rows, deviations=deviations)  # type: ignore[arg-type] # add_task gives TaskID, a NewType of int


class Quiet(Silence, AbstractContextManager["Quiet"]):
    """Shows nothing."""

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""


class Lines(AbstractContextManager["Lines"]):
    """A line on stderr every ten seconds, and one at the end."""

    def __init__(self) -> None:
        self._begun = self._said = time.monotonic()
        self._forecast = Forecast()
        self._totals: dict[str, TargetTotals] = {}
        self._planned: dict[str, int] = {}  # rows of each target
        self._rows = 0
        self._before = 0  # rows of earlier sessions
        self._done = 0

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    def planned(self, targets: Sequence[TargetPlan], totals: Mapping[str, TargetTotals]) -> None:
        """Say how much is going to run."""
        self._planned = {str(each.target): len(each.cases) for each in targets}
        self._rows = sum(self._planned.values())
        self._totals = dict(totals)
        self._before = self._done = sum(each.rows for each in totals.values())
        self._begun = self._said = time.monotonic()
        total = counted(self._rows, "row")
        what = f"the {self._rows - self._before:,} left of {total}" if self._before else total
        click.echo(f"sweeping {what} on {counted(len(targets), 'target')}", err=True)
        for warning in _warnings(targets):
            click.echo(warning, err=True)

    def advanced(self, part: Part, totals: TargetTotals) -> None:
        """Say how far the run has come, unless that was said a moment ago."""
        target = str(part.plan.target)
        self._totals[target] = totals
        if not part.plan.unavailable:  # whose rows cost nothing
            self._forecast.note(target, part.row_batch.rows, part.seconds)
        self._done += part.row_batch.rows
        now = time.monotonic()
        if self._done == self._rows or now - self._said >= _EVERY:
            self._said = now
            click.echo(self._line(now - self._begun), err=True)

    def _line(self, seconds: float) -> str:
        rate = (self._done - self._before) / max(seconds, 1e-3)
        deviating = {t: each.count(Standpoint.DEVIATION) for t, each in self._totals.items()}
        worst = ", ".join(f"{target} {count:,}" for target, count in deviating.items() if count)
        parts = [
            f"{self._done:,} of {counted(self._rows, 'row')}",
            f"{rate:,.0f} rows/s",
            *self._remaining(seconds),
            f"deviating: {worst}" if worst else "none deviating",
        ]
        return ", ".join(parts)

    def _remaining(self, seconds: float) -> Iterator[str]:
        """Yield how long it still takes, unless nothing is left or known."""
        planned = self._planned.items()
        rows = {t: count - self._totals[t].rows for t, count in planned}
        rows = {t: count for t, count in rows.items() if count}
        left = timedelta(seconds=round(self._forecast.remaining(rows, seconds)))
        if left:
            # who has not begun may cost a hundred times as much
            yield f"{left} left" if self._forecast.knows(rows) else f"{left} left or more"


class _Rate(ProgressColumn):
    """Rows in a second, lately."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f} rows/s")


def progress(*, quiet: bool = False) -> Bars | Lines | Quiet:
    """Return the way of showing progress that suits where stderr goes; none where it is quick."""
    if quiet:
        return Quiet()
    return Bars() if sys.stderr.isatty() else Lines()


def _warnings(targets: Sequence[TargetPlan]) -> list[str]:
    """Return what is worth stopping a long run for before it is under way."""
    return [
        f"{each.target} is unavailable, so none of its cases is run: {each.unavailable}"
        for each in targets
        if each.unavailable
    ]
