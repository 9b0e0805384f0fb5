"""Asserts that what an adapter computes is what the oracle says."""

import atexit
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan, plan
from tconv.engine.worker.compute import draw_batch, judged
from tconv.errors import TargetError
from tconv.model.case import Case
from tconv.model.outcome import Unavailable
from tconv.model.target import Selection, Target, canonical_mode
from tconv.model.verdict import Standpoint, Verdict
from tconv.report.discrepancy import Discrepancy
from tconv.store.rows import Columns
from tconv.store.unjudged import unjudged

if TYPE_CHECKING:
    from tconv.engine.worker.describe import BackendDescription

_CONFIG = "smoke"  # named in the command that reruns a case; of it only seed and limits matter


class Conformance(AbstractContextManager["Conformance"]):
    """Holds adapters to the oracle; the worker processes of targets end with the context.

    Args:
        seed: seed of the inputs.
        case_seconds: longest time a target may take for one case, seconds.
        worker_gib: most memory that a worker process may hold, GiB.
    """

    def __init__(
        self, *, seed: int = 0, case_seconds: float = 10.0, worker_gib: float = 4.0
    ) -> None:
        self._seed = seed
        self._limits: dict[str, Any] = {"case_seconds": case_seconds, "worker_gib": worker_gib}
        self._stack = ExitStack()
        self._found: dict[str, BackendDescription | str] = {}

    def __exit__(self, *_: object) -> None:
        """End every worker process."""
        self._stack.close()

    def assert_conforms(
        self,
        subject: Adapter | str,
        case: Case | str,
        *,
        mode: str | None = None,
        device: str | None = None,
    ) -> None:
        """Do nothing where the subject conforms on the case; see :func:`assert_conforms`."""
        __tracebackhide__ = True  # pytest shows the line of the test instead
        case = Case.from_id(case) if isinstance(case, str) else case
        if isinstance(subject, Adapter):
            rows = [self._of_adapter(subject, case, mode, device)]
        else:
            rows = [self._of_target(each) for each in self._planned(subject, case, mode, device)]
        _assert([_record(each) for each in rows])

    def _of_adapter(
        self, adapter: Adapter, case: Case, mode: str | None, device: str | None
    ) -> Columns:
        modes = [each.name for each in adapter.modes]
        chosen = canonical_mode(mode) if mode else modes[0]
        if chosen not in modes:
            raise TargetError(f"mode={mode!r}, but should be one of {', '.join(modes)}")
        target = Target(backend=adapter.name, mode=chosen, device=device or adapter.devices()[0])
        version = adapter.versions().get(adapter.name)
        return judged(adapter, [case], draw_batch([case], self._seed), target, version)

    def _planned(
        self, text: str, case: Case, mode: str | None, device: str | None
    ) -> Sequence[TargetPlan]:
        named = Selection.from_text(text)
        backend = named.backend
        if backend not in self._found:
            self._found |= self._engine.describe([backend])
        selection = Selection(
            backend=backend,
            mode=canonical_mode(mode) if mode else named.mode,
            device=device or named.device,
        )
        found = plan([selection], self._found, [case])
        return [each for each in found if each.cases]

    def _of_target(self, planned: TargetPlan) -> Columns:
        if planned.unavailable:
            reason = Unavailable(reason=planned.unavailable)
            return unjudged(planned.cases, planned.target, planned.version, reason)
        return self._engine.rows(planned, planned.cases).to_columns()

    @cached_property
    def _engine(self) -> LocalPool:
        return self._stack.enter_context(LocalPool(workers=1, seed=self._seed, **self._limits))


def assert_conforms(
    subject: Adapter | str,
    case: Case | str,
    *,
    mode: str | None = None,
    device: str | None = None,
) -> None:
    """Do nothing where the subject conforms on the case.

    Conforming is what it is in a sweep: a legal case has the oracle's result, bit for bit in exact
    mode; an illegal one is refused.

    Args:
        subject: an adapter, which computes in this process; or a target,
            `backend[:mode][@device]`, which computes in a process of its own, kept for further
            cases until this one ends.
        case: the case, or its id.
        mode: the mode; None: an adapter's first, or what the target's text selects.
        device: the device; None: an adapter's first, or what the target's text selects.

    Raises:
        AssertionError: it deviates; the message says what was got, what should be and which
            command reruns it.
        unittest.SkipTest: nothing could be judged, as the case is unsupported or the backend
            unavailable; pytest and unittest count the test as skipped, with the reason.
        CaseError: the id is no case's.
        TargetError: there is no such backend or mode.
    """
    __tracebackhide__ = True
    _shared().assert_conforms(subject, case, mode=mode, device=device)


@cache
def _shared() -> Conformance:
    """Return the one whose worker processes end with this process."""
    made = Conformance()
    atexit.register(made.__exit__, None, None, None)
    return made


def _record(rows: Columns) -> dict[str, Any]:
    """Return the only row."""
    return {name: value for name, (value,) in rows.items()}


def _assert(rows: Sequence[dict[str, Any]]) -> None:
    __tracebackhide__ = True
    standpoints = [Verdict(row["verdict"]).standpoint for row in rows]
    bad = [
        Discrepancy.from_row(row, _CONFIG)
        for row, standpoint in zip(rows, standpoints, strict=True)
        if standpoint in {Standpoint.DEVIATION, Standpoint.INCOMPLETE}
    ]
    if bad:
        raise AssertionError("\n".join(line for each in bad for line in _lines(each)))
    if Standpoint.CONFORMANT not in standpoints:
        raise SkipTest("; ".join(f"{row['verdict']}: {row['reason']}" for row in rows))


def _lines(found: Discrepancy) -> list[str]:
    """Return the discrepancy as lines; no command can rerun an adapter that is not registered."""
    if found.target.partition(":")[0] in registry.backends():
        return found.lines()
    call = f"assert_conforms(adapter, {found.case!r}) with the adapter of {found.target}"
    return replace(found, rerun=call).lines()
