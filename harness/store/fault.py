"""What goes wrong with a run directory, in words that say what to do."""

import errno
import os
from pathlib import Path
from typing import Final

from harness.errors import StoreError

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


def unwritable(path: Path, error: OSError) -> StoreError:
    """Return the error that says why `path` cannot be written, and what to do."""
    why = os.strerror(error.errno) if error.errno else str(error)
    full = error.errno in _FULL
    remedy = (
        "make room there"
        if full
        else "choose another directory with --out, or make this one writable"
    )
    return StoreError(f"cannot write {path}: {why}; {remedy}")


def damaged(path: Path, error: Exception) -> StoreError:
    """Return the error that says that `path` does not hold what it should."""
    return StoreError(f"{path} is damaged: {error}; run the sweep again, nothing was changed")
