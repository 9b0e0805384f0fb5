"""Integer relations between the sizes of one axis of a (transposed) convolution.

Letters follow Dumoulin & Visin, "A guide to convolution arithmetic for deep learning"
(arXiv:1603.07285): `k`, `s` and `p` belong to the direct convolution, so `p` is a crop of the
transposed one; `i` and `o` here are the sizes before and after the *transposed* convolution (the
guide's i' and o'). `d` is the dilation and `op` the output padding (the guide's a). Everything is
an exact Python integer; a size below one is an answer too, and :mod:`.legality` says what it
means.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The parameters of a transposed convolution along one axis.

    Attributes:
        i: input size, elements.
        k: kernel size, taps.
        s: stride, elements of the output per element of the input.
        d: dilation, elements of the output from one tap to the next.
        p_begin: crop at the start, elements; negative adds zeros; 0 where a policy decides.
        p_end: the same at the end.
        op: output padding, elements added at the end before the crop; None: not given.
        o: requested output size, elements; None: not requested.
    """

    i: int
    k: int
    s: int = 1
    d: int = 1
    p_begin: int = 0
    p_end: int = 0
    op: int | None = None
    o: int | None = None

    @property
    def full(self) -> int:
        """Size of the full result, s(i-1)+K, elements."""
        return full_size(self.i, self.k, self.s, self.d)

    @property
    def extra(self) -> int:
        """Elements added at the end before the crop: `op`, 0 where it is not given."""
        return 0 if self.op is None else self.op

    def to_dict(self) -> dict[str, int | None]:
        """Return the parameters by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        """Write the parameters as the command line reads them, without the defaults."""
        return " ".join(
            f"{name}={value}"
            for name, value in self.to_dict().items()
            if value is not None and value != _DEFAULTS.get(name)
        )


_DEFAULTS: Final = {"d": 1, "p_begin": 0, "p_end": 0}


def effective_kernel(k: int, d: int = 1) -> int:
    """Return K = d(k-1)+1, the extent of `k` taps at dilation `d` (the guide, section 5.1)."""
    return d * (k - 1) + 1


def full_size(i: int, k: int, s: int, d: int = 1) -> int:
    """Return s(i-1)+K, the size before crop and output padding (the guide, relationship 12)."""
    return s * (i - 1) + effective_kernel(k, d)


def output_size(axis: Axis) -> int:
    """Return o = s(i-1) + K - p_begin - p_end + op (the guide, relationship 14, for any padding).

    The result may be zero or negative: then no output exists, see :mod:`.legality`.
    """
    return axis.full - axis.p_begin - axis.p_end + axis.extra


def conv_output_size(i: int, k: int, s: int, p_begin: int, p_end: int, d: int = 1) -> int:
    """Return floor((i + p_begin + p_end - K) / s) + 1, the direct convolution's output size.

    The guide's relationship 6, with separate padding at the start and the end, and K for k
    (relationship 15). Where the kernel does not fit, the result is zero or negative.
    """
    return (i + p_begin + p_end - effective_kernel(k, d)) // s + 1


def preimages(i: int, k: int, s: int, p_begin: int, p_end: int, d: int = 1) -> range:
    """Return every size that a direct convolution maps to `i`: the candidates for `o`.

    There are at most `s` of them, s(i-1)+K-p_begin-p_end and up: one per output padding from 0 to
    s-1 (the guide, section 4.5). Sizes below one are left out.
    """
    smallest = full_size(i, k, s, d) - p_begin - p_end
    return range(max(smallest, 1), smallest + s)
