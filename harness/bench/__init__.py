"""Measures the harness itself."""
