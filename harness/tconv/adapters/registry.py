"""Finds adapters by entry point; a backend that does not load gives a reason, not a traceback."""

import difflib
import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from tconv.adapters.base import Adapter
from tconv.errors import TargetError, UnavailableError, quoted
from tconv.model.target import ALIASES

GROUP: Final = "tconv.adapters"
"""The entry-point group under which built-in and third-party adapters register their class."""


def backends() -> tuple[str, ...]:
    """Return the name of every registered backend, sorted; nothing is imported."""
    return tuple(sorted(entry_points(group=GROUP).names))


def require(backend: str) -> None:
    """Check that a backend of this name is registered.

    Raises:
        TargetError: no backend has this name; the message lists those that exist.
    """
    _entry_point(backend)


def adapter_class(backend: str) -> type[Adapter]:
    """Return the class registered under `backend`; its framework is not imported yet.

    Raises:
        TargetError: no backend has this name.
        UnavailableError: the module of the adapter cannot be imported, or holds no adapter.
    """
    entry = _entry_point(backend)
    try:
        loaded = entry.load()
    except (Exception, SystemExit) as error:  # a module may exit, which must not end a run
        raise UnavailableError(f"adapter of {backend} does not load: {_line(error)}") from error
    if not (isinstance(loaded, type) and issubclass(loaded, Adapter)):
        raise UnavailableError(
            f"entry point {backend} of group {GROUP} is {loaded!r}, but should be a subclass of "
            "tconv.adapters.base.Adapter"
        )
    return loaded


def load(backend: str) -> Adapter:
    """Return the adapter of `backend`, with its framework imported.

    Raises:
        TargetError: no backend has this name.
        UnavailableError: the framework is not installed or does not import.
    """
    adapter = adapter_class(backend)
    try:
        return adapter()
    except ModuleNotFoundError as error:
        raise UnavailableError(f"{_line(error)}; install it{_hint(backend)}") from error
    except (Exception, SystemExit) as error:  # as above
        raise UnavailableError(f"{backend} does not start: {_line(error)}") from error


def writer(backend: str) -> Adapter | None:
    """Return the adapter of `backend` without its framework, or None: it needs that.

    It gives routes and writes snippets, and can do nothing else.

    Raises:
        TargetError: no backend has this name.
        UnavailableError: the module of the adapter cannot be imported, or holds no adapter.
    """
    adapter = adapter_class(backend)
    return None if adapter.needs_framework else adapter.__new__(adapter)


def _entry_point(backend: str) -> EntryPoint:
    return _entry_point_on(tuple(sys.path), backend)


@cache  # of what is found, not of errors: reading the metadata of every package takes 20 ms
def _entry_point_on(path: tuple[str, ...], backend: str) -> EntryPoint:  # noqa: ARG001 # a key
    entries = entry_points(group=GROUP, name=backend)
    if not entries:
        close = difflib.get_close_matches(backend, [*ALIASES, *backends()], n=1)
        meant = " or ".join(ALIASES.get(close[0], close)) if close else ""
        raise TargetError(
            f"backend={quoted(backend)}, but should be one of {', '.join(backends())}; "
            + (f"did you mean {meant}? " if meant else "")
            + "`tconv adapters list` shows them with their modes"
        )
    offers = {entry.value: entry for entry in entries}
    if len(offers) > 1:
        raise TargetError(
            f"backend={quoted(backend)} is registered more than once "
            f"({', '.join(sorted(offers))}), but should be once; remove all but one "
            "of the packages that offer it"
        )
    return next(iter(offers.values()))


def _hint(backend: str) -> str:
    """Return how to install a backend's framework, if the package of its adapter has an extra."""
    distribution = _entry_point(backend).dist
    extras = distribution.metadata.get_all("Provides-Extra") or () if distribution else ()
    names = backend, backend.partition("-")[0]  # keras-jax: the extra keras
    extra = next((name for name in names if name in extras), None)
    if distribution is None or extra is None:
        return ""
    return f", as with: pip install '{distribution.name}[{extra}]'"


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
