"""The ways to spell `padding` in JAX; its calls read some differently and refuse others.

`jax.lax.conv_transpose` knows SAME and VALID in upper case only. Under its first semantics anything
else is passed on to `conv_general_dilated`, which reads names in either case, as the padding of the
direct convolution, and only where the stride is 1. So 'valid' is not 'VALID'.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tconv.model.route import Unsupported

Pairs = tuple[tuple[int, int], ...]

_NAMES: Final = {"same": "SAME", "same_lower": "SAME_LOWER", "valid": "VALID"}
_DILATED: Final = Unsupported(
    reason="no such padding policy for a stride above 1",
    error_pattern="String padding is not implemented for transposed convolution",
)
_NUMBERS: Final = Unsupported(
    reason="no padding but in pairs",
    error_pattern=r"should be a string or a sequence of \(low, high\) pairs"
    r"|'int' object is not iterable|Invalid padding mode: -?\d",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """One way to write a padding; what it does not concern is written as JAX documents it.

    Attributes:
        qualifier: of the modes in which it is used, empty for JAX's own way.
        meaning: what is written, in words.
        name: returns the argument for a padding policy.
        numbers: returns the argument for (start, end) pairs, one per axis.
    """

    qualifier: str = ""
    meaning: str = ""
    name: Callable[[str], str] = _NAMES.__getitem__
    numbers: Callable[[Pairs], Any] = tuple

    def of(self, padding: str | Pairs) -> Any:
        """Return the argument for a policy, or for pairs."""
        return self.name(padding) if isinstance(padding, str) else self.numbers(padding)


def _one_number(pairs: Pairs) -> Any:
    """Return the number that all sides of all axes have in common, or else the pairs."""
    distinct = {number for pair in pairs for number in pair}
    return distinct.pop() if len(distinct) == 1 else pairs


def _number_per_axis(pairs: Pairs) -> Any:
    """Return the number that both sides of each axis have in common, or else the pairs."""
    alike = all(begin == end for begin, end in pairs)
    return [begin for begin, _ in pairs] if alike else pairs


AS_DOCUMENTED: Final = Spelling()

SPELLINGS: Final = (
    Spelling(qualifier="lower_case", meaning="a policy's name in lower case", name=str),
    Spelling(qualifier="circular", meaning="CIRCULAR for every policy", name=lambda _: "CIRCULAR"),
    Spelling(
        qualifier="int_padding", meaning="equal paddings as one bare number", numbers=_one_number
    ),
    Spelling(
        qualifier="list_padding",
        meaning="equal paddings as a list of one number per axis",
        numbers=_number_per_axis,
    ),
)
"""The ways that JAX does not document; each has its own modes."""


def why_refused(
    padding: Any, s: tuple[int, ...], *, transposes: bool, consistent: bool
) -> Unsupported | None:
    """Return why a call takes no such argument, or None: it takes it.

    Args:
        padding: the argument.
        s: strides, which dilate the input.
        transposes: whether the call is `conv_transpose`; else it is `conv_general_dilated`.
        consistent: value of `use_consistent_padding`.
    """
    if isinstance(padding, int | list):
        return _NUMBERS
    if not isinstance(padding, str) or (transposes and padding in {"SAME", "VALID"}):
        return None
    if consistent:
        return Unsupported(
            reason=f"no policy {padding} where the padding is consistent",
            error_pattern=f"Invalid padding mode: {padding}",
        )
    if any(stride != 1 for stride in s):
        return _DILATED
    if padding.lower() not in _NAMES:
        return Unsupported(reason=f"no policy {padding}", error_pattern="Unrecognized padding type")
    return None
