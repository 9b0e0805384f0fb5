"""Classifies how a target reacts to a faulty case: it crashes, hangs, computes or refuses.

A row says whether a refusal is right; the reaction says whether it can be *understood*: whether the
error names what is wrong. A crash, a hang and a silent result say worse things of a framework than
any text, so reactions are in that order, the worst first.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from tconv.analysis.acceptance.fault import Fault
from tconv.model.case import Case
from tconv.model.malformed import MALFORMED_BIAS
from tconv.model.window import Resolution

Row = Mapping[str, Any]
"""A row with the columns :data:`tconv.analysis.acceptance.matrix.COLUMNS`."""


class Reaction(StrEnum):
    """What a target makes of a case with a fault; the worst first."""

    CRASHES = "crashes"
    HANGS = "hangs"
    ACCEPTS_SILENTLY = "accepts silently"
    COMPUTES_ANOTHER = "computes something else"
    REFUSES_MISLEADINGLY = "refuses misleadingly"
    REFUSES_CLEARLY = "refuses clearly"
    COMPUTES = "computes the arithmetic's answer"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "not known"

    @property
    def code(self) -> str:
        """The sign that stands for it in a matrix."""
        return _CODES[self]

    @property
    def meaning(self) -> str:
        """What it is, in one sentence."""
        return _MEANINGS[self]


_CODES: Final = dict(zip(Reaction, "XH!#mr=-?", strict=True))
_MEANINGS: Final = {
    Reaction.CRASHES: "The process ended.",
    Reaction.HANGS: "No answer came within the limit.",
    Reaction.ACCEPTS_SILENTLY: "A result or a shape was returned, though no answer exists.",
    Reaction.COMPUTES_ANOTHER: "An answer exists, and another one was computed.",
    Reaction.REFUSES_MISLEADINGLY: "An error that names another cause, or none.",
    Reaction.REFUSES_CLEARLY: "An error that names the faulty parameter, or its consequence.",
    Reaction.COMPUTES: "The arithmetic's answer, to the element.",
    Reaction.UNSUPPORTED: "The API has no argument for it.",
    Reaction.UNKNOWN: "Not run, unavailable, or the adapter's own fault: nothing is said of it.",
}

_PLAIN: Final = {
    "match": Reaction.COMPUTES,
    "shape": Reaction.COMPUTES_ANOTHER,
    "dtype": Reaction.COMPUTES_ANOTHER,
    "nonfinite": Reaction.COMPUTES_ANOTHER,
    "value": Reaction.COMPUTES_ANOTHER,
    "unresolved": Reaction.COMPUTES_ANOTHER,
    "nondeterministic": Reaction.COMPUTES_ANOTHER,
    "accepted_illegal": Reaction.ACCEPTS_SILENTLY,
    "unsupported": Reaction.UNSUPPORTED,
    "crashed": Reaction.CRASHES,
    "timeout": Reaction.HANGS,
}
_LACKING: Final = ("Current CPU implementations do not yet support dilation rates larger than 1",)
"""Texts by which a framework says that it lacks what the case needs beside its fault."""

_REFUSED: Final = frozenset({"rejected", "rejected_legal"})


def reaction_to(fault: Fault, case: Case, row: Row) -> Reaction:
    """Return what a row says of a target: a refusal is clear where its text names the fault."""
    verdict = row["verdict"]
    if _has_no_bias(case, row["call"] or ""):
        return Reaction.UNSUPPORTED
    if verdict in _REFUSED:
        return _refusal(fault, f"{row['error_type']}: {row['error_text']}")
    if verdict == "accepted_illegal" and _is_right_but_large(case, row):
        return Reaction.COMPUTES
    if verdict == "resolved":
        return Reaction.COMPUTES if _is_as_asked(case, row) else Reaction.COMPUTES_ANOTHER
    return _PLAIN.get(verdict, Reaction.UNKNOWN)


def _refusal(fault: Fault, text: str) -> Reaction:
    if fault.is_named_in(text):
        return Reaction.REFUSES_CLEARLY
    is_lacking = any(words in text for words in _LACKING) and not fault.contrary
    return Reaction.UNSUPPORTED if is_lacking else Reaction.REFUSES_MISLEADINGLY


def _has_no_bias(case: Case, call: str) -> bool:
    """Return whether the faulty bias never reached the call, as it is added afterwards."""
    is_added = call.endswith((" + b", " + keras.ops.add"))
    return is_added and case.malformed in MALFORMED_BIAS


def _is_right_but_large(case: Case, row: Row) -> bool:
    """Return whether a shape is the one of the formula, and illegal for its size alone."""
    is_alone = case.legality[1].startswith("the result needs")
    return is_alone and tuple(row["observed_shape"]) == case.y_shape


def _is_as_asked(case: Case, row: Row) -> bool:
    """Return whether an open case has the size that was requested, cropped at the start by p.

    The size alone decides where only a shape was inferred, or where not all windows are listed.
    """
    if row["reading"] or tuple(row["observed_shape"][2:]) != case.o:
        return False
    listed = [Resolution.from_text(text) for text in row["resolution"] or ()]
    if not listed or len(listed) < row["resolutions"]:
        return True
    begins = [tuple(window.begin for window in each.axes) for each in listed]
    return case.p_begin in begins
