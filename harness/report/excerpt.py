"""The telling line of a framework's error: texts run from three words to pages of native stack."""

import re
from typing import Final

_FATAL: Final = re.compile(
    r"Check fail|^F\d{4} |\bfatal\b|terminate called|assert|segmentation|what\(\):", re.IGNORECASE
)
_WIDEST: Final = 300  # characters


def excerpt(text: str, widest: int = _WIDEST) -> str:
    """Return one line that says what went wrong, at most `widest` printable characters long.

    That is the line of a failed check where there is one. Else it is the first line, joined with
    the last where the first ends in a colon and so only announces what follows.
    """
    lines = [line for line in (" ".join(each.split()) for each in text.splitlines()) if line]
    if not lines:
        return ""
    telling = next((line for line in lines if _FATAL.search(line)), None)
    if telling is None:
        is_announced = lines[0].endswith(":") and len(lines) > 1
        telling = f"{lines[0]} {lines[-1]}" if is_announced else lines[0]
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in telling)
    return shown if len(shown) <= widest else f"{shown[: widest - 1]}…"
