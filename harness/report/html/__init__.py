"""report.html: what a run found, in one file that opens anywhere, offline."""

from harness.report.html.page import NAME, text, write

__all__ = ["NAME", "text", "write"]
