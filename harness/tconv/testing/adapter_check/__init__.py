"""Judges an adapter before any sweep: does it keep the contract of :mod:`tconv.adapters.base`?"""
