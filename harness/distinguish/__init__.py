"""Which readings these tensors cannot tell from the right answer, from few evaluations.

A difference in one place is a difference. Other weights, inputs and arguments are computed at two
places only, another window is compared where it overlaps with the right one, another completion is
made from the right products. Only where that shows no difference is a reading evaluated in full.
"""

from harness.distinguish.answer import Answer, answered, coincide

__all__ = ["Answer", "answered", "coincide"]
