"""Integer relations between the sizes of one axis of a (transposed) convolution.

Letters follow Dumoulin & Visin, "A guide to convolution arithmetic for deep learning"
(arXiv:1603.07285): `k`, `s` and `p` belong to the direct convolution, so `p` is a crop of the
transposed one; `i` and `o` here are the sizes before and after the *transposed* convolution (the
guide's i' and o'). `d` is the dilation and `op` the output padding (the guide's a). Everything is
an exact Python integer; a size below one is an answer too, and :mod:`.legality` says what it
means.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The parameters of a transposed convolution along one axis.

    Attributes:
        i: input size, elements.
        k: kernel size, taps.
        s: stride, elements of the output per element of the input.
        p_begin: crop at the begin, elements; negative adds zeros.
        p_end: crop at the end, elements; negative adds zeros.
        op: output padding, elements added at the end before the crop.
        d: dilation, elements of the output from one tap to the next.
        o: output size that is requested, elements, or None: none is.
    """

    i: int
    k: int
    s: int = 1
    p_begin: int = 0
    p_end: int = 0
    op: int = 0
    d: int = 1
    o: int | None = None


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
    return full_size(axis.i, axis.k, axis.s, axis.d) - axis.p_begin - axis.p_end + axis.op


def conv_output_size(i: int, k: int, s: int, p_begin: int, p_end: int, d: int = 1) -> int:
    """Return floor((i + p_begin + p_end - K) / s) + 1, the direct convolution's output size.

    The guide's relationship 6, with begin and end padding apart and K for k (relationship 15).
    Where the kernel does not fit, the result is zero or negative.
    """
    return (i + p_begin + p_end - effective_kernel(k, d)) // s + 1


def preimages(i: int, k: int, s: int, p_begin: int, p_end: int, d: int = 1) -> range:
    """Return every size that a direct convolution maps to `i`: the candidates for `o`.

    There are at most `s` of them, s(i-1)+K-p_begin-p_end and up: one per output padding from 0 to
    s-1 (the guide, section 4.5). Sizes below one are left out.
    """
    smallest = full_size(i, k, s, d) - p_begin - p_end
    return range(max(smallest, 1), smallest + s)


def same_preimages(i: int, s: int) -> range:
    """Return every size that a direct convolution padded "same" maps to `i`: ceil(o/s) = i.

    They are s(i-1)+1 to s i, whatever the kernel: such padding keeps the size and only the stride
    divides it (TensorFlow, `tf.nn.convolution`). Sizes below one are left out.
    """
    smallest = s * (i - 1) + 1
    return range(max(smallest, 1), smallest + s)


def output_padding_for(axis: Axis, o: int) -> int:
    """Return the output padding that gives the size `o`; the `op` of `axis` is not read.

    A result outside 0..s-1 means that `o` is no preimage of `i`.
    """
    return o - full_size(axis.i, axis.k, axis.s, axis.d) + axis.p_begin + axis.p_end


def relationship_8(i: int, k: int) -> int:
    """Return o' = i' + (k-1): no zero padding, unit stride (the guide, relationship 8)."""
    return i + (k - 1)


def relationship_9(i: int, k: int, p: int) -> int:
    """Return o' = i' + (k-1) - 2p: zero padding, unit stride (the guide, relationship 9)."""
    return i + (k - 1) - 2 * p


def relationship_10(i: int) -> int:
    """Return o' = i': half padding, odd kernel, unit stride (the guide, relationship 10)."""
    return i


def relationship_11(i: int, k: int) -> int:
    """Return o' = i' - (k-1): full padding, unit stride (the guide, relationship 11)."""
    return i - (k - 1)


def relationship_12(i: int, k: int, s: int) -> int:
    """Return o' = s(i'-1) + k: no padding, i-k a multiple of s (the guide, relationship 12)."""
    return s * (i - 1) + k


def relationship_13(i: int, k: int, s: int, p: int) -> int:
    """Return o' = s(i'-1) + k - 2p: i+2p-k a multiple of s (the guide, relationship 13)."""
    return s * (i - 1) + k - 2 * p


def relationship_14(i: int, k: int, s: int, p: int, a: int) -> int:
    """Return o' = s(i'-1) + a + k - 2p with a = (i+2p-k) mod s (the guide, relationship 14)."""
    return s * (i - 1) + a + k - 2 * p


def relationship_15(i: int, k: int, s: int, p: int, d: int) -> int:
    """Return floor((i+2p-k-(k-1)(d-1))/s) + 1, a dilated convolution (the guide, relationship 15).

    The one of the guide's relationships here that belongs to the direct convolution: `i` is its
    input size, the result its output size.
    """
    return (i + 2 * p - k - (k - 1) * (d - 1)) // s + 1
