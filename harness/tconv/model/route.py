"""How a backend computes a case: with one call, with a call and a further step, or not at all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """One call of the framework expresses the whole case.

    Attributes:
        call: name of that call as a user would write it.
    """

    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """No call expresses the case; a step made with the framework's own operations is added.

    Attributes:
        call: name of the framework's transposed convolution.
        addition: the step that is added, such as `crop the end` or `add the bias`.
    """

    call: str
    addition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """The framework has no argument for the case, or raises its not-implemented error.

    Each run confirms it: the adapter still has to compute the case, with the most natural call
    there is, and the framework must raise an error that matches `error_pattern`. A call that
    computes, or that fails for another reason, proves the route wrong.

    Attributes:
        reason: why, in a few words; always the same words for a cause, so that it can be counted.
        error_pattern: regular expression searched in `ErrorType: message` of the framework's error.
    """

    reason: str
    error_pattern: str


Route = Native | Composed | Unsupported
