"""Calls of a third party's code, which may raise anything at any time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Escaped:
    """An error that an adapter let pass where it should have given a result.

    Attributes:
        error: the error.
        seconds: time until it came, seconds.
    """

    error: BaseException
    seconds: float


def tried(function: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 # what an adapter gives
    """Return what a third party's function returns, or the error that it lets pass.

    Not even an exit, or an interrupt: a framework that asks for one has failed on a case.
    """
    started = time.perf_counter()
    try:
        return function(*args)
    except BaseException as error:  # noqa: BLE001 # a third party's code
        return Escaped(error=error, seconds=time.perf_counter() - started)


def text_of(error: BaseException) -> str:
    """Return an error's text; it may fail at that, too."""
    text = tried(str, error)
    if isinstance(text, Escaped):
        return f"(asked for its text, it raised {type(text.error).__name__})"
    return str(text)
