"""Writes the run directory of a session: in the controller alone, as reports of items come in."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tconv.engine.plan import TargetPlan
from tconv.model.outcome import NotRun
from tconv.pytest_plugin.blocks import Block
from tconv.pytest_plugin.items import SweepItem
from tconv.pytest_plugin.session import Sweep
from tconv.pytest_plugin.xdist import block_name
from tconv.report.write_all import Reports
from tconv.runs.header import header
from tconv.runs.run import footer
from tconv.runs.status import ExitStatus, Status, Totals, status
from tconv.store import RowBatch, RunWriter
from tconv.store.unjudged import unjudged

_ABSENT: Final = "the session ended before this was run"


class Recorder:
    """Keeps the rows of a session's items, and the account of those that never ran.

    Args:
        sweep: the sweep of the session.
        out: directory in which the run directory is made.
    """

    def __init__(self, sweep: Sweep, *, out: Path) -> None:
        self._sweep = sweep
        self._out = out
        self._started = datetime.now(tz=UTC)
        self._left: dict[str, Block] = {}  # selected, and not run yet
        self._selected: Counter[str] = Counter()  # cases per target
        self._firsts: dict[str, int] = {}  # where each block begins among its target's cases
        self._planned: tuple[TargetPlan, ...] = ()
        self._totals: dict[str, Totals] = {}
        self._writer: RunWriter | None = None
        self._status: Status | None = None
        self._failures: dict[str, Exception] = {}

    def pytest_report_header(self) -> str:
        """Return what is going to be swept."""
        sweep = self._sweep
        name, cases = sweep.assignment.config.path, len(sweep.assignment.cases)
        return f"tconv: {name}, {cases} cases on {', '.join(str(p.target) for p in sweep.planned)}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the items that were selected."""
        self._select([item.nodeid for item in session.items if isinstance(item, SweepItem)])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note the items that were selected; every worker selects the same."""
        if not self._selected:
            self._select(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the rows of an item, once: one that is to be run again is not done."""
        rows = report.__dict__.pop("tconv_rows", None)
        if rows is not None and str(report.outcome) != "rerun":
            name = block_name(report.nodeid)
            block = self._left.pop(name or "", None)
            if block is not None:
                self._write(block, RowBatch(**rows) if rows else self._sweep.rows(block))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write what was not run, the footer and the reports."""
        if session.config.getoption("collectonly") or not self._selected:
            return
        for block in self._left.values():
            planned, outcome = block.planned, NotRun(reason=_ABSENT)
            rows = unjudged(block.cases, planned.target, planned.version, outcome)
            self._write(block, RowBatch.from_columns(rows))
        writer = self._open()
        self._status = status(
            self._totals,
            [name for name in self._sweep.assignment.config.required if self._is_selected(name)],
            interrupted=exitstatus == pytest.ExitCode.INTERRUPTED,
        )
        writer.finish(footer(self._status, self._totals))
        self._failures = dict(Reports.of_run(writer.path).failures)
        if self._status.code is not ExitStatus.CONFORMS and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED  # no false green

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print totals, what is wrong, and where the rest is."""
        if self._writer is None or self._status is None:
            return
        terminalreporter.section(f"tconv: {self._sweep.assignment.config.name}")
        for target, totals in self._totals.items():
            said = ", ".join(f"{n} {verdict}" for verdict, n in sorted(totals.verdicts.items()))
            terminalreporter.line(
                f"{target}: {totals.rows} rows, {totals.compared} compared: {said}"
            )
        for message in self._status.messages:
            terminalreporter.line(message)
        for name, error in self._failures.items():
            terminalreporter.line(f"{name} is not written: {error}; `tconv report` tries again")
        terminalreporter.line(f"report: {self._writer.path / 'report.html'}")

    def _select(self, ids: list[str]) -> None:
        named = [name for name in map(block_name, ids) if name is not None]
        self._left = {name: self._sweep.blocks[name] for name in named}
        for name, block in self._left.items():
            self._firsts[name] = self._selected[str(block.planned.target)]
            self._selected[str(block.planned.target)] += len(block.cases)
        self._totals = {target: Totals() for target in self._selected}
        self._planned = self._chosen()

    def _is_selected(self, backend: str) -> bool:
        return any(target.partition(":")[0] == backend for target in self._selected)

    def _write(self, block: Block, sheaf: RowBatch) -> None:
        at = list(self._totals).index(str(block.planned.target))
        self._open().write(at, self._firsts[block.name], sheaf)
        self._totals[str(block.planned.target)].add(sheaf.counted)

    def _open(self) -> RunWriter:
        """Return the run directory, made when there is something to write."""
        if self._writer is None:
            config = self._sweep.assignment.config
            content: dict[str, Any] = header(
                self._sweep.assignment, self._planned, self._sweep.found, started=self._started
            )
            self._writer = RunWriter.create(
                self._out / f"{config.name}-{self._started:%Y%m%d-%H%M%S}", content
            )
        return self._writer

    def _chosen(self) -> tuple[TargetPlan, ...]:
        """Return the targets with the cases that were selected of each."""
        cases: dict[str, list[Any]] = {target: [] for target in self._selected}
        for block in self._left.values():
            cases[str(block.planned.target)] += block.cases
        return tuple(
            replace(each, cases=tuple(cases[str(each.target)]))
            for each in self._sweep.planned
            if str(each.target) in cases
        )
