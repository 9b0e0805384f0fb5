"""The ways in which arrays may not fit together although the parameters of a call are legal.

Such a case has no answer; which array does not fit is one parameter of the case, so that it has an
id like any other. :mod:`tconv.inputs` makes the arrays.
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
    "input_lacks_axis": Malformed("xlacks", "x has too few axes"),
    "input_gains_axis": Malformed("xgains", "x has one axis more, of size 1, at its end"),
    "weight_lacks_axis": Malformed("wlacks", "w lacks its last axis"),
    "weight_gains_axis": Malformed("wgains", "w has one axis more, of size 1, at its end"),
    "weight_dtype": Malformed("wdtype", "w has another dtype than x"),
    "bias_dtype": Malformed("bdtype", "b has another dtype than x and w"),
}
"""Every way by its name in a configuration.

x without its last axis is an input without a batch axis, which PyTorch documents, if n = c_in; so
then it lacks its first axis as well.
"""

MALFORMED_BIAS: Final = frozenset({"bias_length", "bias_dtype"})
"""Those of the bias, which require a case with a bias."""

SECOND_DTYPES: Final = {"float32": "float64"}
"""The second dtype of a case that mixes dtypes, by the first; float32 for a dtype not listed."""
