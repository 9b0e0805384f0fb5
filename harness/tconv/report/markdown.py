"""Puts text of any origin on one line of Markdown, safely: an error may hold anything."""

import re
from math import floor
from typing import Final

_FATAL: Final = re.compile(
    r"Check fail|^F\d{4} |\bfatal\b|terminate called|assert|segmentation|what\(\):", re.IGNORECASE
)
_WIDEST: Final = 300  # characters
_SPECIAL: Final = re.compile(r"([\\`*\[\]|~])")


def cell(value: object) -> str:
    """Return plain text for a table cell: one line, with nothing that Markdown or HTML reads."""
    escaped = _SPECIAL.sub(r"\\\1", error_line(str(value)))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


def code(value: object) -> str:
    """Return a code span for a table cell: one line that nothing in the text can end.

    A backtick becomes an apostrophe, and backslashes before a bar are left out: a table has no way
    to hold either.
    """
    text = error_line(str(value)).replace("`", "'")
    escaped = re.sub(r"\\*\|", r"\\|", text)
    return f"`{escaped}`" if escaped else "-"


def axes(value: object) -> str:
    """Return a shape or an index as (2, 3, 4); a dash where there is none."""
    return f"({', '.join(map(str, value))})" if isinstance(value, tuple) else "-"


def percent(value: float | None) -> str:
    """Return a share as whole percent, rounded down: 100% means all; a dash where there is none."""
    return "-" if value is None else f"{floor(100 * value + 1e-9)}%"


def error_line(text: str, widest: int = _WIDEST) -> str:
    """Return one line that says what went wrong, at most `widest` printable characters long.

    That is the line of a failed check where there is one, else the first line. Where that ends in
    a colon, what it announces is added: the next line of a check, and the last line of an error,
    which frameworks put below their traceback (a line of graph nodes does not count).
    """
    lines = [line for line in (" ".join(each.split()) for each in text.splitlines()) if line]
    if not lines:
        return ""
    fatal = next((at for at, line in enumerate(lines) if _FATAL.search(line)), None)
    telling, following = lines[fatal or 0], lines[(fatal or 0) + 1 :]
    if telling.endswith(":") and following:
        candidates = [line for line in following if not line.startswith("[[")] or following
        telling += f" {following[0] if fatal is not None else candidates[-1]}"
    shown = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in telling)
    return shown if len(shown) <= widest else f"{shown[: widest - 1]}…"
