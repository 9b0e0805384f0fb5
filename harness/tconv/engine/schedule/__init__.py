"""Which worker computes which cases next."""
