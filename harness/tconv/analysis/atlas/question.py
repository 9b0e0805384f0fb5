"""One kind of open case on one target: what one rule should answer."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from tconv.model.target import Target

EXPLICIT: Final = "explicit"
"""Stands for the policy where the padding is given in numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A kind of open case on a target.

    Attributes:
        target: `backend:mode@device`.
        padding: a policy, or :data:`EXPLICIT`.
        op: whether an output padding is given.
        o: whether an output size is requested.
        ndim: number of spatial axes where the answer depends on it, else None.
    """

    target: str
    padding: str
    op: bool
    o: bool
    ndim: int | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the question that a row answers, with its number of axes."""
        return cls(
            target=row["target"],
            padding=row["padding"] or EXPLICIT,
            op=row["output_padding"] is not None,
            o=row["o"] is not None,
            ndim=row["ndim"],
        )

    @property
    def order(self) -> tuple[str, str, bool, bool, int]:
        """The sort key of questions."""
        return self.target, self.padding, self.op, self.o, self.ndim or 0

    @property
    def is_numeric(self) -> bool:
        """Whether the padding is given in numbers, and no size is requested."""
        return self.padding == EXPLICIT and not self.o

    @property
    def is_explicit(self) -> bool:
        """Whether nothing is left open: padding and output padding in numbers, and no size."""
        return self.padding == EXPLICIT and self.op and not self.o

    @property
    def words(self) -> str:
        """The question without its target, in the names of the command line."""
        policy = "p=given" if self.padding == EXPLICIT else f"padding={self.padding}"
        op = "op=given" if self.op else "op=none"
        o = "o=requested" if self.o else "o=none"
        axes = [] if self.ndim is None else [f"ndim={self.ndim}"]
        return " ".join([policy, op, o, *axes])

    def __str__(self) -> str:
        return f"{self.target} {self.words}"

    def is_sibling_of(self, other: Self) -> bool:
        """Return whether it is the same kind of case on another mode of the backend."""
        mine, theirs = (Target.from_text(question.target).backend for question in (self, other))
        return mine == theirs and self.words == other.words and self.target != other.target

    def to_dict(self) -> dict[str, Any]:
        """Return the question as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return what :meth:`to_dict` wrote."""
        return cls(**content)
