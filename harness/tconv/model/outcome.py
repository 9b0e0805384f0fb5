"""What a target did with one case, before it is judged."""

from dataclasses import dataclass
from signal import Signals
from typing import Any, Literal

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Computed:
    """The framework returned an array `y` (n, c_out, *o), in the canonical layout."""

    y: NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InferredShape:
    """The framework only inferred the shape of the result, (n, c_out, *o)."""

    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The framework raised an error instead of returning a result."""

    error_type: str
    error_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedUnsupported:
    """The framework cannot express the case; `error_text` is what a real call said."""

    reason: str
    error_type: str
    error_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """The adapter broke its contract, as `offence` says; of the framework nothing is known."""

    offence: str
    error_type: str = ""
    error_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crashed:
    """The worker process ended before it answered.

    Attributes:
        exit_code: its status; below 0: the signal that ended it, negated.
        stderr: what it printed last.
        is_reproduced: False where the case, run again, did not end the process.
    """

    exit_code: int
    stderr: str
    is_reproduced: bool = True

    @property
    def manner(self) -> str:
        """How it ended, in words: `exit code 3`, `signal 11 (SIGSEGV)`."""
        if self.exit_code >= 0:
            return f"exit code {self.exit_code}"
        number = -self.exit_code
        name = f" ({Signals(number).name})" if number in set(Signals) else ""
        return f"signal {number}{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOut:
    """The worker did not answer within the limit, in seconds, and was stopped."""

    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """The backend cannot be used here: not installed, broken, or without its device."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """The case was planned and never started."""

    reason: str


Outcome = (
    Computed
    | InferredShape
    | Refused
    | ConfirmedUnsupported
    | Faulty
    | Crashed
    | TimedOut
    | Unavailable
    | NotRun
)


Inference = Literal["kept", "broken", "none", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeInference:
    """The shape (n, c_out, *o) that a framework inferred of a result; None: none.

    Attributes:
        shape: the shape.
        fault: what went wrong, where asking ended the process or broke the adapter's contract.
    """

    shape: tuple[int, ...] | None
    fault: str | None = None

    def compared_with(self, outcome: Outcome) -> Inference:
        """Return whether the outcome has the inferred shape; a refusal has none."""
        match outcome:
            case _ if self.fault is not None:
                return "failed"
            case _ if self.shape is None:
                return "none"
            case Computed(y=y):
                return "kept" if y.shape == self.shape else "broken"
            case InferredShape(shape=shape):
                return "kept" if shape == self.shape else "broken"
        return "broken"
