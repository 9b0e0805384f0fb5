"""Runs cases on targets, each target in a process of its own that may die without harm."""
