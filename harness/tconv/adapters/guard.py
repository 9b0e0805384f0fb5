"""The one place through which an adapter is called: it may raise, or return, anything at any time.

Errors of the framework pass, as the contract says. Everything else that an adapter does wrong
becomes an :class:`AdapterError`, and what comes back is checked and copied into values of our own:
an object of a third party may raise whenever it is looked at, or pretend to be of another class.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from operator import index
from typing import Any, Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tconv.adapters.base import Adapter, Mode, Result
from tconv.adapters.layout import Checkpoint, Layout
from tconv.adapters.snippet import Snippet
from tconv.errors import AdapterError, shortened
from tconv.model.case import Case
from tconv.model.outcome import Computed, Faulty, InferredShape
from tconv.model.route import Composed, Native, Route, Unsupported
from tconv.model.target import DEVICE, MODE
from tconv.model.tensors import Tensors

T = TypeVar("T")

MOST_ELEMENTS: Final = 2**31
"""Elements that a result may have; a view may claim more than any memory holds."""

_MOST_AXES: Final = 64  # of an inferred shape
_MOST_ENTRIES: Final = 1000  # of modes, devices, versions or settings
_LONGEST: Final = 4000  # characters of a version or a setting
_SHOWN: Final = 200  # characters kept of the name of a class or a dtype
_HINT: Final = "return a numpy.ndarray of numbers in the layout (n, c_out, *o)"
_SHARED_MEMORY: Final = (
    "compute_many gave a list with two results in one memory; copy each, or yield them"
)
_ROUTE: Final = "Native, Composed or Unsupported"

# A metaclass may define these as it likes, so `type` itself is asked.
_name_of_type = type.__dict__["__name__"].__get__
_qualname_of_type = type.__dict__["__qualname__"].__get__
_module_of_type = type.__dict__["__module__"].__get__


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An error that a third party's code raised where it should have given a result."""

    error: BaseException


def call_guarded(function: Callable[..., Any], *args: object) -> Any:  # what an adapter gives
    """Return what a third party's function returns, or the error that it raises.

    The error may be an exit or an interrupt: a framework that raises one has failed on a case.
    """
    try:
        return function(*args)
    except BaseException as error:  # noqa: BLE001 # a third party's code
        return Raised(error=error)


def kind_of(error: BaseException) -> str:
    """Return the name of an error's class, whatever its metaclass says."""
    return str(_name_of_type(type(error)))[:_SHOWN]


def text_of(error: BaseException) -> str:
    """Return an error's text, even if its `__str__` raises."""
    text = call_guarded(lambda: _plain(str(error)))
    if isinstance(text, Raised):
        return f"(asked for its text, it raised {kind_of(text.error)})"
    return str(text)


def fault_of(what: str, error: BaseException) -> AdapterError:
    """Return the fault that an error means where none may come; `what` is what raised it."""
    if type(error) is AdapterError:
        return error
    return AdapterError(f"{what} raised", kind_of(error), text_of(error))


def outcome_from(returned: object) -> Computed | InferredShape | Faulty:
    """Return `Computed` for a plain NumPy array of numbers, else `Faulty` with the offence.

    A target that computes nothing returns `InferredShape`, which is checked and passed on. Plain
    means `numpy.ndarray` itself: a masked array or a matrix compares by rules of its own.
    """
    if type(returned) is InferredShape:
        try:
            return InferredShape(shape=_shape(returned.shape))
        except BaseException:  # noqa: BLE001 # a third party's objects
            return Faulty(offence=f"inferred shape={_shown(returned.shape)}, but {_SHAPE}")
    if type(returned) is not np.ndarray:
        return Faulty(
            offence=f"type of the result={_class_of(returned)}, "
            f"but should be numpy.ndarray; {_HINT}"
        )
    if returned.size > MOST_ELEMENTS:
        return Faulty(
            offence=f"size of the result={returned.size}, but should be at most {MOST_ELEMENTS}; "
            f"{_HINT}"
        )
    # ml_dtypes' numbers are of kind V, as raw bytes and records are; only those have a finfo.
    if returned.dtype.kind in "fciub" or _is_extension_float(returned.dtype):
        return Computed(y=returned)
    dtype = str(returned.dtype)[:_SHOWN]
    return Faulty(offence=f"dtype of the result={dtype}, but should be a dtype of numbers; {_HINT}")


class GuardedAdapter(Adapter):
    """An adapter whose every method keeps the contract or raises :class:`AdapterError`.

    What it declares about itself is read once, so that it cannot change in a run. Errors of the
    framework pass where the contract lets them: in :meth:`compute`, among the results of
    :meth:`compute_many`, and in :meth:`infer_shape`. They may be exits and interrupts.

    Args:
        backend: the name under which the adapter is registered, if it is.
        adapter: the adapter.

    Attributes:
        unguarded: the adapter itself, for checks that look for its faults.

    Raises:
        AdapterError: what its class declares breaks the contract.
    """

    def __init__(self, adapter: Adapter, backend: str | None = None) -> None:
        self.unguarded = adapter
        with _checking("name"):
            self.name = backend or _text(adapter.name)  # type: ignore[misc] # of this one adapter
        with _checking("modes"):
            self.modes = _modes(adapter.modes)  # type: ignore[misc] # as above
        with _checking("pads_input"):
            self.pads_input = bool(adapter.pads_input)  # type: ignore[misc] # as above
        with _checking("infer_one_in"):
            self.infer_one_in = _integer(adapter.infer_one_in, least=1)  # type: ignore[misc] # as above

    def versions(self) -> Mapping[str, str]:
        """Return texts of Python's own kind.

        To unpickle a framework's own kind, as PyTorch's version is, the parent would import it.
        """
        with _checking("versions()"):
            return _texts("versions()", self.unguarded.versions())

    def devices(self) -> tuple[str, ...]:
        """Return the names of devices, at least one."""
        with _checking("devices()"):
            return _names("devices()", self.unguarded.devices(), DEVICE)

    def settings(self, mode: str, device: str) -> Mapping[str, str]:
        """Return texts of Python's own kind."""
        with _checking("settings()"):
            return _texts("settings()", self.unguarded.settings(mode, device))

    @contextmanager
    def session(self, mode: str, device: str) -> Iterator[None]:
        """Enter and leave the adapter's session, which can neither hide nor replace an error."""
        with _checking("session"):
            held: Any = self.unguarded.session(mode, device)
            held.__enter__()
        try:
            yield
        finally:
            with _checking("session"):
                held.__exit__(None, None, None)

    def route(self, case: Case, mode: str, device: str) -> Route:
        """Return a route whose fields are texts, and whose pattern compiles."""
        try:  # no context, as this is called for every case
            return _route(self.unguarded.route(case, mode, device))
        except BaseException as error:  # noqa: BLE001 # a third party's code
            raise fault_of("route", error) from None

    def infer_shape(self, case: Case, mode: str, device: str) -> tuple[int, ...] | None:
        """Return integers, or None; errors of the framework pass."""
        shape = self.unguarded.infer_shape(case, mode, device)
        if shape is None:
            return None
        try:
            return _shape(shape)
        except BaseException:  # noqa: BLE001 # a third party's objects
            raise AdapterError(f"infer_shape gave {_shown(shape)}, but {_SHAPE}") from None

    def compute(
        self, case: Case, tensors: Tensors, mode: str, device: str
    ) -> NDArray[Any] | InferredShape:
        """Return a plain array of numbers or an inferred shape; errors of the framework pass."""
        result = _result(self.unguarded.compute(case, tensors, mode, device))
        if isinstance(result, AdapterError):
            raise result
        return cast("NDArray[Any] | InferredShape", result)

    def attempt(self, case: Case, tensors: Tensors, mode: str, device: str) -> Result:
        """Return what :meth:`compute` returns or raises, exits and interrupts included."""
        result = call_guarded(self.compute, case, tensors, mode, device)
        return cast("Result", result.error if isinstance(result, Raised) else result)

    def compute_many(
        self, cases: Sequence[Case], tensors: Sequence[Tensors], mode: str, device: str
    ) -> list[Result] | Iterator[Result]:
        """Return as many results as come, and at most one more than there are cases.

        Each is a plain array of numbers, an inferred shape, an error of the framework or an
        :class:`AdapterError`. What the adapter itself raises passes.
        """
        results: Iterable[object] = self.unguarded.compute_many(cases, tensors, mode, device)
        if type(results) is list:
            shared = sharing_memory(results)
            return [
                AdapterError(_SHARED_MEMORY) if place in shared else _result(result)
                for place, result in enumerate(results[: len(cases) + 1])
            ]
        return (_result(result) for result in islice(results, len(cases) + 1))

    def snippet(self, case: Case, mode: str, device: str) -> Snippet | None:
        """Return a snippet, or None."""
        with _checking("snippet"):
            snippet = self.unguarded.snippet(case, mode, device)
            if snippet is None:
                return None
            if type(snippet) is not Snippet:
                raise AdapterError(f"snippet={_shown(snippet)}, but should be a Snippet or None")
            return snippet


def environment_of(adapter: type[Adapter]) -> dict[str, str]:
    """Return the variables that an adapter's class wants.

    Raises:
        AdapterError: they are no mapping of texts, or not ones that a process can have.
    """
    with _checking("environment"):
        variables = _texts("environment", adapter.environment)
        for name, value in variables.items():
            if not name or "=" in name or "\0" in name + value:
                raise AdapterError(f"environment has {name!r}, which no process can have")
        return variables


def sharing_memory(results: Sequence[object]) -> frozenset[int]:
    """Return the places of the results that start at the same address as another.

    The later of those has overwritten the earlier. Results that come one by one are copied one by
    one, so that a framework may reuse its memory; those that come together in a list cannot be.
    """
    places: dict[int, list[int]] = {}
    for place, result in enumerate(results):
        if type(result) is np.ndarray and result.size:
            start = result.__array_interface__["data"][0]
            places.setdefault(start, []).append(place)
    return frozenset(place for same in places.values() if len(same) > 1 for place in same)


@contextmanager
def _checking(what: str) -> Iterator[None]:
    """Turn any error into the fault of an adapter, in what it says under this name."""
    try:
        yield
    except BaseException as error:  # noqa: BLE001 # a third party's code
        raise fault_of(what, error) from None


_SHAPE: Final = f"should be at most {_MOST_AXES} integers of 63 bits"


def _shape(shape: Iterable[Any]) -> tuple[int, ...]:
    """Return a shape as plain integers, or raise anything. A framework may infer negative ones."""
    sizes = tuple(_integer(size) for size in islice(shape, _MOST_AXES + 1))
    if len(sizes) > _MOST_AXES:
        raise ValueError
    return sizes


def _integer(value: Any, least: int = -(2**63)) -> int:  # a third party's
    """Return a number as a plain integer of 63 bits, or raise anything."""
    number = int.__pos__(index(value))
    if not least <= number < 2**63:
        raise AdapterError(f"{_shown(number)}, but should be an integer from {least} to 2^63")
    return number


def _route(route: object) -> Route:
    if type(route) is Native:
        return Native(call=_text(route.call))
    if type(route) is Composed:
        return Composed(call=_text(route.call), addition=_text(route.addition))
    if type(route) is not Unsupported:
        raise AdapterError(f"route={_shown(route)}, but should be {_ROUTE}")
    pattern = _text(route.error_pattern)
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise AdapterError(
            f"error_pattern={_shown(pattern)}, but should be a regular expression: {error}"
        ) from None
    return Unsupported(reason=_text(route.reason), error_pattern=pattern)


def _result(returned: object) -> Result:
    """Return what may be judged: an array, a shape, the framework's error or the adapter's."""
    if issubclass(type(returned), BaseException):
        return cast("Result", returned)
    match outcome_from(returned):
        case Computed(y=y):
            return y
        case Faulty(offence=offence):
            return AdapterError(offence)
        case inferred:
            return inferred


def _modes(modes: Iterable[object]) -> tuple[Mode, ...]:
    checked = tuple(_mode(mode) for mode in islice(modes, _MOST_ENTRIES))
    _names("modes", [mode.name for mode in checked], MODE)
    return checked


def _mode(mode: object) -> Mode:
    if type(mode) is not Mode:
        raise AdapterError(f"modes has {_shown(mode)}, but should hold tconv.adapters.Mode")
    return Mode(
        name=_text(mode.name),
        meaning=_text(mode.meaning),
        sample=_integer(mode.sample, least=0),
        declared=tuple(_text(name) for name in islice(mode.declared, _MOST_ENTRIES)),
        layout=None if mode.layout is None else _layout(mode.layout),
    )


def _layout(layout: object) -> Layout:
    if type(layout) is not Layout:
        raise AdapterError(f"layout={_shown(layout)}, but should be a tconv.adapters.Layout")
    first, second, third = (_text(axis) for axis in islice(layout.weight, 4))
    return Layout(
        channels_last=bool(layout.channels_last),
        weight=(first, second, third),
        is_direct=bool(layout.is_direct),
        checkpoint=_checkpoint(layout.checkpoint),
    )


def _checkpoint(checkpoint: object) -> Checkpoint:
    if type(checkpoint) is not Checkpoint:
        raise AdapterError(f"checkpoint={_shown(checkpoint)}, but should be a Checkpoint")
    names = None
    if checkpoint.names is not None:
        w, b = (_text(name) for name in islice(checkpoint.names, 3))
        names = (w, b)
    wide = None
    if checkpoint.wide is not None:
        text, back = (_text(part) for part in islice(checkpoint.wide, 3))
        wide = (text, back)
    return Checkpoint(
        names=names, text=_text(checkpoint.text), back=_text(checkpoint.back), wide=wide
    )


def _names(what: str, names: Iterable[object], pattern: "re.Pattern[str]") -> tuple[str, ...]:
    """Return distinct names of this form, at least one."""
    if issubclass(type(names), str):
        raise AdapterError(f"{what}={_shown(names)}, but should be a tuple of names")
    checked = tuple(dict.fromkeys(_text(name) for name in islice(names, _MOST_ENTRIES)))
    wrong = next((name for name in checked if not pattern.fullmatch(name)), None)
    if wrong is not None:
        raise AdapterError(f"{what} has {_shown(wrong)}, but should hold {pattern.pattern}")
    if not checked:
        raise AdapterError(f"{what} is empty, but should have a name")
    return checked


def _texts(what: str, texts: object) -> dict[str, str]:
    if not issubclass(type(texts), Mapping):
        raise AdapterError(f"{what}={_shown(texts)}, but should be a mapping of strings to strings")
    entries = islice(cast("Mapping[Any, Any]", texts).items(), _MOST_ENTRIES)
    return {_plain(str(name)): _plain(str(text))[:_LONGEST] for name, text in entries}


def _text(value: object) -> str:
    if not issubclass(type(value), str):
        raise AdapterError(f"{_shown(value)}, but should be a string")
    return _plain(cast("str", value))


def _plain(text: str) -> str:
    """Return a text of Python's own kind, which no subclass can make anything of."""
    return str.__str__(text)


def _shown(value: object) -> str:
    """Return a value as an error shows it, even if its `__repr__` raises."""
    text = call_guarded(lambda: _plain(repr(value)))
    if isinstance(text, Raised):
        return f"an object whose repr raises {kind_of(text.error)}"
    return shortened(text)


def _class_of(value: object) -> str:
    """Return the full name of a value's class, whatever its metaclass says."""
    name = call_guarded(lambda: f"{_module_of_type(type(value))}.{_qualname_of_type(type(value))}")
    return "a class without a name" if isinstance(name, Raised) else str(name)[:_SHOWN]


def _is_extension_float(dtype: "np.dtype[np.generic]") -> bool:
    return dtype.kind == "V" and dtype.names is None and np.can_cast(dtype, np.float64, "safe")
