"""What a user asks for becomes a configuration and its cases, or a message that helps."""

from pathlib import Path

import pytest

from tconv.errors import CaseError, ConfigError, TargetError
from tconv.grid.config import from_mapping, load_config
from tconv.runs.spec import RunSpec
from tconv.store import RunWriter

CASE = "1d-i2-k3-s2-ci1-co1-f32"
TOML = """
[run]
name = "small"
targets = ["numpy", "torch"]
required = ["numpy", "torch"]
[[grid]]
suite = "explicit"
ndim = [1]
i = "1..7"
k = [1, 2, 3]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "small.toml"
    written.write_text(TOML)
    return written


def test_path_gives_the_whole_grid(path: Path) -> None:
    made = RunSpec.from_config(path)

    assert (made.config.name, made.config.path, made.shard) == ("small", str(path), "")
    assert len(made.cases) == made.statistics.kept == 21


def test_config_gives_the_same_as_its_path(path: Path) -> None:
    assert RunSpec.from_config(load_config(path)) == RunSpec.from_config(path)


def test_run_directory_gives_the_config_it_was_made_with(path: Path, tmp_path: Path) -> None:
    config = load_config(path)
    run = RunWriter.create(tmp_path / "run", {"config": config.to_dict()}).path

    assert RunSpec.from_config(run).config == config
    assert RunSpec.from_config(run).config.path == str(run)


VARIABLES = """[backends.torch]
environment = {ATEN_CPU_CAPABILITY = "default"}
[backends.jax]
environment = {XLA_FLAGS = ""}
"""


@pytest.mark.parametrize(
    ("targets", "kept"),
    [((), ["torch"]), (("numpy",), []), (("jax", "torch:eager"), ["jax", "torch"])],
)
def test_variables_are_kept_of_backends_that_are_swept(
    path: Path, targets: tuple[str, ...], kept: list[str]
) -> None:
    path.write_text(TOML + VARIABLES)

    assert sorted(RunSpec.from_config(path, targets=targets).config.environments) == kept


def test_variables_of_a_backend_that_does_not_exist_are_refused(path: Path) -> None:
    path.write_text(TOML + VARIABLES.replace("jax", "jaxx"))

    with pytest.raises(TargetError, match="backend='jaxx', but should be one of"):
        RunSpec.from_config(path)


@pytest.mark.parametrize("name", ["smoke", "smoke.toml", "configs/smoke.toml"])
def test_bundled_config_is_found_from_anywhere_by_its_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    made = RunSpec.from_config(name, case_ids=[CASE])

    assert (made.config.name, made.config.path) == ("smoke", name)


def test_own_file_comes_before_a_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("smoke.toml").write_text(TOML)

    assert RunSpec.from_config("smoke.toml").config.name == "small"


@pytest.mark.parametrize("parts", [1, 2, 5, 40])
def test_shards_are_disjoint_and_complete(path: Path, parts: int) -> None:
    whole = RunSpec.from_config(path).cases

    shards = [RunSpec.from_config(path, shard=f"{k + 1}/{parts}").cases for k in range(parts)]

    assert sorted(case.id for shard in shards for case in shard) == sorted(c.id for c in whole)


def test_case_stands_instead_of_the_grid(path: Path) -> None:
    made = RunSpec.from_config(path, case_ids=[CASE])

    assert [case.id for case in made.cases] == [CASE]
    assert (made.statistics.made, made.statistics.kept) == (1, 1)


def test_cases_are_run_once_each_in_the_order_given(path: Path) -> None:
    other = "1d-i2-k1-ci1-co1-f32"
    made = RunSpec.from_config(path, case_ids=[CASE, other, CASE])

    assert [case.id for case in made.cases] == list(made.case_ids) == [CASE, other]
    assert made.statistics.lines()[0] == "2 points made, 2 cases kept"


def test_targets_stand_instead_of_the_configs_and_narrow_what_is_required(path: Path) -> None:
    made = RunSpec.from_config(path, targets=["torch:eager"])

    assert made.config.targets == ("torch:eager",)
    assert made.config.required == ("torch",)


@pytest.mark.parametrize("shard", ["1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2", "1.0/2"])
def test_faulty_shard_is_an_error_with_an_example(path: Path, shard: str) -> None:
    with pytest.raises(ConfigError, match=r"shard=.*, but should be k/n .*, as in 1/4"):
        RunSpec.from_config(path, shard=shard)


def test_case_and_shard_exclude_each_other(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"should be one of the two"):
        RunSpec.from_config(path, case_ids=[CASE], shard="1/2")


def test_unknown_target_is_an_error_before_the_grid_is_expanded(path: Path) -> None:
    with pytest.raises(TargetError, match=r"backend='nope', but should be one of .*numpy"):
        RunSpec.from_config(path, targets=["nope"])


def test_faulty_case_id_is_an_error(path: Path) -> None:
    with pytest.raises(CaseError, match=r"part 'foo' of case id"):
        RunSpec.from_config(path, case_ids=["2d-foo"])


def test_missing_file_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"absent.toml: no such file; give the path"):
        RunSpec.from_config("absent.toml")


def test_open_case_can_be_asked_for() -> None:
    made = RunSpec.from_config("smoke", case_ids=["1d-i3-k3-opnone-ci1-co1-f32"])

    assert [case.suite for case in made.cases] == ["open"]


def test_config_without_a_file_has_no_path_that_a_command_could_name() -> None:
    made = from_mapping(load_config("configs/smoke.toml").to_dict())

    assert RunSpec.from_config(made).config.path == ""
