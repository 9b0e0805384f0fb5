"""report.html: what a run found, in one file that opens anywhere, offline."""

from tconv.report.html.page import NAME, text, write

__all__ = ["NAME", "text", "write"]
