"""Writes the run directory of a pytest session, in its main process, as items report rows."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tconv.errors import pluralize
from tconv.model.outcome import NotRun
from tconv.pytest_plugin.blocks import SweepBlock
from tconv.pytest_plugin.items import SweepItem
from tconv.pytest_plugin.session import SessionSweep
from tconv.pytest_plugin.xdist import block_name
from tconv.runs.exit_status import ExitStatus
from tconv.runs.header import header
from tconv.runs.recorder import RunRecorder, RunResult
from tconv.store import RowBatch
from tconv.store.rows import without_result

if TYPE_CHECKING:
    from tconv.engine.plan import TargetPlan
    from tconv.model.case import Case

_ABSENT: Final = "the session ended before this was run"


class SessionRecorder:
    """Records the rows of the items of a session, and which items never ran.

    Args:
        sweep: the sweep of the session.
        out: directory in which the run directory is made.
    """

    def __init__(self, sweep: SessionSweep, *, out: Path) -> None:
        self._sweep = sweep
        self._out = out
        self._started = datetime.now(tz=UTC)
        self._left: dict[str, SweepBlock] = {}  # selected, and not run yet
        self._firsts: dict[str, int] = {}  # where each block starts among its target's cases
        self._plans: tuple[TargetPlan, ...] = ()
        self._result: RunResult | None = None

    def pytest_report_header(self) -> str:
        """Return what is going to be swept."""
        sweep = self._sweep
        cases = pluralize(len(sweep.spec.cases), "case")
        targets = ", ".join(str(plan.target) for plan in sweep.plans)
        return f"tconv: {sweep.spec.config.path}, {cases} on {targets}"

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note the items that were selected."""
        self._select([item.nodeid for item in session.items if isinstance(item, SweepItem)])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Note the items that were selected; every worker selects the same."""
        if not self._plans:
            self._select(ids)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the rows of an item once; an item that another plug-in reruns is not done yet."""
        rows = report.__dict__.pop("tconv_rows", None)
        if rows is not None and str(report.outcome) != "rerun":
            name = block_name(report.nodeid)
            block = self._left.pop(name or "", None)
            if block is not None:
                self._write(block, RowBatch(**rows) if rows else self._sweep.rows(block))

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write what was not run, the footer and the reports."""
        if session.config.getoption("collectonly") or not self._plans:
            return
        for block in self._left.values():
            rows = without_result(
                block.cases, block.plan.target, block.plan.version, NotRun(reason=_ABSENT)
            )
            self._write(block, RowBatch.from_columns(rows))
        backends = {each.target.backend for each in self._plans}
        status = self._recorder.finish(
            [name for name in self._sweep.spec.config.required if name in backends],
            is_interrupted=exitstatus == pytest.ExitCode.INTERRUPTED,
        )
        self._result = self._recorder.report()
        # Items show deviations themselves; where they pass all the same, they are expected to fail.
        shown = {ExitStatus.CONFORMS, ExitStatus.DEVIATIONS}
        if status.code not in shown and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED  # no false green

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print totals, what is wrong, and where the reports are."""
        result = self._result
        if result is None:
            return
        terminalreporter.section(f"tconv: {self._sweep.spec.config.name}")
        for target, totals in result.totals.items():
            counts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(totals.verdicts.items()))
            terminalreporter.line(
                f"{target}: {totals.rows} rows, {totals.compared} compared: {counts}"
            )
        for message in result.status.messages:
            terminalreporter.line(message)
        for name, error in result.reports.failures.items():
            terminalreporter.line(f"{name} is not written: {error}; `tconv report` tries again")
        terminalreporter.line(f"report: {result.path / 'report.html'}")

    def _select(self, ids: list[str]) -> None:
        names = [name for name in map(block_name, ids) if name is not None]
        self._left = {name: self._sweep.blocks[name] for name in names}
        cases: dict[str, list[Case]] = {}
        for name, block in self._left.items():
            selected = cases.setdefault(str(block.plan.target), [])
            self._firsts[name] = len(selected)
            selected += block.cases
        self._plans = tuple(
            replace(each, cases=tuple(cases[str(each.target)]))
            for each in self._sweep.plans
            if str(each.target) in cases
        )

    def _write(self, block: SweepBlock, batch: RowBatch) -> None:
        self._recorder.write(str(block.plan.target), self._firsts[block.name], batch)

    @cached_property
    def _recorder(self) -> RunRecorder:
        """The run directory, made when there is something to write."""
        content = header(
            self._sweep.spec, self._plans, self._sweep.descriptions, started=self._started
        )
        return RunRecorder.create(self._out, content, self._started)
