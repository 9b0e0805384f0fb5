"""The tensors of a case, from its id and a seed: the same bits on every machine, in any order."""

from tconv.inputs.choice import Choice, Used
from tconv.inputs.draw import Draw, draw

__all__ = ["Choice", "Draw", "Used", "draw"]
