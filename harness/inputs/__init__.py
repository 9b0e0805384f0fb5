"""The tensors of a case, from its id and a seed: the same bits on every machine, in any order."""

from harness.inputs.draws import Draw, Used, draw

__all__ = ["Draw", "Used", "draw"]
