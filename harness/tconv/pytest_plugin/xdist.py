"""Keeps the items of a backend in one of xdist's workers, as frameworks take seconds to load."""

from typing import TYPE_CHECKING, Final

import pytest

from tconv.pytest_plugin.items import PREFIX

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

_START: Final = f"::{PREFIX}"


def block_name(node_id: str) -> str | None:
    """Return the name of the block that the item with this id runs; None for any other test."""
    _, start, name = node_id.partition(_START)
    return name.removesuffix("]") if start else None


def scope(node_id: str, dist: str) -> str:
    """Return the group whose items share a worker: a backend's, or as `--dist` says."""
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
