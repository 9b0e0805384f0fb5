"""What a framework says of a result before it computes it, and whether it keeps its word."""

from dataclasses import dataclass
from typing import Literal

from tconv.model.outcome import Computed, Outcome, Promised

Kept = Literal["kept", "broken", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The shape that was promised, (n, c_out, *o), or None: the framework was asked in vain."""

    shape: tuple[int, ...] | None

    def kept_by(self, outcome: Outcome) -> Kept:
        """Return whether the outcome is what was promised; a refusal is not."""
        if self.shape is None:
            return "none"
        match outcome:
            case Computed(y=y):
                return "kept" if y.shape == self.shape else "broken"
            case Promised(shape=shape):
                return "kept" if shape == self.shape else "broken"
        return "broken"
