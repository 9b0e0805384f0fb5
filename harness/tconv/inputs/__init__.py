"""The tensors of a case, from its id and a seed: the same bits on every machine, in any order."""
