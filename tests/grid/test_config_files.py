"""The configurations that come with the package: each loads, and has the cases that it should."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from tconv.grid import Grid, expand
from tconv.grid.config import load_config
from tconv.model.predicate import Columns, Predicate, columns_of
from tconv.model.target import Selection
from tconv.oracle.case_answer import most_products

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = sorted(path.stem for path in CONFIGS.glob("*.toml") if path.stem != "claims")


@lru_cache
def grid(name: str) -> Grid:
    config = load_config(CONFIGS / f"{name}.toml")
    return expand(config.grids, config.values)


@lru_cache
def columns(name: str) -> Columns:
    return columns_of(grid(name).cases)


def count(name: str, predicate: str) -> int:
    """Return the number of cases for which a predicate holds."""
    return int(Predicate.from_text(predicate).holds_in(columns(name)).sum())


@pytest.mark.parametrize("name", NAMES)
def test_config_is_named_after_its_file_and_requires_every_backend(name: str) -> None:
    config = load_config(CONFIGS / f"{name}.toml")

    assert config.name == name
    assert set(config.required) == {Selection.from_text(t).backend for t in config.targets}


@pytest.mark.parametrize("name", NAMES)
def test_config_says_how_to_run_it_and_explains_each_grid(name: str) -> None:
    text = (CONFIGS / f"{name}.toml").read_text(encoding="utf-8")

    assert f"tconv run configs/{name}.toml" in text
    assert text.count("\n#") >= 2 * text.count("\n[[grid]]")
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("smoke", 1_500, 2_000), ("ci", 2_000, 2_600), ("layers", 400, 800), ("map", 10_000, 14_000)],
)
def test_config_has_the_cases_of_its_time(name: str, least: int, most: int) -> None:
    assert least <= len(grid(name)) <= most


@pytest.mark.parametrize("name", ["smoke", "ci", "layers", "map"])
def test_config_reaches_every_achievable_pair(name: str) -> None:
    coverage = grid(name).statistics.coverage

    assert coverage
    assert all(entry.reached == entry.achievable for entry in coverage)


@pytest.mark.parametrize("name", ["smoke", "layers"])
def test_config_for_everyone_is_legal_throughout(name: str) -> None:
    assert {case.suite for case in grid(name)} == {"explicit"}


@pytest.mark.parametrize(
    ("suite", "least"), [("explicit", 2_000), ("extended", 100), ("illegal", 10)]
)
def test_ci_has_cases_of_each_suite(suite: str, least: int) -> None:
    assert sum(case.suite == suite for case in grid("ci")) >= least


@pytest.mark.parametrize(
    "fault", ["k == 0", "s == 0", "d == 0", "op < 0", "groups == 3 and k == 3 and c_in == 2"]
)
def test_ci_has_each_illegal_parameter_with_one_and_two_axes(fault: str) -> None:
    assert [count("ci", f"{fault} and ndim == {ndim}") for ndim in (1, 2)] == [1, 1]


@pytest.mark.parametrize(
    "feature",
    ["s > K", "k % 2 == 0", "op > 0", "gcd(d, s) > 1 and k > 1", "p_begin != p_end", "groups > 1",
     "c_out > c_in", "c_out < c_in", "dtype != 'float32'", "ndim == 3", "not bias",
     "op >= s", "p > K - 1", "p_begin < 0 or p_end < 0"],
)  # fmt: skip
def test_ci_contains_each_feature(feature: str) -> None:
    assert count("ci", feature) >= 10


LAYERS = {
    "DCGAN, vector": "ndim == 2 and i == 1 and k == 4 and s == 1 and p == 0 and c_in == 100",
    "DCGAN": "ndim == 2 and k == 4 and s == 2 and p == 1 and c_out == 3",
    "U-Net": "ndim == 2 and k == 2 and s == 2 and p == 0 and c_in == 128 and c_out == 64",
    "3-D U-Net": "ndim == 3 and k == 2 and s == 2 and p == 0",
    "FCN 4/2": "ndim == 2 and k == 4 and s == 2 and c_in == 21",
    "FCN 16/8": "ndim == 2 and k == 16 and s == 8 and c_in == 21",
    "FCN, bilinear": "ndim == 2 and k == 16 and s == 8 and groups == c_in",
    "HiFi-GAN 16/8/4": "ndim == 1 and k == 16 and s == 8 and p == 4",
    "HiFi-GAN 4/2/1": "ndim == 1 and k == 4 and s == 2 and p == 1 and i > 200",
    "CycleGAN 3/2/1, 1": "ndim == 2 and k == 3 and s == 2 and p == 1 and op == 1",
    "FSRCNN 9/3/4, 2": "ndim == 2 and k == 9 and s == 3 and p == 4 and op == 2 and c_out == 1",
    "DBPN 8/4/2": "ndim == 2 and k == 8 and s == 4 and p == 2",
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("values", ["exact", "normal"])
def test_layers_contains_each_layer_in_each_kind_of_values(layer: str, values: str) -> None:
    assert count("layers", f"({LAYERS[layer]}) and values == '{values}'") >= 1


@pytest.mark.parametrize("channels", [15, 16, 17, 32, 33, 64, 128])
def test_layers_has_each_number_of_channels_around_a_block(channels: int) -> None:
    assert count("layers", f"c_in == {channels}") >= 10
    assert count("layers", f"c_out == {channels}") >= 10


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_layers_are_mostly_float32_with_some_of_each_other_type(dtype: str) -> None:
    assert 5 <= count("layers", f"dtype == '{dtype}'") <= len(grid("layers")) // 20
    assert count("layers", "dtype == 'float32'") >= 0.9 * len(grid("layers"))


def test_layers_stay_within_memory() -> None:
    """The oracle holds the products of one case, a worker the arrays of all cases."""
    sizes = np.array(
        [
            (
                np.prod(case.i) * np.prod(case.k) * case.n * case.c_out,
                np.prod(case.x_shape) + np.prod(case.w_shape) + 2 * np.prod(case.y_shape),
            )
            for case in grid("layers")
        ]
    )

    assert 8 * sizes[:, 0].max() < 2**27
    assert 12 * sizes[:, 1].sum() < 2**30


def test_layers_reach_sums_that_small_layers_never_do() -> None:
    most = [max(map(most_products, grid(name))) for name in ("smoke", "layers")]

    assert most[1] >= 10 * most[0]
