"""Which cases are in a sample."""

import pytest

from tconv.engine.worker.sampling import Samples, is_drawn
from tconv.model.case import Case

CASES = tuple(Case.from_parameters(ndim=1, i=i, k=1) for i in range(1, 101))


@pytest.mark.parametrize("sample", [1, 4])
def test_sample_has_the_cases_that_are_drawn_in_their_order(sample: int) -> None:
    found = Samples(CASES).of(sample)

    assert list(found) == [case for case in CASES if is_drawn(case, sample)]


@pytest.mark.parametrize("sample", [1, 4])
def test_targets_of_the_same_sample_share_their_cases(sample: int) -> None:
    samples = Samples(CASES)

    assert samples.of(sample) is samples.of(sample)
