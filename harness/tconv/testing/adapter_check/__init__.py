"""Checks, before any run, that an adapter keeps the contract of :mod:`tconv.adapters.base`."""
