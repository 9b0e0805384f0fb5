"""The tensors of a case: exact where possible, and drawn so that wrong answers differ."""
