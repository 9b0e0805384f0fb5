"""Turns the rows of a stored run into knowledge: counts, findings, rules, claims."""
