"""The judgement of one case on one target: its verdict and the evidence for it."""

from dataclasses import dataclass
from typing import Final, Literal

from tconv.model.verdict import Verdict

ErrorClass = Literal["exact", "within", "reduced", "transformed", "wrong"]

WINDOWS: Final = 32
"""Most windows that are listed where a resolution is not unique."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with its evidence; a field that says nothing about the outcome is None.

    Attributes:
        verdict: what became of the case.
        reading: names of the readings that reproduce the observed output, joined by ` | ` in
            alphabetical order: this case cannot tell them apart.
        error_class: how far off the values are: exact and within match; reduced and transformed
            match where the target's mode declares them; wrong never matches.
        error_units: the largest |y - ref| / ((n+1)(u bound + eta)); 1 is the limit.
        observed_shape: shape of the result, where there was one.
        expected_shape: shape of the right answer, where one exists.
        observed_dtype: name of the result's dtype.
        expected_dtype: name of the case's dtype.
        first_bad_index: index of the first element that differs, in C order.
        observed_value: that element as text, in the digits of its own dtype.
        expected_value: the right value of that element as text.
        bad_count: number of elements that differ.
        difference: a map of where they differ, see :func:`tconv.judge.values.difference_map`.
        compared: number of elements that were compared.
        resolution: of an open case the windows of the full result that explain the output, as
            :meth:`tconv.model.window.Resolution.to_text` writes them, at most :data:`WINDOWS`.
        resolutions: how many there are.
        coinciding: names of further readings by which the output could be explained.
        error_type: type of the error that the framework raised.
        error_text: its text.
        reason: why this verdict, in words, where the fields above do not say it.
    """

    verdict: Verdict
    reading: str | None = None
    error_class: ErrorClass | None = None
    error_units: float | None = None
    observed_shape: tuple[int, ...] | None = None
    expected_shape: tuple[int, ...] | None = None
    observed_dtype: str | None = None
    expected_dtype: str | None = None
    first_bad_index: tuple[int, ...] | None = None
    observed_value: str | None = None
    expected_value: str | None = None
    bad_count: int | None = None
    difference: str | None = None
    compared: int = 0
    resolution: tuple[str, ...] | None = None
    resolutions: int | None = None
    coinciding: tuple[str, ...] = ()
    error_type: str | None = None
    error_text: str | None = None
    reason: str | None = None
