"""Cells of CSV files as spreadsheets may open them: none is a formula.

A framework's error text, or a run directory from elsewhere, may hold `=HYPERLINK(...)`.
"""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA: Final = r"[=+\-@\t\r]"
_NUMBERS: Final = r"[+\-](?:[0-9.]|inf|nan)[0-9.:;x +\-einfaj]*"  # -1.5, -1x0, -0.0:1; -inf, -1+2j


def neutral(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe before it."""
    is_formula = re.match(_FORMULA, text) and not re.fullmatch(_NUMBERS, text)
    return f"'{text}" if is_formula else text


def neutralized(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts as :func:`neutral` gives them; absent ones stay absent."""
    is_formula = pc.and_not(
        pc.match_substring_regex(texts, f"^{_FORMULA}"),
        pc.match_substring_regex(texts, f"^{_NUMBERS}$"),
    )
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", texts, ""), texts)
