"""The right answer of a case, and the wrong answers that one fault would give."""
