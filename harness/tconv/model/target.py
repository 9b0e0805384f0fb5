"""A target is a backend in one mode on one device, written `backend:mode[+mode]@device`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from tconv.errors import TargetError, quoted

MODE: Final = re.compile(r"[a-z0-9_+]+")
"""The form of a mode's name."""

DEVICE: Final = re.compile(r"[a-z0-9:]+")
"""The form of a device's name."""

_PATTERN: Final = re.compile(
    rf"(?P<backend>[a-z0-9_-]+)(:(?P<mode>{MODE.pattern}))?(@(?P<device>{DEVICE.pattern}))?"
)

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "pytorch": ("torch",),
    "tf": ("tensorflow",),
    "ort": ("onnxruntime",),
    "flax": ("jax",),  # its ConvTranspose calls jax.lax.conv_transpose, the first mode of jax
    "keras": ("keras-tensorflow", "keras-jax", "keras-torch"),
    "keras-tf": ("keras-tensorflow",),
    "keras-pytorch": ("keras-torch",),
}
"""What else users call a backend; where several fit, the first is Keras's own default."""


def canonical_mode(mode: str) -> str:
    """Return a mode with its qualifiers sorted; the operation, which comes first, stays first."""
    operation, *qualifiers = mode.split("+")
    return "+".join([operation, *sorted(qualifiers)])


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Target:
    """One backend in one mode on one device.

    Attributes:
        backend: name under which the adapter is registered.
        mode: how the framework is called: an operation, then `+` and its qualifiers, sorted.
        device: `cpu`, or an accelerator's name.
    """

    backend: str
    mode: str
    device: str

    def __str__(self) -> str:
        return f"{self.backend}:{self.mode}@{self.device}"

    @classmethod
    @lru_cache(maxsize=1024)  # a run has few targets, and reads each of them from many rows
    def from_text(cls, text: str) -> Self:
        """Return the target that :meth:`__str__` wrote.

        Raises:
            TargetError: a part of the target is missing, or the text has another form.
        """
        selection = Selection.from_text(text)
        if selection.mode is None or selection.device is None:
            raise TargetError(
                f"target={quoted(text)}, but should be backend:mode@device, as in torch:eager@cpu"
            )
        return cls(backend=selection.backend, mode=selection.mode, device=selection.device)

    @property
    def mode_and_device(self) -> str:
        """The target without its backend, and without the device where it is the CPU."""
        return self.mode if self.device == "cpu" else f"{self.mode}@{self.device}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Targets as a user writes them: a part that is left out (None) selects all."""

    backend: str
    mode: str | None = None
    device: str | None = None

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the selection that `text` writes: `backend[:mode[+mode]][@device]`.

        Raises:
            TargetError: the text has another form.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise TargetError(
                f"target={quoted(text)}, but should be backend, backend:mode or "
                "backend:mode@device, as in torch, torch:eager or torch:eager@cpu"
            )
        mode = match["mode"]
        return cls(
            backend=match["backend"],
            mode=canonical_mode(mode) if mode else None,
            device=match["device"],
        )

    def __str__(self) -> str:
        """Write the selection as :meth:`from_text` reads it."""
        mode = f":{self.mode}" if self.mode else ""
        return f"{self.backend}{mode}" + (f"@{self.device}" if self.device else "")

    def includes(self, target: Target) -> bool:
        """Return whether `target` is one of those selected."""
        return (
            self.backend == target.backend
            and self.mode in {None, target.mode}
            and self.device in {None, target.device}
        )
