"""Describes one deviating row: what came back, what should have, and the command that reruns it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from tconv.analysis.rerun import rerun_command
from tconv.model.case import Case
from tconv.model.verdict import Verdict
from tconv.report.markdown import error_line

_CONTRACT: Final = "what tconv.adapters.base.Adapter requires"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """A row that does not conform, as a person reads it.

    Attributes:
        case: id of the case.
        target: where it was seen.
        verdict: its verdict.
        got: what came back.
        should_be: what should have.
        reading: the semantics that reproduces it, empty where none does.
        rerun: the shell command that reruns it.
    """

    case: str
    target: str
    verdict: str
    got: str
    should_be: str
    reading: str
    rerun: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any], config: str) -> Self:
        """Return the discrepancy of a row; `row` has None where a value is absent.

        Args:
            row: the columns of :data:`tconv.store.columns.COLUMNS`, of a row that does not conform.
            config: path of the configuration, or of a run, for the command that reruns it.
        """
        got, should_be = _sides(row)
        return cls(
            case=row["case"],
            target=row["target"],
            verdict=row["verdict"],
            got=got,
            should_be=should_be,
            reading=row["reading"] or "",
            rerun=rerun_command(config, row["case"], row["target"]),
        )

    def lines(self) -> list[str]:
        """Return the discrepancy as lines, the case first."""
        return [
            f"{self.case}: {self.verdict}",
            f"  got        {self.got}",
            f"  should be  {self.should_be}",
            *([f"  reading    {self.reading}"] * bool(self.reading)),
            f"  rerun      {self.rerun}",
        ]

    def line(self) -> str:
        """Return the discrepancy as one line."""
        return f"{self.case}: {self.verdict}, got {self.got}, should be {self.should_be}"


def _sides(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what came back and what should have."""
    got, should_be = _cause(row), "a result, or the framework's own error"
    match Verdict(row["verdict"]):
        case Verdict.SHAPE:
            got = f"shape {_shape(row['observed_shape'])}"
            should_be = f"shape {_shape(row['expected_shape'])}"
        case Verdict.DTYPE:
            got, should_be = f"dtype {row['observed_dtype']}", f"dtype {row['dtype']}"
        case Verdict.VALUE | Verdict.NONFINITE:
            got, should_be = f"{row['observed_value']} {_where(row)}", str(row["expected_value"])
        case Verdict.ACCEPTED_ILLEGAL:
            got = f"a result of shape {_shape(row['observed_shape'])}"
            should_be = f"an error: {row['reason']}"
        case Verdict.REJECTED_LEGAL:
            got = _error(row)
            should_be = f"a result of shape {_shape(Case.from_id(row['case']).y_shape)}"
        case Verdict.ADAPTER_ERROR:
            should_be = _CONTRACT
    return got, should_be


def _where(row: Mapping[str, Any]) -> str:
    return f"at {_shape(row['first_bad_index'])}; {row['bad_count']} of {row['compared']} differ"


def _error(row: Mapping[str, Any]) -> str:
    return error_line(": ".join(row[name] for name in ("error_type", "error_text") if row[name]))


def _cause(row: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (row["reason"], _error(row))))


def _shape(sizes: tuple[int, ...] | None) -> str:
    return f"({', '.join(map(str, sizes or ()))})"
