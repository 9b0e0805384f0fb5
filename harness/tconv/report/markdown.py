"""Text of any origin, made fit for one line of Markdown: a framework may say anything."""

import re
from typing import Final

from tconv.report.excerpt import excerpt

_SPECIAL: Final = re.compile(r"([\\`*\[\]|~])")


def cell(value: object) -> str:
    """Return plain text for a table cell: one line, with nothing that Markdown or HTML reads."""
    escaped = _SPECIAL.sub(r"\\\1", excerpt(str(value)))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


def code(value: object) -> str:
    """Return a code span for a table cell: one line that nothing in the text can end.

    A backtick becomes an apostrophe, and backslashes before a bar are left out: a table has no way
    to hold either.
    """
    text = excerpt(str(value)).replace("`", "'")
    kept = re.sub(r"\\*\|", r"\\|", text)
    return f"`{kept}`" if kept else "-"


def axes(value: object) -> str:
    """Return a shape or an index as (2, 3, 4); a dash where there is none."""
    return f"({', '.join(map(str, value))})" if isinstance(value, tuple) else "-"
