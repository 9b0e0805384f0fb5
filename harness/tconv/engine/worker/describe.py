"""What a backend says of itself on this machine, before any case is computed."""

from collections.abc import Mapping
from dataclasses import dataclass

from tconv.adapters.base import Adapter, Mode
from tconv.engine.worker.guard import Raised, call_guarded
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


def describe_adapter(backend: str, adapter: Adapter) -> BackendDescription:
    """Return what `adapter`, registered as `backend`, says of itself; its own errors pass."""
    devices = adapter.devices()
    return BackendDescription(
        backend=backend,
        modes=adapter.modes,
        devices=devices,
        versions=_plain("versions()", adapter.versions()),
        settings={
            f"{adapter.name}:{mode.name}@{device}": _settings(adapter, mode, device)
            for device in devices
            for mode in adapter.modes
        },
    )


def _plain(what: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts of Python's own kind.

    To unpickle a framework's own kind, as PyTorch's version is, the parent would import it.
    """
    if not isinstance(texts, Mapping):
        raise TypeError(f"{what}={texts!r}, but should be a mapping of strings to strings")
    return {str(name): str(text) for name, text in texts.items()}


def _settings(adapter: Adapter, mode: Mode, device: str) -> dict[str, str]:
    """Return the settings of a target while it computes, or the kind of error that they raise."""

    def read() -> dict[str, str]:
        with adapter.session(mode.name, device):
            return _plain("settings()", adapter.settings(mode.name, device))

    settings: dict[str, str] | Raised = call_guarded(read)
    if isinstance(settings, Raised):
        return {"error": type(settings.error).__name__}
    return settings
