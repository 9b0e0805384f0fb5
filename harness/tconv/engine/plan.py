"""Which cases run on which targets, decided before anything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tconv.engine.worker.describe import BackendDescription
from tconv.engine.worker.sampling import Samples
from tconv.errors import TargetError, quoted
from tconv.model.case import Case
from tconv.model.target import Selection, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPlan:
    """One target and the cases that it is to compute.

    Attributes:
        target: the target.
        cases: its cases, in the grid's order.
        version: version of the framework, None where the backend is unavailable.
        sample: one case in this many was taken; 1 if all were.
        unavailable: why none of them can be run, or None.
        left: spans of `cases` that are still to run, disjoint and ascending; None: all of them.
    """

    target: Target
    cases: Sequence[Case]
    version: str | None
    sample: int = 1
    unavailable: str | None = None
    left: tuple[range, ...] | None = None

    @property
    def spans(self) -> tuple[range, ...]:
        """The spans of `cases` that are still to run."""
        return (range(len(self.cases)),) if self.left is None else self.left


def plan(
    selections: Sequence[Selection],
    descriptions: Mapping[str, BackendDescription | str],
    cases: Sequence[Case],
    *,
    is_sampled: bool = True,
) -> tuple[TargetPlan, ...]:
    """Return what is to run, each target once, in the order of the selections.

    `descriptions` has for each selected backend what it says of itself, or why it is unavailable.
    If a backend is selected as a whole, a mode that is only sampled runs on its sample, and not at
    all if its sample is 0. A mode that is selected by its name runs on every case, and so does
    every mode with a sample if not `is_sampled`, as where users name the cases.

    Raises:
        TargetError: a backend has no such mode.
    """
    plans: dict[Target, TargetPlan] = {}
    samples = Samples(cases)
    for selection in selections:
        for new in _plans(selection, descriptions[selection.backend], samples, is_sampled):
            before = plans.get(new.target)
            if before is None or new.sample < before.sample:
                plans[new.target] = new
    return tuple(plans.values())


def _plans(
    selection: Selection,
    description: BackendDescription | str,
    samples: Samples,
    is_sampled: bool,
) -> list[TargetPlan]:
    if isinstance(description, str):
        return [_unavailable(selection, description, samples)]
    modes = {mode.name: mode.sample for mode in description.modes}
    sampled = modes if is_sampled else {name: min(sample, 1) for name, sample in modes.items()}
    if selection.mode not in {None, *modes}:
        raise TargetError(
            f"mode={quoted(selection.mode)} of {selection.backend}, but should be one of "
            f"{', '.join(modes)}; `tconv adapters list` says what each calls"
        )
    if selection.device not in {None, *description.devices}:
        return [_unavailable(selection, f"no device {selection.device} here", samples)]
    return [
        TargetPlan(
            target=target, cases=samples.of(sample), version=description.version, sample=sample
        )
        for target in description.targets
        if selection.includes(target) and (sample := 1 if selection.mode else sampled[target.mode])
    ]


def _unavailable(selection: Selection, reason: str, samples: Samples) -> TargetPlan:
    """Plan every case once for a selection that cannot run, so that each gets its row."""
    target = Target(
        backend=selection.backend,
        mode=selection.mode or "any",
        device=selection.device or "cpu",
    )
    return TargetPlan(target=target, cases=samples.of(1), version=None, unavailable=reason)
