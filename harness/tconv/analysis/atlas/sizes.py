"""Which input sizes and paddings give a wanted output size: by arithmetic, and by each rule.

The arithmetic is o = s(i-1) + K - 2p + op (Dumoulin & Visin, arXiv:1603.07285, relationship 14 with
K for k), over what is legal: 0 <= p <= K-1 and 0 <= op < s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from tconv.analysis.atlas.atlas import Atlas
from tconv.analysis.atlas.question import EXPLICIT, Question
from tconv.model.geometry import Axis, effective_kernel


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ExplicitChoice:
    """Explicit parameters that give a wanted size.

    Attributes:
        i: input size, elements.
        p: crop at both ends, elements.
        op: output padding, elements.
    """

    i: int
    p: int
    op: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChoice:
    """An open case of a target that gives a wanted size.

    Attributes:
        question: the kind of case, and the target.
        axis: the parameters of the axis.
        is_measured: whether they lie within what the rule was measured on.
        refusals: how many calls of this kind were refused, in words; empty for none.
    """

    question: Question
    axis: Axis
    is_measured: bool
    refusals: str


def explicit_choices(o: int, *, k: int, s: int = 1, d: int = 1) -> Iterator[ExplicitChoice]:
    """Yield every legal choice of i, p and op with the output size `o`, the smallest i first.

    Args:
        o: wanted output size, elements, at least 1.
        k: kernel size, taps.
        s: stride, elements.
        d: dilation, elements.
    """
    extent = effective_kernel(k, d)
    for i in range(1, (o + extent - 2) // s + 2):
        for p in range(extent):
            op = o - s * (i - 1) - extent + 2 * p
            if 0 <= op < s:
                yield ExplicitChoice(i=i, p=p, op=op)


def open_choices(atlas: Atlas, o: int, *, k: int, s: int = 1, d: int = 1) -> Iterator[OpenChoice]:
    """Yield each target, policy and input size whose rule gives the output size `o`.

    Only rules that hold wherever they were measured are used. An output padding is tried from 0 to
    s-1, an explicit crop, the same at both ends, from 0 to K-1. Questions with a requested size are
    left out: their rules say what is returned, not which sizes are accepted.

    Args:
        atlas: the rules.
        o: wanted output size, elements.
        k: kernel size, taps.
        s: stride, elements.
        d: dilation, elements.
    """
    for entry in atlas.entries:
        evidence = entry.evidence
        if entry.rule is None or evidence is None or evidence.coverage < 1 or entry.question.o:
            continue
        axes = list(_axes(entry.question, o, k, s, d))
        sizes, _ = entry.rule.of(axes)
        for axis, size in zip(axes, sizes, strict=True):
            if size == o:
                inside = not any(evidence.outside(axis))
                yield OpenChoice(
                    question=entry.question, axis=axis, is_measured=inside,
                    refusals=entry.refusals,
                )  # fmt: skip


def _axes(question: Question, o: int, k: int, s: int, d: int) -> Iterator[Axis]:
    """Yield every axis for which a rule of the question may give the size `o`."""
    extent = effective_kernel(k, d)
    crops = range(extent) if question.padding == EXPLICIT else range(1)
    paddings = range(s) if question.op else (None,)
    for i, p, op in product(range(1, (o + extent - 2) // s + 2), crops, paddings):
        yield Axis(i=i, k=k, s=s, d=d, p_begin=p, p_end=p, op=op)
