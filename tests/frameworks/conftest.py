"""Tests that compute with a framework, or skip where it is missing."""

from collections.abc import Iterator

import pytest

from tconv.analysis.atlas.atlas import Atlas
from tconv.cli.atlas_source import load_atlas
from tconv.translation.translate import Pools


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("framework")


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    """Return the published atlas, read once."""
    return load_atlas(None)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pools]:
    """Return processes of which each loads its framework once for all tests of a module."""
    with Pools() as processes:
        yield processes
