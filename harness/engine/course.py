"""One target's way through its cases: batch by batch, and again what ended the worker."""

import threading
from collections.abc import Iterator, Sequence
from math import prod
from typing import Final

from harness.case import Case
from harness.engine.lane import Lane
from harness.engine.plan import Planned
from harness.engine.worker import judge_batch
from harness.judge import judge
from harness.outcome import Crashed, NotRun, Outcome, TimedOut, Unavailable
from harness.rows import Columns, columns, row

BATCH: Final = 128
"""Cases that go to a worker at a time."""

VOLUME: Final = 2**23
"""Elements of input, weight and output that go to a worker at a time, unless one case has more."""

PIECE: Final = 16
"""Cases in which a batch is replayed that ended its worker; a guilty piece then one by one.

A worker takes seconds to start and a compiler tens of milliseconds for a case alone, so the middle
way costs least."""

CRASH_BUDGET: Final = 20
"""Cases of one target that may end their worker before the rest is not run; a hundredth of its
cases where that is more."""


class Course:
    """The sweep of one target on one lane.

    Args:
        planned: the target and its cases.
        lane: the process that computes them.
        seed: seed of the inputs.
        stopped: set when the run is over before its end.
    """

    def __init__(
        self, planned: Planned, lane: Lane, *, seed: int, stopped: threading.Event
    ) -> None:
        self._planned = planned
        self._lane = lane
        self._seed = seed
        self._stopped = stopped
        self._budget = max(CRASH_BUDGET, len(planned.cases) // 100)

    def batches(self) -> Iterator[tuple[int, Columns]]:
        """Yield one batch after the other: where it begins, and a row for each of its cases."""
        for first, batch in _spanned(self._planned):
            if self._stopped.is_set():
                return
            yield first, self.rows(batch)

    def rows(self, batch: Sequence[Case]) -> Columns:
        """Return a row for each case of `batch`, in order, whatever becomes of the worker.

        A case that ended this lane's worker on another target goes alone from the start.
        """
        alone = [case for case in batch if case.id in self._lane.suspects]
        if not alone or len(batch) == 1:
            return self._rows(batch)
        together = [case for case in batch if case.id not in self._lane.suspects]
        parts = [self._rows(part) for part in (together, *([case] for case in alone)) if part]
        return _joined(parts, [case.id for case in batch])

    def _rows(self, batch: Sequence[Case]) -> Columns:
        if self._budget <= 0:
            reason = "too many cases ended their worker before"
            return unjudged(batch, self._planned, NotRun(reason=reason))
        made = self._judged(batch)
        return self._replayed(batch, made) if isinstance(made, Crashed | TimedOut) else made

    def _judged(self, batch: Sequence[Case]) -> Columns | Crashed | TimedOut:
        planned = self._planned
        return self._lane.call(judge_batch, batch, planned.target, planned.version, self._seed)

    def _replayed(self, batch: Sequence[Case], end: Crashed | TimedOut) -> Columns:
        """Run a batch that ended its worker again, in pieces, to find the guilty cases.

        Where all pieces come through, none is guilty of a batch that took too long: it was only
        large. A death that does not come back is kept in the row of the batch's first case.
        """
        before = self._budget
        if len(batch) == 1:
            self._budget -= 1
            self._lane.suspects.add(batch[0].id)
            return unjudged(batch, self._planned, end)
        size = PIECE if len(batch) > PIECE else 1
        pieces = (batch[at : at + size] for at in range(0, len(batch), size))
        rows = [self._rows(piece) for piece in pieces if not self._stopped.is_set()]
        if isinstance(end, Crashed) and self._budget == before and not self._stopped.is_set():
            self._budget -= 1
            stderr = f"not reproduced when its batch ran again in pieces\n{end.stderr}"
            lost = Crashed(exit_code=end.exit_code, stderr=stderr)
            rows = [unjudged(batch[:1], self._planned, lost), _without_first(_joined(rows))]
        return _joined(rows)


def unavailable(planned: Planned) -> Iterator[tuple[int, Columns]]:
    """Yield the rows of a target that cannot be run here, batch by batch."""
    outcome = Unavailable(reason=planned.unavailable or "")
    return ((first, unjudged(batch, planned, outcome)) for first, batch in _spanned(planned))


def unjudged(batch: Sequence[Case], planned: Planned, outcome: Outcome) -> Columns:
    """Return rows for cases that no framework answered, each with the same outcome."""
    return columns(
        [
            row(
                case=case,
                target=planned.target,
                version=planned.version,
                route=None,
                outcome=outcome,
                judgement=judge(case, None, None, outcome),
            )
            for case in batch
        ]
    )


def batched(cases: Sequence[Case]) -> Iterator[Sequence[Case]]:
    """Yield the cases in batches of :data:`BATCH` at most, with no more elements than `VOLUME`."""
    batch: list[Case] = []
    elements = 0
    for case in cases:
        own = prod(case.x_shape) + prod(case.w_shape) + prod(case.y_shape)
        if batch and (len(batch) == BATCH or elements + own > VOLUME):
            yield batch
            batch, elements = [], 0
        batch.append(case)
        elements += own
    if batch:
        yield batch


def _spanned(planned: Planned) -> Iterator[tuple[int, Sequence[Case]]]:
    """Yield the batches of what is left of a target; none reaches from one span into another."""
    for span in planned.spans:
        first = span.start
        for batch in batched(planned.cases[span.start : span.stop]):
            yield first, batch
            first += len(batch)


def _without_first(rows: Columns) -> Columns:
    return {name: values[1:] for name, values in rows.items()}


def _joined(parts: Sequence[Columns], order: Sequence[str] = ()) -> Columns:
    """Return the rows of all parts, by the case ids of `order` where it is given."""
    names = parts[0] if parts else ()
    joined = {name: [value for part in parts for value in part[name]] for name in names}
    if not order:
        return joined
    places = {case_id: at for at, case_id in enumerate(joined["case"])}
    return {name: [values[places[each]] for each in order] for name, values in joined.items()}
