"""The machine and the software that a run was made on, for its header."""

import os
import platform
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import psutil

from tconv._version import __version__

_PACKAGES: Final = ("numpy", "scipy", "ml_dtypes", "pandas", "pyarrow")
_FLAGS: Final = ("sse4", "avx", "fma", "f16c", "amx", "asimd", "sve", "bf16")


def machine() -> dict[str, Any]:
    """Return CPU model, cores, memory in bytes, and the CPU features that kernels dispatch on."""
    facts = _cpu_facts()
    flags = facts.get("flags", facts.get("Features", "")).split()
    return {
        "cpu": facts.get("model name", platform.processor() or platform.machine()),
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "threads": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "cpu_features": sorted(flag for flag in flags if flag.startswith(_FLAGS)),
        "system": f"{platform.system()} {platform.machine()}",
    }


def software() -> dict[str, Any]:
    """Return the versions of Python, of this package and of the libraries it computes with."""
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "tconv": __version__,
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cpu_facts() -> Mapping[str, str]:
    """Return the properties of the first CPU as Linux gives them; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return {}
    first = path.read_text(errors="replace").split("\n\n", 1)[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}
