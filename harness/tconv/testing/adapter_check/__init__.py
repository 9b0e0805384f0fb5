"""Checks whether an adapter keeps the contract of :mod:`tconv.adapters.base`, before any run."""
