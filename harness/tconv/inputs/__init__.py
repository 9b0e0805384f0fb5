"""The tensors of a case: exact where they can be, and such that wrong answers look wrong."""
