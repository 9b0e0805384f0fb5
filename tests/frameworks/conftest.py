"""Tests that compute with a framework, or skip where it is missing."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("framework")
