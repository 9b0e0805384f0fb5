"""The right answer, and what one fault would make of it."""
