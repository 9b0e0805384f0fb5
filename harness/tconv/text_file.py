"""Reads the text files that people name, whole, but never more of one than it can reasonably hold.

A path may be a device or a pipe that never ends.
"""

import errno
import os
from pathlib import Path


def read_text(path: Path, largest: int) -> str:
    """Return the text in a file of at most `largest` bytes, UTF-8.

    Raises:
        OSError: it cannot be read, or holds more.
        UnicodeDecodeError: it is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except ValueError as error:  # a zero byte in the path
        raise OSError(errno.EINVAL, str(error), str(path)) from None
    if len(content) > largest:
        raise OSError(errno.EFBIG, f"more than {largest:,} bytes", str(path))
    return content.decode()


def is_file(path: Path) -> bool:
    """Return whether there is a file; not of a path that no file can have, as one too long."""
    return os.path.isfile(path)  # noqa: PTH113 # Path.is_file raises before Python 3.14
