"""Calls of one framework in another: the parameters that give an equal result, shown by running.

What the source returns is known from its rule in the atlas, what the target takes from its adapter.
"""
