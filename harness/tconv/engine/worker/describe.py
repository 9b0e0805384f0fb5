"""What a backend says of itself on this machine, before any case is computed."""

from collections.abc import Mapping
from dataclasses import dataclass

from tconv.adapters.base import Mode
from tconv.adapters.guard import GuardedAdapter
from tconv.errors import AdapterError
from tconv.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendDescription:
    """What a backend says of itself on this machine.

    Attributes:
        backend: its name.
        modes: its modes, the most usual first.
        devices: the devices found here.
        versions: name of a package to its version; the framework's own under the backend's name.
        settings: target to the flags and kernel libraries that decide what is computed.
    """

    backend: str
    modes: tuple[Mode, ...]
    devices: tuple[str, ...]
    versions: Mapping[str, str]
    settings: Mapping[str, Mapping[str, str]]

    @property
    def version(self) -> str | None:
        """The framework's own version."""
        return self.versions.get(self.backend)

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every mode on every device."""
        return tuple(
            Target(backend=self.backend, mode=mode.name, device=device)
            for device in self.devices
            for mode in self.modes
        )


def describe_adapter(adapter: GuardedAdapter) -> BackendDescription:
    """Return what `adapter` says of itself.

    Raises:
        AdapterError: it does not say it as its contract wants.
    """
    devices = adapter.devices()
    return BackendDescription(
        backend=adapter.name,
        modes=adapter.modes,
        devices=devices,
        versions=adapter.versions(),
        settings={
            f"{adapter.name}:{mode.name}@{device}": _settings(adapter, mode, device)
            for device in devices
            for mode in adapter.modes
        },
    )


def _settings(adapter: GuardedAdapter, mode: Mode, device: str) -> Mapping[str, str]:
    """Return the settings of a target while it computes, or the kind of error that they raise."""
    try:
        with adapter.session(mode.name, device):
            return adapter.settings(mode.name, device)
    except AdapterError as error:
        return {"error": error.error_type or str(error)}
