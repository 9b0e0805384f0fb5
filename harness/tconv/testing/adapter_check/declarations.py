"""Checks that what an adapter declares is well formed: names, modes, versions, routes."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from tconv.model.route import Composed, Native, Unsupported
from tconv.model.target import canonical_mode
from tconv.testing.adapter_check.cases import LEGAL
from tconv.testing.adapter_check.check import Check
from tconv.testing.adapter_check.subject import CheckedAdapter

_MODE: Final = re.compile(r"[a-z0-9_]+(\+[a-z0-9_]+)*")
_DEVICE: Final = re.compile(r"[a-z0-9:]+")


def _declarations(subject: CheckedAdapter) -> Iterator[str]:
    adapter = subject.adapter
    if adapter.name != subject.registered:
        yield f"name={adapter.name!r}, but should be {subject.registered!r}, as it is registered"
    yield from _modes([mode.name for mode in adapter.modes])
    for mode in adapter.modes:
        if not mode.meaning.strip() or mode.sample < 0:
            yield f"mode {mode.name} should have a meaning in words and a sample of 0 or more"
    devices = adapter.devices()
    if not devices or not all(_DEVICE.fullmatch(str(device)) for device in devices):
        yield f"devices()={devices!r}, but should be names such as 'cpu', at least one"
    yield from _texts("environment", adapter.environment)
    yield from _texts("versions()", adapter.versions())
    if adapter.name not in adapter.versions():
        yield f"versions() should have the framework's version under {adapter.name!r}"
    yield from _texts("settings()", adapter.settings(subject.mode, subject.device))


def _modes(names: list[str]) -> Iterator[str]:
    if not names or len(names) != len(set(names)):
        yield f"modes={names}, but should be distinct, at least one"
    for name in names:
        if not _MODE.fullmatch(name):
            yield f"mode={name!r}, but should be of lower-case letters, digits, _ and +"
        elif canonical_mode(name) != name:
            yield f"mode={name!r}, but should be {canonical_mode(name)!r}: qualifiers are sorted"


def _texts(what: str, value: object) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{what}={value!r}, but should be a mapping of strings to strings"
        return
    for name, entry in value.items():
        if not (isinstance(name, str) and isinstance(entry, str)):
            yield f"{what} has {name!r}: {entry!r}, but should have strings only; use str()"


def _routes(subject: CheckedAdapter) -> Iterator[str]:
    for case in LEGAL:
        route: object = subject.adapter.route(case.lowered, subject.mode, subject.device)
        match route:
            case Native(call=call):
                missing = {"call": call}
            case Composed(call=call, addition=addition):
                missing = {"call": call, "addition": addition}
            case Unsupported(reason=reason, error_pattern=error_pattern):
                missing = {"reason": reason, "error_pattern": error_pattern}
                yield from _pattern(error_pattern)
            case _:
                yield f"route={route!r}, but should be Native, Composed or Unsupported [{case.id}]"
                return
        for name in (name for name, text in missing.items() if not text):
            yield f"route has no {name}, but should say it in words [{case.id}]"
        if route != subject.adapter.route(case.lowered, subject.mode, subject.device):
            yield (
                "route differs from one call to the next; it must depend on its arguments alone "
                f"[{case.id}]"
            )


def _pattern(error_pattern: str) -> Iterator[str]:
    try:
        matches_all = re.search(error_pattern, "") is not None
    except re.error as error:
        yield f"error_pattern={error_pattern!r}, but should be a regular expression: {error}"
        return
    if matches_all:
        yield (
            f"error_pattern={error_pattern!r} matches any error; quote words of the framework's "
            "own message"
        )


CHECKS = (
    Check(
        name="declarations",
        meaning="name, modes, devices, versions, settings",
        problems=_declarations,
    ),
    Check(name="routes", meaning="each route is well formed and repeats", problems=_routes),
)
