"""Header and footer: JSON objects in files that are written whole or not at all.

Each carries a checksum of its other keys, which damage of any kind breaks.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tconv.errors import listed
from tconv.store.errors import damaged, unwritable
from tconv.store.shape import Shape, misfits
from tconv.text_file import read_text

CHECKSUM: Final = "checksum"
"""The key that holds the SHA-256 of the others, 64 hexadecimal digits."""

_LARGEST: Final = 2**26  # bytes: a header has one entry for each target and swept value


def write(path: Path, content: Mapping[str, object]) -> None:
    """Write the object to `path` with its checksum, all or nothing.

    Raises:
        StoreError: it cannot be written; what was there before stays.
    """
    unfinished = path.with_suffix(".unfinished")
    plain = json.loads(json.dumps(content))
    try:
        unfinished.write_text(json.dumps(plain | {CHECKSUM: _checksum(plain)}, indent=1) + "\n")
        move_into_place(unfinished, path)
    except OSError as error:
        raise unwritable(path, error) from error


def read(path: Path, shape: Shape, needed: Iterable[str] = ()) -> dict[str, Any]:
    """Return the object in `path`.

    Raises:
        StoreError: it is not a JSON object, differs from its checksum, does not have the shape, or
            lacks a key that is `needed`.
    """
    try:
        content = json.loads(read_text(path, _LARGEST))
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    except RecursionError as error:
        raise damaged(path, ValueError("lists within lists, hundreds deep")) from error
    if not isinstance(content, dict):
        raise damaged(path, TypeError("not a JSON object"))
    lacking = [name for name in needed if name not in content]
    if lacking:
        raise damaged(path, KeyError(*lacking))
    if CHECKSUM in content and content[CHECKSUM] != (expected := _checksum(content)):
        why = (
            f"{CHECKSUM}={content[CHECKSUM]!r}, but should be {expected!r}, that of its other keys"
        )
        raise damaged(path, ValueError(why))
    if wrong := list(misfits(content, shape)):
        raise damaged(path, ValueError(listed(wrong, "; ")))
    return content


def _checksum(content: Mapping[str, object]) -> str:
    covered = {name: value for name, value in content.items() if name != CHECKSUM}
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()


def move_into_place(unfinished: Path, path: Path) -> None:
    """Rename a written file once the disk has it, so that a power cut never leaves half of it."""
    with unfinished.open("rb+") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
