"""Targets are written `backend:mode[+mode]@device`, in one way only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tconv.errors import TargetError
from tconv.model.target import Selection, Target, canonical_mode

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=3), st.sampled_from(["cpu", "cuda:0"]))
def test_text_of_a_target_selects_it(backend: str, mode: list[str], device: str) -> None:
    target = Target(backend=backend, mode=canonical_mode("+".join(mode)), device=device)

    assert Selection.from_text(str(target)).includes(target)


@pytest.mark.parametrize(
    ("text", "backend", "mode", "device"),
    [
        ("torch", "torch", None, None),
        ("keras-tensorflow:layer", "keras-tensorflow", "layer", None),
        ("torch@cuda:0", "torch", None, "cuda:0"),
        ("jax:conv+single+channel_first@cpu", "jax", "conv+channel_first+single", "cpu"),
    ],
)
def test_text_is_read_in_parts(text: str, backend: str, mode: str, device: str) -> None:
    read = Selection.from_text(text)

    assert read == Selection(backend=backend, mode=mode, device=device)


@pytest.mark.parametrize("text", ["", ":", "torch:", "torch@", "a:b:c", "Torch", "a b", "a@b@c"])
def test_other_text_is_refused_with_examples(text: str) -> None:
    with pytest.raises(TargetError, match=r"target='.*', but should be backend.* as in torch, "):
        Selection.from_text(text)


def test_operation_stays_before_its_qualifiers() -> None:
    assert canonical_mode("vjp+single+channel_first") == "vjp+channel_first+single"


@pytest.mark.parametrize("text", ["other", "torch:other", "torch:eager@gpu"])
def test_selection_leaves_other_targets_out(text: str) -> None:
    target = Target(backend="torch", mode="eager", device="cpu")

    assert not Selection.from_text(text).includes(target)
