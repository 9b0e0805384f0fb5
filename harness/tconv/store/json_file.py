"""Header and footer: JSON objects in files that are written whole or not at all."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tconv.store.errors import damaged, unwritable


def write(path: Path, content: Mapping[str, object]) -> None:
    """Write the object to `path`, all or nothing.

    Raises:
        StoreError: it cannot be written; what was there before stays.
    """
    unfinished = path.with_suffix(".unfinished")
    try:
        unfinished.write_text(json.dumps(content, indent=1) + "\n")
        move_into_place(unfinished, path)
    except OSError as error:
        raise unwritable(path, error) from error


def read(path: Path, needed: Iterable[str] = ()) -> dict[str, Any]:
    """Return the object in `path`.

    Raises:
        StoreError: it is not a JSON object, or lacks a key that is `needed`.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise damaged(path, error) from error
    if not isinstance(content, dict):
        raise damaged(path, TypeError("not a JSON object"))
    lacking = [name for name in needed if name not in content]
    if lacking:
        raise damaged(path, KeyError(*lacking))
    return content


def move_into_place(unfinished: Path, path: Path) -> None:
    """Rename a written file once the disk has it, so that a power cut never leaves half of it."""
    with unfinished.open("rb+") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
