"""Keeps the items of one backend in one of xdist's workers: a framework takes seconds to load."""

from typing import TYPE_CHECKING, Final

import pytest

from tconv.pytest_plugin.items import PREFIX

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

_START: Final = f"::{PREFIX}"


def block_name(node_id: str) -> str | None:
    """Return the name of the block that an item of this id runs, or None: it is no sweep's."""
    _, start, rest = node_id.partition(_START)
    return rest.removesuffix("]") if start else None


def scope(node_id: str, dist: str) -> str:
    """Return what has to stay in one worker: the items of a backend, others as `--dist` says."""
    name = block_name(node_id)
    if name is not None:
        return f"tconv {name.partition(':')[0]}"
    match dist:
        case "loadfile":
            return node_id.partition("::")[0]
        case "loadscope":
            return node_id.rpartition("::")[0]
        case "loadgroup":
            return node_id.rpartition("@")[2]
        case _:
            return node_id


def scheduling(config: pytest.Config, log: "Producer") -> "Scheduling":
    """Return a schedule for xdist in which :func:`scope` says what stays together."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 # only where xdist runs

    class BackendScheduling(LoadScopeScheduling):  # type: ignore[misc] # xdist has no stubs
        """Keeps each scope in one worker."""

        def _split_scope(self, nodeid: str) -> str:
            return scope(nodeid, config.getoption("dist"))

    return BackendScheduling(config, log)
