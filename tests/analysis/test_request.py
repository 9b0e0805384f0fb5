"""What people type is read, whatever the spelling; what cannot be read is answered."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.analysis.atlas.request import KNOWN, Request, one_axis_notice, values_by_name
from tconv.errors import AtlasError
from tconv.model.geometry import Axis
from tconv.model.parameters import DTYPES, PARAMETERS, POLICIES


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["kernal_size=2"], f"one of {', '.join(KNOWN)} (got 'kernal_size=2')"),
        (["kernal_size=2"], "; did you mean kernel_size?"),
        (["dilatoin=2"], "did you mean dilation"),
        (["pads=1,0"], "for the start and the end of each axis write p=1:0x1:0"),
        (["k"], "a parameter must be name=value"),
        (["k=3", "kernel_size=4"], "k is given twice; remove 'kernel_size=4'"),
        (["d=3", "dilation_rate=4"], "dilation is given twice"),
        (["p=1", "padding=2"], "p is given twice; remove 'padding=2'"),
        (["k=3"], "i is missing"),
        (["padding=causal", "i=3", "k=3", "op=1"],
         "output_padding and padding=causal exclude each other, as the policy defines the size"),
        (["padding=circular", "i=3", "k=3", "o=6"], "; remove o"),
        (["padding=SAM", "k=3", "s=2"], "or none, or numbers (got 'SAM'); did you mean same?"),
        (["k=3", "s=0"], "s must be 1 or more (got 0)"),
        (["padding=explicit"], "(got 'explicit'); for numbers write p=1, or p=1:0"),
        (["i=3", "k=x"], "k must be a number, or one per axis, as in k=3 or k=3x2 (got 'x')"),
        (["kernel_size=(3;3)"], "kernel_size must be a number, or one per axis, as in "),
        (["i=3", "k=3", "p=1:2:3"], "did you mean p=1:0?"),
        (["i=3", "k=3", "p=1.0"], "(got '1.0'); did you mean p=1:0?"),
        (["i=3x3", "k=3", "p=0.1x-1.2"], "did you mean p=0:1x-1:2?"),
        (["i=3", "k=3", "p=1", "padding=same"], "p and padding exclude each other"),
        (["i=3", "k=3", "padding=1", "auto_pad=VALID"], "p and padding exclude each other"),
        (["i=3x4", "k=3x4x5"], "i must have one value, or one for each of the 3"),
        (["i=3x4", "k=3", "ndim=3"], "ndim must be 2, as other values are (got 3)"),
        (["i=3", "k=3", "ndim=2x2"], "ndim must be one number from 1 (got '2x2')"),
        (["i=3", "k=3", "ndim=1000000000"], "ndim must be 62 or less"),
        (["i=3", "k=3", "s=none"], "s must be a number, or one per axis"),
        (["i=3", f"k={2**63}"], f"k must be below 2^63 (got {2**63})"),
        (["i=3", "s=" + "9" * 9000], "99999 [9,000 characters] 99999"),
    ],
)  # fmt: skip
def test_request_that_cannot_be_read_is_refused(texts: list[str], message: str) -> None:
    with pytest.raises(AtlasError) as error:
        Request.from_texts(texts)

    assert message in str(error.value)


def test_names_that_one_command_adds_are_read_and_listed() -> None:
    names = (*KNOWN, "dtype", "groups")

    read = values_by_name(["dtype=F16", "group=2", "auto_pad=NOTSET"], names, ())

    assert read == {"dtype": "float16", "groups": "2", "padding": "none"}
    with pytest.raises(AtlasError, match=r"o, ndim, dtype, groups .*; did you mean groups"):
        values_by_name(["grops=2"], names, ())
    with pytest.raises(AtlasError, match=rf"{', '.join(DTYPES)} .*; did you mean float32"):
        values_by_name(["dtype=flot32"], names, ())


def test_request_reads_the_letters_of_case_ids() -> None:
    request = Request.from_texts(["i=5x4", "k=3", "s=2x1", "p=1:0x0", "op=1x0", "o=none"])

    assert request.axes == (
        Axis(i=5, k=3, s=2, p_begin=1, p_end=0, op=1),
        Axis(i=4, k=3, s=1, p_begin=0, p_end=0, op=0),
    )


AXES = st.builds(
    Axis, i=st.integers(1, 9), k=st.integers(1, 9), s=st.integers(1, 9), d=st.integers(1, 9),
    p_begin=st.integers(-3, 9), p_end=st.integers(-3, 9),
)  # fmt: skip


@given(axes=st.lists(AXES, min_size=1, max_size=3), op=st.sampled_from([None, 0, 2]))
def test_request_reads_back_what_it_writes(axes: list[Axis], op: int | None) -> None:
    each = tuple(replace(axis, op=op) for axis in axes)
    request = Request(padding="explicit", axes=each)

    assert Request.from_texts(str(request).split()) == request


def spelled(word: str, random: Random) -> str:
    """Return a word of a request in another spelling: that of a framework's documentation."""
    name, _, value = word.partition("=")
    parameter = PARAMETERS[{"op": "output_padding", "d": "dilation"}.get(name, name)]
    names = [name, parameter.name, *parameter.aliases, *["padding"] * (name == "p")]
    if name == "padding":
        values = [value, value.upper(), *["SAME_UPPER"] * (value == "same")]
    elif "x" in value:
        comma = value.replace("x", ",")
        values = [value, comma, f"({comma})", f"[{comma}]"]
    else:
        values = [value, f"({value},)", f"[{value}]"]
    if name == "p":
        pairs = [f"({pair.replace(':', ',')})" for pair in value.split("x")]
        values.append(f"({','.join(pairs)}{',' * (len(pairs) == 1)})")
    return f"{random.choice(names)}={random.choice(values)}"


@given(
    axes=st.lists(AXES, min_size=1, max_size=3),
    policy=st.sampled_from([None, *POLICIES]),
    random=st.randoms(use_true_random=False),
)
def test_every_spelling_of_a_request_is_read(
    axes: list[Axis], policy: str | None, random: Random
) -> None:
    if policy:
        axes = [replace(axis, p_begin=0, p_end=0) for axis in axes]
    request = Request(padding=policy or "explicit", axes=tuple(axes))

    words = [spelled(word, random) for word in request.words()]

    assert Request.from_texts(words) == request


def test_number_of_axes_makes_as_many() -> None:
    assert Request.from_texts(["k=3", "i=4", "ndim=3"]).axes == (Axis(i=4, k=3),) * 3


@pytest.mark.parametrize(
    ("texts", "is_default"),
    [(["k=3", "padding=same"], True), (["k=3", "dtype=c64"], True), (["k=(3,3)"], False),
     (["k=3", "ndim=1"], False), (["k=3", "i=3x3"], False)],
)  # fmt: skip
def test_number_of_axes_that_nobody_gave_is_said(texts: list[str], is_default: bool) -> None:
    said = one_axis_notice(texts)

    assert said.startswith("ndim=1, ") if is_default else not said
