"""Tests of what a user installs, reads and runs."""

import pytest


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("end_to_end")
