"""Configurations: what is read, and the place and remedy in the message of every mistake."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from tconv.errors import ConfigError
from tconv.grid import Budget, PaddingPair, Sweep
from tconv.grid.config import Config, from_mapping, load_config
from tconv.model.predicate import Predicate
from tconv.runs.spec import read_config

TEXT = """
[run]
name = "smoke"
targets = ["numpy", "torch", "tensorflow:eager@cpu"]
required = ["numpy", "torch"]
values = ["exact", "normal"]
seed = 7
[limits]
case_seconds = 3
worker_gib = 2.5
[backends.tensorflow]
environment = {TF_ENABLE_ONEDNN_OPTS = "0"}
[[grid]]
ndim = 1
i = 3
k = 2
[[grid]]
suite = "explicit"
ndim = [1, 2]
i = ["1..3", 7]
k = [1, [3, 2]]
s = "1..2"
p = [0, {begin = 1, end = 0}, [1, {begin = 0, end = 2}]]
output_padding = [0, [1, 0]]
dilation = [1, 2]
groups = 2
n = [2]
c_in = [2, 4]
c_out = [4]
dtype = ["float32", "float16"]
bias = [true, false]
where = ["k > 1 or s > 1", "i < 9"]
budget = {cases = 50, strategy = "random"}
"""


def loaded(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "run.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def test_every_key_is_read(tmp_path: Path) -> None:
    config = loaded(tmp_path, TEXT)

    assert config == Config(
        name="smoke",
        targets=("numpy", "torch", "tensorflow:eager@cpu"),
        required=("numpy", "torch"),
        values=("exact", "normal"),
        seed=7,
        case_seconds=3.0,
        worker_gib=2.5,
        environments={"tensorflow": {"TF_ENABLE_ONEDNN_OPTS": "0"}},
        grids=(
            Sweep.from_options(ndim=(1,), i=(3,), k=(2,)),
            Sweep.from_options(
                suite="explicit",
                ndim=(1, 2),
                i=(1, 2, 3, 7),
                k=(1, (3, 2)),
                s=(1, 2),
                p=(
                    PaddingPair(begin=0, end=0),
                    PaddingPair(begin=1, end=0),
                    (PaddingPair(begin=1, end=1), PaddingPair(begin=0, end=2)),
                ),
                output_padding=(0, (1, 0)),
                dilation=(1, 2),
                groups=(2,),
                n=(2,),
                c_in=(2, 4),
                c_out=(4,),
                dtype=("float32", "float16"),
                bias=(True, False),
                where=(Predicate.from_text("k > 1 or s > 1"), Predicate.from_text("i < 9")),
                budget=Budget(cases=50, strategy="random"),
            ),
        ),
    )


def test_what_is_left_out_has_its_default() -> None:
    tables = {
        "run": {"name": "r", "targets": ["numpy"]},
        "grid": [{"ndim": [1], "i": [3], "k": [2]}],
    }
    config = from_mapping(tables)

    assert config == Config(name="r", targets=("numpy",), grids=config.grids)
    assert config.grids == (
        Sweep.from_options(
            suite="explicit", ndim=(1,), i=(3,), k=(2,), s=(1,), p=(PaddingPair(begin=0, end=0),),
            output_padding=(0,), dilation=(1,), groups=(1,), n=(1,), c_in=(2,), c_out=(4,),
            dtype=("float32",), bias=(True,),
        ),
    )  # fmt: skip


def test_to_dict_is_json_and_reads_back(tmp_path: Path) -> None:
    config = loaded(tmp_path, TEXT)
    again = from_mapping(json.loads(json.dumps(config.to_dict())))

    assert again == config
    assert again.digest == config.digest


def test_digest_follows_every_value_but_not_the_path(tmp_path: Path) -> None:
    config = loaded(tmp_path, TEXT)
    moved = from_mapping(tomllib.loads(TEXT), "elsewhere.toml")
    other = loaded(tmp_path, TEXT.replace("i = 3", "i = 4"))

    assert moved.digest == config.digest != other.digest
    assert re.fullmatch("[0-9a-f]{64}", config.digest)


MISTAKES = [
    ("[run]\n", "[run\n", ": not valid TOML: Expected ']'"),
    ("[run]\n", "nam = 3\n[run]\n", ": unknown key 'nam'; the known keys are run, limits, back"),
    ("[limits]", "[limit]", "the known keys are run, limits, backends, grid; did you"),
    ('name = "smoke"', "", ": [run]: name is missing, but should be a name of letters"),
    ('name = "smoke"', 'name = "a/b"', ": [run]: name='a/b', but should be a name of letters"),
    ('"torch", "t', '"to rch", "t', "(target='to rch', but should be backend"),
    ('["numpy", "torch"]', '["mlx"]', ": [run]: required='mlx', but should be a backend"),
    ('["numpy", "torch"]', "3", ": [run]: required=3, but should be a list of backends"),
    ('"exact", ', '"exac", ', ": [run]: values=['exac', 'normal'], but"),
    ("seed = 7", 'seed = "7"', ": [run]: seed='7', but should be a whole number from 0"),
    ("seed = 7", "seed = true", ": [run]: seed=True, but should be a whole number from 0"),
    ("seed = 7", "sead = 7", "targets, required, values, seed; did you mean 'seed'?"),
    ("case_seconds = 3", "case_seconds = -1", "case_seconds=-1, but should be"),
    ("worker_gib = 2.5", "worker_gib = inf", ": [limits]: worker_gib=inf, but should be"),
    ("environment =", "environ =", "[backends.tensorflow]: unknown key 'environ'; the known"),
    ('"0"', "0", "{'TF_ENABLE_ONEDNN_OPTS': 0}, but should be a table of strings, as in"),
    ("TF_ENABLE_", "'A B' = '', C", ": [backends.tensorflow]: environment={'A B': '', "),
    ("ndim = 1\n", "", ": [[grid]] 1: ndim is missing, but should be numbers of axes"),
    ("ndim = 1\n", "ndim = 0\n", "(0 is outside 1 to 8)"),
    ('["1..3", 7]', '"3..1"', ": [[grid]] 2: i='3..1', but should be a whole number, a range"),
    ('["1..3", 7]', '"1-3"', "('1-3' is not a range such as \"1..6\")"),
    ('["1..3", 7]', "[1.5]", "(1.5 is not a whole number)"),
    ('["1..3", 7]', "[]", "(the list is empty)"),
    ('["1..3", 7]', "[[]]", "(an inner list is empty)"),
    ('["1..3", 7]', "3000000000", "(3000000000 is beyond 2^31-1, the size of the largest array)"),
    ('["1..3", 7]', '"1..900000000"', ": points=691,200,000,001, but should be 10,000,000"),
    ("k = [1,", "kk = [1,", ": [[grid]] 2: unknown key 'kk'; the known keys are suite,"),
    ("end = 0}", "ende = 0}", "should have the keys begin and end, and no others)"),
    ("groups = 2", "groups = true", ": [[grid]] 2: groups=True, but should be a whole number"),
    ("groups = 2", "groups = [[1, 2]]", "([1, 2] is not a whole number)"),
    ('"float32"', '"float23"', "but should be one of float16, bfloat16, float32,"),
    ("[true, false]", "[0, 1]", ": [[grid]] 2: bias=[0, 1], but should be true, false"),
    ("k > 1 or", "kk > 1 or", "(predicate='kk > 1 or s > 1': name='kk', but should"),
    ('where = ["k > 1 or s > 1"', "where = [3", "(a condition is a string)"),
    ("cases = 50", "cases = 0", ": [[grid]] 2: budget: cases=0, but should be a"),
    ("cases = 50", "cass = 50", ": [[grid]] 2: budget: unknown key 'cass'; the known"),
    ('"random"', '"all"', "budget: strategy='all', but should be one of pairwise,"),
    ('suite = "explicit"', 'suite = "some"', "suite='some', but should be one of explicit,"),
    ("groups = 2", 'o = ["candidate"]', "o=['candidate'], but should be one of candidates, "),
    ("groups = 2", "o = [[1, 'few']]", "('few' is not a whole number)"),
    ("groups = 2", "o = [['none', 1]]", "('none' is not a whole number)"),
    ("groups = 2", 'padding = ["fulll"]', "but should be one of same, same_lower, valid, full, "),
    ("groups = 2", 'padding = ["SAME"]', "or a list of them (did you mean 'same'?); fix the value"),
    ("p = [0, {begin = 1, end = 0}", 'p = ["1:0"', "(write {begin = 1, end = 0} for '1:0')"),
    ("groups = 2", "op = 1", "malformed; did you mean 'output_padding'?"),
    ("[0, [1, 0]]", '["no", 0]', "output_padding=['no', 0], but should be \"none\" (not given,"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), MISTAKES, ids=[m[1].strip() for m in MISTAKES])
def test_mistake_is_reported_with_file_table_and_key(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        loaded(tmp_path, TEXT.replace(old, new, 1))

    assert all(
        line.startswith(str(tmp_path / "run.toml")) for line in str(caught.value).split("\n")
    )


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    text = TEXT.replace("seed = 7", "seed = -1").replace("groups = 2", "groups = []")
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)

    assert len(str(caught.value).split("\n")) == 2


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "run is missing, but should be a table, written [run]; add it"),
        ({"run": 3}, "run=3, but should be a table, written [run]"),
        ({"grid": []}, "grid=[], but should be one or more tables, each written [[grid]]"),
        ({"grid": {"i": 3}}, "grid={'i': 3}, but should be one or more tables, each written"),
        ({"grid": [3]}, "[[grid]] 1: grid=3, but should be one or more tables"),
        ({"backends": {"jax": 3}}, "backends={'jax': 3}, but should be tables, each written [back"),
        ({"limits": 3}, "limits=3, but should be a table: [limits]"),
        ({"run": {"name": "a", "targets": []}}, "[run]: targets=[], but should be a list"),
        ({"run": {"name": "a", "targets": [3, 4]}}, "[run]: targets=[3, 4], but should be a list"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
def test_wrong_table_is_an_error(tables: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)):
        from_mapping(tables)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: no such file; give the path of a TOML"):
        load_config(tmp_path / "none.toml")


def test_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read \(.*\); give the path of a readable"):
        load_config(tmp_path)


def test_file_in_another_encoding_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(b"# \xff\n")

    with pytest.raises(ConfigError, match="byte 2 is not UTF-8; save the file as UTF-8"):
        load_config(path)


@pytest.mark.parametrize(
    ("key", "value"), [("i", [[3, -1]]), ("k", "-1..2"), ("n", [-1]), ("c_in", -2), ("c_out", -2)]
)
def test_size_that_no_array_has_is_refused(key: str, value: object) -> None:
    table = {"suite": "illegal", "ndim": [2], "i": [3], "k": [2]} | {key: value}
    tables = {"run": {"name": "r", "targets": ["numpy"]}, "grid": [table]}

    with pytest.raises(
        ConfigError, match=rf"{key}=.* is not the size of an array, which is 0 or more"
    ):
        from_mapping(tables)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 100_000, "lists within lists, hundreds deep"),
        ("a = " + "9" * 5000, "not valid TOML: Exceeds the limit"),
        (TEXT.replace("seed = 7", f"seed = 0x{'f' * 9000}"), "too long to be shown"),
        (TEXT.replace('["1..3", 7]', f"[0x{'f' * 9000}]"), "too long to be shown"),
        (TEXT.replace('["1..3", 7]', f'"{"9" * 5000}..1"'), "is not a range such as"),
        (TEXT.replace("[run]\n", f"[run]\n{'x' * 90_000} = 1\n"), "unknown key 'xxx"),
        (TEXT.replace("[run]\n", f"[backends.{'x' * 90_000}]\ny = 1\n[run]\n"), "[backends.xxx"),
        (TEXT.replace('["numpy", "torch"]', str([3] * 90_000)), "required=[3, 3, "),
        (TEXT.replace('"k > 1', f'"{"k" * 90_000}'), "length of predicate=90"),
        ("".join(f"key{n} = 1\n" for n in range(3000)) + TEXT, "and 2,990 more"),
    ],
    ids=["nesting", "digits", "hexadecimal", "size", "range", "key", "table", "list", "predicate",
         "keys"],
)  # fmt: skip
def test_message_does_not_grow_with_the_mistake(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(words)) as caught:
        loaded(tmp_path, text)

    assert len(str(caught.value)) < 6000
    assert len(str(caught.value).split("\n")) <= 11


@pytest.mark.parametrize("path", ["/dev/zero", "x" * 200_000, "a\0b"], ids=["zero", "long", "nul"])
def test_path_that_no_configuration_has_is_an_error_of_one_line(path: str) -> None:
    for read in (load_config, read_config):
        with pytest.raises(ConfigError) as caught:
            read(path)

        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 600
