"""Shows how far a run has come: bars on a terminal, plain lines where output is piped."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
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

from tconv.engine.plan import TargetPlan
from tconv.engine.tasks import Part
from tconv.errors import pluralize
from tconv.model.verdict import Standpoint
from tconv.store.totals import TargetTotals

_EVERY: Final = 10.0  # seconds between two plain lines


@dataclass(slots=True, kw_only=True)
class Cost:
    """What the cases of one target have cost.

    Attributes:
        rows: how many are done.
        seconds: time that workers took for them.
    """

    rows: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Forecast:
    """How long a run still takes, from what the cases of each target have cost so far.

    A case may take one framework a hundred times as long as another, and the quick ones are done
    first: the mean of all rows so far would promise minutes when an hour is left.
    """

    _costs: dict[str, Cost] = field(default_factory=dict)

    def note(self, target: str, rows: int, seconds: float) -> None:
        """Learn that a worker took `seconds` for so many rows of a target."""
        cost = self._costs.setdefault(target, Cost())
        cost.rows += rows
        cost.seconds += seconds

    def knows(self, targets: Iterable[str]) -> bool:
        """Return whether each of the targets has rows that are done."""
        return all(target in self._costs for target in targets)

    def remaining(self, left: Mapping[str, int], elapsed: float) -> float:
        """Return the seconds until the rows that are left are done.

        This assumes as many busy workers as on average until now, and that a target without any
        row done costs what the others do.

        Args:
            left: target to the number of its rows that are not done.
            elapsed: time since the run started, seconds.
        """
        rows = sum(cost.rows for cost in self._costs.values())
        spent = sum(cost.seconds for cost in self._costs.values())
        if not rows or not spent:
            return 0.0
        mean = Cost(rows=rows, seconds=spent)
        costs = ((self._costs.get(target, mean), count) for target, count in left.items())
        work = sum(count * cost.seconds / cost.rows for cost, count in costs)
        return work * elapsed / spent


class Bars(AbstractContextManager["Bars"]):
    """One bar per target on the terminal's stderr, with its deviations so far."""

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

    def start(self, targets: Sequence[TargetPlan], totals: Mapping[str, TargetTotals]) -> None:
        """Draw an empty bar for each target."""
        for warning in _warnings(targets):
            self._progress.console.print(warning, markup=False, highlight=False)
        for planned in targets:
            target = str(planned.target)
            before = totals[target]
            self._tasks[target] = self._progress.add_task(
                target,
                total=len(planned.cases),
                completed=before.rows,
                deviations=before.count(Standpoint.DEVIATION),
            )

    def advance(self, part: Part, totals: TargetTotals) -> None:
        """Move the bar of the part's target."""
        task = self._tasks[str(part.plan.target)]
        deviations = totals.count(Standpoint.DEVIATION)
        self._progress.update(task, completed=totals.rows, deviations=deviations)  # type: ignore[arg-type] # add_task gives TaskID, a NewType of int


class Lines(AbstractContextManager["Lines"]):
    """A line on stderr every ten seconds, and one at the end."""

    def __init__(self) -> None:
        self._started = self._printed = time.monotonic()
        self._forecast = Forecast()
        self._totals: dict[str, TargetTotals] = {}
        self._planned: dict[str, int] = {}  # rows of each target
        self._rows = 0
        self._before = 0  # rows of earlier sessions
        self._done = 0

    def __exit__(self, *_: object) -> None:
        """Do nothing: there is nothing to release."""

    def start(self, targets: Sequence[TargetPlan], totals: Mapping[str, TargetTotals]) -> None:
        """Print how much is going to run."""
        self._planned = {str(each.target): len(each.cases) for each in targets}
        self._rows = sum(self._planned.values())
        self._totals = dict(totals)
        self._before = self._done = sum(each.rows for each in totals.values())
        self._started = self._printed = time.monotonic()
        total = pluralize(self._rows, "row")
        what = f"the {self._rows - self._before:,} left of {total}" if self._before else total
        click.echo(f"sweeping {what} on {pluralize(len(targets), 'target')}", err=True)
        for warning in _warnings(targets):
            click.echo(warning, err=True)

    def advance(self, part: Part, totals: TargetTotals) -> None:
        """Print how far the run has come, at most every ten seconds and at the end."""
        target = str(part.plan.target)
        self._totals[target] = totals
        if not part.plan.unavailable:  # its rows cost nothing, and would promise too much
            self._forecast.note(target, part.row_batch.rows, part.seconds)
        self._done += part.row_batch.rows
        now = time.monotonic()
        if self._done == self._rows or now - self._printed >= _EVERY:
            self._printed = now
            click.echo(self._line(now - self._started), err=True)

    def _line(self, seconds: float) -> str:
        rate = (self._done - self._before) / max(seconds, 1e-3)
        deviating = {t: each.count(Standpoint.DEVIATION) for t, each in self._totals.items()}
        worst = ", ".join(f"{target} {count:,}" for target, count in deviating.items() if count)
        parts = [
            f"{self._done:,} of {pluralize(self._rows, 'row')}",
            f"{rate:,.0f} rows/s",
            *self._remaining(seconds),
            f"deviating: {worst}" if worst else "none deviating",
        ]
        return ", ".join(parts)

    def _remaining(self, seconds: float) -> Iterator[str]:
        """Yield how long the run still takes, unless nothing is left or known."""
        planned = self._planned.items()
        rows = {t: count - self._totals[t].rows for t, count in planned}
        rows = {t: count for t, count in rows.items() if count}
        left = timedelta(seconds=round(self._forecast.remaining(rows, seconds)))
        if left:
            # A target without any row may take a hundred times as long.
            yield f"{left} left" if self._forecast.knows(rows) else f"{left} left or more"


class _Rate(ProgressColumn):
    """Recent rows per second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:,.0f} rows/s")


def progress(*, quiet: bool = False) -> AbstractContextManager[Bars | Lines | None]:
    """Return bars if stderr is a terminal, plain lines if not, and nothing if `quiet`."""
    if quiet:
        return nullcontext()
    return Bars() if sys.stderr.isatty() else Lines()


def _warnings(targets: Sequence[TargetPlan]) -> list[str]:
    """Return what may be a reason to stop a long run right away."""
    return [
        f"{each.target} is unavailable, so none of its cases is run: {each.unavailable}"
        for each in targets
        if each.unavailable
    ]
