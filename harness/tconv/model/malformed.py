"""What may be wrong with the arrays that a call is given, while its parameters are sound.

A case whose arrays do not fit together has no answer; which of them misfits is one parameter of the
case, so that it has an id like any other. The arrays themselves are made in :mod:`tconv.inputs`.
"""

from typing import Final, NamedTuple


class Malformed(NamedTuple):
    """One way in which an array does not fit.

    Attributes:
        token: how a case id says it.
        words: what is wrong, as the reason why the case is illegal.
    """

    token: str
    words: str


MALFORMED: Final = {
    "weight_channels": Malformed("wchannels", "w has one input channel more than x"),
    "bias_length": Malformed("blength", "b is one longer than y has channels"),
    "input_lacks_axis": Malformed("xlacks", "x lacks its last axis"),
    "input_gains_axis": Malformed("xgains", "x has one axis more, of size 1, at its end"),
    "weight_lacks_axis": Malformed("wlacks", "w lacks its last axis"),
    "weight_gains_axis": Malformed("wgains", "w has one axis more, of size 1, at its end"),
    "weight_dtype": Malformed("wdtype", "w has another dtype than x"),
    "bias_dtype": Malformed("bdtype", "b has another dtype than x and w"),
}
"""Every malformation by its name in a configuration."""

MALFORMED_BIAS: Final = frozenset({"bias_length", "bias_dtype"})
"""Those of the bias, which only a case with a bias can have."""

SECOND_DTYPES: Final = {"float32": "float64"}
"""The dtype that stands beside a case's own where dtypes are mixed; of one not listed float32."""
