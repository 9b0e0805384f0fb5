"""The test items of a sweep: each runs one block of cases and fails where a row deviates."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from tconv.errors import pluralize
from tconv.model.verdict import Standpoint, Verdict
from tconv.pytest_plugin.blocks import SweepBlock
from tconv.pytest_plugin.session import SessionSweep
from tconv.report.discrepancy import Discrepancy
from tconv.store import RowBatch

PREFIX: Final = "tconv["
"""Start of an item's name; the name of its block and `]` follow."""

_FULL: Final = 10  # deviating cases of an item that are shown in full; with -v all are


class DeviationError(Exception):
    """A block holds rows that do not conform.

    Attributes:
        headline: how many rows, of which verdicts.
        lines: what is wrong in each.
    """

    def __init__(self, headline: str, lines: list[str]) -> None:
        super().__init__(headline)
        self.headline = headline
        self.lines = lines


class SweepFile(pytest.File):
    """The configuration, as the collector of its blocks."""

    sweep: SessionSweep

    def collect(self) -> Iterator["SweepItem"]:
        """Yield an item per block."""
        for block in self.sweep.blocks.values():
            name = f"{PREFIX}{block.name}]"
            # --lf finds the item by this id; pytest would make a different one from such a name.
            item: SweepItem = SweepItem.from_parent(
                self, name=name, nodeid=f"{self.nodeid}::{name}"
            )
            item.block = block
            item.sweep = self.sweep
            target = block.plan.target
            item.extra_keyword_matches.update((target.backend, target.mode, target.device))
            item.add_marker("tconv")
            yield item


class SweepItem(pytest.Item):
    """One block of cases on one target.

    Attributes:
        block: the block.
        rows: its rows, once it has run.
    """

    block: SweepBlock
    sweep: SessionSweep
    rows: RowBatch | None = None

    def runtest(self) -> None:
        """Run the block; fail where a row does not conform, skip where none could be judged."""
        self.rows = self.sweep.rows(self.block)
        rows = self.rows.records()
        counts = _counts(Counter(str(row["verdict"]) for row in rows))
        self.add_report_section("call", "tconv", "\n".join([counts, *_neutral(rows)]))
        failing = [row for row in rows if self._is_failing(row)]
        if failing:
            raise DeviationError(_headline(failing, len(rows)), list(self._explain(failing)))
        if all(_standpoint(row) is Standpoint.NEUTRAL for row in rows):
            pytest.skip("; ".join(_neutral(rows)))

    def repr_failure(  # type: ignore[override] # narrower than the base class
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> object:
        """Return what deviates instead of a traceback of the harness."""
        if not isinstance(excinfo.value, DeviationError):
            return super().repr_failure(excinfo)
        representation = excinfo.getrepr(style="native")
        entry = representation.reprtraceback.reprentries[0]
        entry.lines = [f"{line}\n" for line in (excinfo.value.headline, *excinfo.value.lines)]
        if representation.reprcrash is not None:
            representation.reprcrash.message = excinfo.value.headline
        return representation

    def reportinfo(self) -> tuple[os.PathLike[str], int, str]:
        """Return where the item comes from: the configuration, counted from line 0."""
        return self.path, 0, self.name

    def _is_failing(self, row: Mapping[str, Any]) -> bool:
        required = self.block.plan.target.backend in self.sweep.spec.config.required
        if row["verdict"] == Verdict.UNAVAILABLE:
            return required
        return _standpoint(row) in {Standpoint.DEVIATION, Standpoint.INCOMPLETE}

    def _explain(self, failing: list[dict[str, Any]]) -> Iterator[str]:
        """Yield what is wrong: several lines for each of the first rows, one for the others."""
        if failing[0]["verdict"] == Verdict.UNAVAILABLE:
            yield f"required backend {failing[0]['backend']} is unavailable: {failing[0]['reason']}"
            return
        config = self.sweep.spec.config.path
        discrepancies = [Discrepancy.from_row(row, config) for row in failing]
        full = len(discrepancies) if self.config.get_verbosity() > 0 else _FULL
        for discrepancy in discrepancies[:full]:
            yield from ("", *discrepancy.lines())
        if discrepancies[full:]:
            command = f"tconv run {config} --case CASE --target {discrepancies[0].target}"
            yield f"\nrerun one of these with: {command}"
            yield from (discrepancy.line() for discrepancy in discrepancies[full:])


def _standpoint(row: Mapping[str, Any]) -> Standpoint:
    return Verdict(row["verdict"]).standpoint


def _headline(failing: list[dict[str, Any]], count: int) -> str:
    kinds = Counter(str(row["verdict"]) for row in failing)
    do = "does" if len(failing) == 1 else "do"
    return f"{len(failing)} of {pluralize(count, 'case')} {do} not conform: {_counts(kinds)}"


def _neutral(rows: list[dict[str, Any]]) -> list[str]:
    """Return why rows could not be judged, each reason once with its count."""
    kinds = Counter(
        f"{row['verdict']}: {row['reason']}"
        for row in rows
        if _standpoint(row) is Standpoint.NEUTRAL
    )
    return [f"{kind} ({count} of {len(rows)})" for kind, count in sorted(kinds.items())]


def _counts(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
