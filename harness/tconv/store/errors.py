"""The errors of run directories, each with what to do about it."""

import errno
import json
import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Final

from tconv.errors import LONGEST_VALUE, StoreError, quoted, shortened

FOOTER: Final = "footer.json"
"""The file that makes a run complete."""

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
    return StoreError(f"cannot write {shortened(path)}: {why}; {remedy}")


def require_unicode(run: Path) -> None:
    """Refuse the name of a run directory that Parquet libraries cannot write: they take UTF-8 only.

    Raises:
        StoreError: it is no UTF-8, or this locale cannot read it as such.
    """
    try:
        str(run).encode()
    except UnicodeEncodeError:
        raise StoreError(
            f"run={quoted(str(run))}, but should be a path in UTF-8; choose another directory, or "
            "a locale in UTF-8, as by LC_ALL=C.UTF-8"
        ) from None


def damaged(path: Path, error: Exception) -> StoreError:
    """Return the error that says that `path`, a header or a footer, cannot be read."""
    remedy = "run the sweep again, nothing was changed"
    if path.name == FOOTER:
        remedy = _remedy(path.parent, "delete it", "makes it again")
    return StoreError(f"{path} is damaged: {_line(error)}; {remedy}")


def damaged_part(path: Path, error: Exception) -> StoreError:
    """Return the error that says that a part cannot be read, and how its rows come back."""
    run = path.parent.parent
    files = f"it and {run / FOOTER}" if (run / FOOTER).exists() else "it"
    remedy = _remedy(run, f"delete {files}", "makes its rows again")
    return StoreError(f"{path} is damaged: {_line(error)}; {remedy}")


def _line(error: Exception) -> str:
    """Return the text of an error in one line; libraries write several, with bytes of the file."""
    return shortened(" ".join(str(error).split()), 3 * LONGEST_VALUE)


def foreign(path: Path, key: str) -> StoreError:
    """Return the error that says that a file is not the one that its run was finished with."""
    run = path.parent.parent if path.suffix == ".parquet" else path.parent
    return StoreError(
        f"{path} is not the file that its run was finished with: {key} in {run / FOOTER} has "
        "another digest; put the right file back, or run the sweep again"
    )


def misplaced(path: Path, why: str) -> StoreError:
    """Return the error that says that a part of an incomplete run has another's name."""
    return StoreError(
        f"{path} does not hold the rows that its name says: {why}; "
        + _remedy(path.parent.parent, "delete it", "makes its rows again")
    )


def require_no_links(run: Path) -> None:
    """Refuse a run directory with a symbolic link: it may lead out of it, to anything.

    Raises:
        StoreError: it holds one.
    """
    for path in (*run.iterdir(), *run.glob("parts/*")):
        if path.is_symlink():
            raise StoreError(
                f"{path} is a symbolic link, but a run directory should hold files only; put what "
                "it leads to in its place"
            )


def miscounted(run: Path, rows: int, expected: int) -> StoreError:
    """Return the error that says that a complete run does not hold the rows of its footer."""
    remedy = (
        f"parts are missing: {_remedy(run, f'delete {run / FOOTER}', 'makes their rows again')}"
        if rows < expected
        else "parts of another run are among its own: run the sweep again"
    )
    return StoreError(f"{run} holds {rows} rows, but its footer says {expected}; {remedy}")


def _remedy(run: Path, step: str, outcome: str) -> str:
    """Return how to recover lost rows: by a step and resuming, or by merging shards again."""
    with suppress(OSError, ValueError):
        if "shards" in json.loads((run / "header.json").read_text()):
            return "merge its shards again"
    return f"{step}, and `{shlex.join(['tconv', 'run', '--resume', str(run)])}` {outcome}"
