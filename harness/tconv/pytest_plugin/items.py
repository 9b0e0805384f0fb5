"""Collects a configuration as a file of test items, each of which runs one block."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from tconv.model.verdict import Standpoint, Verdict
from tconv.pytest_plugin.blocks import Block
from tconv.pytest_plugin.session import Sweep
from tconv.report.discrepancy import Discrepancy
from tconv.store import RowBatch
from tconv.store.rows import Columns

PREFIX: Final = "tconv["
"""How the name of an item begins; the name of its block and `]` follow."""

_FULL: Final = 10  # deviating cases of an item that are told in full; all of them with -v


class DeviationError(Exception):
    """A block holds rows that do not conform.

    Attributes:
        headline: how many, of what kind.
        lines: each of them.
    """

    def __init__(self, headline: str, lines: list[str]) -> None:
        super().__init__(headline)
        self.headline = headline
        self.lines = lines


class SweepFile(pytest.File):
    """The configuration, as the collector of its blocks."""

    sweep: Sweep

    def collect(self) -> Iterator["SweepItem"]:
        """Yield an item per block."""
        for block in self.sweep.blocks.values():
            name = f"{PREFIX}{block.name}]"
            # The id is given as text, so that --lf finds it again: it parses what it kept.
            item: SweepItem = SweepItem.from_parent(
                self, name=name, nodeid=f"{self.nodeid}::{name}"
            )
            item.block = block
            item.sweep = self.sweep
            target = block.planned.target
            item.extra_keyword_matches.update((target.backend, target.mode, target.device))
            item.add_marker("tconv")
            yield item


class SweepItem(pytest.Item):
    """One block of cases on one target.

    Attributes:
        block: the block.
        rows: its rows, once it has run.
    """

    block: Block
    sweep: Sweep
    rows: RowBatch | None = None

    def runtest(self) -> None:
        """Run the block; fail where a row does not conform, skip where none could be judged."""
        self.rows = self.sweep.rows(self.block)
        rows = list(_turned(self.rows.to_columns()))
        said = _counted(Counter(str(row["verdict"]) for row in rows))
        self.add_report_section("call", "tconv", "\n".join([said, *_neutral(rows)]))
        failing = [row for row in rows if self._is_failing(row)]
        if failing:
            raise DeviationError(_headline(failing, len(rows)), list(self._told(failing)))
        if all(_standpoint(row) is Standpoint.NEUTRAL for row in rows):
            pytest.skip("; ".join(_neutral(rows)))

    def repr_failure(  # type: ignore[override] # narrower than the base class
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> object:
        """Return what deviates instead of a traceback of the harness."""
        shown = super().repr_failure(excinfo)
        if not isinstance(excinfo.value, DeviationError):
            return shown
        made = excinfo.getrepr(style="native")
        entry = made.reprtraceback.reprentries[0]
        entry.lines = [f"{line}\n" for line in (excinfo.value.headline, *excinfo.value.lines)]
        if made.reprcrash is not None:
            made.reprcrash.message = excinfo.value.headline
        return made

    def reportinfo(self) -> tuple[os.PathLike[str], None, str]:
        """Return where the item comes from: the configuration."""
        return self.path, None, self.name

    def _is_failing(self, row: Mapping[str, Any]) -> bool:
        required = self.block.planned.target.backend in self.sweep.assignment.config.required
        if row["verdict"] == Verdict.UNAVAILABLE:
            return required
        return _standpoint(row) in {Standpoint.DEVIATION, Standpoint.INCOMPLETE}

    def _told(self, failing: list[dict[str, Any]]) -> Iterator[str]:
        """Yield what is wrong with each row; many rows take a line each."""
        if failing[0]["verdict"] == Verdict.UNAVAILABLE:
            yield f"required backend {failing[0]['backend']} is unavailable: {failing[0]['reason']}"
            return
        config = self.sweep.assignment.config.path
        found = [Discrepancy.from_row(row, config) for row in failing]
        full = len(found) if self.config.get_verbosity() > 0 else _FULL
        for each in found[:full]:
            yield from ("", *each.lines())
        if found[full:]:
            command = f"tconv run {config} --case CASE --target {found[0].target}"
            yield f"\nrerun one of these with: {command}"
            yield from (each.line() for each in found[full:])


def _turned(rows: Columns) -> Iterator[dict[str, Any]]:
    return (dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True))


def _standpoint(row: Mapping[str, Any]) -> Standpoint:
    return Verdict(row["verdict"]).standpoint


def _headline(failing: list[dict[str, Any]], count: int) -> str:
    kinds = Counter(str(row["verdict"]) for row in failing)
    return f"{len(failing)} of {count} cases do not conform: {_counted(kinds)}"


def _neutral(rows: list[dict[str, Any]]) -> list[str]:
    """Return why rows could not be judged, each reason once with its count."""
    kinds = Counter(
        f"{row['verdict']}: {row['reason']}"
        for row in rows
        if _standpoint(row) is Standpoint.NEUTRAL
    )
    return [f"{kind} ({count} of {len(rows)})" for kind, count in sorted(kinds.items())]


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
