"""The pure core of translations: windows by size, the search, layouts and the texts of calls."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tconv.adapters.layout import CANONICAL, CHANNELS_LAST, DIRECT, Layout
from tconv.adapters.numpy import NumpyAdapter
from tconv.adapters.snippet import Snippet
from tconv.adapters.torch import calls
from tconv.analysis.atlas.entry import Entry
from tconv.analysis.atlas.evidence import evidence
from tconv.analysis.atlas.formula import Formula
from tconv.analysis.atlas.observation_point import Point
from tconv.analysis.atlas.question import Question
from tconv.analysis.atlas.rule import Piecewise, Rule
from tconv.cli.atlas_source import load_atlas
from tconv.errors import AtlasError
from tconv.model.case import Case
from tconv.model.geometry import Axis, effective_kernel
from tconv.model.route import Native, Route, Unsupported
from tconv.model.target import Selection, Target
from tconv.model.window import Resolution, Window
from tconv.oracle.formulations import conv_transpose
from tconv.translation.candidate import Candidate, nearest_first, splits
from tconv.translation.python_file import FUNCTION, Port, function_file
from tconv.translation.query import Query
from tconv.translation.search import Search
from tconv.translation.source import Impossible, find_sources, sample_sizes
from tconv.translation.translate import Translation, translate
from tconv.translation.windows import (
    RelativeSize,
    constant_window,
    deciding_sizes,
    windows_of_numbers,
    windows_of_rule,
)

# sizes of which every window below leaves something
AXES = st.builds(
    Axis, i=st.integers(9, 12), k=st.integers(1, 4), s=st.integers(1, 4), d=st.integers(1, 3)
)
WINDOWS = st.builds(Window, begin=st.integers(-2, 4), end=st.integers(-4, 4))
LAYOUTS = {"canonical": CANONICAL, "channels_last": CHANNELS_LAST, "direct": DIRECT}
SAME = Rule(
    size=Piecewise(formula=Formula((("s*i", 1),))),
    begin=Piecewise(formula=Formula((("max(K - s, 0)//2", 1),))),
)


def query(axes: tuple[Axis, ...]) -> Query:
    """Return the query of the full result of these axes."""
    texts = [
        f"{name}={'x'.join(str(getattr(axis, name)) for axis in axes)}"
        for name in ("i", "k", "s", "d")
    ]
    return Query.from_texts([*texts, "op=0"])


def refused(case: Case) -> str | None:
    """Return why PyTorch refuses a call, by its documentation: what the search has to find out."""
    call = calls.call_for(case)
    bounds = [max(s, d) for s, d in zip(case.s, case.dilation, strict=True)]
    if any(op >= bound for op, bound in zip(call.output_padding, bounds, strict=True)):
        return "output padding must be smaller than either stride or dilation"
    return "negative padding is not supported" if min(call.padding) < 0 else None


def torch_route(case: Case) -> Route:
    return calls.route(case, "cpu")


def search(axes: tuple[Axis, ...], kept: tuple[Window, ...], **changes: Any) -> Search:
    """Return the search in PyTorch for the windows that are kept, one per axis."""
    windows = [{axis.i: window} for axis, window in zip(axes, kept, strict=True)]
    made = Search(
        query=query(axes or (Axis(i=1, k=1),)),
        windows=windows,
        entries=(),
        samples=[tuple(axis.i for axis in axes)],
        route=torch_route,
        refusal=refused,
    )
    return replace(made, **changes)


def written(candidate: Candidate, snippet: Snippet, *, own: Layout, into: Layout) -> str:
    """Return the file with the function."""
    source, target = (
        Target(backend=backend, mode="call", device="cpu")
        for backend in ("keras-tensorflow", "torch")
    )
    port = Port(
        candidate=candidate, snippet=snippet, source=source, target=target, own=own, into=into
    )
    return function_file(port).text


def test_query_without_size_means_every_size() -> None:
    assert not Query.from_texts(["padding=same", "k=3", "s=2"]).is_sized


def test_query_writes_itself_as_it_is_read() -> None:
    text = "i=4x5 k=3x2 s=2x1 d=1x2 op=1x0 p=1:0x0 groups=2 dtype=float64"

    assert str(Query.from_texts(text.split())) == text


@pytest.mark.parametrize(
    ("text", "o"),
    [("s*i", (8, 15)), ("i", (4, 5)), ("2*i+1", (9, 11)), ("s*i-1x7*i", (7, 35))],
)
def test_output_size_may_follow_the_input_size(text: str, o: tuple[int, int]) -> None:
    found = Query.from_texts(["k=3x3", "s=2x3", f"o={text}"])

    assert not found.is_sized
    assert found.case((4, 5)).o == o
    assert str(found).endswith(f" o={text}")


@pytest.mark.parametrize("text", ["padding=causal", "padding=CIRCULAR ndim=2"])
def test_query_of_a_defined_policy_is_an_explicit_one_of_the_padded_input(text: str) -> None:
    found = Query.from_texts(["k=4", "s=2", "groups=3", *text.split()])
    sizes = range(3, 3 + len(found.axes))
    case = found.case(sizes)

    assert case.suite == "explicit"
    assert case.padding == found.policy
    assert found.lowered.case(case.lowered.i) == case.lowered


def test_reflection_of_too_few_elements_has_no_translation() -> None:
    numpy = {Target(backend="numpy", mode="scatter", device="cpu"): ()}

    few, enough = (
        find_sources(Query.from_texts(["padding=reflect", "k=4", "s=2", f"i={i}"]), numpy, ())
        for i in (1, 2)
    )

    assert isinstance(few, Impossible)
    assert "more elements than i=1 has; i must be 2 or more" in few.reason
    assert isinstance(enough, list)


def test_query_repeats_one_number_for_each_axis() -> None:
    assert len(Query.from_texts(["k=3", "s=2", "ndim=3"]).axes) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dtype=float8", "dtype must be one of float16"),
        ("groups=0", "groups must be 1 or more .got 0."),
        ("groups=2 groups=3", "groups is given twice"),
        ("o=i*i", "o must be a number, or a multiple of i .* as in o=s.i.* .got 'i.i'."),
        ("padding=reflect o=s*i", "o and padding=reflect exclude each other"),
        ("o=7", "give that too, as in i=7, or a size that follows it, as in o=s.i"),
        ("k=3x2 o=ixixi", "k must have one value, or one for each of the 3 axes"),
        ("k=3x2 ndim=3", "ndim must be 2, as other values are .got 3."),
    ],
)
def test_query_that_cannot_be_read_says_why(text: str, message: str) -> None:
    with pytest.raises(AtlasError, match=message):
        Query.from_texts(["s=2", *(["k=3"] if "k=" not in text else []), *text.split()])


@given(AXES)
def test_rule_of_same_padding_keeps_one_window_at_every_size(asked: Axis) -> None:
    total = effective_kernel(asked.k, asked.d) - asked.s
    begin = max(total, 0) // 2

    found = windows_of_rule(SAME, asked, deciding_sizes([SAME], asked))

    assert found is not None
    assert constant_window(found) == Window(begin=begin, end=total - begin)


@given(st.integers(1, 40), st.integers(1, 5))
def test_window_that_changes_at_a_large_size_is_not_taken_for_constant(k: int, s: int) -> None:
    size = Piecewise(formula=Formula((("s*i", 1),)))
    begin = Piecewise(formula=Formula(()), condition="i < K", otherwise=Formula((("1", 1),)))
    asked = Axis(i=1, k=k + 1, s=s)
    rule = Rule(size=size, begin=begin)

    found = windows_of_rule(rule, asked, deciding_sizes([rule], asked))

    assert found is not None
    assert constant_window(found) is None


REQUESTED = Rule(
    size=Piecewise(formula=Formula((("o_requested", 1),))),
    begin=Piecewise(formula=Formula((("max(s*(i - 1) + K - o, 0)//2", 1),))),
)


@given(AXES, st.integers(-6, 6))
def test_size_that_grows_with_the_stride_keeps_one_window_at_every_size(
    asked: Axis, offset: int
) -> None:
    size = RelativeSize(slope=asked.s, offset=offset, text="")
    total = effective_kernel(asked.k, asked.d) - asked.s - offset
    begin = max(total, 0) // 2

    sizes = deciding_sizes([REQUESTED], asked, size)
    found = windows_of_rule(REQUESTED, asked, sizes, size)

    assert found is not None
    assert constant_window(found) == Window(begin=begin, end=total - begin)


@given(AXES, st.integers(0, 9), st.integers(-60, 60))
def test_window_that_changes_where_two_slopes_cross_is_not_taken_for_constant(
    asked: Axis, slope: int, offset: int
) -> None:
    size = RelativeSize(slope=slope, offset=offset, text="")

    sizes = deciding_sizes([REQUESTED], asked, size)
    further = windows_of_rule(REQUESTED, asked, range(1, 4 * len(sizes)), size)
    found = windows_of_rule(REQUESTED, asked, sizes, size)

    assert found is not None
    assert further is not None
    assert (constant_window(found) is None) == (constant_window(further) is None)
    few, many = ({window.begin for window in each.values()} for each in (found, further))
    assert (len(few) > 1) == (len(many) > 1)


def test_window_of_numbers_has_the_output_padding_at_the_end() -> None:
    found = windows_of_numbers(Axis(i=1, k=3, s=2, p_begin=1, p_end=1, op=1), [4])

    assert found == {4: Window(begin=1, end=0)}


def test_sizes_that_give_no_output_are_left_out() -> None:
    assert set(windows_of_numbers(Axis(i=1, k=3, s=2, p_begin=2, p_end=2, op=0), range(1, 5))) == {
        2,
        3,
        4,
    }


def test_samples_start_with_the_smallest_size_and_differ_between_axes() -> None:
    windows = {i: Window(begin=0, end=0) for i in range(2, 40)}

    assert sample_sizes([windows, windows], 3) == ((2, 2), (3, 5), (6, 10))


@given(WINDOWS)
def test_choices_lead_to_the_window_and_the_first_is_the_window(wanted: Window) -> None:
    found = splits(wanted)

    assert found[0] == (wanted, Window(begin=0, end=0))
    assert all((a.begin + b.begin, a.end + b.end) == (wanted.begin, wanted.end) for a, b in found)


@given(st.lists(WINDOWS, min_size=1, max_size=3))
def test_combinations_come_once_each_and_the_smallest_steps_first(wanted: list[Window]) -> None:
    options = [splits(window) for window in wanted]

    found = list(nearest_first(options))

    costs = [
        sum(abs(correction.begin) + abs(correction.end) for _, correction in each) for each in found
    ]
    assert costs == sorted(costs)
    assert len(set(found)) == len(found) == np.prod([len(each) for each in options])


@given(AXES, WINDOWS)
def test_call_is_native_where_a_search_of_all_arguments_finds_one(
    asked: Axis, wanted: Window
) -> None:
    reach, most = effective_kernel(asked.k, asked.d), max(asked.s, asked.d)
    exists = any(
        (p, p - op) == (wanted.begin, wanted.end) for p in range(reach + 9) for op in range(most)
    )

    found = search((asked,), (wanted,)).run()

    assert isinstance(found, Candidate)
    assert found.is_native == exists


@given(AXES, WINDOWS)
def test_step_is_the_smallest_that_leads_from_any_call_to_the_window(
    asked: Axis, wanted: Window
) -> None:
    least = min(
        abs(wanted.begin - p) + abs(wanted.end - p + op)
        for p in range(max(wanted.begin, 0) + 1)
        for op in range(max(asked.s, asked.d))
        if min(wanted.end, 0) <= p - op <= max(wanted.end, 0)
    )

    found = search((asked,), (wanted,)).run()

    assert isinstance(found, Candidate)
    (correction,) = found.correction.axes
    assert abs(correction.begin) + abs(correction.end) == least


@given(st.lists(st.tuples(AXES, WINDOWS), min_size=1, max_size=2))
def test_call_and_step_give_the_planted_window(planted: list[tuple[Axis, Window]]) -> None:
    axes, wanted = zip(*planted, strict=True)
    found = search(axes, wanted).run()
    assert isinstance(found, Candidate)
    case = found.case
    x, w = np.ones((1, 1, *case.i)), np.arange(1.0, 1 + np.prod(case.k)).reshape(1, 1, *case.k)
    full = conv_transpose(x, w, stride=case.s, dilation=case.dilation)
    sides = list(zip(case.p_begin, case.p_end, strict=True))
    y = conv_transpose(
        x, w, stride=case.s, dilation=case.dilation, padding=sides,
        output_padding=case.output_padding or 0,
    )  # fmt: skip

    assert np.array_equal(cut(y, found.correction.axes), cut(full, wanted))


def cut(y: np.ndarray[Any, Any], windows: tuple[Window, ...]) -> np.ndarray[Any, Any]:
    """Return what the windows leave of y (n, c, *o), zeros where they add."""
    margin = 8
    wide = np.pad(y, [(0, 0), (0, 0), *((margin, margin),) * len(windows)])
    index: list[Any] = [
        slice(margin + w.begin, max(n - margin - w.end, 0))
        for w, n in zip(windows, wide.shape[2:], strict=True)
    ]
    cropped: np.ndarray[Any, Any] = wide[(..., *index)]
    return cropped


def test_policy_of_the_target_is_found_where_its_rule_keeps_the_same_window() -> None:
    asked = Axis(i=1, k=3, s=2)
    question = Question(target="fake:call@cpu", padding="same", op=False, o=False)
    entry = Entry(question=question, verdicts={}, rule=SAME)
    windows = windows_of_rule(SAME, asked, range(1, 60))
    assert windows is not None

    def route(case: Case) -> Route:
        named = case.padding == "same"
        return Native(call="call") if named else Unsupported(reason="no numbers", error_pattern="")

    found = search((asked,), (Window(begin=0, end=1),), windows=[windows], entries=[entry],
                   route=route, refusal=lambda _: None).run()  # fmt: skip

    assert isinstance(found, Candidate)
    assert (found.case.padding, found.is_native) == ("same", True)


def test_rule_that_fails_somewhere_is_no_ground_for_a_translation() -> None:
    target = Target(backend="onnx", mode="reference", device="cpu")
    points = [
        Point(axis=Axis(i=i, k=3, s=2), size=2 * i + (i == 5), begins=(0,)) for i in range(1, 30)
    ]
    question = Question(target=str(target), padding="same", op=False, o=False)
    entry = Entry(question=question, verdicts={}, rule=SAME, evidence=evidence(SAME, points, ()))

    found = find_sources(Query.from_texts(["padding=same", "k=3", "s=2"]), {target: [entry]}, [])

    assert isinstance(found, Impossible)
    assert "its rule is known at 28 of 29 points only, so it is not resolved" in found.reason


def test_what_the_target_lacks_is_why_nothing_is_found() -> None:
    lacks = Unsupported(reason="no groups argument", error_pattern="")

    found = search((Axis(i=1, k=3),), (Window(begin=0, end=0),), route=lambda _: lacks).run()

    assert found == Impossible(reason="no groups argument")


def test_groups_have_a_call_each_where_the_target_takes_none() -> None:
    lacks = Unsupported(reason="no groups argument", error_pattern="")
    asked = replace(query((Axis(i=4, k=3, s=2),)), groups=4)

    def route(case: Case) -> Route:
        return lacks if case.groups > 1 else torch_route(case)

    found = search(
        (Axis(i=4, k=3, s=2),), (Window(begin=0, end=1),), query=asked, route=route
    ).run()

    assert isinstance(found, Candidate)
    assert (found.case.groups, found.split_into, found.groups) == (1, 4, 4)
    assert found.split_words == "4 calls, one per group, concatenated"
    assert not found.is_native


def test_window_that_depends_on_the_size_asks_for_one() -> None:
    windows = {1: Window(begin=0, end=0), 2: Window(begin=0, end=1)}

    found = search((Axis(i=1, k=3),), (Window(begin=0, end=0),), windows=[windows]).run()

    assert isinstance(found, Impossible)
    assert "give the size, as in i=7" in found.reason


def test_kernel_is_dilated_by_zeros_where_the_target_does_not_dilate() -> None:
    asked = Axis(i=4, k=3, s=2, d=2)
    lacks = Unsupported(reason="no dilation", error_pattern="")

    def route(case: Case) -> Route:
        return lacks if max(case.dilation) > 1 else torch_route(case)

    found = search((asked,), (Window(begin=1, end=1),), route=route).run()

    assert isinstance(found, Candidate)
    assert (found.case.k, found.case.dilation, found.dilated_by) == ((5,), (1,), (2,))
    assert not found.is_native


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("splits_groups", [False, True], ids=["grouped", "split"])
@pytest.mark.parametrize("spreads", [False, True], ids=["dilated", "spread"])
@pytest.mark.parametrize("own", LAYOUTS.values(), ids=LAYOUTS)
@given(planted=st.lists(st.tuples(AXES, WINDOWS), min_size=1, max_size=2))
@settings(max_examples=10)
def test_file_in_numpy_returns_the_planted_window(
    own: Layout, spreads: bool, splits_groups: bool, groups: int, planted: list[tuple[Axis, Window]]
) -> None:
    axes, kept = zip(*planted, strict=True)

    def route(case: Case) -> Route:
        lacks = (spreads and max(case.dilation) > 1) or (splits_groups and case.groups > 1)
        return Unsupported(reason="no argument", error_pattern="") if lacks else Native(call="")

    asked = replace(query(axes), groups=groups)
    found = search(axes, kept, query=asked, route=route, refusal=lambda _: None).run()
    assert isinstance(found, Candidate)
    case = replace(found.case, bias=found.split_into == 1)
    snippet = NumpyAdapter().snippet(case, "scatter", "cpu")
    names: dict[str, Any] = {}
    text = written(found, snippet, own=own, into=CANONICAL)
    exec(compile(text, "ported.py", "exec"), names)  # noqa: S102 # the harness's own text
    case = asked.case([axis.i for axis in axes])
    rng = np.random.default_rng(1)
    x, w, b = (rng.integers(1, 9, n) * 1.0 for n in (case.x_shape, case.w_shape, case.b_shape))
    full = conv_transpose(x, w, stride=case.s, dilation=case.dilation, groups=groups)

    y = names[FUNCTION](x, own.w(w, groups), b)

    assert np.array_equal(y, cut(full, kept) + b.reshape(-1, *(1,) * case.ndim))


@pytest.mark.parametrize("into", [CANONICAL, CHANNELS_LAST], ids=["first", "last"])
def test_zeros_are_added_before_the_bias_and_crops_are_made(into: Layout) -> None:
    case = Case.from_id("2d-i3x4-k3x2-s2x1-ci1-co1-f32")
    windows = (Window(begin=-1, end=2), Window(begin=1, end=-2))
    candidate = Candidate(case=case, correction=Resolution(axes=windows))
    snippet = Snippet(call="y = x", bias="y + b")  # the layouts of x and y are alike
    names: dict[str, Any] = {}
    text = written(candidate, snippet, own=CANONICAL, into=into)
    exec(compile(text, "ported.py", "exec"), names)  # noqa: S102 # the harness's own text
    x = np.arange(1.0, 26.0).reshape(1, 1, 5, 5)

    y = names[FUNCTION](into.x(x), np.zeros(case.w_shape), 100)

    assert np.array_equal(into.y(y), cut(x, windows) + 100)


def test_readme_shows_the_text_that_is_written_now() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    asked = Query.from_texts(["padding=same", "k=3", "s=2", "ndim=2"])
    windows = windows_of_rule(SAME, asked.axes[0], range(1, 60))
    assert windows is not None
    found = search((), (), query=asked, windows=[windows] * 2, samples=[(1, 1)]).run()
    assert isinstance(found, Candidate)
    route = torch_route(found.case)
    assert isinstance(route, Native)

    snippet = calls.snippet(found.case)
    assert snippet is not None

    text = written(found, snippet, own=CHANNELS_LAST, into=CANONICAL)

    assert f"every element is equal\n\n{text}```" in readme
    assert f"{route.call}, then {found.words}\n" in readme


@pytest.mark.parametrize(
    ("source", "text", "reason"),
    [
        ("torch", "k=3 s=2 p=1 o=2*i+1", "refused at i=1, o=3: o_requested < "),
        ("tensorflow", "padding=same k=3 s=2 o=3*i", "refused at i=1, o=3: o_requested <= s*i"),
        ("keras-jax", "k=3 s=2 op=0 groups=2", "no groups argument"),
        ("torch", "padding=same k=3 s=2", "no padding policy"),
    ],
)
def test_call_that_the_source_lacks_or_refuses_is_impossible_without_its_framework(
    source: str, text: str, reason: str
) -> None:
    ends = Selection(backend=source), Selection(backend="numpy")

    (found,) = translate(load_atlas(None), [Query.from_texts(text.split())], *ends, runs=False)

    assert isinstance(found, Impossible)
    assert reason in found.reason


def test_default_size_is_said_where_the_source_has_none() -> None:
    ends = Selection(backend="tensorflow"), Selection(backend="numpy")
    queries = [Query.from_texts(["k=5", "s=2", f"padding={each}"]) for each in ("same", "valid")]

    same, valid = translate(load_atlas(None), queries, *ends, runs=False)

    assert isinstance(same, Translation)
    assert isinstance(valid, Translation)
    assert same.source.default == "o=s*i, as same padding means without a size"
    assert valid.source.default == "o=s*i+3, as valid padding means without a size"
    assert constant_window(same.source.windows[0]) == Window(begin=1, end=2)
    assert constant_window(valid.source.windows[0]) == Window(begin=0, end=0)
