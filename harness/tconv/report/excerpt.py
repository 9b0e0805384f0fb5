"""The telling line of a framework's error: texts run from three words to pages of native stack."""

import re
from typing import Final

_FATAL: Final = re.compile(
    r"Check fail|^F\d{4} |\bfatal\b|terminate called|assert|segmentation|what\(\):", re.IGNORECASE
)
_WIDEST: Final = 300  # characters


def excerpt(text: str, widest: int = _WIDEST) -> str:
    """Return one line that says what went wrong, at most `widest` printable characters long.

    That is the line of a failed check where there is one, else the first line. Where that ends in
    a colon, what it announces is added: the next line of a check, and the last line of an error,
    which frameworks put below their traceback (a line of graph nodes does not count).
    """
    lines = [line for line in (" ".join(each.split()) for each in text.splitlines()) if line]
    if not lines:
        return ""
    fatal = next((at for at, line in enumerate(lines) if _FATAL.search(line)), None)
    telling, rest = lines[fatal or 0], lines[(fatal or 0) + 1 :]
    if telling.endswith(":") and rest:
        said = [line for line in rest if not line.startswith("[[")] or rest
        telling += f" {rest[0] if fatal is not None else said[-1]}"
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in telling)
    return shown if len(shown) <= widest else f"{shown[: widest - 1]}…"
