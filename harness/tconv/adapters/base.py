"""The contract between the harness and a framework.

An adapter states its name, its versions, its modes and the devices here, and the route for a case;
it computes on NumPy arrays in the canonical layout. To add a backend:

1. Subclass :class:`Adapter` in a package of your own. Needed are `name`, `modes`, `versions`,
   `route` and `compute`; the rest has defaults that suit a framework without global state.
2. Register the class in that package's `pyproject.toml`, under the same name, and install it::

       [project.entry-points."tconv.adapters"]
       mine = "my_package:MyAdapter"

3. `tconv adapters check mine` checks the adapter and says what to fix. Then sweep it:
   `tconv run smoke --target mine`.

The README shows a whole package of 40 lines.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from numpy.typing import NDArray

from tconv.adapters.layout import CANONICAL, Layout
from tconv.adapters.snippet import Snippet
from tconv.model.case import Case
from tconv.model.outcome import InferredShape
from tconv.model.route import Route
from tconv.model.tensors import Tensors

__all__ = [
    "Adapter",
    "Case",
    "InferredShape",
    "Layout",
    "Mode",
    "Result",
    "Route",
    "Snippet",
    "Tensors",
]

Result: TypeAlias = NDArray[Any] | InferredShape | Exception
"""The outcome of one of several cases: the result, or the framework's error for that case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way of calling a framework.

    Attributes:
        name: an operation, then `+` and its qualifiers, sorted; lower-case letters, digits and
            `_`. The methods receive it as this text.
        meaning: what is called, in one line.
        sample: where a user selects the whole backend, one case in this many is run (the case's id
            decides which), none if 0; a mode that is selected by its name runs them all.
        declared: what its arithmetic does beside sums of products: `transformed` (FFT, Winograd),
            `reduced`, or the format that inputs are rounded to, such as `tf32`. An error of that
            kind matches; any other is still a deviation.
        layout: how users of the mode hold x and w, for adapters that write a
            :meth:`~Adapter.snippet`; None: its calls are not translated.
    """

    name: str
    meaning: str
    sample: int = 1
    declared: tuple[str, ...] = ()
    layout: Layout | None = CANONICAL


class Adapter(ABC):
    """One framework. The class is imported where the backend is selected, so import lazily.

    Importing the module must not import the framework: do that in `__init__`, where an
    `ImportError` (or any other error) makes the backend unavailable, with its text as the reason.

    Attributes:
        name: the name under which the adapter is registered.
        modes: every mode, the most usual first.
        environment: variables that the worker process gets before the adapter is made.
        portable: variables with which the framework computes no more than it does on every machine.
        accelerated: variables with which it computes more; some machines have them by default.
        needs_framework: whether :meth:`route` and :meth:`snippet` need what `__init__` has made.
            Where they do not, `tconv translate --no-run` imports no framework.
        pads_input: whether :meth:`compute` pads x, where `tensors.padding` says so, by an operation
            of the framework; else x comes padded by NumPy. No adapter sees a policy of
            :data:`tconv.model.policies.DEFINED`: such a case comes as the explicit one that it is.
        infer_one_in: :meth:`infer_shape` is called for one open case in this many (the id decides
            which); larger where inference is slow.
    """

    name: ClassVar[str]
    modes: ClassVar[tuple[Mode, ...]]
    environment: ClassVar[Mapping[str, str]] = {}
    portable: ClassVar[Mapping[str, str]] = {}
    accelerated: ClassVar[Mapping[str, str]] = {}
    needs_framework: ClassVar[bool] = True
    pads_input: ClassVar[bool] = False
    infer_one_in: ClassVar[int] = 1

    @abstractmethod
    def versions(self) -> Mapping[str, str]:
        """Return the version of the framework under :attr:`name`, and of what it computes with.

        Name to version, both texts, as in `{"torch": "2.13.0", "onednn": "3.7.1"}`.
        """

    @abstractmethod
    def route(self, case: Case, mode: str, device: str) -> Route:
        """Return how the framework reaches the case, the same each time; computes nothing.

        :class:`~tconv.model.route.Native` names the one call that expresses the case. Where there
        is none, :class:`~tconv.model.route.Composed` names the call and what is added to it, a crop
        or a pad. Where that fails too, :class:`~tconv.model.route.Unsupported` gives the reason,
        and a regular expression that the framework's own error must match: `compute` is called all
        the same, and has to make the real call. An error that no route declares is the framework's
        deviation.
        """

    @abstractmethod
    def compute(
        self, case: Case, tensors: Tensors, mode: str, device: str
    ) -> NDArray[Any] | InferredShape:
        """Return y (n, c_out, *o) in the canonical layout and the dtype that the framework gave.

        A mode that only infers shapes returns :class:`~tconv.model.outcome.InferredShape` instead.

        Layouts are converted, and a kernel flipped, only here. Let errors of the framework
        propagate: they are recorded. The arrays must not be written to, and the result must not
        change later.
        """

    def devices(self) -> tuple[str, ...]:
        """Return the devices that can be used here, `cpu` first."""
        return ("cpu",)

    def settings(self, mode: str, device: str) -> Mapping[str, str]:  # noqa: ARG002 # a default that needs neither
        """Return flags and kernel libraries that decide what is computed, for the run's header.

        Asked inside the mode's session, so that flags can be read as they are.
        """
        return {}

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:  # noqa: ARG002 # a default that needs none
        """Return the shape (n, c_out, *o) that the framework infers for y without computing it.

        Users plan with it. It is called for open cases whose route is not unsupported, and compared
        with the shape of the result. None, the default, or an error of the framework: it infers no
        shape.
        """
        return None

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:  # noqa: ARG002 # a default that needs neither
        """Hold process-global state (x64, threads, determinism) as the mode needs; restore it."""
        yield

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:  # noqa: ARG002 # a default that needs none
        """Return the call of a case whose route is native as source text, or None: it has none.

        An adapter that overrides this is a source and a target of `tconv translate`. The sizes of x
        are not those of the case: the text must hold for every input size.
        """
        return None

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> Iterable[Result]:
        """Yield one result per case, in order: the array, or the framework's error for that case.

        The default computes one case after the other. An adapter whose framework compiles overrides
        it to compile several cases in one program; a case that is refused must then be refused
        alone. The time limit of a case holds from one result to the next. A list, returned instead,
        means that its results were computed together: they share the time, and no memory.
        """
        for case, inputs in zip(cases, tensors, strict=True):
            yield self.attempt(case, inputs, mode, device)

    def attempt(self, case: Case, tensors: Tensors, mode: str, device: str) -> Result:
        """Return what :meth:`compute` returns or raises; frameworks' errors are caught here."""
        try:
            return self.compute(case, tensors, mode, device)
        except Exception as error:  # noqa: BLE001 # a framework may raise anything
            return error
