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
    Choice,
    choices,
    explicit,
    length,
    nearest,
    policies,
)
from tconv.translation.query import Query
from tconv.translation.source import Impossible
from tconv.translation.windows import Windows, constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search; what it asks of the target comes from outside.

    Attributes:
        query: the source's call.
        wanted: its window by input size, for each axis.
        entries: what the atlas knows of the target.
        samples: input sizes per axis at which a call must be taken, one tuple per sample.
        route: the adapter's route for a case.
        refusal: why the framework does not compute a case, or None: it does.
    """

    query: Query
    wanted: Sequence[Windows]
    entries: Sequence[Entry]
    samples: Sequence[tuple[int, ...]]
    route: Callable[[Case], Route]
    refusal: Callable[[Case], str | None]

    def found(self) -> Candidate | Impossible:
        """Return the first call that is taken, native ones first, then those with less to add.

        Where the target does not dilate, the kernel can be: it has zeros between its taps then.
        """
        for candidate in self._candidates():
            if self._is_taken(candidate):
                return candidate
        spread = self.query.spread
        if spread != self.query:
            candidate_or_not = replace(self, query=spread).found()
            if isinstance(candidate_or_not, Candidate):
                dilations = tuple(axis.d for axis in self.query.axes)
                return replace(candidate_or_not, spread=dilations)
        return Impossible(reason=self._reason())

    def _candidates(self) -> Iterator[Candidate]:
        windows = [constant(each) for each in self.wanted]
        case = self.query.case(self.samples[0])
        native = list(policies(case, self.query.axes, self.wanted, self.entries))
        if None in windows:
            yield from sorted(native, key=lambda each: length(each.case))
            return
        known = [window for window in windows if window is not None]
        options = [self._options(case, axis, window) for axis, window in enumerate(known)]
        whole = explicit(case, known, (NO_CROP,) * len(known))
        yield from sorted([whole, *native], key=lambda each: length(each.case))
        for chosen in nearest(options):
            inner, step = zip(*chosen, strict=True)
            yield explicit(case, inner, step)

    def _options(self, case: Case, axis: int, window: Window) -> list[Choice]:
        """Return what the target may keep on one axis: what it takes where all axes are alike.

        What no call says of one axis no call says of several.
        """
        alike = Case.from_parameters(
            ndim=case.ndim, i=case.i[axis], k=case.k[axis], s=case.s[axis],
            dilation=case.dilation[axis], c_in=case.c_in, c_out=case.c_out, groups=case.groups,
            dtype=case.dtype,
        )  # fmt: skip
        return [
            choice
            for choice in choices(window)
            if isinstance(self.route(_along(alike, choice)), Native)
        ]

    def _is_taken(self, candidate: Candidate) -> bool:
        """Return whether the target has one call for it, and computes it at every sample."""
        cases = [replace(candidate.case, i=sizes) for sizes in self.samples]
        if not all(isinstance(self.route(case), Native) for case in cases):
            return False
        return all(self.refusal(case) is None for case in cases)

    def _reason(self) -> str:
        """Return what the target says of its plainest call, that of the full result."""
        if any(constant(each) is None for each in self.wanted):
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


def _along(case: Case, choice: Choice) -> Case:
    inner, step = choice
    return explicit(case, (inner,) * case.ndim, (step,) * case.ndim).case
