"""The largest configuration that comes with the package, whose grid takes seconds to expand."""

from pathlib import Path

import numpy as np

from tconv.grid import expand
from tconv.grid.config import load_config
from tconv.model.parameters import DTYPES

CONFIG = Path(__file__).parents[2] / "configs" / "full.toml"


def test_full_is_large_legal_distinct_and_whole_on_one_axis() -> None:
    """In one test, as the grid takes seconds to expand.

    What is counted on one axis has one tap, the stride 1 and no crop: six sizes, three dilations,
    with and without bias.
    """
    config = load_config(CONFIG)
    full = expand(config.grids, config.values)
    sample = full.shard(1, 50)
    columns = full.tables[0].columns()
    plain = (columns["i"] <= 6) & (columns["k"] == 1) & (columns["s"] == 1)
    plain &= (columns["p_begin"] == 0) & (columns["p_end"] == 0)
    usual = (columns["groups"] == 1) & (columns["c_in"] == 2) & (columns["c_out"] == 4)
    usual &= (columns["n"] == 2) & (columns["dtype"] == list(DTYPES).index("float32"))

    assert len(full) == sum(len(np.unique(b.matrix, axis=0)) for b in full.tables) >= 100_000
    assert {case.suite for case in sample} == {"explicit"}
    assert len({case.id for case in sample}) == len(sample)
    assert (plain[:, 0] & usual).sum() == 36
    assert all(entry.reached == entry.achievable for entry in full.statistics.coverage)
