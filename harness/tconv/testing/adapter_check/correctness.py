"""Checks that results are right, and that each route is what it claims to be."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from tconv.model.verdict import Verdict
from tconv.report.discrepancy import Discrepancy
from tconv.testing.adapter_check.cases import PROBES
from tconv.testing.adapter_check.check import Check
from tconv.testing.adapter_check.subject import CheckedAdapter

_ADVICE: Final = {
    "layout": "convert x from (n, c_in, *i), w from (c_in, c_out/groups, *k), y to (n, c_out, *o)",
    "kernel": "flip the kernel where the framework correlates, and only there",
    "stride": "the stride is that of the direct convolution: it dilates the input",
    "padding": "p_begin and p_end are crops of the full result, one per side of each axis",
    "output_padding": "it adds to the end, before the crop, one per axis",
    "dilation": "it spreads the kernel's taps",
    "groups": "channel c_out of group g sees the channels c_in of group g alone",
    "bias": "tensors.b is None where the case has no bias, else (c_out,), added everywhere",
    "input_padding": "pad x as tensors.padding says, or leave pads_input False: NumPy pads it then",
    "dtype": "compute in the case's own dtype",
}
_DECLARE: Final = "return Unsupported with an `error_pattern` where no call expresses the case"
_PROVE: Final = "let compute make the real call, and `error_pattern` quote its error"
_OFFER: Final = "return Native where the framework's call is right, else let compute make that call"
_WRONG: Final = {Verdict.SHAPE, Verdict.DTYPE, Verdict.VALUE, Verdict.NONFINITE}


def _right(subject: CheckedAdapter, topic: str) -> Iterator[str]:
    for row in (subject.rows[case.id] for case in PROBES[topic]):
        if row["verdict"] in _WRONG:
            discrepancy = Discrepancy.from_row(row, "smoke")
            reading = f", which is right for: {row['reading']}" if row["reading"] else ""
            yield f"{discrepancy.line()}{reading}; {_ADVICE[topic]}"


def _promises(subject: CheckedAdapter) -> Iterator[str]:
    """Yield the routes that promise a result and give none, or the other way round."""
    if not subject.few and not any(row["outcome"] == "inferred" for row in subject.rows.values()):
        yield "nothing was computed of any probe; start with the route Native and a plain 1-D case"
    for row in subject.rows.values():
        error = f"{row['error_type'] or ''}: {row['error_text'] or ''}".strip(": ")
        where = f"[{row['case']}]"
        if row["verdict"] == Verdict.REJECTED_LEGAL:
            yield f"the route is {row['route']}, but compute raises {error}; {_DECLARE} {where}"
        elif row["verdict"] == Verdict.ADAPTER_ERROR and row["route"] == "unsupported":
            remedy = _PROVE if error else _OFFER
            yield f"{' '.join(filter(None, (row['reason'], error)))}; {remedy} {where}"
        elif row["verdict"] == Verdict.ADAPTER_ERROR:
            yield f"{row['reason']} {error} {where}"


CHECKS = (
    Check(
        name="promises",
        meaning="each case does what its route says, and returns a plain array of numbers",
        problems=_promises,
    ),
    *(
        Check(
            name=topic, meaning="results equal the oracle's", problems=partial(_right, topic=topic)
        )
        for topic in PROBES
    ),
)
