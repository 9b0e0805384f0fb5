"""The exhaustive search for a call of the target that keeps the source's window.

What the target takes is not known here: its adapter is asked for the route of each candidate, and
the framework itself whether it computes it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tconv.analysis.atlas.entry import Entry
from tconv.model.case import Case
from tconv.model.route import Native, Route, Unsupported
from tconv.model.window import Window
from tconv.translation.candidate import (
    NO_CROP,
    Candidate,
    Split,
    call_by_numbers,
    calls_by_policy,
    nearest_first,
    splits,
)
from tconv.translation.query import Query
from tconv.translation.source import Impossible
from tconv.translation.windows import WindowBySize, constant_window


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search; the target is reached through two functions.

    Attributes:
        query: the source's call.
        windows: its window by input size, for each axis.
        entries: what the atlas knows of the target.
        samples: input sizes per axis at which a call must be taken, one tuple per sample.
        route: the adapter's route for a case.
        refusal: why the framework does not compute a case, or None: it does.
    """

    query: Query
    windows: Sequence[WindowBySize]
    entries: Sequence[Entry]
    samples: Sequence[tuple[int, ...]]
    route: Callable[[Case], Route]
    refusal: Callable[[Case], str | None]

    def run(self) -> Candidate | Impossible:
        """Return the first call that is taken, native ones first, then those with less to add.

        Where the target does not dilate, the kernel can be: it has zeros between its taps then.
        Where it takes no groups, each has a call of its own. A kernel with zeros between the groups
        would need one call, but that many times the products, and would not stay so in training.
        """
        for candidate in self._candidates():
            if self._is_taken(candidate):
                return candidate
        dilated = self.query.with_dilated_kernel
        if dilated != self.query:
            result = replace(self, query=dilated).run()
            if isinstance(result, Candidate):
                dilations = tuple(axis.d for axis in self.query.axes)
                return replace(result, dilated_by=dilations)
        if self.query.groups > 1:
            groups = self.query.groups
            result = replace(self, query=replace(self.query, groups=1)).run()
            return replace(result, split_into=groups) if isinstance(result, Candidate) else result
        return Impossible(reason=self._reason())

    def _candidates(self) -> Iterator[Candidate]:
        case = self.query.case(self.samples[0])
        native = list(calls_by_policy(case, self.query.axes, self.windows, self.entries))
        constants = [constant_window(windows) for windows in self.windows]
        goals = [window for window in constants if window is not None]
        is_constant = len(goals) == len(constants)
        if is_constant:
            native.insert(0, call_by_numbers(case, goals, (NO_CROP,) * len(goals)))
        yield from sorted(native, key=lambda candidate: candidate.argument_count)
        if is_constant:
            options = [self._splits(case, axis, window) for axis, window in enumerate(goals)]
            for combination in nearest_first(options):
                yield call_by_numbers(case, *zip(*combination, strict=True))

    def _splits(self, case: Case, axis: int, goal: Window) -> list[Split]:
        """Return what the target may keep on one axis: what it takes where all axes are equal.

        What no call expresses on equal axes, no call expresses on one of several.
        """
        alike = Case.from_parameters(
            ndim=case.ndim, i=case.i[axis], k=case.k[axis], s=case.s[axis],
            dilation=case.dilation[axis], c_in=case.c_in, c_out=case.c_out, groups=case.groups,
            dtype=case.dtype,
        )  # fmt: skip
        return [
            (window, correction)
            for window, correction in splits(goal)
            if isinstance(
                self.route(call_by_numbers(alike, (window,) * case.ndim, ()).case), Native
            )
        ]

    def _is_taken(self, candidate: Candidate) -> bool:
        """Return whether the target has one call for it, and computes it at every sample."""
        cases = [replace(candidate.case, i=sizes) for sizes in self.samples]
        if not all(isinstance(self.route(case), Native) for case in cases):
            return False
        return all(self.refusal(case) is None for case in cases)

    def _reason(self) -> str:
        """Return why the target refuses its plainest call, that of the full result."""
        if any(constant_window(windows) is None for windows in self.windows):
            return (
                "the window depends on the input size, and no policy follows it; give the size, as "
                "in i=7"
            )
        plain = self.query.case(self.samples[0]).uncropped
        match self.route(plain):
            case Unsupported(reason=reason):
                return reason
            case _:
                return self.refusal(plain) or "no call keeps the window, nor a larger one"
