"""Which cases run on which targets, decided before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.adapters.base import Mode
from harness.case import Case
from harness.engine.sample import is_drawn
from harness.engine.worker import Description
from harness.errors import TargetError
from harness.target import Selection, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One target and the cases it will be given.

    Attributes:
        target: the target.
        cases: its cases, in the grid's order.
        version: version of the framework, None where the backend is unavailable.
        sample: one case in so many was taken; 1 where all were.
        unavailable: why none of them can be run, or None.
        left: spans of `cases` that are still to run, disjoint and rising; None: all of them.
    """

    target: Target
    cases: tuple[Case, ...]
    version: str | None
    sample: int = 1
    unavailable: str | None = None
    left: tuple[range, ...] | None = None

    @property
    def spans(self) -> tuple[range, ...]:
        """The spans of `cases` that are still to run."""
        return (range(len(self.cases)),) if self.left is None else self.left


def plan(
    selections: Sequence[Selection], found: Mapping[str, Description | str], cases: Sequence[Case]
) -> tuple[Planned, ...]:
    """Return what is to run, each target once, in the order of the selections.

    `found` has for each selected backend its description, or why it is unavailable. A mode that is
    only sampled runs on its sample where the backend was selected as a whole (one of sample 0 does
    not run there), and on every case where the mode was selected by its name.

    Raises:
        TargetError: a backend has no such mode.
    """
    planned: dict[Target, Planned] = {}
    for selection in selections:
        for each in _planned(selection, found[selection.backend], cases):
            before = planned.get(each.target)
            if before is None or each.sample < before.sample:
                planned[each.target] = each
    return tuple(planned.values())


def _planned(
    selection: Selection, found: Description | str, cases: Sequence[Case]
) -> list[Planned]:
    if isinstance(found, str):
        return [_unavailable(selection, found, cases)]
    modes = {mode.name: mode for mode in found.modes}
    if selection.mode not in {None, *modes}:
        raise TargetError(
            f"mode={selection.mode!r} of {selection.backend}, but should be one of "
            f"{', '.join(modes)}; `tconv adapters list` says what each calls"
        )
    if selection.device not in {None, *found.devices}:
        return [_unavailable(selection, f"no device {selection.device} here", cases)]
    return [
        _available(found, target, modes[target.mode], cases, everything=selection.mode is not None)
        for target in found.targets
        if selection.includes(target) and (selection.mode or modes[target.mode].sample)
    ]


def _available(
    found: Description, target: Target, mode: Mode, cases: Sequence[Case], *, everything: bool
) -> Planned:
    sample = 1 if everything else mode.sample
    kept = tuple(case for case in cases if is_drawn(case, sample))
    return Planned(target=target, cases=kept, version=found.version, sample=sample)


def _unavailable(selection: Selection, reason: str, cases: Sequence[Case]) -> Planned:
    """Plan every case once for a selection that cannot run, so that each gets its row."""
    target = Target(
        backend=selection.backend,
        mode=selection.mode or "any",
        device=selection.device or "cpu",
    )
    return Planned(target=target, cases=tuple(cases), version=None, unavailable=reason)
