"""Serves one order on one lane, whatever becomes of the worker: every case gets its row.

What ended the worker is found by running its batch again around the case that was being computed.
A worker takes seconds to start and a compiler tens of milliseconds for a case alone; so what had
been finished runs again in one piece, and where nobody knows what was being computed, pieces of a
middle size cost least.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isqrt

from tconv.engine.process.process import End, Lane
from tconv.engine.tasks import Order, Served
from tconv.engine.worker.compute import judge_batch
from tconv.errors import UnavailableError
from tconv.inputs.draw import DrawRecipe
from tconv.model.case import Case
from tconv.model.outcome import Crashed, NotRun, Outcome, TimedOut, Unavailable
from tconv.store import RowBatch
from tconv.store.rows import columns
from tconv.store.unjudged import unjudged

_Places = Sequence[int]  # indices of cases in the order


class Trial:
    """The trial of an order; for one use.

    Args:
        order: the batch.
        lane: the process that computes it.
        stopped: set when the run is over before its end: then rows are missing.
    """

    def __init__(self, order: Order, lane: Lane, *, stopped: threading.Event) -> None:
        self._order = order
        self._lane = lane
        self._stopped = stopped
        self._made: list[tuple[_Places, RowBatch]] = []
        self._choices: list[DrawRecipe | None] = list(order.choices) or [None] * len(order.cases)
        self._ended: list[str] = []
        self._lost: tuple[int, Outcome] | None = None  # a death that did not come back, and where
        self._seconds = 0.0

    def served(self) -> Served:
        """Return what became of the order; a case that ended a worker before goes alone."""
        suspects = self._order.suspects  # nearly always none
        cases = self._order.cases if suspects else ()
        alone = [at for at, case in enumerate(cases) if case.id in suspects]
        self._run([at for at in range(len(self._order.cases)) if at not in alone])
        for at in alone:
            self._run([at])
        if self._lost is not None:
            self._charge(*self._lost)
        return Served(
            sheaf=_joined(self._made),
            seconds=self._seconds,
            ended=tuple(self._ended),
            choices=tuple(self._choices),
        )

    def _run(self, places: _Places) -> None:
        """Make the rows of some cases, together where none of them ends the worker."""
        while places and not self._stopped.is_set():
            places = self._step(places)

    def _step(self, places: _Places) -> _Places:
        """Make the rows of some cases or of a part of them; return those that are left."""
        allowance = self._order.allowance
        if self._order.spent + len(self._ended) >= allowance:
            reason = (
                f"{allowance} cases of this target, its whole budget, ended their worker before"
            )
            self._keep(places, NotRun(reason=reason))
            return ()
        begun = time.perf_counter()
        match self._judged(places):
            case End() as end if len(places) == 1:
                self._charge(places[0], end.outcome)
                self._seconds += time.perf_counter() - begun
            case End() as end:
                return self._replay(places, end)
            case Unavailable() as outcome:
                self._keep(places, outcome)
            case sheaf, choices, seconds:
                self._made.append((places, sheaf))
                for at, choice in zip(places, choices, strict=True):
                    self._choices[at] = choice
                self._seconds += seconds
        return ()

    def _judged(
        self, places: _Places
    ) -> tuple[RowBatch, tuple[DrawRecipe, ...], float] | End | Unavailable:
        order = self._order
        cases = self._cases(places)
        known = [self._choices[at] for at in places]
        try:
            return self._lane.call(
                judge_batch, cases, order.target, order.version, order.seed, known
            )
        except UnavailableError as error:  # it was there when the run began, or elsewhere
            return Unavailable(reason=str(error))

    def _cases(self, places: _Places) -> Sequence[Case]:
        """Return the cases at some places of the order: as they came where it is all of them."""
        if len(places) == len(self._order.cases):
            return self._order.cases
        made = tuple(self._order.cases)
        return [made[at] for at in places]

    def _replay(self, places: _Places, end: End) -> _Places:
        """Run a batch that ended its worker again, in pieces; return what is left past the guilty.

        Where all come through, none is guilty of having passed a limit: the batch was only large.
        A death that does not come back is kept in one row, that of the case that was being computed
        or else of the first, and said not to be reproduced.
        """
        before = len(self._ended)
        at = end.place if end.place is not None and end.place < len(places) else None
        rest = places
        if at is not None:
            self._run(places[:at])
            self._run(places[at : at + 1])
            rest = places[at + 1 :]
        if len(self._ended) > before:
            return rest
        for piece in _pieces(rest):
            self._run(piece)
        if not (len(self._ended) > before or end.is_limit or self._stopped.is_set()):
            self._lost = self._lost or (places[at or 0], _unreproduced(end.outcome))
        return ()

    def _charge(self, place: int, outcome: Outcome) -> None:
        """Keep the end of a worker in a case's row, whatever the row was."""
        self._ended.append(self._order.cases[place].id)
        self._keep([place], outcome)

    def _keep(self, places: _Places, outcome: Outcome) -> None:
        order, cases = self._order, self._cases(places)
        rows = unjudged(cases, order.target, order.version, outcome)
        self._made.append((places, RowBatch.from_columns(rows)))


def _pieces(places: _Places) -> Iterator[_Places]:
    """Yield the places in about as many pieces as each has places."""
    size = max(isqrt(len(places)), 1)
    return (places[at : at + size] for at in range(0, len(places), size))


def _unreproduced(outcome: Crashed | TimedOut) -> Outcome:
    if isinstance(outcome, TimedOut):
        return outcome
    return replace(outcome, is_reproduced=False)


def _joined(parts: Sequence[tuple[_Places, RowBatch]]) -> RowBatch:
    """Return the rows of all parts by place; of two rows for one place the later counts."""
    if len(parts) == 1:
        return parts[0][1]
    unbound = [(places, sheaf.to_columns()) for places, sheaf in parts]
    last = {place: (rows, at) for places, rows in unbound for at, place in enumerate(places)}
    chosen = [last[place] for place in sorted(last)]
    made = {name: [rows[name][at] for rows, at in chosen] for name in columns([])}
    return RowBatch.from_columns(made)
