"""Asserts that an adapter computes what the oracle computes, on cases that parametrize a test."""

import atexit
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cache, cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import SkipTest

from tconv.adapters import registry
from tconv.adapters.base import Adapter
from tconv.adapters.guard import GuardedAdapter
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan, plan
from tconv.engine.worker.compute import compute_rows, draw_batch
from tconv.errors import ConfigError, TargetError
from tconv.grid.config import from_mapping
from tconv.model.case import Case
from tconv.model.target import Selection, Target, canonical_mode
from tconv.model.verdict import Standpoint, Verdict
from tconv.report.discrepancy import Discrepancy
from tconv.runs.spec import RunSpec
from tconv.store.rows import records

if TYPE_CHECKING:
    import pytest

    from tconv.engine.worker.describe import BackendDescription

_CONFIG: Final = "smoke"  # in the command that reruns a case, which needs only its seed and limits


class Conformance(AbstractContextManager["Conformance"]):
    """Compares adapters with the oracle; the worker processes of targets end with the context.

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
        self._descriptions: dict[str, BackendDescription | str] = {}

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
            target, version = _target(subject, mode, device), subject.versions().get(subject.name)
            rows = compute_rows_here(subject, [case], target, self._seed, version)
        else:
            plans = self._plan(subject, case, mode, device)
            rows = [row for each in plans for row in self._engine.rows(each, each.cases).records()]
        _assert(rows)

    def _plan(
        self, text: str, case: Case, mode: str | None, device: str | None
    ) -> Sequence[TargetPlan]:
        named = Selection.from_text(text)
        backend = named.backend
        if backend not in self._descriptions:
            self._descriptions |= self._engine.describe([backend])
        selection = Selection(
            backend=backend,
            mode=canonical_mode(mode) if mode else named.mode,
            device=device or named.device,
        )
        plans = plan([selection], self._descriptions, [case])
        return [each for each in plans if each.cases]

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

    It conforms as in a run: a legal case has the oracle's result, bit for bit in exact mode; an
    illegal one is refused.

    Args:
        subject: an adapter, which computes in this process; or a target,
            `backend[:mode][@device]`, which computes in a worker process that serves further cases
            until this process ends.
        case: the case, or its id.
        mode: the mode; None: the adapter's first, or what the target's text selects.
        device: the device; None: the adapter's first, or what the target's text selects.

    Raises:
        AssertionError: it deviates; the message has the result, what it should be, and the
            command that reruns it.
        unittest.SkipTest: nothing could be judged, as the case is unsupported or the backend
            unavailable; pytest and unittest count the test as skipped, with the reason.
        CaseError: no case has this id.
        TargetError: there is no such backend or mode.
    """
    __tracebackhide__ = True
    _shared().assert_conforms(subject, case, mode=mode, device=device)


@cache
def _shared() -> Conformance:
    """Return the instance whose worker processes end with this process."""
    shared = Conformance()
    atexit.register(shared.__exit__, None, None, None)
    return shared


def compute_rows_here(
    adapter: Adapter, cases: Sequence[Case], target: Target, seed: int, version: str | None = None
) -> list[dict[str, Any]]:
    """Return the row that a run would have of each case, computed in this process."""
    guarded = GuardedAdapter(adapter)
    return records(compute_rows(guarded, cases, draw_batch(cases, seed), target, version))


def _target(adapter: Adapter, mode: str | None, device: str | None) -> Target:
    modes = [each.name for each in adapter.modes]
    chosen = canonical_mode(mode) if mode else modes[0]
    if chosen not in modes:
        raise TargetError(f"mode={mode!r}, but should be one of {', '.join(modes)}")
    return Target(backend=adapter.name, mode=chosen, device=device or adapter.devices()[0])


def _assert(rows: Sequence[dict[str, Any]]) -> None:
    __tracebackhide__ = True
    standpoints = [Verdict(row["verdict"]).standpoint for row in rows]
    lines = [
        line
        for row, standpoint in zip(rows, standpoints, strict=True)
        if standpoint in {Standpoint.DEVIATION, Standpoint.INCOMPLETE}
        for line in _lines(Discrepancy.from_row(row, _CONFIG))
    ]
    if lines:
        raise AssertionError("\n".join(lines))
    if Standpoint.CONFORMANT not in standpoints:
        raise SkipTest("; ".join(f"{row['verdict']}: {row['reason']}" for row in rows))


def _lines(discrepancy: Discrepancy) -> list[str]:
    """Return a discrepancy as lines; no command can rerun an adapter that is not registered."""
    if Target.from_text(discrepancy.target).backend not in registry.backends():
        call = (
            f"assert_conforms(adapter, {discrepancy.case!r}) with the adapter of "
            f"{discrepancy.target}"
        )
        discrepancy = replace(discrepancy, rerun=call)
    return discrepancy.lines()


def cases(
    config: str | PathLike[str] | None = None, *, targets: Sequence[str] = (), **grid: object
) -> "pytest.MarkDecorator":
    """Return a decorator that runs a pytest test once per case, under the case's id.

    The test takes a parameter `case`, and also `target` where targets are given.

    Args:
        config: the path of a TOML file, or the name of one that comes with tconv, such as
            `smoke`; None where the grid is given instead.
        targets: texts `backend[:mode][@device]`; the test runs for each of them.
        **grid: keys and values of a `[[grid]]` of a configuration: `ndim=[1, 2], i="1..6"`.

    Raises:
        ConfigError: the configuration or the grid is faulty, both or neither is given, or no case
            is left.
        TargetError: a target is malformed, or names a backend that does not exist.
    """
    import pytest  # noqa: PLC0415 # the rest of tconv.testing does without

    selected = _spec(config, targets, grid).cases
    if targets:
        pairs = [(target, case) for target in targets for case in selected]
        ids = [f"{target}-{case.id}" for target, case in pairs]
        return pytest.mark.parametrize(("target", "case"), pairs, ids=ids)
    return pytest.mark.parametrize("case", selected, ids=[case.id for case in selected])


def _spec(
    config: str | PathLike[str] | None, targets: Sequence[str], grid: dict[str, object]
) -> RunSpec:
    if (config is None) == (not grid):
        raise ConfigError(
            f"config={config!r} and {len(grid)} keys of a grid, but should be one of the two: "
            'cases("smoke") or cases(ndim=1, i="1..3", k=2)'
        )
    if config is not None:
        return RunSpec.from_config(Path(config), targets=targets)
    tables = {"run": {"name": "cases", "targets": list(targets) or ["numpy"]}, "grid": [grid]}
    return RunSpec.from_config(from_mapping(tables, "tconv.testing.cases"))
