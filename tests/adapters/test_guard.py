"""What an adapter gives that breaks its contract, and what the guard makes of it."""

import numpy as np
import pytest

from tconv.adapters.guard import sharing_memory

MEMORY = np.arange(24.0)
STACK = MEMORY.reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("results", "places"),
    [
        ([MEMORY[:4], MEMORY[4:6], MEMORY[:9]], {0, 2}),
        ([MEMORY, None, STACK, [1.0], MEMORY], {0, 2, 4}),
        (list(STACK), set()),
        ([STACK[..., at] for at in range(4)], set()),
        ([MEMORY[:0], MEMORY[:0]], set()),
        ([ValueError("no"), ValueError("no")], set()),
        ([], set()),
    ],
    ids=["one buffer", "views", "stacked", "interleaved", "empty", "errors", "nothing"],
)
def test_places_of_results_that_start_where_another_starts(
    results: list[object], places: set[int]
) -> None:
    assert sharing_memory(results) == places
