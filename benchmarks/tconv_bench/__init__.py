"""Measures the harness itself, for `tconv bench`; part of the repository, not of the wheel."""
