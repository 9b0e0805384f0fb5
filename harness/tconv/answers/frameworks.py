"""Asks a framework what it makes of one call, in a worker process.

The atlas knows what was measured. Where a call lies outside, or is refused, the framework that is
installed here says for that very call what it returns, or in its own words why it does not.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, Final, Self

from tconv.adapters import registry
from tconv.analysis.atlas.extent import Extent
from tconv.analysis.atlas.question import EXPLICIT
from tconv.analysis.atlas.request import Request
from tconv.engine.executors.local import LocalPool
from tconv.engine.plan import TargetPlan
from tconv.engine.worker.describe import BackendDescription
from tconv.errors import TargetError, UnavailableError
from tconv.model.case import Case
from tconv.model.target import Selection, Target
from tconv.model.window import Resolution

C_IN: Final = 2
C_OUT: Final = 3
LARGEST: Final = 2**22
"""Elements of the full result above which a framework is not asked."""

_SECONDS: Final = 60.0
_GIB: Final = 8.0
_REFUSED: Final = frozenset({"unsupported", "rejected", "rejected_legal", "crashed", "timeout"})
_UNANSWERED: Final = frozenset({"unavailable", "not_run", "adapter_error"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a framework made of one call.

    Attributes:
        is_accepted: whether it computed something.
        extents: what it returned along each axis; empty where it refused.
        windows: every window that explains it, as a row stores it; empty where not all are known.
        addition: the step that was added to its own call; empty for none.
        call: the framework's call.
        words: where it refused, its error: type and text; how its process ended; else empty.
        reason: why it has no such call, in a few words; or what is wrong with what it returned.
        version: version of the framework, None where it does not say.
    """

    is_accepted: bool
    extents: tuple[Extent, ...] = ()
    windows: tuple[str, ...] = ()
    addition: str = ""
    call: str = ""
    words: str = ""
    reason: str = ""
    version: str | None = None


class Frameworks(AbstractContextManager["Frameworks"]):
    """The frameworks that are installed here; each is loaded when it is first asked.

    They compute as on every machine: what only some do (oneDNN's kernels) is switched off.

    Args:
        notice: is called with the name of a backend before that is loaded, which takes seconds.
    """

    def __init__(self, notice: Callable[[str], None] = lambda _: None) -> None:
        self._notice = notice
        self._stack = ExitStack()
        self._pools: dict[str, LocalPool] = {}  # by backend, as each has an environment of its own
        self._described: dict[str, BackendDescription | str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End every process."""
        self._stack.close()

    def targets(self, selection: Selection) -> tuple[Target, ...]:
        """Return the targets of this machine that are selected, at least one.

        Raises:
            TargetError: the backend has no such mode or device.
            UnavailableError: it is not installed.
        """
        description = self._description(selection.backend)
        if isinstance(description, str):
            raise UnavailableError(description)
        targets = tuple(filter(selection.includes, description.targets))
        if not targets:
            raise TargetError(
                f"target={str(selection)!r}, but should be one of "
                f"{', '.join(map(str, description.targets))}"
            )
        return targets

    def ask(self, target: Target, requests: Sequence[Request]) -> list[Reply]:
        """Return what a target makes of each request, in order.

        Raises:
            TargetError: no backend has this name.
            UnavailableError: it is not installed, has no such mode or device, a call is too large
                to be tried, or the adapter is faulty.
        """
        cases = [case_of(request) for request in requests]
        if any(size(case) > LARGEST for case in cases):
            raise UnavailableError("the call is too large to be tried here")
        description = self._description(target.backend)
        if isinstance(description, str):
            raise UnavailableError(description)
        if target not in description.targets:
            raise UnavailableError(
                f"this machine has no {target}; `tconv adapters list` shows what it has"
            )
        plan = TargetPlan(target=target, cases=cases, version=description.version)
        rows = self._pool(target.backend).rows(plan, cases).records()
        return [_reply(row, case, description) for row, case in zip(rows, cases, strict=True)]

    def _pool(self, backend: str) -> LocalPool:
        if backend not in self._pools:
            pool = LocalPool(
                workers=1, case_seconds=_SECONDS, worker_gib=_GIB,
                environments={backend: registry.adapter_class(backend).portable},
            )  # fmt: skip
            self._pools[backend] = self._stack.enter_context(pool)
        return self._pools[backend]

    def _description(self, backend: str) -> BackendDescription | str:
        if backend not in self._described:
            self._notice(backend)
            self._described |= self._pool(backend).describe([backend])
        return self._described[backend]


def case_of(request: Request) -> Case:
    """Return the request as a case, with few channels."""
    axes = request.axes
    first = axes[0]
    return Case.from_parameters(
        ndim=len(axes),
        i=[axis.i for axis in axes],
        k=[axis.k for axis in axes],
        s=[axis.s for axis in axes],
        p=[(axis.p_begin, axis.p_end) for axis in axes],
        dilation=[axis.d for axis in axes],
        output_padding=None if first.op is None else [axis.extra for axis in axes],
        o=None if first.o is None else [axis.o for axis in axes],
        padding=None if request.padding == EXPLICIT else request.padding,
        c_in=C_IN,
        c_out=C_OUT,
    )


def size(case: Case) -> int:
    """Return how many elements the largest of the tensors of a case has, per channel."""
    largest = 1
    for axis in case.axes:
        largest *= max(axis.full, axis.o or 0, 1) + abs(axis.p_begin) + abs(axis.p_end)
    return largest


def _reply(row: dict[str, Any], case: Case, description: BackendDescription) -> Reply:
    verdict = row["verdict"]
    if verdict in _UNANSWERED:
        raise UnavailableError(f"{row['target']} gave no answer: {row['reason'] or verdict}")
    version = description.version
    if verdict in _REFUSED:
        text = (row["error_text"] or "").strip()
        kind = row["error_type"]
        words = f"{kind}: {text}" if kind and text else text or kind or ""
        return Reply(is_accepted=False, words=words, reason=row["reason"] or "", version=version)
    extents = tuple(_extents(row, case))
    reason = "" if verdict in {"match", "resolved"} else f"{verdict}: {row['reason'] or ''}"
    if any(extent.size < 1 for extent in extents):
        reason = f"it returns an empty result, o={'x'.join(str(each.size) for each in extents)}"
    return Reply(
        is_accepted=True, extents=extents, windows=_windows(row), addition=row["addition"] or "",
        call=row["call"] or "", reason=reason.removesuffix(": "), version=version,
    )  # fmt: skip


def _windows(row: dict[str, Any]) -> tuple[str, ...]:
    listed = tuple(row["resolution"] or ())
    return listed if len(listed) == row["resolutions"] else ()


def _extents(row: dict[str, Any], case: Case) -> list[Extent]:
    """Return size and window along each axis; of windows that explain the same, the nearest."""
    sizes = (row["observed_shape"] or row["inferred_shape"])[2:]
    if row["verdict"] == "match":
        begins: list[int | None] = [axis.p_begin for axis in case.axes]
    else:
        listed = [Resolution.from_text(text) for text in _windows(row)]
        begins = [None] * case.ndim
        if listed:
            nearest = min(listed, key=lambda each: [abs(window.begin) for window in each.axes])
            begins = [window.begin for window in nearest.axes]
    return [
        Extent(axis=axis, size=size, begin=begin)
        for axis, size, begin in zip(case.axes, sizes, begins, strict=True)
    ]
