"""The quantities that formulas are made of, and the conditions that split them, all of them.

A rule that is not a sum of few of these is not found, and the coverage says so. Halves come as
floor and ceiling of a total crop, since frameworks divide a crop between both ends.
"""

from collections.abc import Mapping
from typing import Final

from tconv.model.predicate.expression import Expression

FULL: Final = "s*(i - 1) + K"

EXPANSIONS: Final[Mapping[str, Mapping[str, int]]] = {
    "s*(i - 1)": {"s*i": 1, "s": -1},
    FULL: {"s*i": 1, "s": -1, "K": 1},
    "K - s": {"K": 1, "s": -1},
    f"{FULL} - o": {"s*i": 1, "s": -1, "K": 1, "o": -1},
}
"""Sums that count as one term, and the monomials that they are sums of."""

MONOMIALS: Final = (
    "s*i", "i", "s", "K", "k", "d", "p_begin", "p_end", "op", "o", "o_requested", "1",
)  # fmt: skip
"""Products of letters, in the order in which a formula is printed."""

_TOTALS: Final = (
    "K", "s", "op", f"{FULL} - o", "K - s", "s - K", "K - s + op",
    f"{FULL} - o_requested", f"{FULL} + op - o_requested",
)  # fmt: skip
"""Totals of which a half may be cropped at the start."""


def _halves(total: str) -> tuple[str, ...]:
    inner = f"({total})" if " " in total else total
    whole = (f"max({total}, 0)",) * (" " in total)
    floors = (f"{inner}//2", *(f"{each}//2" for each in whole))
    ceilings = (f"({total} + 1)//2", *(f"({each} + 1)//2" for each in whole))
    return (*whole, *floors, *ceilings)


_OTHERS: Final = (
    "(K - 1)//2", "i % s", "K % 2", "s % 2", "(K - s) % 2", f"min(s*i, {FULL})",
    f"min(s*i, {FULL} + op)",
)  # fmt: skip

FEATURES: Final[Mapping[str, Expression]] = {
    text: Expression.from_text(text)
    for text in (*EXPANSIONS, *MONOMIALS, *_OTHERS,
                 *(half for total in _TOTALS for half in _halves(total)))
}  # fmt: skip
"""Every feature by its text; of those that are equal on all points the lightest is taken."""

CONDITIONS: Final[Mapping[str, Expression]] = {
    text: Expression.from_text(text)
    for text in (
        "K < s", "K <= s", "K % 2 == 0", "s % 2 == 0", "(K - s) % 2 == 0", "s == 1", "i == 1",
        "k == 1", "d == 1", "op == 0", "op < K", "op < s", "i < s", "i < K", "p_begin < p_end",
        f"o_requested < {FULL}", f"o_requested <= {FULL}", "o_requested < s*i",
        "o_requested <= s*i", f"o < {FULL}", f"o <= {FULL}", "o < s*i",
    )
}  # fmt: skip
"""Every condition that may split a formula into two pieces, by its text."""
