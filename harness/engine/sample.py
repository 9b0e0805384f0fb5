"""Which cases are in a sample: the case's id decides, the same in every run and every shard."""

import hashlib

from harness.case import Case


def is_drawn(case: Case, sample: int) -> bool:
    """Return whether the case is one of the sample of one case in so many; 1 takes them all."""
    digest = hashlib.sha256(case.id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % sample == 0
