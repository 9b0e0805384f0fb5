"""The exit status of a run, and a sentence for each problem behind it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tconv.model.target import Target
from tconv.model.verdict import Standpoint, Verdict
from tconv.runs.exit_status import ExitStatus
from tconv.store.totals import TargetTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The exit status of a run, and why.

    Attributes:
        code: the exit status.
        messages: one sentence for each problem, first the one that decides the code.
    """

    code: ExitStatus
    messages: tuple[str, ...]


def status(
    totals: Mapping[str, TargetTotals], required: Sequence[str], *, interrupted: bool = False
) -> Status:
    """Return the status of a run; `totals` has one entry per target, `backend:mode@device`.

    A run that judged nothing, that lacks a required backend or that was interrupted must not
    look as if everything conformed.
    """
    problems = list(_problems(totals, required, interrupted=interrupted))
    code = problems[0][0] if problems else ExitStatus.CONFORMS
    return Status(code=code, messages=tuple(message for _, message in problems))


def _problems(
    totals: Mapping[str, TargetTotals], required: Sequence[str], *, interrupted: bool
) -> Iterator[tuple[ExitStatus, str]]:
    """Yield the problems, first the one that decides the exit status."""
    if not any(each.judged for each in totals.values()):
        yield ExitStatus.NOTHING_COMPARED, "nothing was compared: no row has a result to judge"
    for backend in required:
        own = [each for text, each in totals.items() if Target.from_text(text).backend == backend]
        if not any(each.judged for each in own):
            absent = any(each.verdicts[Verdict.UNAVAILABLE] for each in own)
            why = "is unavailable" if absent else "has no row that was compared"
            yield ExitStatus.NOTHING_COMPARED, f"required backend {backend} {why}"
    if interrupted:
        yield ExitStatus.INCOMPLETE, "the run was interrupted"
    left = sum(each.count(Standpoint.INCOMPLETE) for each in totals.values())
    if left:
        whys = [f"; {t}: {why}" for t, each in totals.items() for why in each.omissions]
        yield ExitStatus.INCOMPLETE, f"{_rows(left)} planned and not run{''.join(whys)}"
    for target, target_totals in totals.items():
        count = target_totals.count(Standpoint.DEVIATION)
        if count:
            kinds = ", ".join(
                f"{n} {verdict}"
                for verdict, n in sorted(target_totals.verdicts.items())
                if verdict.standpoint is Standpoint.DEVIATION
            )
            yield ExitStatus.DEVIATIONS, f"{target} deviates in {_rows(count)}: {kinds}"


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"
